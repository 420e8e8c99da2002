//! How much of a core may go into turning calls away. A refusal costs nearly what an answer does
//! (HTTP/2 and the system calls are most of either), so a service that refuses everything beyond
//! its capacity at once has nothing left to answer with. Beyond the share that is kept here,
//! callers who are turned away are read more slowly, and TCP and HTTP/2 tell them to wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::numbers::Numbers;

/// What one refusal takes.
const REFUSAL: i64 = 1_000;
/// What an answer gives: one refusal for every ten answers.
const ANSWER: i64 = 100;
/// The most that is saved up for a burst, in refusals.
const SAVED: i64 = 512;
/// Bounds of how long a connection waits: a timer knows milliseconds, and pings and calls that would
/// find room wait as well.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(1);

/// The refusals of one core. Only that core writes.
#[derive(Debug)]
pub(crate) struct Refusals {
    /// What is left; owed where it is below 0.
    left: AtomicI64,
    /// Up to when what time brings has been added, in microseconds since the beginning.
    added: AtomicU64,
    began: Instant,
    per_second: u64,
    numbers: Arc<Numbers>,
}

impl Refusals {
    /// Of a core that may refuse so many calls a second however little it answers.
    pub(crate) fn new(per_second: usize, began: Instant, numbers: Arc<Numbers>) -> Arc<Self> {
        Arc::new(Self {
            left: AtomicI64::new(SAVED * REFUSAL),
            added: AtomicU64::new(0),
            began,
            per_second: per_second as u64,
            numbers,
        })
    }

    /// Notes a call that was answered.
    pub(crate) fn answered(&self) {
        self.add(ANSWER);
    }

    /// Notes a call that was turned away.
    pub(crate) fn refused(&self) {
        self.left.store(self.left.load(Relaxed) - REFUSAL, Relaxed);
    }

    /// How long to wait before more is read from somebody who was turned away.
    pub(crate) fn pause(&self, now: Instant) -> Option<Duration> {
        let now = u64::try_from(now.duration_since(self.began).as_micros()).unwrap_or(u64::MAX);
        let passed = now.saturating_sub(self.added.load(Relaxed));
        self.added.store(now, Relaxed);
        // Thousandths of a refusal in so many millionths of a second.
        let brought = passed.saturating_mul(self.per_second) / 1_000;
        self.add(i64::try_from(brought).unwrap_or(i64::MAX));
        let owed = -self.left.load(Relaxed);
        if owed < 0 {
            return None;
        }
        self.numbers.slowed.add(1);
        let micros = owed.unsigned_abs().saturating_mul(1_000) / self.per_second.max(1);
        Some(Duration::from_micros(micros).clamp(SHORTEST, LONGEST))
    }

    fn add(&self, n: i64) {
        let left = self.left.load(Relaxed).saturating_add(n);
        self.left.store(left.min(SAVED * REFUSAL), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::instant;

    fn refusals(began: Instant) -> Arc<Refusals> {
        Refusals::new(1_000, began, Arc::new(Numbers::default()))
    }

    #[test]
    fn a_burst_is_told_at_once_and_what_goes_beyond_waits() {
        let began = instant();
        let refusals = refusals(began);
        for _ in 1..SAVED {
            refusals.refused();
            assert_eq!(refusals.pause(began), None);
        }
        refusals.refused();
        assert_eq!(refusals.pause(began), Some(SHORTEST));
        for _ in 0..5 {
            refusals.refused();
        }
        assert_eq!(refusals.pause(began), Some(Duration::from_millis(5)));
        for _ in 0..5_000 {
            refusals.refused();
        }
        assert_eq!(refusals.pause(began), Some(LONGEST));
        assert_eq!(refusals.numbers.slowed.get(), 3);
    }

    #[test]
    fn time_and_answers_make_room_for_refusals_and_are_not_saved_up_for_ever() {
        let began = instant();
        let at = |ms| began + Duration::from_millis(ms);
        let refusals = refusals(began);
        for _ in 0..SAVED + 100 {
            refusals.refused();
        }
        assert_eq!(refusals.pause(began), Some(Duration::from_millis(100)));
        // A thousand a second: a hundred are owed, and one is wanted.
        assert!(refusals.pause(at(100)).is_some());
        assert_eq!(refusals.pause(at(101)), None);
        for _ in 0..10 {
            refusals.refused();
        }
        assert!(refusals.pause(at(101)).is_some());
        for _ in 0..100 {
            refusals.answered();
        }
        assert_eq!(refusals.pause(at(101)), None);
        // An hour later there is no more than one burst.
        assert_eq!(refusals.pause(at(3_600_000)), None);
        for _ in 0..SAVED {
            refusals.refused();
        }
        assert!(refusals.pause(at(3_600_000)).is_some());
    }
}
