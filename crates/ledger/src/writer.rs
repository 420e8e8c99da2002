//! The writer task: owns the store, commits what gathers, signs checkpoints.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dancu_domain::{Clock, Timestamp, VolumeRow, WriterId};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, sleep_until};

use crate::block::digest_counts;
use crate::checkpoint::{Checkpoint, CheckpointFile};
use crate::commit::{Commit, Gathered, empty, gather};
use crate::counters::Counting;
use crate::inflight::InFlight;
use crate::ledger::{Shared, Totals};
use crate::lookups::Lookups;
use crate::opening;
use crate::quiet::QUIET;
use crate::seal::Sealer;
use crate::{
    BlockStore, BlockStoreError, ChainHead, Doubt, LedgerConfig, LedgerFailure, LedgerKeys, Limits,
    OpenError, Standing,
};

/// The time between purges of kept answers, in milliseconds.
const PURGE_EVERY_MS: i64 = 600_000;

/// The one task that writes.
pub(crate) struct Writer<S> {
    pub(crate) store: S,
    shared: Arc<Shared>,
    head: ChainHead,
    at: Timestamp,
    /// The desk that is taken from first; it changes with every block.
    turn: usize,
    pub(crate) sealer: Sealer,
    checkpoints: CheckpointFile,
    unsigned_blocks: u64,
    purged: Timestamp,
    /// When the store last did what it was asked.
    pub(crate) heard: Instant,
}

impl<S: BlockStore> Writer<S> {
    pub(crate) async fn open(
        mut store: S,
        clock: Arc<dyn Clock>,
        keys: LedgerKeys,
        config: LedgerConfig,
    ) -> Result<Self, OpenError> {
        let looked = opening::look(&mut store, &keys, &config).await?;
        let claim = store
            .claim_writer(&config.writer)
            .await
            .map_err(OpenError::Store)?;
        let head = ChainHead {
            writer: claim.writer,
            next: claim.next,
            hash: claim.hash,
        };
        looked.still_stands(&mut store, &head).await?;
        let standing = store.standing().await.map_err(OpenError::Store)?;
        let at = clock.now();
        let sealer = Sealer::new(&keys);
        let wake = Arc::new(Notify::new());
        let limits = Limits::new(&config.limits, &clock, &keys, &claim, &standing);
        let shared = Shared {
            writer: claim.writer,
            totals: Mutex::new(totals(&standing, claim.writer)),
            clock,
            keys,
            config,
            seats: Mutex::new(Vec::new()),
            in_flight: Arc::new(InFlight::new(Arc::clone(&wake))),
            lookups: Lookups::new(),
            wake,
            closing: AtomicBool::new(false),
            over: watch::Sender::new(false),
            in_doubt: watch::Sender::new(Doubt::None),
            counting: Counting::default(),
            limits,
        };
        let mut writer = Self {
            store,
            shared: Arc::new(shared),
            head,
            at,
            turn: 0,
            sealer,
            checkpoints: looked.checkpoints,
            unsigned_blocks: 0,
            purged: Timestamp(0),
            heard: Instant::now(),
        };
        writer
            .checkpoint(standing.heads)
            .await
            .map_err(OpenError::Checkpoints)?;
        Ok(writer)
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    pub(crate) async fn run(mut self) -> Result<(), LedgerFailure> {
        let every = Duration::from_millis(self.shared.config.checkpoint_every_ms.max(1));
        let mut tick = tokio::time::interval_at(Instant::now() + every, every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shared = self.shared();
        loop {
            let due = tokio::select! {
                () = shared.wake.notified() => false,
                _ = tick.tick() => true,
                () = sleep_until(self.heard + QUIET) => {
                    self.ask_store().await.map_err(LedgerFailure::Lease)?;
                    false
                }
            };
            let closing = shared.closing.load(Ordering::Acquire);
            if closing {
                shared.seats().iter().for_each(|seat| seat.shut());
            }
            self.answer_lookups().await;
            while self.commit().await.map_err(LedgerFailure::Append)? && closing {}
            let full = self.unsigned_blocks >= shared.config.checkpoint_every_blocks;
            if due {
                // What comes now has more patience with the store.
                self.ask_store().await.map_err(LedgerFailure::Lease)?;
            }
            if self.unsigned_blocks > 0 && (due || closing || full) {
                self.sign_heads().await;
            }
            if due {
                self.purge().await;
            }
            if closing {
                return Ok(());
            }
        }
    }

    /// Makes one block of what waits and commits it; false when nothing waits.
    ///
    /// What gathers meanwhile rings by itself, since its desk was empty before.
    async fn commit(&mut self) -> Result<bool, BlockStoreError> {
        let gathered = gather(&self.shared, self.turn);
        if gathered.is_empty() {
            return Ok(false);
        }
        if gathered.more {
            self.shared.wake.notify_one();
        }
        self.turn = self.turn.wrapping_add(1);
        self.at = self.at.max(self.shared.clock.now());
        self.append(gathered).await?;
        Ok(true)
    }

    /// Commits what was gathered, without the messages that turn out to be another writer's.
    async fn append(&mut self, mut gathered: Gathered) -> Result<(), BlockStoreError> {
        for attempt in 0.. {
            let Some(left) = gathered.or_settled() else {
                break;
            };
            let commit = left.commit(&self.head, self.at, &self.sealer);
            let begun = Instant::now();
            let (block, counts, kept) = (&commit.block, &commit.counts, &commit.kept);
            match self.store.append(block, counts, kept).await {
                Ok(()) => {
                    self.stored(commit, begun.elapsed().as_micros() as u64);
                    break;
                }
                Err(BlockStoreError::NotOurs(keys)) => {
                    let lost = self.lost(&commit, keys, attempt).await;
                    gathered = commit.without(&lost);
                }
                Err(error) => {
                    tracing::error!(%error, "append a block");
                    return self.doubt(commit, error).await;
                }
            }
        }
        Ok(())
    }

    /// Goes on behind a block that is durable: counts it, tells of it, and wakes who waits.
    pub(crate) fn stored(&mut self, mut commit: Commit, took: u64) {
        self.count(&commit.counts, commit.messages, &commit.block, took);
        if let Some(limits) = &self.shared.limits {
            limits.committed(&commit.block, &commit.counts);
        }
        if let Some(follower) = &self.shared.config.committed {
            let told = follower.try_send(commit.told());
            Counting::add(&self.shared.counting.untold, u64::from(told.is_err()));
        }
        self.head = commit.settle();
        self.heard = Instant::now();
        self.unsigned_blocks += 1;
    }

    /// Counts are seen by the time that the first of the entries is acknowledged.
    fn count(&self, counts: &[VolumeRow], messages: u64, block: &crate::Block, took: u64) {
        let mut totals = self.shared.totals();
        for row in counts {
            *totals.own.entry(row.key).or_default() += row.count;
        }
        drop(totals);
        let counting = &self.shared.counting;
        Counting::add(&counting.commits, 1);
        Counting::add(&counting.messages, messages);
        Counting::add(&counting.entries, u64::from(block.count));
        Counting::add(&counting.bytes, block.entries.len() as u64);
        Counting::add(&counting.commit_us, took);
        counting.last_commit_us.store(took, Ordering::Relaxed);
    }

    async fn sign_heads(&mut self) {
        let signed = match self.store.heads().await {
            Ok(heads) => self.checkpoint(heads).await.map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = signed {
            // Not again with the next block, but with the next tick.
            self.unsigned_blocks = 1;
            Counting::add(&self.shared.counting.checkpoint_failures, 1);
            tracing::error!(%error, "write a checkpoint");
        }
    }

    /// Appends a checkpoint over these heads, and this writer's own.
    async fn checkpoint(&mut self, mut heads: Vec<ChainHead>) -> std::io::Result<()> {
        heads.retain(|head| head.writer != self.head.writer && head.next > 0);
        if self.head != empty(self.head.writer) {
            heads.push(self.head);
        }
        heads.sort_unstable_by_key(|head| head.writer);
        let file = self.checkpoints.clone();
        let rows = {
            let totals = self.shared.totals();
            let row = |(key, count): (&_, &_)| VolumeRow {
                key: *key,
                count: *count,
            };
            digest_counts(totals.own.iter().map(row))
        };
        let checkpoint = Checkpoint {
            sequence: file.sequence,
            at: self.at,
            heads,
            writer: self.head.writer,
            totals: rows,
            previous: file.previous,
        };
        let line = checkpoint.line(&self.shared.keys);
        let appended = tokio::task::spawn_blocking(move || file.append(&line)).await;
        self.checkpoints = appended.map_err(std::io::Error::other)??;
        self.unsigned_blocks = 0;
        Counting::add(&self.shared.counting.checkpoints, 1);
        Ok(())
    }

    async fn purge(&mut self) {
        let now = self.shared.clock.now();
        if now.0 - self.purged.0 < PURGE_EVERY_MS {
            return;
        }
        self.purged = now;
        let before = Timestamp(now.0 - self.shared.config.keep_answers_ms);
        if let Err(error) = self.store.purge_kept(before).await {
            tracing::error!(%error, "forget kept answers");
        }
    }
}

impl<S> Drop for Writer<S> {
    fn drop(&mut self) {
        self.shared.end();
    }
}

fn totals(standing: &Standing, own: WriterId) -> Totals {
    let mut totals = Totals::default();
    for counted in &standing.counts {
        let sums = if counted.writer == own {
            &mut totals.own
        } else {
            &mut totals.others
        };
        *sums.entry(counted.row.key).or_default() += counted.row.count;
    }
    totals
}
