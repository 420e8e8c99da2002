//! The statements and the schema of the ledger in PostgreSQL.

use std::collections::BTreeSet;
use std::path::Path;

use dancu_domain::NationId;
use dancu_ledger::BlockStore as _;
use sqlx::{Connection as _, Executor as _, PgConnection, SqlSafeStr as _};

use super::statements::{self, TABLES};
use super::{PostgresBlocks, PostgresBlocksOptions};
use crate::conformance::parts::Parts;
use crate::postgres::schema::{Part, checksum, migrate};

async fn fresh() -> (String, PgConnection) {
    let url = Parts::shared().fresh_database();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    migrate(&mut connection, &TABLES).await.unwrap();
    (url, connection)
}

#[tokio::test]
async fn every_statement_is_prepared_on_a_fresh_schema_and_names_itself() {
    let (_, mut connection) = fresh().await;
    for (name, sql) in statements::ALL {
        assert!(sql.starts_with(&format!("-- {name}: ")), "{name}");
        let prepared = connection.prepare((*sql).into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

#[test]
fn every_file_of_statements_is_used() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/blocks/postgres");
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

#[tokio::test]
async fn a_ledger_of_an_earlier_build_is_brought_to_this_one() {
    let url = Parts::shared().fresh_database();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let earlier = Part {
        name: TABLES.name,
        steps: &TABLES.steps[..2],
        apart: TABLES.apart,
    };
    migrate(&mut connection, &earlier).await.unwrap();
    let made = "INSERT INTO nation (one, id) VALUES (true, '\\x07070707070707070707070707070707')";
    sqlx::raw_sql(made).execute(&mut connection).await.unwrap();
    let options = PostgresBlocksOptions::new(&url);
    let refused = PostgresBlocks::open_read_only(options.clone()).await.err();
    let refused = refused.unwrap().to_string();
    assert!(refused.contains("of an earlier build"), "{refused}");
    let mut store = PostgresBlocks::open(options).await.unwrap();
    assert_eq!(store.bind(NationId([7; 16])).await, Ok(None));
}

#[test]
fn a_step_that_has_landed_is_frozen() {
    let sums: Vec<i64> = TABLES.steps.iter().map(|step| checksum(step)).collect();
    assert_eq!(
        sums,
        [
            543_768_027_019_035_860,
            3_643_805_218_338_724_091,
            -6_656_595_014_017_502_096
        ]
    );
}

/// The plan of a statement, as sessions make it that do not look at the values.
async fn plan(connection: &mut PgConnection, sql: &str, values: &str) -> String {
    let sql = format!("SET plan_cache_mode = force_generic_plan; PREPARE hot AS {sql}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut *connection)
        .await
        .unwrap();
    let sql = format!("EXPLAIN EXECUTE hot({values})");
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
async fn what_asks_for_write_messages_searches_and_never_scans_them() {
    let (_, mut connection) = fresh().await;
    sqlx::raw_sql(
        "INSERT INTO kept SELECT 'H26', n, '', '', 1, n, 1, n, '', NULL
         FROM generate_series(1, 100000) AS n;
         ANALYZE",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let lists = |count| vec!["'{}'"; count].join(", ");
    for (sql, values) in [
        (statements::CLAIM_WRITES, format!("1, 'h', 0, {}", lists(3))),
        (statements::RELEASE_WRITES, format!("'h', {}", lists(2))),
        (statements::DISCARD_KEPT, lists(2)),
        (
            statements::APPEND,
            format!("1, 1, 0, 1, 0, '', '', '', {}, 'h'", lists(14)),
        ),
    ] {
        let plan = plan(&mut connection, sql, &values).await;
        assert!(plan.contains("kept_pkey"), "{sql}\n{plan}");
        for scan in ["Seq Scan on kept", "using kept_at"] {
            assert!(!plan.contains(scan), "{sql}\n{plan}");
        }
    }
}

#[tokio::test]
async fn nobody_alters_or_removes_a_block_by_a_slip() {
    let (url, mut owner) = fresh().await;
    sqlx::raw_sql("INSERT INTO blocks VALUES (1, 0, 1, 0, '', '', '')")
        .execute(&mut owner)
        .await
        .unwrap();
    for slip in [
        "UPDATE blocks SET at = 1",
        "DELETE FROM blocks",
        "TRUNCATE blocks",
    ] {
        let denied = sqlx::raw_sql(slip).execute(&mut owner).await.unwrap_err();
        let denied = denied.to_string();
        assert!(denied.contains("permission denied"), "{slip}: {denied}");
        let slip = format!(
            "DO $$ BEGIN {slip}; RAISE EXCEPTION 'it went through'; EXCEPTION
             WHEN raise_exception THEN
                 IF SQLERRM <> 'blocks are not altered or removed' THEN RAISE; END IF; END $$"
        );
        Parts::shared().sql_in(&url, &slip);
    }
}
