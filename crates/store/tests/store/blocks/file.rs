//! What the tests of a ledger in a file share: messages, a ledger of 101,000 entries, and the
//! means to edit it behind the ledger's back.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use dancu_domain::{
    AgencyCode, AttributeSet, Clock, IdKey, ItemRecord, MessageRecord, NationId, Outcome,
    PersonalId, Purpose, Receipt, Recorder as _, RequestContext, RequestId, ServiceCode, Timestamp,
    Verb, VolumeRow, WriterId,
};
use dancu_ledger::audit::{self, Report};
use dancu_ledger::{Block, BlockStore as _, Ledger, LedgerConfig, LedgerKeys};
use dancu_store::{SqliteBlocks, SqliteBlocksOptions};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use tempfile::TempDir;

/// How many blocks the chain of the first writer has.
pub(crate) const BLOCKS: u64 = 500;
/// How many entries each of them has.
pub(crate) const A_BLOCK: u64 = 200;
/// How many blocks lie between two checkpoints.
pub(crate) const A_CHECKPOINT: u64 = 50;
/// The writer that most tests edit.
pub(crate) const FIRST: WriterId = WriterId(1);

pub(crate) struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }
}

pub(crate) fn keys() -> LedgerKeys {
    LedgerKeys {
        pseudonym: [11; 16],
        request: [22; 16],
        checkpoint: [33; 32],
    }
}

/// Message number `n` with so many items.
pub(crate) fn message(n: u64, items: u64) -> MessageRecord {
    let item = |place: u64| ItemRecord {
        subject: PersonalId::from_digits(1_099_000_000 + n * 1_000 + place).map(IdKey::Personal),
        outcome: Outcome::ALL[(n * 7 + place % 3) as usize % Outcome::ALL.len()],
        given: AttributeSet::from_bits((n + place) as u32),
        dossier: None,
    };
    MessageRecord {
        agency: AgencyCode::parse(["H26", "G05", "BYT"][n as usize % 3], "").unwrap(),
        verb: Verb::ALL[n as usize % Verb::ALL.len()],
        service: ServiceCode::LOOKUP_CITIZEN,
        context: RequestContext {
            request_id: RequestId::parse(&format!("request-{n}"), "").unwrap(),
            officer: None,
            procedure: None,
            dossier: None,
            purpose: Purpose::DataCleaning,
            unit: None,
            event_day: None,
        },
        granted: AttributeSet::BASIC,
        items: (0..items).map(item).collect(),
        kept: None,
    }
}

/// Opens the ledger in a folder as this writer, lets `work` run on its desk, closes it.
pub(crate) async fn with_ledger<T, F: Future<Output = T>>(
    folder: &Path,
    writer: &str,
    work: impl FnOnce(Ledger, dancu_ledger::Desk) -> F,
) -> T {
    let options = SqliteBlocksOptions {
        synchronous_full: false,
    };
    let store = SqliteBlocks::open_with(&folder.join("ledger.db"), options).await;
    let mut config = LedgerConfig::new(NationId([44; 16]), folder.join("checkpoints"));
    config.writer = writer.to_owned();
    config.checkpoint_every_blocks = A_CHECKPOINT;
    config.checkpoint_every_ms = 3_600_000;
    let opened = Ledger::open(store.unwrap(), Arc::new(StillClock), keys(), config).await;
    let (ledger, task) = opened.unwrap();
    let task = tokio::spawn(task);
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    let done = work(ledger.clone(), desk).await;
    ledger.close().await;
    task.await.unwrap().unwrap();
    done
}

/// Records blocks of two messages each.
async fn record_blocks(desk: dancu_ledger::Desk, blocks: u64) {
    for n in 0..blocks {
        let half = A_BLOCK / 2;
        let (one, two) = tokio::join!(
            desk.record(message(2 * n, half)),
            desk.record(message(2 * n + 1, half))
        );
        let whole: [Receipt; 2] = [one.unwrap(), two.unwrap()];
        assert_eq!(whole[0].first, n * A_BLOCK);
    }
}

/// A folder with a ledger of 500 blocks of one writer and 5 of another, for this test alone.
pub(crate) fn a_large_ledger() -> TempDir {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| std::thread::spawn(make).join().unwrap());
    let own = tempfile::tempdir().unwrap();
    for file in ["ledger.db", "checkpoints"] {
        std::fs::copy(made.path().join(file), own.path().join(file)).unwrap();
    }
    own
}

fn make() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        with_ledger(folder.path(), "first", |_, desk| {
            record_blocks(desk, BLOCKS)
        })
        .await;
        with_ledger(folder.path(), "second", |_, desk| record_blocks(desk, 5)).await;
        // Everything into the one file, so that it can be copied.
        let mut editor = Editor::open(folder.path()).await;
        editor.run("PRAGMA wal_checkpoint(TRUNCATE)").await;
        editor.connection.close().await.unwrap();
    });
    folder
}

/// Verifies the ledger in a folder against its checkpoints.
pub(crate) async fn verified(folder: &Path) -> Report {
    verify_with(
        folder,
        Some(folder.join("checkpoints")),
        keys().public_key(),
    )
    .await
}

/// Verifies the ledger in a folder.
pub(crate) async fn verify_with(
    folder: &Path,
    checkpoints: Option<PathBuf>,
    key: [u8; 32],
) -> Report {
    let mut store = SqliteBlocks::open_read_only(&folder.join("ledger.db"))
        .await
        .unwrap();
    let verified = audit::verify(&mut store, checkpoints.as_deref(), &key);
    let limit = std::time::Duration::from_mins(2);
    let report = tokio::time::timeout(limit, verified).await;
    report
        .expect("the time of a verification is bounded")
        .unwrap()
}

/// Somebody with write access to the file.
pub(crate) struct Editor {
    connection: SqliteConnection,
}

impl Editor {
    pub(crate) async fn open(folder: &Path) -> Self {
        let address = format!("sqlite://{}", folder.join("ledger.db").display());
        let connection = SqliteConnection::connect(&address).await.unwrap();
        Self { connection }
    }

    /// One who has got rid of what guards against slips.
    pub(crate) async fn unguarded(folder: &Path) -> Self {
        let mut editor = Self::open(folder).await;
        editor.run("DROP TRIGGER blocks_are_not_altered").await;
        editor.run("DROP TRIGGER blocks_are_not_removed").await;
        editor
    }

    pub(crate) async fn run(&mut self, statement: &'static str) -> u64 {
        self.try_run(statement).await.unwrap()
    }

    pub(crate) async fn try_run(&mut self, statement: &'static str) -> sqlx::Result<u64> {
        let done = sqlx::query(statement).execute(&mut self.connection).await;
        done.map(|done| done.rows_affected())
    }

    /// Block number `n` of the first writer.
    pub(crate) async fn block(&mut self, n: u64) -> Block {
        let row = sqlx::query(
            "SELECT first, entry_count, at, previous, hash, entries FROM blocks
            WHERE writer = 1 ORDER BY first LIMIT 1 OFFSET ?1",
        )
        .bind(n as i64)
        .fetch_one(&mut self.connection)
        .await
        .unwrap();
        let digest = |column| row.get::<Vec<u8>, _>(column).try_into().unwrap();
        let number = |column| row.get::<i64, _>(column);
        Block {
            writer: FIRST,
            first: number(0) as u64,
            count: number(1) as u32,
            at: Timestamp(number(2)),
            previous: digest(3),
            hash: digest(4),
            entries: row.get(5),
        }
    }

    /// Takes a block away.
    pub(crate) async fn remove(&mut self, block: &Block) {
        let done = sqlx::query("DELETE FROM blocks WHERE writer = ?1 AND first = ?2")
            .bind(i64::from(block.writer.0))
            .bind(block.first as i64)
            .execute(&mut self.connection)
            .await;
        assert_eq!(done.unwrap().rows_affected(), 1);
    }

    /// Puts a block in.
    pub(crate) async fn insert(&mut self, block: &Block) {
        sqlx::query(
            "INSERT INTO blocks (writer, first, entry_count, at, previous, hash, entries)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .bind(i64::from(block.writer.0))
        .bind(block.first as i64)
        .bind(i64::from(block.count))
        .bind(block.at.0)
        .bind(&block.previous[..])
        .bind(&block.hash[..])
        .bind(&block.entries[..])
        .execute(&mut self.connection)
        .await
        .unwrap();
    }

    /// Puts `after` where `before` was.
    pub(crate) async fn replace(&mut self, before: &Block, after: &Block) {
        self.remove(before).await;
        self.insert(after).await;
    }

    /// Agency and number of the first count of the first writer.
    pub(crate) async fn first_count(&mut self) -> (String, u64) {
        let row = sqlx::query(
            "SELECT agency, entry_count FROM counts WHERE writer = 1
            ORDER BY agency, verb, service, outcome, day LIMIT 1",
        )
        .fetch_one(&mut self.connection)
        .await
        .unwrap();
        (row.get(0), row.get::<i64, _>(1) as u64)
    }

    /// Writes the counters that fit the stored entries, as a thorough editor would.
    pub(crate) async fn mend_counters(&mut self, folder: &Path) {
        let mut store = SqliteBlocks::open_read_only(&folder.join("ledger.db"))
            .await
            .unwrap();
        self.run("DELETE FROM counts").await;
        for head in store.heads().await.unwrap() {
            for block in store.blocks(head.writer, 0, usize::MAX).await.unwrap() {
                for row in block.counts().unwrap() {
                    self.count(head.writer, row).await;
                }
            }
        }
    }

    async fn count(&mut self, writer: WriterId, row: VolumeRow) {
        sqlx::query(
            "INSERT INTO counts (writer, agency, verb, service, outcome, day, entry_count)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT DO UPDATE SET entry_count = entry_count + excluded.entry_count",
        )
        .bind(i64::from(writer.0))
        .bind(row.key.agency.text())
        .bind(i64::from(row.key.verb.code()))
        .bind(i64::from(row.key.service.0))
        .bind(i64::from(row.key.outcome.code()))
        .bind(row.key.day.0)
        .bind(row.count as i64)
        .execute(&mut self.connection)
        .await
        .unwrap();
    }
}
