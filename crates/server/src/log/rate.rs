//! So many lines a second and no more.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// A rate of one core: whole seconds since it began, each with its allowance.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: u64,
    began: Instant,
    second: AtomicU64,
    taken: AtomicU64,
    omitted: AtomicU64,
}

impl Rate {
    pub(super) fn new(per_second: u32, began: Instant) -> Self {
        Self {
            per_second: u64::from(per_second),
            began,
            second: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            omitted: AtomicU64::new(0),
        }
    }

    /// Takes one: how many were left out since the last one was taken, or `None` if this one is
    /// to be left out as well.
    pub(super) fn take(&self, now: Instant) -> Option<u64> {
        let second = now.saturating_duration_since(self.began).as_secs();
        if self.second.swap(second, Relaxed) != second {
            self.taken.store(0, Relaxed);
        }
        let taken = self.taken.load(Relaxed);
        if taken >= self.per_second {
            self.omitted.fetch_add(1, Relaxed);
            return None;
        }
        self.taken.store(taken + 1, Relaxed);
        Some(self.omitted.swap(0, Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::instant;

    #[test]
    fn each_second_has_its_allowance_and_the_next_line_tells_what_was_left_out() {
        let began = instant();
        let rate = Rate::new(2, began);
        let taken: Vec<_> = (0..5).map(|_| rate.take(began)).collect();
        assert_eq!(taken, [Some(0), Some(0), None, None, None]);
        let later = began + Duration::from_secs(1);
        assert_eq!(rate.take(later), Some(3));
        assert_eq!(rate.take(later), Some(0));
        assert_eq!(rate.take(later), None);
    }

    #[test]
    fn a_rate_of_nothing_takes_nothing() {
        let began = instant();
        assert_eq!(Rate::new(0, began).take(began), None);
    }
}
