//! The statements and the schema of the ledger's file.

use dancu_domain::NationId;
use dancu_ledger::BlockStore as _;
use sqlx::{Connection as _, Executor as _, SqlSafeStr as _, SqliteConnection};

use super::{SqliteBlocks, statements};

#[tokio::test]
async fn every_statement_is_prepared_on_a_fresh_schema_and_names_itself() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    for step in statements::MIGRATIONS {
        sqlx::raw_sql(*step).execute(&mut connection).await.unwrap();
    }
    for (file, statement) in statements::ALL {
        let name = file.strip_suffix(".sql").unwrap();
        assert!(statement.starts_with(&format!("-- {name}: ")), "{file}");
        let prepared = connection.prepare((*statement).into_sql_str()).await;
        prepared.unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}

#[tokio::test]
async fn a_ledger_of_an_earlier_build_is_brought_to_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let address = format!("sqlite://{}?mode=rwc", path.display());
    let mut connection = SqliteConnection::connect(&address).await.unwrap();
    for step in &statements::MIGRATIONS[..2] {
        sqlx::raw_sql(*step).execute(&mut connection).await.unwrap();
    }
    let made = "INSERT INTO nation (row, id) VALUES (1, x'07070707070707070707070707070707')";
    sqlx::raw_sql(made).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert!(SqliteBlocks::open_read_only(&path).await.is_err());
    let mut store = SqliteBlocks::open(&path).await.unwrap();
    assert_eq!(store.bind(NationId([7; 16])).await, Ok(None));
}

#[test]
fn landed_steps_of_the_schema_are_what_they_were() {
    // FNV-1a; whoever edits a step that has landed breaks the ledgers that exist.
    let sum = |text: &str| {
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let sums: Vec<_> = statements::MIGRATIONS
        .iter()
        .map(|step| sum(step))
        .collect();
    assert_eq!(
        sums,
        [
            3_083_188_255_235_326_784,
            12_475_126_605_668_345_577,
            15_410_014_413_056_457_061
        ]
    );
}
