//! The values kept in Redis: how they are made, and which of them may be served.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use dancu_domain::{Candidates, IdKey, Timestamp};
use redis::Value;

use super::{RecordForm, SharedConfig};
use crate::Watermark;
use crate::counters::SharedCounters;
use crate::seal::{Seals, Stamp};

/// An alarm is told at most this often, in milliseconds.
const TOLD_EVERY_MS: i64 = 1_000;

/// Everything that makes, judges and counts values.
pub(super) struct Keeping {
    pub(super) watermark: Arc<Watermark>,
    pub(super) seals: Seals,
    pub(super) counters: SharedCounters,
    form: RecordForm,
    /// How many forged values were told of, and when.
    told: AtomicU64,
    told_at: AtomicI64,
}

/// What a value turned out to be.
pub(super) enum Kept {
    /// The truth at the watermark.
    Good(Candidates),
    /// Nothing that may be served.
    No,
}

impl Keeping {
    pub(super) fn new(watermark: Arc<Watermark>, config: &SharedConfig) -> Self {
        let seals = Seals::new(&config.seal, watermark.nation());
        Self {
            watermark,
            seals,
            counters: SharedCounters::default(),
            form: config.form,
            told: AtomicU64::new(0),
            told_at: AtomicI64::new(i64::MIN),
        }
    }

    /// Judges what Redis gave for a number, at a watermark that was loaded before it was asked.
    pub(super) fn kept(&self, key: IdKey, value: Value, watermark: u64) -> Kept {
        let sealed = match value {
            Value::Nil => {
                self.counters.miss();
                return Kept::No;
            }
            Value::BulkString(sealed) => sealed,
            _ => {
                self.counters.forged();
                return Kept::No;
            }
        };
        let Ok((stamp, content)) = self.seals.open(key, &sealed) else {
            self.counters.forged();
            return Kept::No;
        };
        if stamp.as_of > watermark {
            self.watermark.kick();
        }
        if stamp.as_of > watermark || !self.holds(key, stamp) {
            self.counters.stale();
            return Kept::No;
        }
        match self.read(&content) {
            Some(found) if found.citizens().iter().all(|citizen| citizen.has(key)) => {
                self.counters.hit(found.citizens().is_empty());
                Kept::Good(found)
            }
            Some(_) => {
                self.counters.forged();
                Kept::No
            }
            // Another version of the service wrote it.
            None => {
                self.counters.stale();
                Kept::No
            }
        }
    }

    /// The value of a number, if it is worth keeping: `None` if a change has overtaken it.
    pub(super) fn value(&self, key: IdKey, stamp: Stamp, found: &Candidates) -> Option<Vec<u8>> {
        if !self.holds(key, stamp) {
            return None;
        }
        Some(self.seals.seal(key, stamp, &self.written(found)?))
    }

    /// Tells of forged values, now and then.
    pub(super) fn tell_forged(&self, now: Timestamp) {
        let forged = self.counters.counts().forged;
        let told = self.told.load(Ordering::Relaxed);
        let told_at = self.told_at.load(Ordering::Relaxed);
        if forged == told || now.0.saturating_sub(told_at) < TOLD_EVERY_MS {
            return;
        }
        self.told.store(forged, Ordering::Relaxed);
        self.told_at.store(now.0, Ordering::Relaxed);
        let values = forged - told;
        tracing::error!(
            values,
            "redis held values that were not sealed for their names"
        );
    }

    /// The rule: no change of the bucket since the watermark before the query.
    fn holds(&self, key: IdKey, stamp: Stamp) -> bool {
        self.watermark.last_change_anywhere(key) <= stamp.read_at.min(stamp.as_of)
    }

    /// How many people, then each record behind its length.
    fn written(&self, found: &Candidates) -> Option<Vec<u8>> {
        let citizens = found.citizens();
        let mut content = Vec::with_capacity(1 + 320 * citizens.len());
        content.push(u8::try_from(citizens.len()).ok()?);
        for citizen in citizens {
            let at = content.len();
            content.extend_from_slice(&[0; 4]);
            (self.form.encode)(citizen, &mut content);
            let length = u32::try_from(content.len() - at - 4).ok()?;
            content[at..at + 4].copy_from_slice(&length.to_le_bytes());
        }
        Some(content)
    }

    fn read(&self, content: &[u8]) -> Option<Candidates> {
        let (count, mut rest) = content.split_first()?;
        let mut citizens = Vec::with_capacity(usize::from(*count));
        for _ in 0..*count {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (record, after) = after.split_at_checked(length)?;
            citizens.push(Arc::new((self.form.decode)(record)?));
            rest = after;
        }
        rest.is_empty().then(|| Candidates::new(citizens))
    }
}
