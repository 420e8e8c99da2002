//! The registry under everything that makes it cheap: bounded in time, measured, and while it is
//! known to be away not asked at all, so that nobody waits for what will not come.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use dancu_domain::{
    Applied, ChangeFeed, ChangeNotice, ChangeRecord, Freshness, IdKey, Reading, Registry,
    RegistryError, Revision,
};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::clock::instant;
use crate::numbers::BOUNDS_US;
use crate::parts::{Part, Parts};

/// How long the registry has for a write, which may wait for others.
const WRITE: Duration = Duration::from_secs(10);

/// What the registry is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Citizens by number.
    Read,
    /// Changes to be applied.
    Apply,
    /// The newest change.
    Head,
    /// The changes since.
    Changes,
}

impl Operation {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Read, Self::Apply, Self::Head, Self::Changes];

    /// Its word in metrics.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Apply => "apply",
            Self::Head => "head",
            Self::Changes => "changes",
        }
    }
}

/// What was seen of one operation.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Ended within each bound, and beyond the last.
    pub(crate) buckets: [AtomicU64; BOUNDS_US.len() + 1],
    /// Their durations together, in microseconds.
    pub(crate) micros: AtomicU64,
    /// Those that failed, the ones below among them.
    pub(crate) failed: AtomicU64,
    /// Those that were given up because they took too long.
    pub(crate) timed_out: AtomicU64,
    /// Those that were not asked because the registry was away.
    pub(crate) spared: AtomicU64,
}

/// What was seen of the registry.
#[derive(Debug, Default)]
pub(crate) struct SeenOfRegistry([Seen; Operation::ALL.len()]);

impl SeenOfRegistry {
    /// Of one operation.
    pub(crate) fn of(&self, operation: Operation) -> &Seen {
        &self.0[operation as usize]
    }
}

/// A registry that is watched.
#[derive(Debug)]
pub(crate) struct Observed<R> {
    inner: Arc<R>,
    parts: watch::Receiver<Parts>,
    seen: Arc<SeenOfRegistry>,
    /// How long it has for a question.
    read: Duration,
}

impl<R> Observed<R> {
    pub(crate) fn new(
        inner: Arc<R>,
        parts: watch::Receiver<Parts>,
        seen: Arc<SeenOfRegistry>,
        read: Duration,
    ) -> Self {
        Self {
            inner,
            parts,
            seen,
            read,
        }
    }

    /// Asks, if the registry is there, and waits no longer than it has.
    async fn ask<T>(
        &self,
        operation: Operation,
        asked: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        let seen = self.seen.of(operation);
        if !self.parts.borrow().of(Part::Registry).serves() {
            seen.spared.fetch_add(1, Relaxed);
            return Err(RegistryError::Unavailable);
        }
        self.bounded(operation, asked).await
    }

    async fn bounded<T>(
        &self,
        operation: Operation,
        asked: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        let seen = self.seen.of(operation);
        let began = instant();
        let limit = match operation {
            Operation::Apply => WRITE,
            Operation::Read | Operation::Head | Operation::Changes => self.read,
        };
        let answered = timeout(limit, asked).await;
        let micros = instant().duration_since(began).as_micros() as u64;
        seen.buckets[BOUNDS_US.partition_point(|bound| *bound < micros)].fetch_add(1, Relaxed);
        seen.micros.fetch_add(micros, Relaxed);
        let answered = answered.unwrap_or_else(|_| {
            seen.timed_out.fetch_add(1, Relaxed);
            Err(RegistryError::Unavailable)
        });
        if matches!(answered, Err(RegistryError::Unavailable)) {
            seen.failed.fetch_add(1, Relaxed);
        }
        answered
    }
}

impl<R: Registry> Registry for Observed<R> {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        let asked = self.inner.read(keys, freshness);
        self.ask(Operation::Read, asked).await
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        let asked = self.inner.apply(records);
        self.ask(Operation::Apply, asked).await
    }
}

/// The feed is asked also while the registry is away: by its answers it is known to be back.
impl<R: ChangeFeed> ChangeFeed for Observed<R> {
    async fn head(&self) -> Result<Revision, RegistryError> {
        self.bounded(Operation::Head, self.inner.head()).await
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        let asked = self.inner.changes(after, limit);
        self.bounded(Operation::Changes, asked).await
    }

    async fn woken(&self) {
        self.inner.woken().await;
    }
}
