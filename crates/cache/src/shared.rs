//! The registry behind the level that instances share.
//!
//! The order of the wrappers is `Cached(Coalesced(Shared(registry)))`: a batch of the coalescer is
//! one question to Redis, and what Redis has not is one question to the registry. It all happens
//! on the back runtime, and never longer than the limit of the [link](crate::Link).
//!
//! # What the revision of an answer says
//!
//! As everywhere: every part of an answer is the truth at the one revision that it carries.
//!
//! * The watermark `w` is loaded before Redis is asked. A value is served only at `w` or later
//!   and only if no change of its bucket came after its `read_at` (the rule, and why it holds for
//!   what other instances read, stands in `watermark.rs`) and its `as_of` is not above `w`. Then
//!   it was the truth at `as_of`, nothing changed it up to `w`, and it is the truth at `w`. So all
//!   kept values of a batch are the truth at the same `w`.
//! * What the registry read for the others is the truth at the revision `r` that it reported. If
//!   `r` is beyond the watermark, the changes up to it are read and noted first. Then kept and read
//!   parts are the truth at the present watermark if no bucket of theirs has changed since `w` and
//!   `r`; else the whole batch is read again, at one revision.
//! * A value from beyond the watermark is not served: this instance cannot tell whether it fits
//!   its neighbours, nor, if the registry was set back to an earlier state, whether it was ever
//!   true in this one.
//!
//! A token of `t` is met because nothing kept is looked at unless `t <= w`. So an instance that is
//! behind a token reads through, however new the values in Redis may be. None of this asks Redis
//! for anything but bytes: a value that it lost, kept too long, swapped or brought back from a
//! file is a miss.
//!
//! A late fill may put an old value in the place of a newer one. Its `read_at` is then below the
//! bucket's last change, and whoever finds it reads again: the rule is held where a value is
//! served, by those who know the changes, and not where it is kept.

mod fill;
mod value;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use dancu_domain::{
    Applied, Candidates, ChangeFeed, ChangeNotice, ChangeRecord, Citizen, Clock, Freshness, IdKey,
    Reading, Registry, RegistryError, Revision, Source,
};
use redis::Value;

use self::fill::Fills;
use self::value::{Keeping, Kept};
use crate::feed::catch_up;
use crate::freshness::{Bounds, plan};
use crate::level::answers;
use crate::{Link, SealKeys, SharedCounts, Watermark};

/// How a record is written into a value, and read back. The form itself belongs to whoever stores
/// records.
#[derive(Clone, Copy, Debug)]
pub struct RecordForm {
    /// Appends a record.
    pub encode: fn(&Citizen, &mut Vec<u8>),
    /// Reads a record that fills the bytes; nothing if they are not one.
    pub decode: fn(&[u8]) -> Option<Citizen>,
}

/// What is kept in Redis, for how long, and how.
#[derive(Clone, Debug)]
pub struct SharedConfig {
    /// How long a value is kept.
    pub expiry: Duration,
    /// How long it is kept that nobody has a number: so that a flood of such numbers passes.
    pub absent_expiry: Duration,
    /// How long what is kept may be served after the registry was last heard of.
    pub bounds: Bounds,
    /// Values that may wait to be kept; what comes beyond is not kept.
    pub waiting_fills: usize,
    /// The secrets.
    pub seal: SealKeys,
    /// The form of a record.
    pub form: RecordForm,
}

impl SharedConfig {
    /// The usual times and limits.
    pub fn new(seal: SealKeys, form: RecordForm) -> Self {
        Self {
            expiry: Duration::from_hours(1),
            absent_expiry: Duration::from_mins(1),
            bounds: Bounds::default(),
            waiting_fills: 8_192,
            seal,
            form,
        }
    }
}

/// A registry whose answers are kept in Redis, for every instance.
pub struct Shared<R> {
    inner: Arc<R>,
    level: Option<Level>,
}

struct Level {
    keeping: Arc<Keeping>,
    link: Link,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    fills: Fills,
}

/// What Redis had for a batch.
struct Looked {
    candidates: Vec<Candidates>,
    /// The positions that it had nothing for, and their keys.
    missing: Vec<usize>,
    keys: Vec<IdKey>,
}

impl<R: Registry + ChangeFeed> Shared<R> {
    /// Keeps the answers of `inner` in Redis. The future keeps what was read, and takes in the
    /// changes from before this instance; it is for the back runtime, and ends with the registry.
    pub fn new(
        inner: Arc<R>,
        watermark: Arc<Watermark>,
        clock: Arc<dyn Clock>,
        link: Link,
        config: SharedConfig,
    ) -> (Self, impl Future<Output = ()> + Send + use<R>) {
        let keeping = Arc::new(Keeping::new(watermark, &config));
        let (fills, filling) = fill::fills(keeping.clone(), link.clone(), &config);
        let driver = fill::drive(inner.clone(), keeping.clone(), filling);
        let level = Level {
            keeping,
            link,
            clock,
            bounds: config.bounds,
            fills,
        };
        let shared = Self {
            inner,
            level: Some(level),
        };
        (shared, driver)
    }

    /// Keeps nothing: an instance without Redis.
    pub fn without(inner: Arc<R>) -> Self {
        Self { inner, level: None }
    }

    /// What happened since the start.
    pub fn counters(&self) -> SharedCounts {
        let counts = |level: &Level| level.keeping.counters.counts();
        self.level.as_ref().map(counts).unwrap_or_default()
    }

    /// What is wrapped.
    pub fn inner(&self) -> &Arc<R> {
        &self.inner
    }

    /// Reads from the registry, and has it kept.
    async fn through(
        &self,
        level: &Level,
        keys: &[IdKey],
        freshness: Freshness,
    ) -> Result<Reading, RegistryError> {
        // Loaded before the query: what the value is judged by.
        let read_at = level.watermark().revision();
        let reading = self.inner.read(keys, freshness).await?;
        if reading.revision.nation != level.watermark().nation() || !answers(keys, &reading) {
            tracing::error!("the registry answered another question than it was asked");
            return Err(RegistryError::Unavailable);
        }
        level.fills.offer(keys, &reading, read_at);
        Ok(reading)
    }

    /// Puts together what was kept at `kept_at` and what is read now.
    async fn completed(
        &self,
        level: &Level,
        keys: &[IdKey],
        mut looked: Looked,
        kept_at: u64,
        freshness: Freshness,
    ) -> Result<Reading, RegistryError> {
        let read = self.through(level, &looked.keys, freshness).await?;
        let read_as_of = read.revision.number;
        // Where the changes cannot be read, there is no common revision.
        let _ = catch_up(&*self.inner, level.watermark(), read_as_of).await;
        let mut missing = looked.missing.iter().copied().peekable();
        let parts =
            keys.iter()
                .enumerate()
                .map(|(position, key)| match missing.next_if_eq(&position) {
                    Some(_) => (*key, read_as_of),
                    None => (*key, kept_at),
                });
        let Some(common) = level.watermark().common(parts) else {
            level.keeping.counters.reread();
            return self.through(level, keys, freshness).await;
        };
        for (position, candidates) in looked.missing.iter().zip(read.candidates) {
            looked.candidates[*position] = candidates;
        }
        Ok(Reading {
            candidates: looked.candidates,
            revision: level.watermark().at(common),
            source: read.source,
        })
    }
}

impl Level {
    fn watermark(&self) -> &Watermark {
        &self.keeping.watermark
    }

    /// What Redis has for these keys at `watermark`; nothing at all while it is away.
    async fn look(&self, keys: &[IdKey], watermark: u64) -> Option<Looked> {
        let mut question = redis::cmd("MGET");
        for key in keys {
            question.arg(self.keeping.seals.name(*key).as_slice());
        }
        let values = match self.link.ask(&question).await {
            Ok(Value::Array(values)) if values.len() == keys.len() => values,
            answered => {
                let why = answered.err().unwrap_or_else(|| self.link.garbled());
                self.keeping.counters.unanswered(why, keys.len());
                return None;
            }
        };
        let mut looked = Looked {
            candidates: Vec::with_capacity(keys.len()),
            missing: Vec::new(),
            keys: Vec::new(),
        };
        for (position, (key, value)) in keys.iter().zip(values).enumerate() {
            match self.keeping.kept(*key, value, watermark) {
                Kept::Good(candidates) => looked.candidates.push(candidates),
                Kept::No => {
                    looked.candidates.push(Candidates::NONE);
                    looked.missing.push(position);
                    looked.keys.push(*key);
                }
            }
        }
        self.keeping.tell_forged(self.clock.now());
        Some(looked)
    }
}

impl<R: Registry + ChangeFeed> Registry for Shared<R> {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        let Some(level) = &self.level else {
            return self.inner.read(keys, freshness).await;
        };
        let (may_serve, watermark, rest) =
            plan(level.watermark(), &level.clock, level.bounds, freshness)?;
        if keys.is_empty() {
            return self.inner.read(keys, rest).await;
        }
        if !may_serve {
            level.keeping.counters.passed(keys.len());
            return self.through(level, keys, rest).await;
        }
        let Some(looked) = level.look(keys, watermark).await else {
            return self.through(level, keys, rest).await;
        };
        if looked.missing.is_empty() {
            return Ok(Reading {
                candidates: looked.candidates,
                revision: level.watermark().at(watermark),
                source: Source::Redis,
            });
        }
        if looked.missing.len() == keys.len() {
            return self.through(level, keys, rest).await;
        }
        self.completed(level, keys, looked, watermark, rest).await
    }

    /// Applies, then notes the changes up to the revision of the answer, before it is given. What
    /// is kept is not touched: the buckets have outdated it, here now, and elsewhere as soon as
    /// the changes are followed.
    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        let applied = self.inner.apply(records).await?;
        if let Some(level) = &self.level {
            let watermark = level.watermark();
            let target = applied.revision.number;
            if catch_up(&*self.inner, watermark, target).await.is_err() {
                watermark.doubt();
                watermark.kick();
            }
        }
        Ok(applied)
    }
}

impl<R: Registry + ChangeFeed> ChangeFeed for Shared<R> {
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

impl<R> std::fmt::Debug for Shared<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("link", &self.level.as_ref().map(|level| &level.link))
            .finish_non_exhaustive()
    }
}
