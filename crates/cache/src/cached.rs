//! The registry behind the in-process level.
//!
//! # What the revision of an answer says
//!
//! Every part of an answer is the truth at the one revision that the answer carries. So a caller
//! who sends it back as a token can never be shown an older version, by any instance.
//!
//! * Kept values are the truth at the watermark that was loaded before they were looked up (see
//!   the rule of the watermark). A value read at a revision that this instance has not followed
//!   up to is the truth there, and is served only when it is the whole answer.
//! * What the registry read is the truth at the revision that it reported.
//! * A mixture takes a later watermark `w`: the kept parts are the truth at `w` if their buckets
//!   have still not changed, and the parts read at `r <= w` if theirs have not changed since `r`.
//!   Where the registry is ahead of the watermark, the changes up to `r` are noted first. Those of
//!   whom a bucket changed meanwhile are read again, a few times; where the batch is not of one
//!   revision even then, the whole of it is read at one.
//!
//! While the registry counts as away nothing kept is served, whatever is asked for.
//!
//! Who wants an answer as of now asks the registry for its newest change alone, where something is
//! kept: what is kept is held against that change as against a token, and only who is missing is
//! read. A batch of a thousand costs one number, and whoever asks meanwhile shares the question.
//!
//! A token of `t` is met because kept values are served only at a watermark of `t` or later,
//! every later watermark is later still, and a reading below `t` is refused here whoever gave it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use dancu_domain::{
    Applied, Candidates, ChangeFeed, ChangeNotice, ChangeRecord, Clock, Freshness, IdKey, Reading,
    Registry, RegistryError, Revision, Source,
};

use crate::counters::{Event, Striped};
use crate::feed::catch_up;
use crate::freshness::{Bounds, plan};
use crate::level::{Found, answers};
use crate::{CacheCounts, CoalesceConfig, Coalesced, Level, Watermark};

/// How the in-process level is sized, and how long it may answer unasked.
#[derive(Clone, Copy, Debug)]
pub struct CacheConfig {
    /// How many numbers with somebody are kept.
    pub capacity: usize,
    /// How long what is kept may be served after the registry was last heard of.
    pub bounds: Bounds,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            capacity: 1 << 18,
            bounds: Bounds::default(),
        }
    }
}

/// A registry whose answers are kept in this process.
pub struct Cached<R> {
    inner: R,
    level: Arc<Level>,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    counters: Striped,
}

/// The usual order: `Cached(Coalesced(registry))` over one level, filled by the driver, so that a
/// read whose caller has gone is not in vain. The future is the driver, for the back runtime.
pub fn layered<R: Registry + ChangeFeed>(
    inner: Arc<R>,
    watermark: Arc<Watermark>,
    clock: Arc<dyn Clock>,
    cache: CacheConfig,
    coalesce: CoalesceConfig,
) -> (
    Cached<Coalesced<R>>,
    impl Future<Output = ()> + Send + use<R>,
) {
    let level = Level::new(watermark, cache.capacity);
    let (coalesced, driver) = Coalesced::filling(inner, level.clone(), coalesce);
    let cached = Cached::over(coalesced, level, clock, cache.bounds);
    (cached, driver)
}

/// How often those who changed meanwhile are read again before a whole batch is.
const MENDS: usize = 4;

/// Of how many of a batch's first numbers it is looked whether anything is kept, before the registry is
/// asked how far it is.
const PROBED: usize = 8;

/// What is known of a batch: of each number who has it, and the revision at which that is the
/// truth.
struct Looked {
    candidates: Vec<Candidates>,
    as_of: Vec<u64>,
    /// The positions that are still to be read.
    missing: Vec<usize>,
}

impl<R: Registry + ChangeFeed> Cached<R> {
    /// A level of `capacity` numbers in front of `inner`. `bounds` say how long after the
    /// registry was last heard of they may be served.
    pub fn new(
        inner: R,
        watermark: Arc<Watermark>,
        capacity: usize,
        clock: Arc<dyn Clock>,
        bounds: Bounds,
    ) -> Self {
        Self::over(inner, Level::new(watermark, capacity), clock, bounds)
    }

    /// The same over a level that exists already.
    pub fn over(inner: R, level: Arc<Level>, clock: Arc<dyn Clock>, bounds: Bounds) -> Self {
        Self {
            inner,
            level,
            clock,
            bounds,
            counters: Striped::default(),
        }
    }

    /// What happened since the start.
    pub fn counters(&self) -> CacheCounts {
        self.counters.counts()
    }

    /// The kept values.
    pub fn level(&self) -> &Arc<Level> {
        &self.level
    }

    /// What is wrapped.
    pub fn inner(&self) -> &R {
        &self.inner
    }

    fn watermark(&self) -> &Watermark {
        self.level.watermark()
    }

    /// What is kept for one key, counted.
    fn find(&self, key: IdKey, watermark: u64) -> Option<(Candidates, u64)> {
        let (event, found) = match self.level.find(key, watermark) {
            Found::Kept(candidates, revision) => (
                match candidates.citizens() {
                    [] => Event::AbsentHit,
                    _ => Event::Hit,
                },
                Some((candidates, revision)),
            ),
            Found::Stale => (Event::Stale, None),
            Found::Missing => (Event::Miss, None),
        };
        self.counters.add(event, 1);
        found
    }

    fn look(&self, keys: &[IdKey], watermark: u64) -> Looked {
        let mut looked = Looked {
            candidates: Vec::with_capacity(keys.len()),
            as_of: vec![watermark; keys.len()],
            missing: Vec::new(),
        };
        let mut counts = [0; 4];
        for (position, key) in keys.iter().enumerate() {
            let (event, candidates) = match self.level.find(*key, watermark) {
                Found::Kept(candidates, revision) if revision == watermark => {
                    (usize::from(candidates.citizens().is_empty()), candidates)
                }
                // A value from beyond the watermark fits no neighbour.
                Found::Kept(..) | Found::Stale => (2, Candidates::NONE),
                Found::Missing => (3, Candidates::NONE),
            };
            counts[event] += 1;
            if event >= 2 {
                looked.missing.push(position);
            }
            looked.candidates.push(candidates);
        }
        let [hits, absent_hits, stale, misses] = counts;
        self.counters.add(Event::Hit, hits);
        self.counters.add(Event::AbsentHit, absent_hits);
        self.counters.add(Event::Stale, stale);
        self.counters.add(Event::Miss, misses);
        looked
    }

    /// Whether asking how far the registry is may spare reading: something is kept of these.
    fn keeps_some(&self, keys: &[IdKey], watermark: u64) -> bool {
        let kept = |key: &IdKey| matches!(self.level.find(*key, watermark), Found::Kept(..));
        keys.iter().take(PROBED).any(kept)
    }

    /// The registry's newest change as of now, noted like all before it; `None` where changes cannot
    /// be noted.
    ///
    /// A reading of nobody is asked for, so that it is one with whatever else is read just then.
    fn followed<'a>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Revision>, RegistryError>> + Send + 'a>> {
        Box::pin(async {
            let head = self.inner.read(&[], Freshness::FullyConsistent).await?;
            let head = head.revision;
            if head.nation != self.watermark().nation() {
                return Err(RegistryError::AnotherNation);
            }
            let noted = catch_up(&self.inner, self.watermark(), head.number).await;
            Ok(noted.is_ok().then_some(head))
        })
    }

    /// Reads from the registry and keeps what it said. `read_at` was loaded before.
    ///
    /// Boxed, so that a read that is answered from memory does not carry the state of one that
    /// is not.
    fn through<'a>(
        &'a self,
        keys: &'a [IdKey],
        freshness: Freshness,
        read_at: u64,
    ) -> Pin<Box<dyn Future<Output = Result<Reading, RegistryError>> + Send + 'a>> {
        Box::pin(self.ask(keys, freshness, read_at))
    }

    async fn ask(
        &self,
        keys: &[IdKey],
        freshness: Freshness,
        read_at: u64,
    ) -> Result<Reading, RegistryError> {
        let reading = self.inner.read(keys, freshness).await?;
        if reading.revision.nation != self.watermark().nation() || !answers(keys, &reading) {
            self.counters.add(Event::Crossed, 1);
            tracing::error!("the registry answered another question than it was asked");
            return Err(RegistryError::Unavailable);
        }
        if let Freshness::AtLeast(token) = freshness
            && reading.revision.number < token.number
        {
            return Err(RegistryError::RevisionAhead);
        }
        if reading.revision.number > self.watermark().revision() {
            self.watermark().kick();
        }
        self.level.fill(keys, &reading, read_at);
        Ok(reading)
    }

    /// Reads what is missing of a batch until all of it is the truth at one watermark. `None`
    /// where somebody changed each time, or where the changes cannot be noted.
    async fn mend(
        &self,
        keys: &[IdKey],
        looked: &mut Looked,
        freshness: Freshness,
    ) -> Result<Option<(u64, Source)>, RegistryError> {
        let mut slowest = Source::Memory;
        for _ in 0..MENDS {
            let missing: Vec<IdKey> = looked.missing.iter().map(|at| keys[*at]).collect();
            let read_at = self.watermark().revision();
            let read = self.through(&missing, freshness, read_at).await?;
            slowest = slowest.max(read.source);
            for (position, candidates) in looked.missing.iter().zip(read.candidates) {
                looked.candidates[*position] = candidates;
                looked.as_of[*position] = read.revision.number;
            }
            let noted = catch_up(&self.inner, self.watermark(), read.revision.number);
            if noted.await.is_err() {
                return Ok(None);
            }
            let parts = keys.iter().copied().zip(looked.as_of.iter().copied());
            let (watermark, unfit) = self.watermark().unfit(parts);
            if unfit.is_empty() {
                return Ok(Some((watermark, slowest)));
            }
            looked.missing = unfit;
        }
        Ok(None)
    }

    /// What is kept at a watermark, and what is read of the rest.
    async fn kept_or_read(
        &self,
        keys: &[IdKey],
        watermark: u64,
        rest: Freshness,
    ) -> Result<Reading, RegistryError> {
        if let [key] = keys {
            return match self.find(*key, watermark) {
                Some((candidates, revision)) => Ok(self.remembered(vec![candidates], revision)),
                None => self.through(keys, rest, watermark).await,
            };
        }
        let mut looked = self.look(keys, watermark);
        if looked.missing.is_empty() {
            return Ok(self.remembered(looked.candidates, watermark));
        }
        if looked.missing.len() == keys.len() {
            return self.through(keys, rest, watermark).await;
        }
        match Box::pin(self.mend(keys, &mut looked, rest)).await? {
            Some((common, source)) => Ok(Reading {
                candidates: looked.candidates,
                revision: self.watermark().at(common),
                source,
            }),
            None => {
                self.counters.add(Event::Reread, 1);
                let again = self.watermark().revision();
                self.through(keys, rest, again).await
            }
        }
    }
}

impl<R: Registry + ChangeFeed> Registry for Cached<R> {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        let (may_serve, watermark, rest) =
            plan(self.watermark(), &self.clock, self.bounds, freshness)?;
        if rest == Freshness::FullyConsistent
            && self.keeps_some(keys, watermark)
            && let Some(head) = self.followed().await?
        {
            let reading =
                self.kept_or_read(keys, self.watermark().revision(), Freshness::AtLeast(head));
            return Ok(Reading {
                // It had a word to say about each of them.
                source: Source::Registry,
                ..reading.await?
            });
        }
        if !may_serve {
            self.counters.add(Event::Bypassed, keys.len() as u64);
            return self.through(keys, rest, watermark).await;
        }
        self.kept_or_read(keys, watermark, rest).await
    }

    /// Applies, then notes the changes up to the revision of the answer, before it is given. If
    /// the changes cannot be read, the write stands: whoever sends its revision back reads through
    /// until the follower has caught up, and so does whoever sends none, until it has confirmed.
    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        let applied = self.inner.apply(records).await?;
        let target = applied.revision.number;
        if catch_up(&self.inner, self.watermark(), target)
            .await
            .is_err()
        {
            self.watermark().doubt();
            self.watermark().kick();
        }
        Ok(applied)
    }
}

impl<R: Registry + ChangeFeed> ChangeFeed for Cached<R> {
    async fn head(&self) -> Result<Revision, RegistryError> {
        self.inner.head().await
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.inner.changes(after, limit).await
    }

    async fn woken(&self) {
        self.inner.woken().await;
    }
}

impl<R> Cached<R> {
    fn remembered(&self, candidates: Vec<Candidates>, revision: u64) -> Reading {
        Reading {
            candidates,
            revision: self.level.watermark().at(revision),
            source: Source::Memory,
        }
    }
}
