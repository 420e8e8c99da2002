//! All backends of the ledger's blocks pass the one suite.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use dancu_domain::{
    AgencyCode, Day, Kept, KeptAnswer, NationId, Outcome, Receipt, ServiceCode, Timestamp, Verb,
    VolumeKey, VolumeRow, WriterId,
};
use dancu_ledger::{
    Block, BlockStore, BlockStoreError, ChainHead, CountRow, GENESIS, KeptRow, Standing,
};
use dancu_store::conformance::parts::Parts;
use dancu_store::{MemoryBlocks, PostgresBlocks, PostgresBlocksOptions, SqliteBlocks};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

/// A ledger that can be opened again, and whose writers can be taken over by somebody else.
trait Backend {
    type Store: BlockStore;
    async fn open(&self) -> Self::Store;
    async fn take_over(&self, writer: &str);
}

struct Memory(MemoryBlocks);

impl Backend for Memory {
    type Store = MemoryBlocks;

    async fn open(&self) -> MemoryBlocks {
        self.0.clone()
    }

    async fn take_over(&self, writer: &str) {
        self.0.clone().claim_writer(writer).await.unwrap();
    }
}

struct Sqlite(tempfile::TempDir);

impl Backend for Sqlite {
    type Store = SqliteBlocks;

    async fn open(&self) -> SqliteBlocks {
        SqliteBlocks::open(&self.0.path().join("ledger.db"))
            .await
            .unwrap()
    }

    async fn take_over(&self, writer: &str) {
        let path = self.0.path().join("ledger.db");
        let address = format!("sqlite://{}", path.display());
        let mut connection = SqliteConnection::connect(&address).await.unwrap();
        sqlx::query("UPDATE writers SET epoch = epoch + 1 WHERE name = ?1")
            .bind(writer)
            .execute(&mut connection)
            .await
            .unwrap();
    }
}

struct Postgres(String);

impl Backend for Postgres {
    type Store = PostgresBlocks;

    async fn open(&self) -> PostgresBlocks {
        let options = PostgresBlocksOptions::new(&self.0);
        PostgresBlocks::open(options).await.unwrap()
    }

    async fn take_over(&self, writer: &str) {
        let mut connection = PgConnection::connect(&self.0).await.unwrap();
        sqlx::query("UPDATE writers SET epoch = epoch + 1 WHERE name = $1")
            .bind(writer)
            .execute(&mut connection)
            .await
            .unwrap();
    }
}

macro_rules! suite {
    ($($test:ident;)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Memory(super::MemoryBlocks::new())).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Sqlite(tempfile::tempdir().unwrap())).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                let url = super::Parts::shared().fresh_database();
                super::$test(super::Postgres(url)).await;
            })*
        }
    };
}

suite! {
    a_new_ledger_is_empty;
    a_ledger_is_tied_to_the_nation_that_used_it_first;
    a_claim_raises_the_epoch_and_names_have_writers_of_their_own;
    blocks_come_back_as_they_were_appended;
    blocks_are_read_in_pages_and_by_index;
    counts_add_up_by_writer;
    answers_are_kept_replaced_and_forgotten;
    an_append_without_the_lease_leaves_nothing;
    an_append_that_fails_leaves_nothing;
    what_was_appended_is_there_when_it_is_opened_again;
}

fn block(writer: WriterId, first: u64, count: u32, previous: [u8; 32]) -> Block {
    let mark = (first as u8).wrapping_mul(31).wrapping_add(writer.0 as u8);
    Block {
        writer,
        first,
        count,
        at: Timestamp(1_700_000_000_000 + first as i64),
        previous,
        hash: [mark; 32],
        entries: vec![mark; 10 + first as usize % 50],
    }
}

fn agency(code: &str) -> AgencyCode {
    AgencyCode::parse(code, "agency").unwrap()
}

fn row(code: &str, outcome: Outcome, day: i32, count: u64) -> VolumeRow {
    VolumeRow {
        key: VolumeKey {
            agency: agency(code),
            verb: Verb::Push,
            service: ServiceCode(903),
            outcome,
            day: Day(day),
        },
        count,
    }
}

fn kept(code: &str, request: u64, writer: WriterId, first: u64, at: i64) -> KeptRow {
    KeptRow {
        key: (agency(code), request),
        kept: Kept {
            answer: KeptAnswer {
                digest: [request as u8; 32],
                body: (0..=255).cycle().take(first as usize * 100).collect(),
            },
            receipt: Receipt {
                writer,
                first,
                count: 7,
            },
        },
        at: Timestamp(at),
        seal: std::array::from_fn(|place| (at as u8).wrapping_add(place as u8)),
    }
}

/// Appends three blocks of 10, 5 and 1 entries.
async fn three_blocks<S: BlockStore>(store: &mut S) -> Vec<Block> {
    let claim = store.claim_writer("one").await.unwrap();
    let mut blocks = Vec::new();
    let mut previous = claim.hash;
    for (first, count) in [(0, 10), (10, 5), (15, 1)] {
        let block = block(claim.writer, first, count, previous);
        previous = block.hash;
        store.append(&block, &[], &[]).await.unwrap();
        blocks.push(block);
    }
    blocks
}

fn sorted(mut standing: Standing) -> Standing {
    standing.counts.sort_by_key(|row| (row.writer, row.row.key));
    standing
}

async fn a_new_ledger_is_empty(backend: impl Backend) {
    let mut store = backend.open().await;
    assert_eq!(store.heads().await.unwrap(), []);
    assert_eq!(store.standing().await.unwrap(), Standing::default());
    assert_eq!(store.blocks(WriterId(1), 0, 10).await.unwrap(), []);
    assert_eq!(store.block_before(WriterId(1), 5).await.unwrap(), None);
    assert_eq!(store.kept(&[]).await.unwrap(), []);
    assert_eq!(store.kept(&[(agency("H26"), 1)]).await.unwrap(), []);
    assert_eq!(store.purge_kept(Timestamp(i64::MAX)).await.unwrap(), 0);
}

async fn a_ledger_is_tied_to_the_nation_that_used_it_first(backend: impl Backend) {
    let (ours, another) = (NationId([7; 16]), NationId([8; 16]));
    let mut store = backend.open().await;
    store.bind(ours).await.unwrap();
    store.bind(ours).await.unwrap();
    drop(store);
    let mut store = backend.open().await;
    let refused = store.bind(another).await;
    assert_eq!(refused, Err(BlockStoreError::AnotherNation { bound: ours }));
    store.bind(ours).await.unwrap();
}

async fn a_claim_raises_the_epoch_and_names_have_writers_of_their_own(backend: impl Backend) {
    let mut store = backend.open().await;
    let first = store.claim_writer("one").await.unwrap();
    assert_eq!((first.epoch, first.next, first.hash), (1, 0, GENESIS));
    let again = store.claim_writer("one").await.unwrap();
    assert_eq!((again.writer, again.epoch), (first.writer, 2));
    let other = store.claim_writer("two").await.unwrap();
    assert_eq!(other.epoch, 1);
    assert_ne!(other.writer, first.writer);
    let heads = store.heads().await.unwrap();
    let empty = |writer| ChainHead {
        writer,
        next: 0,
        hash: GENESIS,
    };
    assert_eq!(heads, [empty(first.writer), empty(other.writer)]);
}

async fn blocks_come_back_as_they_were_appended(backend: impl Backend) {
    let mut store = backend.open().await;
    let mut blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    // Numbers at the ends of what they may be, and a block of a megabyte.
    let mut last = block(writer, 16, u32::MAX, blocks[2].hash);
    last.at = Timestamp(-1);
    last.entries = (0..=255).cycle().take(1 << 20).collect();
    store.append(&last, &[], &[]).await.unwrap();
    blocks.push(last);
    assert_eq!(store.blocks(writer, 0, 10).await.unwrap(), blocks);
    let next = 16 + u64::from(u32::MAX);
    let far = block(writer, next, 1, blocks[3].hash);
    store.append(&far, &[], &[]).await.unwrap();
    let head = ChainHead {
        writer,
        next: next + 1,
        hash: far.hash,
    };
    assert_eq!(store.heads().await.unwrap(), [head]);
    assert_eq!(store.blocks(writer, next, 10).await.unwrap(), [far]);
}

async fn blocks_are_read_in_pages_and_by_index(backend: impl Backend) {
    let mut store = backend.open().await;
    let blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    assert_eq!(store.blocks(writer, 0, 2).await.unwrap(), blocks[..2]);
    assert_eq!(store.blocks(writer, 1, 2).await.unwrap(), blocks[1..]);
    assert_eq!(store.blocks(writer, 16, 2).await.unwrap(), []);
    for (index, block) in [(0, 0), (9, 0), (10, 1), (14, 1), (15, 2), (99, 2)] {
        let found = store.block_before(writer, index).await.unwrap();
        assert_eq!(found.as_ref(), Some(&blocks[block]), "index {index}");
    }
    let stranger = WriterId(writer.0 + 1);
    assert_eq!(store.blocks(stranger, 0, 2).await.unwrap(), []);
    assert_eq!(store.block_before(stranger, 3).await.unwrap(), None);
}

async fn counts_add_up_by_writer(backend: impl Backend) {
    let mut store = backend.open().await;
    let mut expected = Vec::new();
    for name in ["one", "two"] {
        let claim = store.claim_writer(name).await.unwrap();
        let writer = claim.writer;
        let rows = [
            row("H26", Outcome::Applied, 19_600, 3),
            row("H26", Outcome::Stale, 19_600, 1),
            row("000.00-Z9", Outcome::Applied, -1, 1 << 40),
        ];
        let block_one = block(writer, 0, 4, claim.hash);
        store.append(&block_one, &rows, &[]).await.unwrap();
        let more = [
            row("H26", Outcome::Applied, 19_600, 2),
            row("H26", Outcome::Applied, 19_601, 9),
        ];
        let block_two = block(writer, 4, 11, block_one.hash);
        store.append(&block_two, &more, &[]).await.unwrap();
        expected.extend(
            [
                row("000.00-Z9", Outcome::Applied, -1, 1 << 40),
                row("H26", Outcome::Applied, 19_600, 5),
                row("H26", Outcome::Applied, 19_601, 9),
                row("H26", Outcome::Stale, 19_600, 1),
            ]
            .map(|row| CountRow { writer, row }),
        );
    }
    let standing = sorted(store.standing().await.unwrap());
    expected.sort_by_key(|row| (row.writer, row.row.key));
    assert_eq!(standing.counts, expected);
    assert_eq!(standing.heads, store.heads().await.unwrap());
}

async fn answers_are_kept_replaced_and_forgotten(backend: impl Backend) {
    let mut store = backend.open().await;
    let claim = store.claim_writer("one").await.unwrap();
    let writer = claim.writer;
    let rows = [
        kept("H26", 1, writer, 0, 100),
        kept("H26", u64::MAX, writer, 3, 200),
        kept("G05", 1, writer, 6, 300),
    ];
    let first = block(writer, 0, 9, claim.hash);
    store.append(&first, &[], &rows).await.unwrap();
    let keys = |n: usize| rows[n].key;
    let mut found = store
        .kept(&[keys(0), keys(1), keys(2), (agency("G05"), 2)])
        .await
        .unwrap();
    found.sort_by_key(|row| row.at);
    assert_eq!(found, rows);

    let newer = kept("H26", 1, writer, 9, 400);
    let second = block(writer, 9, 7, first.hash);
    store
        .append(&second, &[], std::slice::from_ref(&newer))
        .await
        .unwrap();
    assert_eq!(store.kept(&[keys(0)]).await.unwrap(), [newer]);

    assert_eq!(store.purge_kept(Timestamp(200)).await.unwrap(), 0);
    assert_eq!(store.purge_kept(Timestamp(300)).await.unwrap(), 1);
    assert_eq!(store.kept(&[keys(1)]).await.unwrap(), []);
    assert_eq!(store.kept(&[keys(0), keys(2)]).await.unwrap().len(), 2);
}

async fn an_append_without_the_lease_leaves_nothing(backend: impl Backend) {
    let mut store = backend.open().await;
    let blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    backend.take_over("one").await;
    let late = block(writer, 16, 2, blocks[2].hash);
    let counts = [row("H26", Outcome::Applied, 19_600, 2)];
    let answers = [kept("H26", 1, writer, 16, 100)];
    let refused = store.append(&late, &counts, &answers).await;
    assert_eq!(refused, Err(BlockStoreError::LeaseLost));
    assert_eq!(store.blocks(writer, 0, 10).await.unwrap(), blocks);
    assert_eq!(store.standing().await.unwrap().counts, []);
    assert_eq!(store.kept(&[answers[0].key]).await.unwrap(), []);
    // A chain that was never claimed is not appended to either.
    let stranger = block(WriterId(writer.0 + 1), 0, 2, GENESIS);
    let refused = store.append(&stranger, &[], &[]).await;
    assert_eq!(refused, Err(BlockStoreError::LeaseLost));
    // Claimed anew, it goes on.
    let claim = store.claim_writer("one").await.unwrap();
    assert_eq!((claim.next, claim.hash), (16, blocks[2].hash));
    store.append(&late, &counts, &answers).await.unwrap();
}

async fn an_append_that_fails_leaves_nothing(backend: impl Backend) {
    let mut store = backend.open().await;
    let blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    let twice = block(writer, 15, 2, blocks[1].hash);
    let counts = [row("H26", Outcome::Applied, 19_600, 2)];
    let answers = [kept("H26", 1, writer, 15, 100)];
    let refused = store.append(&twice, &counts, &answers).await;
    assert!(matches!(refused, Err(BlockStoreError::Failed(_))));
    assert_eq!(store.blocks(writer, 0, 10).await.unwrap(), blocks);
    assert_eq!(store.standing().await.unwrap().counts, []);
    assert_eq!(store.kept(&[answers[0].key]).await.unwrap(), []);
}

async fn what_was_appended_is_there_when_it_is_opened_again(backend: impl Backend) {
    let mut store = backend.open().await;
    let mut blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    let last = block(writer, 16, 2, blocks[2].hash);
    let counts = [row("H26", Outcome::Applied, 19_600, 2)];
    let answers = [kept("H26", 1, writer, 16, 100)];
    store.append(&last, &counts, &answers).await.unwrap();
    blocks.push(last);
    drop(store);
    let mut store = backend.open().await;
    let claim = store.claim_writer("one").await.unwrap();
    assert_eq!((claim.writer, claim.epoch), (writer, 2));
    assert_eq!((claim.next, claim.hash), (18, blocks[3].hash));
    assert_eq!(store.blocks(writer, 0, 10).await.unwrap(), blocks);
    let counted = counts.map(|row| CountRow { writer, row });
    assert_eq!(store.standing().await.unwrap().counts, counted);
    assert_eq!(store.kept(&[answers[0].key]).await.unwrap(), answers);
}
