//! How much of a core may go into turning calls away. A refusal costs a quarter to a half of an
//! answer (HTTP/2 and the system calls are most of either), so a service that refuses everything
//! beyond its capacity at once has little left to answer with. Beyond the share that is kept here,
//! connections wait for their turn ([`crate::turns`]).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// What one refusal takes.
const REFUSAL: i64 = 1_000;
/// What an answer gives: one refusal for every twenty answers.
const ANSWER: i64 = 50;
/// The most that is saved up for a burst, in refusals.
const SAVED: i64 = 512;

/// The refusals of one core. Only that core writes.
#[derive(Debug)]
pub(crate) struct Refusals {
    /// What is left; owed where it is below 0.
    left: AtomicI64,
    /// Up to when what time brings has been added, in microseconds since the beginning.
    added: AtomicU64,
    began: Instant,
    per_second: u64,
}

impl Refusals {
    /// Of a core that may refuse so many calls a second however little it answers.
    pub(crate) fn new(per_second: usize, began: Instant) -> Self {
        Self {
            left: AtomicI64::new(SAVED * REFUSAL),
            added: AtomicU64::new(0),
            began,
            per_second: per_second as u64,
        }
    }

    /// Notes a call that was answered.
    pub(crate) fn answered(&self) {
        self.add(ANSWER);
    }

    /// Notes a call that was turned away.
    pub(crate) fn refused(&self) {
        // What is owed has a bound as well: it is paid back in a moment once the rush is over.
        let left = self.left.load(Relaxed) - REFUSAL;
        self.left.store(left.max(-SAVED * REFUSAL), Relaxed);
    }

    /// Whether more may be refused.
    pub(crate) fn any_left(&self, now: Instant) -> bool {
        let now = u64::try_from(now.duration_since(self.began).as_micros()).unwrap_or(u64::MAX);
        let added = self.added.load(Relaxed);
        let passed = now.saturating_sub(added);
        // Thousandths of a refusal in so many millionths of a second; the rest is for the next time.
        let brought = passed.saturating_mul(self.per_second) / 1_000;
        if brought > 0 {
            let used = brought.saturating_mul(1_000).div_ceil(self.per_second);
            self.added.store(added.saturating_add(used), Relaxed);
            self.add(i64::try_from(brought).unwrap_or(i64::MAX));
        }
        self.left.load(Relaxed) > 0
    }

    fn add(&self, n: i64) {
        let left = self.left.load(Relaxed).saturating_add(n);
        self.left.store(left.min(SAVED * REFUSAL), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::instant;

    #[test]
    fn a_burst_may_be_refused_at_once_and_no_more() {
        let began = instant();
        let refusals = Refusals::new(1_000, began);
        for _ in 1..SAVED {
            refusals.refused();
            assert!(refusals.any_left(began));
        }
        refusals.refused();
        assert!(!refusals.any_left(began));
    }

    #[test]
    fn time_and_answers_make_room_for_refusals_and_are_not_saved_up_for_ever() {
        let began = instant();
        let at = |ms| began + Duration::from_millis(ms);
        let refusals = Refusals::new(1_000, began);
        let refuse = |n| (0..n).for_each(|_| refusals.refused());
        refuse(SAVED + 100);
        // A thousand a second: a hundred are owed, and one is wanted.
        assert!(!refusals.any_left(at(100)));
        assert!(refusals.any_left(at(101)));
        refuse(10);
        assert!(!refusals.any_left(at(101)));
        for _ in 0..200 {
            refusals.answered();
        }
        assert!(refusals.any_left(at(101)));
        // However often it is asked, nothing is lost in between.
        refuse(20);
        assert!(!refusals.any_left(at(101)));
        let micros = (0..=20_000).map(|micros| at(101) + Duration::from_micros(micros));
        assert_eq!(micros.filter(|now| refusals.any_left(*now)).count(), 1_000);
        // Nor is more owed than a burst, however much was refused.
        refuse(100_000);
        assert!(!refusals.any_left(at(600)));
        assert!(refusals.any_left(at(700)));
        // An hour later there is no more than one burst.
        assert!(refusals.any_left(at(3_600_000)));
        refuse(SAVED);
        assert!(!refusals.any_left(at(3_600_000)));
    }
}
