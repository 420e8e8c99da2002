//! How a run goes, for whoever shows it: intervals as the threads finish them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::interval::Interval;

/// The intervals of a run, added up over its threads, and the wish to end it early.
#[derive(Debug, Default)]
pub struct Watch {
    intervals: Mutex<BTreeMap<u64, Interval>>,
    wrong: AtomicU64,
    stopped: AtomicBool,
}

impl Watch {
    /// Adds what a thread found in an interval. All are kept until the run is over.
    pub(crate) fn add(&self, interval: &Interval) {
        self.wrong.fetch_add(interval.wrong, Ordering::Relaxed);
        let mut intervals = self
            .intervals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        intervals
            .entry(interval.second)
            .or_insert_with(|| Interval::new(interval.second))
            .add(interval);
    }

    /// Every interval from a second on, in order. The last one may still grow.
    pub fn intervals(&self, from: u64) -> Vec<Interval> {
        let intervals = self
            .intervals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        intervals.range(from..).map(|(_, i)| i.clone()).collect()
    }

    /// Wrong replies so far.
    pub fn wrong(&self) -> u64 {
        self.wrong.load(Ordering::Relaxed)
    }

    /// Asks the run to send no more; what is out is waited for.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}
