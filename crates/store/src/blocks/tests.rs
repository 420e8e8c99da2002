//! The statements and the schema of the ledger's file.

use dancu_domain::{NationId, Timestamp, VolumeRow};
use dancu_ledger::{Block, BlockStore as _};
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
    for made in [
        "INSERT INTO nation (row, id) VALUES (1, x'07070707070707070707070707070707')",
        "INSERT INTO writers (id, name, epoch) VALUES (1, 'earlier', 1)",
        "INSERT INTO counts VALUES (1, 'H26', 1, 37, 1, 19417, 5), (1, 'G01', 1, 37, 3, 19418, 7)",
    ] {
        sqlx::raw_sql(made).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let refused = SqliteBlocks::open_read_only(&path).await.err();
    let refused = refused.unwrap().to_string();
    assert!(refused.contains("serving it brings it"), "{refused}");
    let mut store = SqliteBlocks::open(&path).await.unwrap();
    assert_eq!(store.bind(NationId([7; 16])).await, Ok(None));
    // What was counted stands, and is added to.
    let counted = async |store: &mut SqliteBlocks| {
        let counts = store.standing().await.unwrap().counts;
        let mut counts: Vec<_> = counts.iter().map(|c| (c.row.key, c.row.count)).collect();
        counts.sort_unstable_by_key(|(key, _)| *key);
        counts
    };
    let before = counted(&mut store).await;
    assert_eq!(before.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [7, 5]);
    let claim = store.claim_writer("earlier").await.unwrap();
    let block = Block {
        writer: claim.writer,
        first: claim.next,
        count: 3,
        at: Timestamp(1),
        previous: claim.hash,
        hash: [1; 32],
        entries: vec![1],
    };
    let (key, _) = before[1];
    let more = [VolumeRow { key, count: 3 }];
    store.append(&block, &more, &[]).await.unwrap();
    assert_eq!(counted(&mut store).await, [before[0], (key, 8)]);
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
            15_410_014_413_056_457_061,
            11_199_438_636_415_324_393
        ]
    );
}
