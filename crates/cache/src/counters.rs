//! Plain numbers for whoever reports them; no request touches a line that another core writes.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::Away;
use crate::link::Unanswered;

/// What the in-process level did since the start, in keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// Keys answered from memory with somebody.
    pub hits: u64,
    /// Keys answered from memory with nobody.
    pub absent_hits: u64,
    /// Keys that were not kept.
    pub misses: u64,
    /// Keys that were kept but could not be served: their bucket had changed.
    pub stale: u64,
    /// Keys that were not looked up because the caller or the bound asked for the registry.
    pub bypassed: u64,
    /// Batches read again as a whole, because hits and misses fitted no common revision.
    pub reread: u64,
    /// Answers of the registry that did not fit the question. Anything above 0 is an alarm.
    pub crossed: u64,
}

/// What the coalescer did since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoalesceCounts {
    /// Reads asked for.
    pub asks: u64,
    /// Reads that joined a batch under way.
    pub attached: u64,
    /// Batches read from the registry.
    pub batches: u64,
    /// Distinct keys in them.
    pub keys: u64,
    /// Reads and writes turned away because too many waited.
    pub shed: u64,
    /// Batches that failed.
    pub failed: u64,
    /// Reads given up by whoever asked before they were answered.
    pub dropped: u64,
    /// Answers of the registry that did not fit the question. Anything above 0 is an alarm.
    pub crossed: u64,
}

/// What the shared level did since the start, in keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SharedCounts {
    /// Keys answered from Redis with somebody.
    pub hits: u64,
    /// Keys answered from Redis with nobody.
    pub absent_hits: u64,
    /// Keys that were not kept.
    pub misses: u64,
    /// Keys that were kept but could not be served: a change has overtaken them, or this instance
    /// has not followed that far, or another version of the service wrote them.
    pub stale: u64,
    /// Keys for which something was kept that was not sealed for them. Anything above 0 is an
    /// alarm.
    pub forged: u64,
    /// Keys that were not looked up because the answer had to come from the registry.
    pub passed: u64,
    /// Keys that were not looked up, or not answered, because Redis was away.
    pub bypassed: u64,
    /// Questions that Redis did not answer in time.
    pub timeouts: u64,
    /// Questions that Redis answered with an error, or with nonsense.
    pub errors: u64,
    /// Batches read again as a whole, because kept and read parts fitted no common revision.
    pub reread: u64,
    /// Values handed to Redis.
    pub filled: u64,
    /// Values not kept, because too many waited or Redis did not take them.
    pub unkept: u64,
}

/// The counters of the shared level. One thread counts: the back runtime's.
#[derive(Default)]
pub(crate) struct SharedCounters([AtomicU64; SHARED]);
const SHARED: usize = 12;

impl SharedCounters {
    pub(crate) fn hit(&self, absent: bool) {
        self.add(usize::from(absent), 1);
    }

    pub(crate) fn miss(&self) {
        self.add(2, 1);
    }

    pub(crate) fn stale(&self) {
        self.add(3, 1);
    }

    pub(crate) fn forged(&self) {
        self.add(4, 1);
    }

    pub(crate) fn passed(&self, keys: usize) {
        self.add(5, keys);
    }

    /// A batch that Redis did not answer.
    pub(crate) fn unanswered(&self, why: Unanswered, keys: usize) {
        self.add(6, keys);
        match why {
            Unanswered::NotAsked => {}
            Unanswered::Failed(Away::Slow) => self.add(7, 1),
            Unanswered::Failed(_) => self.add(8, 1),
        }
    }

    pub(crate) fn reread(&self) {
        self.add(9, 1);
    }

    pub(crate) fn filled(&self, values: usize) {
        self.add(10, values);
    }

    pub(crate) fn unkept(&self, values: usize) {
        self.add(11, values);
    }

    pub(crate) fn counts(&self) -> SharedCounts {
        let each: [u64; SHARED] = std::array::from_fn(|at| self.0[at].load(Ordering::Relaxed));
        let [
            hits,
            absent_hits,
            misses,
            stale,
            forged,
            passed,
            bypassed,
            timeouts,
            errors,
            reread,
            filled,
            unkept,
        ] = each;
        SharedCounts {
            hits,
            absent_hits,
            misses,
            stale,
            forged,
            passed,
            bypassed,
            timeouts,
            errors,
            reread,
            filled,
            unkept,
        }
    }

    fn add(&self, at: usize, count: usize) {
        self.0[at].fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// More threads than this share stripes.
const STRIPES: usize = 16;

/// The events of the in-process level.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    Hit,
    AbsentHit,
    Miss,
    Stale,
    Bypassed,
    Reread,
    Crossed,
}
const EVENTS: usize = Event::Crossed as usize + 1;

/// Two cache lines, because neighbouring ones are fetched together.
#[repr(align(128))]
#[derive(Default)]
struct Stripe([AtomicU64; EVENTS]);

/// Counters of events, a stripe for each thread.
#[derive(Default)]
pub(crate) struct Striped([Stripe; STRIPES]);

impl Striped {
    pub(crate) fn add(&self, event: Event, count: u64) {
        if count > 0 {
            self.0[stripe()].0[event as usize].fetch_add(count, Ordering::Relaxed);
        }
    }

    pub(crate) fn counts(&self) -> CacheCounts {
        let sum = |event: Event| {
            let index = event as usize;
            let each = self.0.iter().map(|s| s.0[index].load(Ordering::Relaxed));
            each.sum()
        };
        CacheCounts {
            hits: sum(Event::Hit),
            absent_hits: sum(Event::AbsentHit),
            misses: sum(Event::Miss),
            stale: sum(Event::Stale),
            bypassed: sum(Event::Bypassed),
            reread: sum(Event::Reread),
            crossed: sum(Event::Crossed),
        }
    }
}

/// The stripe of this thread: threads are numbered as they first count.
fn stripe() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static STRIPE: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    STRIPE.with(|mine| {
        if mine.get() == usize::MAX {
            mine.set(THREADS.fetch_add(1, Ordering::Relaxed) % STRIPES);
        }
        mine.get()
    })
}
