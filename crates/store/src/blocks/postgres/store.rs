//! The port of the ledger over one connection.

use std::time::Duration;

use dancu_domain::{NationId, Timestamp, VolumeRow, WriterId};
use dancu_ledger::{
    Asked, Block, BlockStore, BlockStoreError, ChainHead, Claim, GENESIS, KeptKey, KeptRow,
    KeyMarks, Resolution, Standing, WriteClaim,
};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};

use super::append::{Appended, append};
use super::{Held, PostgresBlocks, claims, statements};
use crate::StoreError;
use crate::blocks::rows;
use crate::columns::Columns as _;
use crate::postgres::{is_conflict, is_lost, within};

/// The pause before an append that stood in another one's way is tried again.
const PAUSE: Duration = Duration::from_millis(5);

/// Asks what does no harm when it is asked twice, and does so where the connection that there was
/// turns out to be lost.
macro_rules! fetch {
    ($self:ident, $patience:expr, $doing:literal, $query:expr) => {{
        let until = Instant::now() + $patience;
        let mut again = $self.link.is_open();
        loop {
            let told = match $self.link.connection(until).await {
                Ok(connection) => within(until, $doing, $query.fetch_all(connection)).await,
                Err(error) => Err(error),
            };
            match told {
                Err(error) if again && is_lost(&error) => {
                    $self.link.give_up();
                    again = false;
                }
                told => break $self.given_up_after(told),
            }
        }
    }};
}

impl BlockStore for PostgresBlocks {
    async fn bind(&mut self, nation: NationId) -> Result<Option<KeyMarks>, BlockStoreError> {
        let bound = fetch!(
            self,
            self.options.within,
            "bind the ledger to its nation",
            sqlx::query(statements::BIND_NATION).bind(&nation.0[..])
        )?;
        let row = bound.first();
        match rows::bond(row.ok_or_else(|| damaged("read the nation of the ledger"))?)? {
            (bound, keys) if bound == nation => Ok(keys),
            (bound, _) => Err(BlockStoreError::AnotherNation { bound }),
        }
    }

    async fn bind_keys(
        &mut self,
        marks: KeyMarks,
        new_signer: bool,
    ) -> Result<KeyMarks, BlockStoreError> {
        let tied = fetch!(
            self,
            self.options.within,
            "bind the ledger to its keys",
            sqlx::query(statements::BIND_KEYS)
                .bind(&marks.lasting[..])
                .bind(&marks.signing[..])
                .bind(new_signer)
        )?;
        let row = tied.first();
        rows::marks(
            row.ok_or_else(|| damaged("read the keys of the ledger"))?,
            0,
        )
    }

    async fn find_writer(&mut self, name: &str) -> Result<Option<WriterId>, BlockStoreError> {
        let found = fetch!(
            self,
            self.options.within,
            "find a writer",
            sqlx::query(statements::FIND_WRITER).bind(name)
        )?;
        found.first().map(rows::writer).transpose()
    }

    async fn claim_writer(&mut self, name: &str) -> Result<Claim, BlockStoreError> {
        let claimed = fetch!(
            self,
            self.options.within,
            "claim a writer",
            sqlx::query(statements::CLAIM_WRITER).bind(name)
        )?;
        let held = claimed.first().and_then(|row| {
            Some(Held {
                writer: WriterId(row.integer(0)?),
                epoch: row.integer(1)?,
                holder: row.text(2)??.to_owned(),
            })
        });
        let held = held.ok_or_else(|| damaged("read a damaged writer"))?;
        self.claim = Some(held.clone());
        // Nobody else can append to this chain any more, so the head stands still.
        let heads = self.heads().await?;
        let head = heads.iter().find(|head| head.writer == held.writer);
        Ok(Claim {
            writer: held.writer,
            epoch: held.epoch,
            next: head.map_or(0, |head| head.next),
            hash: head.map_or(GENESIS, |head| head.hash),
        })
    }

    async fn append(
        &mut self,
        block: &Block,
        counts: &[VolumeRow],
        kept: &[KeptRow],
    ) -> Result<(), BlockStoreError> {
        let held = self.claim.clone();
        let Some(held) = held.filter(|held| held.writer == block.writer) else {
            return Err(BlockStoreError::LeaseLost);
        };
        let until = Instant::now() + self.options.within;
        loop {
            let appended = match self.link.connection(until).await {
                Ok(connection) => append(connection, &held, block, counts, kept, until).await,
                Err(error) => Err(error),
            };
            match appended {
                Ok(Appended::Stored) => return Ok(()),
                Ok(Appended::NotHeld) => return Err(BlockStoreError::LeaseLost),
                Ok(Appended::NotOurs(keys)) => return Err(BlockStoreError::NotOurs(keys)),
                // What stood in another one's way was undone, and nobody has to guess.
                Err(error) if is_conflict(&error) && Instant::now() + PAUSE < until => {
                    sleep(PAUSE).await;
                }
                Err(error) => return self.given_up_after(Err(error)),
            }
        }
    }

    /// An append that is still under way anywhere is refused once the epoch has moved on, and one
    /// that is about to commit is waited for; then the block is there or never will be.
    async fn resolve(&mut self, block: &Block) -> Result<Resolution, BlockStoreError> {
        let Some(held) = self.claim.clone() else {
            return Ok(Resolution::Unknowable);
        };
        let until = Instant::now() + self.options.within;
        let resolved = match self.link.connection(until).await {
            Ok(connection) => fence_and_look(connection, &held, block, until).await,
            Err(error) => Err(error),
        };
        match resolved {
            Ok((epoch, found)) => {
                self.claim = Some(Held { epoch, ..held });
                match found {
                    None => Ok(Resolution::Absent),
                    Some(hash) if hash == block.hash => Ok(Resolution::Stored),
                    Some(_) => Err(damaged("find another block in the place of one's own")),
                }
            }
            Err(StoreError::NotHeld) => Err(BlockStoreError::LeaseLost),
            Err(error) => {
                tracing::debug!(%error, "cannot say yet what became of a block");
                self.link.give_up();
                Ok(Resolution::Later)
            }
        }
    }

    async fn probe(&mut self) -> Result<(), BlockStoreError> {
        let held = self.claim.clone().ok_or(BlockStoreError::LeaseLost)?;
        let told = fetch!(
            self,
            self.options.probe_within,
            "ask whether the ledger can be written",
            sqlx::query(statements::PROBE)
                .bind(held.writer.0.cast_signed())
                .bind(held.epoch.cast_signed())
        )?;
        let told = told.first();
        let told = told.and_then(|row| Some((row.truth(0)?, row.truth(1)?)));
        match told {
            Some((_, false)) => {
                // A standby, or what has become one: there may be another primary by now.
                self.link.give_up();
                Err(damaged("find a database that takes writes"))
            }
            Some((true, true)) => Ok(()),
            Some((false, true)) => Err(BlockStoreError::LeaseLost),
            None => Err(damaged("read whether the ledger can be written")),
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
        let rows = fetch!(
            self,
            self.options.read_within,
            "read blocks",
            sqlx::query(statements::READ_BLOCKS)
                .bind(i64::from(writer.0))
                .bind(from)
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        )?;
        rows.iter().map(rows::block).collect()
    }

    async fn block_before(
        &mut self,
        writer: WriterId,
        index: u64,
    ) -> Result<Option<Block>, BlockStoreError> {
        let rows = fetch!(
            self,
            self.options.read_within,
            "read a block",
            sqlx::query(statements::READ_BLOCK_BEFORE)
                .bind(i64::from(writer.0))
                .bind(i64::try_from(index).unwrap_or(i64::MAX))
        )?;
        rows.first().map(rows::block).transpose()
    }

    async fn heads(&mut self) -> Result<Vec<ChainHead>, BlockStoreError> {
        let rows = fetch!(
            self,
            self.options.read_within,
            "read the heads of the chains",
            sqlx::query(statements::READ_HEADS)
        )?;
        rows.iter().map(rows::head).collect()
    }

    async fn standing(&mut self) -> Result<Standing, BlockStoreError> {
        let until = Instant::now() + self.options.read_within;
        let read = match self.link.connection(until).await {
            Ok(connection) => of_one_instant(connection, until).await,
            Err(error) => Err(error),
        };
        let (heads, counts) = self.given_up_after(read)?;
        Ok(Standing {
            heads: heads.iter().map(rows::head).collect::<Result<_, _>>()?,
            counts: counts.iter().map(rows::count).collect::<Result<_, _>>()?,
        })
    }

    async fn claim_writes(
        &mut self,
        asked: &[Asked],
        forgotten: Timestamp,
    ) -> Result<Vec<WriteClaim>, BlockStoreError> {
        let held = self.claim.clone().ok_or(BlockStoreError::LeaseLost)?;
        let rows = fetch!(
            self,
            self.options.within,
            "claim write messages",
            claims::claiming(&held, asked, forgotten)
        )?;
        rows.iter().map(claims::told).collect()
    }

    async fn release_writes(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        let held = self.claim.clone().ok_or(BlockStoreError::LeaseLost)?;
        let released = fetch!(
            self,
            self.options.within,
            "release write messages",
            claims::releasing(&held, keys)
        );
        released.map(drop)
    }

    async fn discard_kept(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        let discarded = fetch!(
            self,
            self.options.within,
            "forget edited answers",
            claims::discarding(keys)
        );
        discarded.map(drop)
    }

    async fn purge_kept(&mut self, before: Timestamp) -> Result<u64, BlockStoreError> {
        let until = Instant::now() + self.options.read_within;
        let purged = match self.link.connection(until).await {
            Ok(connection) => {
                let purging = sqlx::query(statements::PURGE_KEPT)
                    .bind(before.0)
                    .execute(connection);
                within(until, "forget kept answers", purging).await
            }
            Err(error) => Err(error),
        };
        Ok(self.given_up_after(purged)?.rows_affected())
    }
}

/// Raises the epoch of a claim that is still held, and looks for a block. Returns the epoch and
/// the hash of what was found.
async fn fence_and_look(
    connection: &mut PgConnection,
    held: &Held,
    block: &Block,
    until: Instant,
) -> Result<(u64, Option<[u8; 32]>), StoreError> {
    let fencing = sqlx::query(statements::FENCE)
        .bind(held.writer.0.cast_signed())
        .bind(held.holder.clone())
        .fetch_optional(&mut *connection);
    let fenced = within(until, "raise the epoch of a writer", fencing).await?;
    let epoch = fenced.ok_or(StoreError::NotHeld)?;
    let damaged = StoreError::Damaged { what: "writers" };
    let epoch = epoch.integer(0).ok_or(damaged)?;
    let looking = sqlx::query(statements::READ_HASH)
        .bind(i64::from(block.writer.0))
        .bind(block.first.cast_signed())
        .fetch_optional(connection);
    let found = within(until, "look for a block", looking).await?;
    let damaged = StoreError::Damaged { what: "blocks" };
    match found {
        Some(row) => Ok((epoch, Some(row.digest(0).ok_or(damaged)?))),
        None => Ok((epoch, None)),
    }
}

type Rows = Vec<sqlx::postgres::PgRow>;

/// Heads and counts, read in one transaction.
async fn of_one_instant(
    connection: &mut PgConnection,
    until: Instant,
) -> Result<(Rows, Rows), StoreError> {
    let doing = "read chains and counts";
    let begun = sqlx::raw_sql(statements::BEGIN_READING).execute(&mut *connection);
    within(until, doing, begun).await?;
    let heads = sqlx::query(statements::READ_HEADS).fetch_all(&mut *connection);
    let heads = within(until, doing, heads).await?;
    let counts = sqlx::query(statements::READ_COUNTS).fetch_all(&mut *connection);
    let counts = within(until, doing, counts).await?;
    let ended = sqlx::raw_sql(statements::END).execute(connection);
    within(until, doing, ended).await?;
    Ok((heads, counts))
}

fn damaged(words: &str) -> BlockStoreError {
    BlockStoreError::Failed(words.to_owned())
}
