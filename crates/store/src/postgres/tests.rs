//! The statements, the schema and the settings, as the database itself sees them.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqlSafeStr as _};

use super::schema::{self, Part, checksum, migrate};
use super::statements::{self, INDEXES, TABLES};
use super::{connecting, is_conflict, is_lost};
use crate::StoreError;
use crate::conformance::parts::Parts;

async fn connect(url: &str) -> PgConnection {
    let options = connecting(url, "dancu tests").unwrap();
    options.connect().await.unwrap()
}

async fn fresh() -> PgConnection {
    let mut connection = connect(&Parts::shared().fresh_database()).await;
    migrate(&mut connection, &TABLES).await.unwrap();
    migrate(&mut connection, &INDEXES).await.unwrap();
    connection
}

/// Statements that are sent as they are, since the database prepares no such ones.
const RAW: [&str; 3] = ["begin", "begin_seeding", "begin_finishing"];

#[tokio::test]
async fn every_statement_can_be_prepared_on_a_fresh_schema() {
    let mut connection = fresh().await;
    for (name, sql) in statements::ALL.iter().chain(schema::ALL) {
        if RAW.contains(name) && sql.contains(';') {
            sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
            sqlx::raw_sql("ROLLBACK")
                .execute(&mut connection)
                .await
                .unwrap();
            continue;
        }
        let prepared = connection.prepare((*sql).into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

#[test]
fn every_statement_names_itself_and_lists_its_columns() {
    for (name, sql) in statements::ALL.iter().chain(schema::ALL) {
        let first = sql.lines().next().unwrap_or_default();
        let named = first.strip_prefix("-- ").unwrap_or_default();
        assert_eq!(named.split(':').next(), Some(*name));
        let all = sql.replace("count(*)", "");
        assert!(!all.contains('*'), "{name} takes all columns");
    }
}

#[test]
fn every_file_of_statements_is_used() {
    for (folder, all) in [("registry", statements::ALL), ("schema", schema::ALL)] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sql/{folder}/postgres"));
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with(|c: char| c.is_ascii_digit()))
            .collect();
        let used: BTreeSet<String> = all.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(files, used);
    }
}

/// A database has the checksums of the steps that it was made by.
#[test]
fn a_step_that_has_landed_is_frozen() {
    let sums = |part: &Part| -> Vec<i64> { part.steps.iter().map(|s| checksum(s)).collect() };
    assert_eq!(
        sums(&TABLES),
        [-461_824_904_522_895_203, 8_879_113_432_500_509_096]
    );
    assert_eq!(sums(&INDEXES), [3_961_601_209_643_148_846]);
}

#[tokio::test]
async fn only_a_schema_that_is_known_is_opened() {
    let mut connection = fresh().await;
    migrate(&mut connection, &TABLES).await.unwrap();
    sqlx::query("INSERT INTO schema_steps (part, step, checksum) VALUES ('registry', 3, 5)")
        .execute(&mut connection)
        .await
        .unwrap();
    let later = migrate(&mut connection, &TABLES).await;
    assert!(matches!(
        later,
        Err(StoreError::SchemaUnknown { found: 3, known: 2 })
    ));
    sqlx::query("DELETE FROM schema_steps WHERE step = 3")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("UPDATE schema_steps SET checksum = checksum + 1 WHERE part = 'registry'")
        .execute(&mut connection)
        .await
        .unwrap();
    let edited = migrate(&mut connection, &TABLES).await;
    assert!(matches!(edited, Err(StoreError::Damaged { .. })));
}

#[tokio::test]
async fn two_who_make_the_schema_at_once_make_it_once() {
    let url = Parts::shared().fresh_database();
    let made = futures::future::join_all((0..6).map(|_| async {
        let mut connection = connect(&url).await;
        migrate(&mut connection, &TABLES).await
    }));
    for made in made.await {
        made.unwrap();
    }
    let mut connection = connect(&url).await;
    let steps: i64 = sqlx::query_scalar("SELECT count(*) FROM schema_steps")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(steps, 2);
}

#[tokio::test]
async fn commits_are_durable_whatever_the_role_was_told() {
    let url = Parts::shared().fresh_database();
    let name = url.rsplit('/').next().unwrap();
    Parts::shared().sql(&format!(
        "ALTER DATABASE {name} SET synchronous_commit = off"
    ));
    let mut connection = connect(&url).await;
    let setting: String = sqlx::query_scalar("SHOW synchronous_commit")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(setting, "on");
    let mut plain = PgConnection::connect(&url).await.unwrap();
    let setting: String = sqlx::query_scalar("SHOW synchronous_commit")
        .fetch_one(&mut plain)
        .await
        .unwrap();
    assert_eq!(setting, "off", "the test would show nothing");
}

/// The plan of a statement with a hundred thousand rows in its way.
async fn plan(connection: &mut PgConnection, prepare: &str, execute: &str) -> String {
    let sql = format!("PREPARE hot AS {prepare}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut *connection)
        .await
        .unwrap();
    let sql = format!("EXPLAIN EXECUTE {execute}");
    let lines: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    sqlx::raw_sql("DEALLOCATE hot")
        .execute(connection)
        .await
        .unwrap();
    lines.join("\n")
}

#[tokio::test]
async fn hot_statements_search_and_never_scan_a_table() {
    let mut connection = fresh().await;
    sqlx::raw_sql(
        "INSERT INTO citizens SELECT n, n, 0, '' FROM generate_series(1, 100000) AS n;
         INSERT INTO changes SELECT n, n, n, 0, '', '' FROM generate_series(1, 100000) AS n;
         INSERT INTO effects SELECT '', '', n::text, 0, '', n, 0 FROM generate_series(1, 100000) AS n;
         ANALYZE",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let many = "'{1,2,3}'";
    let citizens = plan(
        &mut connection,
        statements::READ_CITIZENS,
        &format!("hot({many}, {many})"),
    )
    .await;
    let effects = plan(
        &mut connection,
        statements::READ_EFFECTS,
        "hot('{a}', '{b}', '{c}', '{1}')",
    )
    .await;
    let none = "'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'";
    let write = plan(
        &mut connection,
        statements::WRITE,
        &format!("hot({none}, '1')"),
    )
    .await;
    for (plan, index) in [
        (&citizens, "citizens_pkey"),
        (&citizens, "citizens_by_legacy_id"),
        (&citizens, "changes_pkey"),
        (&effects, "effects_pkey"),
        (&write, "citizens_pkey"),
    ] {
        assert!(plan.contains(index), "{index} is not used:\n{plan}");
        // The line has one row.
        let scans = plan.replace("Seq Scan on line", "").contains("Seq Scan");
        assert!(!scans, "a table is scanned:\n{plan}");
    }
}

#[tokio::test]
async fn an_ordinary_role_may_wait_for_what_it_found() {
    let mut connection = fresh().await;
    sqlx::query(statements::BARRIER)
        .fetch_one(&mut connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_the_database_says_is_told_apart() {
    let mut connection = fresh().await;
    for (state, conflict, lost) in [
        ("40001", true, false),
        ("40P01", true, false),
        ("55P03", true, false),
        ("57P01", false, true),
        ("57P03", false, true),
        ("08006", false, true),
        ("25006", false, true),
        ("23505", false, false),
        ("53100", false, false),
    ] {
        let sql = format!("DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$");
        let raised = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut connection)
            .await;
        let error = StoreError::database("try")(raised.unwrap_err());
        assert_eq!(
            (is_conflict(&error), is_lost(&error)),
            (conflict, lost),
            "{state}"
        );
    }
}
