//! What a message costs a core, and so how many may be in flight on it.
//!
//! Whoever is let in waits for everybody who was let in before. So a bound that is a number of calls
//! is a different wait for every kind of call: a thousand lookups of one citizen are done in the
//! time of ten messages of a thousand. The bound is a time of work instead, and what a message costs
//! is measured: the processor time of the core's thread, divided by the messages that it answered.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::clock::instant;

/// Messages between two looks at the clocks.
const LOOK: u64 = 16;
/// However much they cost, so many may be in flight: with fewer, callers that ask at the same moment
/// would be turned away although nobody has to wait for long.
const LEAST: usize = 64;
/// How many looks it takes until it is believed that messages cost more, and until it is that they
/// cost less: the first ones after a pause are dear, and nobody is to be turned away for that.
const DEARER: u64 = 16;
const CHEAPER: u64 = 2;

/// The effort of one core. Only that core writes.
#[derive(Debug)]
pub(crate) struct Effort {
    /// Nanoseconds of work that may be in flight.
    budget: u64,
    /// Messages since the last look.
    messages: AtomicU64,
    /// The clocks of the last look, in nanoseconds: since the beginning, and of work.
    passed: AtomicU64,
    worked: AtomicU64,
    /// Nanoseconds of work a message; 0 while nothing is known.
    each: AtomicU64,
    began: Instant,
}

impl Effort {
    /// Of a core with so much work in flight at most.
    pub(crate) fn new(budget: Duration) -> Self {
        Self {
            budget: nanos(budget),
            messages: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            worked: AtomicU64::new(0),
            each: AtomicU64::new(0),
            began: instant(),
        }
    }

    /// For how many calls there is room.
    pub(crate) fn room(&self) -> usize {
        let room = self.budget.checked_div(self.each.load(Relaxed));
        room.map_or(usize::MAX, |room| {
            usize::try_from(room).unwrap_or(usize::MAX).max(LEAST)
        })
    }

    /// Notes a message that was answered, on the thread that answers.
    pub(crate) fn answered(&self) {
        let messages = self.messages.load(Relaxed) + 1;
        self.messages.store(messages, Relaxed);
        if messages >= LOOK {
            let worked = clock_gettime(ClockId::ThreadCPUTime);
            let worked = Duration::try_from(worked).unwrap_or_default();
            self.look(instant().duration_since(self.began), worked);
        }
    }

    /// Learns from what passed since the last look.
    fn look(&self, passed: Duration, worked: Duration) {
        let (passed, worked) = (nanos(passed), nanos(worked));
        let messages = self.messages.swap(0, Relaxed).max(1);
        let passed_since = passed.saturating_sub(self.passed.swap(passed, Relaxed));
        let worked_since = worked.saturating_sub(self.worked.swap(worked, Relaxed));
        // A core that is mostly idle does other things as well, and nobody waits there.
        if worked_since < passed_since / 2 {
            return;
        }
        let now = worked_since / messages;
        let before = self.each.load(Relaxed);
        let looks = if now > before { DEARER } else { CHEAPER };
        let each = (before * (looks - 1) + now) / looks;
        self.each.store(each.max(1), Relaxed);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A core on which so many messages took so long, of which it was at work for a part.
    struct Seen {
        effort: Effort,
        passed: Duration,
        worked: Duration,
    }

    impl Seen {
        fn new() -> Self {
            Self {
                effort: Effort::new(Duration::from_millis(50)),
                passed: Duration::ZERO,
                worked: Duration::ZERO,
            }
        }

        fn see(&mut self, messages: u64, micros: u64, share: f64) {
            let passed = Duration::from_micros(micros * messages);
            self.passed += passed;
            self.worked += passed.mul_f64(share);
            self.effort.messages.store(messages, Relaxed);
            self.effort.look(self.passed, self.worked);
        }
    }

    #[test]
    fn as_much_is_let_in_as_is_done_in_the_time() {
        let mut seen = Seen::new();
        assert_eq!(seen.effort.room(), usize::MAX);
        // The first messages of all are dear: that is not believed at once.
        seen.see(16, 400, 1.0);
        assert!(seen.effort.room() > 1_500);
        // Messages that cost more leave room for fewer, once a good many of them were seen.
        for (micros, room) in [(40, 1_250), (125, 400), (10_000, LEAST), (50, 1_000)] {
            (0..100).for_each(|_| seen.see(16, micros, 1.0));
            let found = seen.effort.room();
            assert!(found.abs_diff(room) <= room / 50, "{micros}: {found}");
        }
    }

    #[test]
    fn what_an_idle_core_does_beside_its_messages_is_not_taken_for_theirs() {
        let mut seen = Seen::new();
        (0..100).for_each(|_| seen.see(16, 40, 1.0));
        let room = seen.effort.room();
        // Sixteen messages in a minute, and a tenth of it went into something else.
        seen.see(16, 3_750_000, 0.1);
        assert_eq!(seen.effort.room(), room);
        seen.see(16, 40, 1.0);
        assert!(seen.effort.room().abs_diff(room) < 20);
    }

    #[test]
    fn the_work_of_this_thread_is_what_is_measured() {
        let effort = Effort::new(Duration::from_millis(50));
        for _ in 0..20 * LOOK {
            let until = instant() + Duration::from_micros(50);
            while instant() < until {}
            effort.answered();
        }
        // Whoever else has the processor meanwhile makes it seem idle or its messages cheap, never dear.
        let room = effort.room();
        assert!(room >= 700, "{room}");
    }
}
