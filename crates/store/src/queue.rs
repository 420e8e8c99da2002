//! The bounded queues between those who ask and the tasks that own connections, and their counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// The room that a queue has, in items.
pub(crate) struct Room {
    left: Arc<Semaphore>,
    whole: usize,
}

impl Room {
    pub(crate) fn new(whole: usize) -> Self {
        let whole = whole.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self {
            left: Arc::new(Semaphore::new(whole)),
            whole,
        }
    }

    /// Room for so many items, or at least one; more than there ever is counts as all of it.
    pub(crate) fn take(&self, items: usize) -> Option<OwnedSemaphorePermit> {
        let items = u32::try_from(items.clamp(1, self.whole)).ok()?;
        Arc::clone(&self.left).try_acquire_many_owned(items).ok()
    }
}

/// What the tasks of a registry count.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) keys: AtomicU64,
    pub(crate) shed: AtomicU64,
    pub(crate) replica_reads: AtomicU64,
    pub(crate) replica_refused: AtomicU64,
    pub(crate) replica_away: AtomicU64,
    pub(crate) reconnects: AtomicU64,
    pub(crate) retries: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, by: usize) {
        counter.fetch_add(by as u64, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> RegistryCounters {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RegistryCounters {
            commits: of(&self.commits),
            batches: of(&self.batches),
            records: of(&self.records),
            reads: of(&self.reads),
            keys: of(&self.keys),
            shed: of(&self.shed),
            replica_reads: of(&self.replica_reads),
            replica_refused: of(&self.replica_refused),
            replica_away: of(&self.replica_away),
            reconnects: of(&self.reconnects),
            retries: of(&self.retries),
        }
    }
}

/// What a registry has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegistryCounters {
    /// Transactions that were committed.
    pub commits: u64,
    /// Batches that were applied in them.
    pub batches: u64,
    /// Records in those batches.
    pub records: u64,
    /// Batches of numbers that were taken to be read.
    pub reads: u64,
    /// Numbers in those batches.
    pub keys: u64,
    /// Reads and writes that were shed because too many waited.
    pub shed: u64,
    /// Batches that a replica answered.
    pub replica_reads: u64,
    /// Batches that a replica was too far behind to answer.
    pub replica_refused: u64,
    /// Batches for which a replica was named and not in service, or that it did not answer in time.
    pub replica_away: u64,
    /// Connections that were opened again after a failure.
    pub reconnects: u64,
    /// Transactions and reads that were tried again.
    pub retries: u64,
}

/// Waits for tasks, and tells of those that ended badly.
pub(crate) async fn ended(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        if let Err(error) = task.await {
            tracing::error!(%error, "a task of the registry ended badly");
        }
    }
}
