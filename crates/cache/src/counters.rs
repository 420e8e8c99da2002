//! Plain numbers for whoever reports them; no request touches a line that another core writes.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

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
