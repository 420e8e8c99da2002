//! Concurrent misses become one query.
//!
//! A read puts its numbers on a waiting list. The driver, which lives on the back runtime and is
//! the only one to touch the registry, makes a batch of those who have waited longest whenever
//! one of the batches under way returns. Numbers that several ask for are read once; an ask for
//! numbers that a batch under way reads already joins it, if that batch was started at a
//! watermark that is good enough for the ask. So an ask without a token gets what it could have
//! got from memory at that moment, and never something older.
//!
//! A batch carries the strongest need of its members. A token beyond the watermark is met by a
//! read at the head; only where it lies beyond the head too is the registry asked to wait for it,
//! in a lane of its own, so that a token of the future delays nobody else.
//!
//! Whoever goes away loses its place and nothing more: the driver, its queries and its writes go
//! on. When the driver ends, whoever waits is told that the registry is unavailable.

mod driver;
mod queue;
mod waiter;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dancu_domain::{
    Applied, Candidates, ChangeFeed, ChangeNotice, ChangeRecord, Freshness, IdKey, Reading,
    Registry, RegistryError, Revision,
};
use tokio::sync::{Notify, oneshot};

use self::driver::Job;
use self::queue::{Ask, Need, Place, Queue, Refused};
use self::waiter::Waiter;
use crate::{CoalesceCounts, Level, Watermark};

/// The limits of the waiting list.
#[derive(Clone, Copy, Debug)]
pub struct CoalesceConfig {
    /// Distinct numbers in a batch; also the most that one read may ask for.
    pub max_keys: usize,
    /// Numbers of all reads, and records of all writes, that are not answered yet.
    pub max_waiting: usize,
    /// Batches under way at once.
    pub max_in_flight: usize,
}

impl Default for CoalesceConfig {
    fn default() -> Self {
        Self {
            max_keys: 1_000,
            max_waiting: 16_384,
            max_in_flight: 2,
        }
    }
}

/// A registry whose reads wait for each other. Cheap to clone.
pub struct Coalesced<R> {
    shared: Arc<Shared>,
    /// Told to the driver when the last of these is gone.
    open: Arc<Open>,
    registry: std::marker::PhantomData<fn() -> R>,
}

/// Wraps `inner`; the future is the driver, for the back runtime. The waiting list is held against
/// `watermark`, and writes advance it before they are answered.
pub fn coalesced<R: Registry + ChangeFeed>(
    inner: Arc<R>,
    watermark: Arc<Watermark>,
    config: CoalesceConfig,
) -> (Coalesced<R>, impl Future<Output = ()> + Send + use<R>) {
    Coalesced::start(inner, watermark, None, config)
}

type Answer<T> = oneshot::Sender<Result<T, RegistryError>>;

/// What a batch brought, shared by all who waited for it.
struct Landed {
    /// Distinct, ascending.
    keys: Vec<IdKey>,
    reading: Reading,
}

struct Shared {
    watermark: Arc<Watermark>,
    config: CoalesceConfig,
    state: Mutex<State>,
    bell: Notify,
}

struct State {
    queue: Queue<Waiter>,
    jobs: Vec<Job>,
    /// Records of writes that are not answered yet, and questions to the feed.
    job_load: usize,
    /// The driver was rung for and has not looked yet.
    rung: bool,
    /// No new reads or writes can come.
    no_more: bool,
    closed: bool,
}

struct Open(Arc<Shared>);

/// A place on the waiting list; left when this is dropped unanswered.
struct Seat<'a> {
    shared: &'a Shared,
    place: Option<Place>,
}

impl<R: Registry + ChangeFeed> Coalesced<R> {
    /// The same as [`coalesced`], with a level that the driver fills: what was read is kept even
    /// when everybody who asked for it has gone, so that retries under load find it.
    pub fn filling(
        inner: Arc<R>,
        level: Arc<Level>,
        config: CoalesceConfig,
    ) -> (Self, impl Future<Output = ()> + Send + use<R>) {
        let watermark = level.watermark().clone();
        Self::start(inner, watermark, Some(level), config)
    }

    fn start(
        inner: Arc<R>,
        watermark: Arc<Watermark>,
        level: Option<Arc<Level>>,
        config: CoalesceConfig,
    ) -> (Self, impl Future<Output = ()> + Send + use<R>) {
        let shared = Arc::new(Shared {
            watermark,
            config,
            state: Mutex::new(State {
                queue: Queue::new(config),
                jobs: Vec::new(),
                job_load: 0,
                rung: false,
                no_more: false,
                closed: false,
            }),
            bell: Notify::new(),
        });
        let coalesced = Self {
            shared: shared.clone(),
            open: Arc::new(Open(shared.clone())),
            registry: std::marker::PhantomData,
        };
        (coalesced, driver::drive(inner, shared, level))
    }

    /// What happened since the start.
    pub fn counters(&self) -> CoalesceCounts {
        self.shared.state().queue.counts
    }

    async fn job<T>(
        &self,
        load: usize,
        make: impl FnOnce(Answer<T>) -> Job,
    ) -> Result<T, RegistryError> {
        let (answer, answered) = oneshot::channel();
        self.shared.push_job(load, make(answer))?;
        answered.await.unwrap_or(Err(RegistryError::Unavailable))
    }
}

impl<R: Registry + ChangeFeed> Registry for Coalesced<R> {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        let need = self.shared.need(freshness)?;
        let (waiter, answered) = Waiter::here();
        let mut seat = self.shared.seat(Ask {
            keys: keys.to_vec(),
            need,
            answer: waiter,
        })?;
        let landed = answered.await;
        seat.place = None;
        landed
            .unwrap_or(Err(RegistryError::Unavailable))?
            .pick(keys)
    }

    /// Passed on by the driver, which notes the changes before it answers, whether anybody still
    /// waits or not.
    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        let load = records.len();
        self.job(load, |answer| Job::Apply(records, answer)).await
    }
}

impl<R: Registry + ChangeFeed> ChangeFeed for Coalesced<R> {
    async fn head(&self) -> Result<Revision, RegistryError> {
        self.job(1, Job::Head).await
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.job(1, |answer| Job::Changes(after, limit, answer))
            .await
    }
}

impl<R> Clone for Coalesced<R> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            open: self.open.clone(),
            registry: std::marker::PhantomData,
        }
    }
}

impl Shared {
    /// The list, even after a panic of somebody who held it: every step leaves it whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn need(&self, freshness: Freshness) -> Result<Need, RegistryError> {
        match freshness {
            Freshness::MinimizeLatency => Ok(Need::AtLeast(self.watermark.revision())),
            Freshness::AtLeast(token) if token.nation != self.watermark.nation() => {
                Err(RegistryError::AnotherNation)
            }
            Freshness::AtLeast(token) => Ok(Need::AtLeast(token.number)),
            Freshness::FullyConsistent => Ok(Need::Fresh),
        }
    }

    fn seat(&self, ask: Ask<Waiter>) -> Result<Seat<'_>, RegistryError> {
        let mut state = self.state();
        let place = state.queue.push(ask).map_err(|refused| match refused {
            Refused::Full => RegistryError::Overloaded,
            Refused::Closed => RegistryError::Unavailable,
        })?;
        // While all batches are under way the driver will look by itself when one returns.
        let ring = state.queue.ready() && !std::mem::replace(&mut state.rung, true);
        drop(state);
        if ring {
            self.bell.notify_one();
        }
        Ok(Seat {
            shared: self,
            place: Some(place),
        })
    }

    fn push_job(&self, load: usize, job: Job) -> Result<(), RegistryError> {
        let load = load.max(1);
        let mut state = self.state();
        if state.closed {
            return Err(RegistryError::Unavailable);
        }
        if state.job_load + load > self.config.max_waiting {
            state.queue.counts.shed += 1;
            return Err(RegistryError::Overloaded);
        }
        state.job_load += load;
        state.jobs.push(job);
        let ring = !std::mem::replace(&mut state.rung, true);
        drop(state);
        if ring {
            self.bell.notify_one();
        }
        Ok(())
    }
}

impl Landed {
    /// The answer to one ask, in the order of its keys.
    fn pick(&self, keys: &[IdKey]) -> Result<Reading, RegistryError> {
        let one = |key: &IdKey| -> Option<Candidates> {
            let index = self.keys.binary_search(key).ok()?;
            self.reading.candidates.get(index).cloned()
        };
        let candidates = keys.iter().map(one).collect::<Option<Vec<_>>>();
        Ok(Reading {
            candidates: candidates.ok_or(RegistryError::Unavailable)?,
            revision: self.reading.revision,
            source: self.reading.source,
        })
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            // Its sender is dropped outside the lock.
            let gone = self.shared.state().queue.give_up(place);
            drop(gone);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.state().no_more = true;
        self.0.bell.notify_one();
    }
}
