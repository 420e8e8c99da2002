//! The blocks of the ledger in one SQLite file.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use dancu_domain::{NationId, Timestamp, VolumeRow, WriterId};
use dancu_ledger::{
    Asked, Block, BlockStore, BlockStoreError, ChainHead, Claim, CountRow, KeptKey, KeptRow,
    KeyMarks, Standing, WriteClaim,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use super::{json, rows, statements};

/// How long the connection waits for a lock of another one.
const BUSY: Duration = Duration::from_secs(5);

/// What may be chosen when the ledger's file is opened for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteBlocksOptions {
    /// Whether a commit returns only after the disk has it. Off, acknowledged entries are lost
    /// with the power; only a test that shows this has reason to turn it off.
    pub synchronous_full: bool,
}

impl Default for SqliteBlocksOptions {
    fn default() -> Self {
        Self {
            synchronous_full: true,
        }
    }
}

/// One connection to the ledger's file. The one that writes holds a lock on the file's
/// neighbour with `.lock` behind its name, so that no second program writes.
pub struct SqliteBlocks {
    connection: SqliteConnection,
    claim: Option<(WriterId, u64)>,
    #[expect(dead_code, reason = "held until the connection is dropped")]
    lock: Option<File>,
}

impl SqliteBlocks {
    /// Opens or makes the file, durable as it must be.
    pub async fn open(path: &Path) -> Result<Self, BlockStoreError> {
        Self::open_with(path, SqliteBlocksOptions::default()).await
    }

    /// Opens or makes the file.
    pub async fn open_with(
        path: &Path,
        options: SqliteBlocksOptions,
    ) -> Result<Self, BlockStoreError> {
        let lock = lock(path)?;
        let synchronous = if options.synchronous_full {
            SqliteSynchronous::Full
        } else {
            SqliteSynchronous::Off
        };
        let connecting = base(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous);
        let mut blocks = Self {
            connection: connecting
                .connect()
                .await
                .map_err(failed("open the ledger"))?,
            claim: None,
            lock: Some(lock),
        };
        blocks.make_schema().await?;
        Ok(blocks)
    }

    /// Opens an existing file for reading, also while another program writes.
    pub async fn open_read_only(path: &Path) -> Result<Self, BlockStoreError> {
        let connecting = base(path).read_only(true).pragma("query_only", "ON");
        let mut blocks = Self {
            connection: connecting
                .connect()
                .await
                .map_err(failed("open the ledger"))?,
            claim: None,
            lock: None,
        };
        match blocks.schema().await?.cmp(&statements::MIGRATIONS.len()) {
            Ordering::Less => Err(BlockStoreError::Failed(statements::EARLIER.to_owned())),
            Ordering::Equal => Ok(blocks),
            Ordering::Greater => Err(later_schema()),
        }
    }

    /// Closes the connection; what was appended is durable already.
    pub async fn close(self) -> Result<(), BlockStoreError> {
        let closed = self.connection.close().await;
        closed.map_err(failed("close the ledger"))
    }

    async fn schema(&mut self) -> Result<usize, BlockStoreError> {
        let row = sqlx::query(statements::READ_SCHEMA)
            .fetch_one(&mut self.connection)
            .await;
        let version: i64 = row.map_err(failed("read the schema"))?.get(0);
        usize::try_from(version).map_err(|_| later_schema())
    }

    async fn make_schema(&mut self) -> Result<(), BlockStoreError> {
        let found = self.schema().await?;
        let steps = statements::MIGRATIONS
            .get(found..)
            .ok_or_else(later_schema)?;
        for step in steps {
            self.run(statements::BEGIN).await?;
            // An error leaves the transaction open, and the connection is dropped with it.
            self.run(step).await?;
            self.run(statements::END).await?;
        }
        Ok(())
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), BlockStoreError> {
        sqlx::raw_sql(statement)
            .execute(&mut self.connection)
            .await
            .map(drop)
            .map_err(failed("run a statement of the ledger"))
    }

    async fn counts(&mut self) -> Result<Vec<CountRow>, BlockStoreError> {
        let rows = sqlx::query(statements::READ_COUNTS)
            .fetch_all(&mut self.connection)
            .await;
        let rows = rows.map_err(failed("read counts"))?;
        rows.iter().map(rows::count).collect()
    }

    /// The answers that there are, and whether each is forgotten.
    async fn kept(
        &mut self,
        keys: &[KeptKey],
        forgotten: Timestamp,
    ) -> Result<Vec<(KeptRow, bool)>, BlockStoreError> {
        let rows = sqlx::query(statements::READ_KEPT)
            .bind(json::keys(keys))
            .bind(forgotten.0)
            .fetch_all(&mut self.connection)
            .await;
        let rows = rows.map_err(failed("read kept answers"))?;
        let over = |row: &SqliteRow| row.try_get(9).unwrap_or(false);
        rows.iter()
            .map(|row| Ok((rows::kept(row)?, over(row))))
            .collect()
    }
}

impl BlockStore for SqliteBlocks {
    async fn bind(&mut self, nation: NationId) -> Result<Option<KeyMarks>, BlockStoreError> {
        let row = sqlx::query(statements::BIND_NATION)
            .bind(&nation.0[..])
            .fetch_one(&mut self.connection)
            .await;
        let row = row.map_err(failed("bind the ledger to its nation"))?;
        match rows::bond(&row)? {
            (bound, keys) if bound == nation => Ok(keys),
            (bound, _) => Err(BlockStoreError::AnotherNation { bound }),
        }
    }

    async fn bind_keys(
        &mut self,
        marks: KeyMarks,
        new_signer: bool,
    ) -> Result<KeyMarks, BlockStoreError> {
        let row = sqlx::query(statements::BIND_KEYS)
            .bind(&marks.lasting[..])
            .bind(&marks.signing[..])
            .bind(new_signer)
            .fetch_one(&mut self.connection)
            .await;
        let row = row.map_err(failed("bind the ledger to its keys"))?;
        rows::marks(&row, 0)
    }

    async fn find_writer(&mut self, name: &str) -> Result<Option<WriterId>, BlockStoreError> {
        let found = sqlx::query(statements::FIND_WRITER)
            .bind(name)
            .fetch_optional(&mut self.connection)
            .await;
        let found = found.map_err(failed("find a writer"))?;
        found.as_ref().map(rows::writer).transpose()
    }

    async fn claim_writer(&mut self, name: &str) -> Result<Claim, BlockStoreError> {
        let claimed = sqlx::query(statements::CLAIM_WRITER)
            .bind(name)
            .fetch_all(&mut self.connection)
            .await;
        let claimed = claimed.map_err(failed("claim a writer"))?;
        let strange = || BlockStoreError::Failed("read a damaged writer".to_owned());
        let row = claimed.first().ok_or_else(strange)?;
        let writer = u32::try_from(row.get::<i64, _>(0)).map_err(|_| strange())?;
        let epoch = u64::try_from(row.get::<i64, _>(1)).map_err(|_| strange())?;
        let writer = WriterId(writer);
        self.claim = Some((writer, epoch));
        // Nobody else can append to this chain any more, so the head stands still.
        let heads = self.heads().await?;
        let head = heads.iter().find(|head| head.writer == writer);
        let head = head.ok_or_else(strange)?;
        Ok(Claim {
            writer,
            epoch,
            next: head.next,
            hash: head.hash,
        })
    }

    async fn append(
        &mut self,
        block: &Block,
        counts: &[VolumeRow],
        kept: &[KeptRow],
    ) -> Result<(), BlockStoreError> {
        let Some((_, epoch)) = self.claim.filter(|(writer, _)| *writer == block.writer) else {
            return Err(BlockStoreError::LeaseLost);
        };
        let appended = sqlx::query(statements::APPEND)
            .bind(i64::from(block.writer.0))
            .bind(epoch.cast_signed())
            .bind(block.first.cast_signed())
            .bind(i64::from(block.count))
            .bind(block.at.0)
            .bind(&block.previous[..])
            .bind(&block.hash[..])
            .bind(&block.entries[..])
            .bind(json::counts(counts))
            .bind(json::kept(kept))
            .execute(&mut self.connection)
            .await;
        match appended {
            Ok(_) => Ok(()),
            Err(sqlx::Error::Database(error)) if error.message() == "lease lost" => {
                Err(BlockStoreError::LeaseLost)
            }
            Err(sqlx::Error::Database(error)) if error.message() == "answered before" => {
                let keys: Vec<KeptKey> = kept.iter().map(|row| row.key).collect();
                let rows = self.kept(&keys, Timestamp(i64::MIN)).await?;
                let answered = rows.into_iter().map(|(row, _)| row.key).collect();
                Err(BlockStoreError::NotOurs(answered))
            }
            Err(error) => Err(failed("append a block")(error)),
        }
    }

    async fn blocks(
        &mut self,
        writer: WriterId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Block>, BlockStoreError> {
        // From the very beginning also rows that claim to lie before it: none of ours does.
        let from = match from {
            0 => i64::MIN,
            _ => i64::try_from(from).unwrap_or(i64::MAX),
        };
        let rows = sqlx::query(statements::READ_BLOCKS)
            .bind(i64::from(writer.0))
            .bind(from)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut self.connection)
            .await;
        let rows = rows.map_err(failed("read blocks"))?;
        rows.iter().map(rows::block).collect()
    }

    async fn block_before(
        &mut self,
        writer: WriterId,
        index: u64,
    ) -> Result<Option<Block>, BlockStoreError> {
        let row = sqlx::query(statements::READ_BLOCK_BEFORE)
            .bind(i64::from(writer.0))
            .bind(i64::try_from(index).unwrap_or(i64::MAX))
            .fetch_optional(&mut self.connection)
            .await;
        let row = row.map_err(failed("read a block"))?;
        row.as_ref().map(rows::block).transpose()
    }

    async fn heads(&mut self) -> Result<Vec<ChainHead>, BlockStoreError> {
        let rows = sqlx::query(statements::READ_HEADS)
            .fetch_all(&mut self.connection)
            .await;
        let rows = rows.map_err(failed("read the heads of the chains"))?;
        rows.iter().map(rows::head).collect()
    }

    async fn standing(&mut self) -> Result<Standing, BlockStoreError> {
        self.run(statements::BEGIN_READING).await?;
        let heads = self.heads().await;
        let counts = self.counts().await;
        self.run(statements::END).await?;
        Ok(Standing {
            heads: heads?,
            counts: counts?,
        })
    }

    /// This process is the only one: what was not answered is ours, and there is nothing to give
    /// up.
    async fn claim_writes(
        &mut self,
        asked: &[Asked],
        forgotten: Timestamp,
    ) -> Result<Vec<WriteClaim>, BlockStoreError> {
        let keys: Vec<KeptKey> = asked.iter().map(|asked| asked.key).collect();
        let mut answers = HashMap::new();
        let mut over = Vec::new();
        for (row, is_over) in self.kept(&keys, forgotten).await? {
            if is_over {
                over.push(row.key);
            } else {
                answers.insert(row.key, row);
            }
        }
        if !over.is_empty() {
            // Its place must be free for the new answer.
            self.discard_kept(&over).await?;
        }
        let of = |key| answers.remove(key).map(WriteClaim::Answered);
        Ok(keys
            .iter()
            .map(of)
            .map(|told| told.unwrap_or(WriteClaim::Ours))
            .collect())
    }

    async fn release_writes(&mut self, _keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        Ok(())
    }

    async fn discard_kept(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        let discarded = sqlx::query(statements::DISCARD_KEPT)
            .bind(json::keys(keys))
            .execute(&mut self.connection)
            .await;
        discarded.map(drop).map_err(failed("forget answers"))
    }

    async fn purge_kept(&mut self, before: Timestamp) -> Result<u64, BlockStoreError> {
        let purged = sqlx::query(statements::PURGE_KEPT)
            .bind(before.0)
            .execute(&mut self.connection)
            .await;
        let purged = purged.map_err(failed("forget kept answers"))?;
        Ok(purged.rows_affected())
    }
}

fn base(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .foreign_keys(false)
        .disable_statement_logging()
}

/// Takes the lock that the one writing program holds. The system lets go of it when the program
/// ends, however it does.
fn lock(path: &Path) -> Result<File, BlockStoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(name)
        .map_err(|error| BlockStoreError::Failed(format!("lock the ledger: {error}")))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BlockStoreError::InUse),
        Err(TryLockError::Error(error)) => {
            Err(BlockStoreError::Failed(format!("lock the ledger: {error}")))
        }
    }
}

fn later_schema() -> BlockStoreError {
    BlockStoreError::Failed("open a ledger that a later build wrote".to_owned())
}

fn failed(doing: &'static str) -> impl FnOnce(sqlx::Error) -> BlockStoreError {
    move |error| BlockStoreError::Failed(format!("{doing}: {error}"))
}
