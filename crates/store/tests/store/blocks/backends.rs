//! The backends of the ledger's blocks, and what the cases of their suite are made of.

use dancu_domain::{
    AgencyCode, Day, Kept, KeptAnswer, Outcome, Receipt, ServiceCode, Timestamp, Verb, VolumeKey,
    VolumeRow, WriterId,
};
use dancu_ledger::{Asked, Block, BlockStore, BlockStoreError, KeptRow, WriteClaim};
use dancu_store::{MemoryBlocks, PostgresBlocks, PostgresBlocksOptions, SqliteBlocks};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

/// A ledger that can be opened again, and whose writers can be taken over by somebody else.
pub(crate) trait Backend {
    type Store: BlockStore;
    async fn open(&self) -> Self::Store;
    /// Another instance beside it; `None` where the store is one process's alone.
    async fn beside(&self) -> Option<Self::Store>;
    /// A store that only reads, beside the one that writes.
    async fn reader(&self) -> Self::Store;
    async fn take_over(&self, writer: &str);
}

pub(crate) struct Memory(pub(crate) MemoryBlocks);

impl Backend for Memory {
    type Store = MemoryBlocks;

    async fn open(&self) -> MemoryBlocks {
        self.0.clone()
    }

    async fn beside(&self) -> Option<MemoryBlocks> {
        Some(self.0.clone())
    }

    async fn reader(&self) -> MemoryBlocks {
        self.0.clone()
    }

    async fn take_over(&self, writer: &str) {
        self.0.clone().claim_writer(writer).await.unwrap();
    }
}

pub(crate) struct Sqlite(pub(crate) tempfile::TempDir);

impl Backend for Sqlite {
    type Store = SqliteBlocks;

    async fn open(&self) -> SqliteBlocks {
        SqliteBlocks::open(&self.0.path().join("ledger.db"))
            .await
            .unwrap()
    }

    async fn beside(&self) -> Option<SqliteBlocks> {
        let second = SqliteBlocks::open(&self.0.path().join("ledger.db")).await;
        assert_eq!(second.err(), Some(BlockStoreError::InUse));
        None
    }

    async fn reader(&self) -> SqliteBlocks {
        SqliteBlocks::open_read_only(&self.0.path().join("ledger.db"))
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

pub(crate) struct Postgres(pub(crate) String);

impl Backend for Postgres {
    type Store = PostgresBlocks;

    async fn open(&self) -> PostgresBlocks {
        let options = PostgresBlocksOptions::new(&self.0);
        PostgresBlocks::open(options).await.unwrap()
    }

    async fn beside(&self) -> Option<PostgresBlocks> {
        Some(self.open().await)
    }

    async fn reader(&self) -> PostgresBlocks {
        let options = PostgresBlocksOptions::new(&self.0);
        PostgresBlocks::open_read_only(options).await.unwrap()
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

/// Makes each case a test of every backend.
#[macro_export]
macro_rules! suite {
    ($($test:ident;)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Memory(dancu_store::MemoryBlocks::new())).await;
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
                let url = dancu_store::conformance::parts::Parts::shared().fresh_database();
                super::$test(super::Postgres(url)).await;
            })*
        }
    };
}

pub(crate) fn block(writer: WriterId, first: u64, count: u32, previous: [u8; 32]) -> Block {
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

pub(crate) fn agency(code: &str) -> AgencyCode {
    AgencyCode::parse(code, "agency").unwrap()
}

pub(crate) fn row(code: &str, outcome: Outcome, day: i32, count: u64) -> VolumeRow {
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

pub(crate) fn kept(code: &str, request: u64, writer: WriterId, first: u64, at: i64) -> KeptRow {
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
pub(crate) async fn three_blocks<S: BlockStore>(store: &mut S) -> Vec<Block> {
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

/// What is asked for a row's message.
pub(crate) fn asked(row: &KeptRow) -> Asked {
    Asked {
        key: row.key,
        digest: row.kept.answer.digest,
    }
}

/// Claims the messages of these rows; whose each is. Answers of the year 1970 are not forgotten.
pub(crate) async fn claim<S: BlockStore>(store: &mut S, rows: &[KeptRow]) -> Vec<WriteClaim> {
    let asked: Vec<Asked> = rows.iter().map(asked).collect();
    store.claim_writes(&asked, Timestamp(-1)).await.unwrap()
}
