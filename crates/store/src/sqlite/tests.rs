//! The statements, the schema and the settings, as the database itself sees them.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::{ConnectOptions as _, Executor as _, SqlSafeStr as _, SqliteConnection};
use tempfile::TempDir;

use super::options::{filling, reading};
use super::{SqliteOptions, schema, statements};
use crate::StoreError;

async fn fresh() -> (TempDir, SqliteConnection) {
    let folder = tempfile::tempdir().unwrap();
    let options = filling(&folder.path().join("fresh.db"));
    let mut connection = options.connect().await.unwrap();
    schema::create_tables(&mut connection).await.unwrap();
    schema::create_indexes(&mut connection).await.unwrap();
    (folder, connection)
}

#[tokio::test]
async fn every_statement_can_be_prepared_on_a_fresh_schema() {
    let (_folder, mut connection) = fresh().await;
    for (name, sql) in statements::ALL {
        let prepared = connection.prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

#[test]
fn every_statement_names_itself_and_lists_its_columns() {
    for (name, sql) in statements::ALL {
        let first = sql.lines().next().unwrap_or_default();
        let named = first.strip_prefix("-- ").unwrap_or_default();
        assert_eq!(named.split(':').next(), Some(*name));
        assert!(
            !sql.contains('*') || sql.contains("count(*)"),
            "{name} takes all columns"
        );
    }
}

#[test]
fn every_file_of_statements_is_used() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/registry/sqlite");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let used: BTreeSet<String> = statements::ALL
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(files, used);
}

/// A file that was made by an earlier build is not made again: what it was made with must stay.
#[test]
fn a_migration_that_has_landed_is_frozen() {
    let digests: Vec<(u64, u64)> = schema::MIGRATIONS
        .iter()
        .map(|step| (fnv(step.tables), fnv(step.indexes)))
        .collect();
    assert_eq!(
        digests,
        [(13_227_093_553_057_633_188, 4_322_149_919_601_444_060)]
    );
}

fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[tokio::test]
async fn only_a_schema_that_is_known_is_opened() {
    let (_folder, mut connection) = fresh().await;
    schema::migrate(&mut connection, schema::VERSION)
        .await
        .unwrap();
    for found in [-1, 0, schema::VERSION + 1, i64::MAX] {
        let migrated = schema::migrate(&mut connection, found).await;
        assert!(matches!(migrated, Err(StoreError::SchemaUnknown { found: f, .. }) if f == found));
    }
}

#[tokio::test]
async fn commits_wait_for_the_disk_unless_told_otherwise() {
    let (folder, connection) = fresh().await;
    drop(connection);
    let path = folder.path().join("fresh.db");
    for (synchronous_full, expected) in [(true, 2), (false, 0)] {
        let options = SqliteOptions {
            synchronous_full,
            ..SqliteOptions::default()
        };
        let mut connection = options.writing(&path).connect().await.unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(synchronous, expected);
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(journal, "wal");
    }
    assert!(SqliteOptions::default().synchronous_full);
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let (folder, connection) = fresh().await;
    drop(connection);
    let options = reading(&folder.path().join("fresh.db"));
    let mut connection = options.connect().await.unwrap();
    let written = sqlx::query("DELETE FROM meta")
        .execute(&mut connection)
        .await;
    assert!(written.is_err());
}

/// The plan of a hot statement, one line a step.
async fn plan(connection: &mut SqliteConnection, sql: &str) -> String {
    let rows: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .bind("[]")
            .bind("[]")
            .fetch_all(connection)
            .await
            .unwrap();
    rows.into_iter().map(|row| row.3 + "\n").collect()
}

#[tokio::test]
async fn hot_reads_search_and_never_scan_a_table() {
    let (_folder, mut connection) = fresh().await;
    let citizens = plan(&mut connection, statements::READ_CITIZENS).await;
    assert!(
        citizens.contains("SEARCH c USING INTEGER PRIMARY KEY"),
        "{citizens}"
    );
    assert!(
        citizens.contains("SEARCH c USING INDEX citizens_by_legacy_id"),
        "{citizens}"
    );
    assert!(!citizens.contains("SCAN c\n"), "{citizens}");
    let effects = plan(&mut connection, statements::READ_EFFECTS).await;
    assert!(
        effects.contains("SEARCH e USING PRIMARY KEY (agency=? AND source=? AND record_id=?"),
        "{effects}"
    );
}
