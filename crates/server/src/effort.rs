//! What a message costs a core, and so how many may be in flight on it.
//!
//! Whoever is let in waits for everybody who was let in before. So a bound that is a number of calls
//! is a different wait for every kind of call: a thousand lookups of one citizen are done in the
//! time of ten messages of a thousand. The bound is a time of work instead, and what a message costs
//! is measured: the processor time of the core's thread, divided by the messages that it answered.
//!
//! There are two such times. Callers who wait for their answers may have a good deal in flight: all
//! of them are answered, and nobody would be sooner otherwise. Once somebody has to be turned away,
//! more is asked than can be answered: then whoever is answered is to be answered soon, and for a
//! while a core that is late and has a thirtieth of that in flight reads no more of those who ask for
//! more than their share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::clock::instant;

/// Messages between two looks at the clocks.
const LOOK: u64 = 16;
/// A look that comes sooner than this learns nothing: a core takes in many messages at once and
/// answers many at once, and neither alone is what they cost.
const WINDOW: Duration = Duration::from_millis(20);
/// However much they cost, so many may be in flight: with fewer, callers that ask at the same moment
/// would be turned away although nobody has to wait for long.
const LEAST: usize = 64;
/// How many windows it takes until it is believed that messages cost more, and until it is that they
/// cost less: the first ones after a start or a pause are dear, and nobody is to be turned away for that.
const DEARER: u64 = 16;
const CHEAPER: u64 = 2;
/// Which part of the work may be in flight before no more is read, once somebody was turned away.
const CROWDED: u64 = 30;
/// However much they cost, so many may be: with fewer, the core waits for commits.
const LEAST_CROWD: usize = 16;
/// A core that begins a call sooner than this after it was read has time: what is in flight waits for
/// something else, and nobody waits for the core.
const PROMPT: Duration = Duration::from_micros(250);
/// How many calls it takes until it is believed that others are begun sooner or later.
const BEGUN: u64 = 16;
/// How long an overload is believed to last. Then it is tried whether everybody finds room again: too
/// often, and those who are let in by it are many among the answered; too seldom, and callers who
/// could all be answered wait in turns.
const LASTS: Duration = Duration::from_secs(20);

/// The effort of one core. Only that core writes.
#[derive(Debug)]
pub(crate) struct Effort {
    /// Nanoseconds of work that may be in flight.
    budget: u64,
    /// Messages since the last look that learned something.
    messages: AtomicU64,
    /// Messages since the last look at the clock.
    unseen: AtomicU64,
    /// The clocks of the last look, in nanoseconds: since the beginning, and of work.
    passed: AtomicU64,
    worked: AtomicU64,
    /// Nanoseconds of work a message; 0 while nothing is known.
    each: AtomicU64,
    /// Until when more is asked than can be answered, in nanoseconds since the beginning; 0 while it
    /// is not.
    overload: AtomicU64,
    /// Nanoseconds until a call that was read is begun, while more is asked than can be answered.
    lag: AtomicU64,
    /// Whether it was at work for a good part of the last window.
    is_busy: AtomicBool,
    began: Instant,
}

impl Effort {
    /// Of a core with so much work in flight at most.
    pub(crate) fn new(budget: Duration) -> Self {
        Self {
            budget: nanos(budget),
            messages: AtomicU64::new(0),
            unseen: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            worked: AtomicU64::new(0),
            each: AtomicU64::new(0),
            overload: AtomicU64::new(0),
            lag: AtomicU64::new(0),
            is_busy: AtomicBool::new(false),
            began: instant(),
        }
    }

    /// For how many calls there is room.
    pub(crate) fn room(&self) -> usize {
        self.within(self.budget).max(LEAST)
    }

    /// With how many calls in flight no more is read; none while everybody finds room, or the core
    /// has time for more.
    pub(crate) fn crowd(&self) -> Option<usize> {
        if !self.is_overloaded() || !self.is_busy.load(Relaxed) {
            return None;
        }
        if self.overload.load(Relaxed) <= nanos(instant().duration_since(self.began)) {
            self.is_over();
            return None;
        }
        let late = self.lag.load(Relaxed) >= nanos(PROMPT);
        late.then(|| self.within(self.budget / CROWDED).max(LEAST_CROWD))
    }

    fn within(&self, budget: u64) -> usize {
        let room = budget.checked_div(self.each.load(Relaxed));
        room.map_or(usize::MAX, |room| {
            usize::try_from(room).unwrap_or(usize::MAX)
        })
    }

    /// Whether somebody found no room lately.
    pub(crate) fn is_overloaded(&self) -> bool {
        self.overload.load(Relaxed) > 0
    }

    /// Notes that everybody finds room again.
    pub(crate) fn is_over(&self) {
        self.overload.store(0, Relaxed);
    }

    /// Notes how long after it was read a call is begun.
    pub(crate) fn begins_after(&self, lag: Duration) {
        let before = self.lag.load(Relaxed);
        let lag = (before * (BEGUN - 1) + nanos(lag)) / BEGUN;
        self.lag.store(lag, Relaxed);
    }

    /// Notes that somebody found no room.
    pub(crate) fn is_too_much(&self) {
        if !self.is_overloaded() {
            self.lag.store(0, Relaxed);
            let until = instant().duration_since(self.began) + LASTS;
            self.overload.store(nanos(until), Relaxed);
        }
    }

    /// As it is on a core that is overloaded, late and busy.
    #[cfg(test)]
    pub(crate) fn is_behind(&self) {
        self.is_too_much();
        self.is_busy.store(true, Relaxed);
        (0..50).for_each(|_| self.begins_after(PROMPT * 2));
    }

    /// Notes a message that was answered, on the thread that answers.
    pub(crate) fn answered(&self) {
        let unseen = self.unseen.load(Relaxed) + 1;
        if unseen < LOOK {
            return self.unseen.store(unseen, Relaxed);
        }
        self.unseen.store(0, Relaxed);
        self.messages.fetch_add(unseen, Relaxed);
        let passed = nanos(instant().duration_since(self.began));
        if passed.saturating_sub(self.passed.load(Relaxed)) >= nanos(WINDOW) {
            let worked = clock_gettime(ClockId::ThreadCPUTime);
            self.look(
                passed,
                nanos(Duration::try_from(worked).unwrap_or_default()),
            );
        }
    }

    /// Learns from what passed since the last look.
    fn look(&self, passed: u64, worked: u64) {
        let messages = self.messages.swap(0, Relaxed).max(1);
        let passed_since = passed.saturating_sub(self.passed.swap(passed, Relaxed));
        let worked_since = worked.saturating_sub(self.worked.swap(worked, Relaxed));
        // A core that is mostly idle does other things as well, and nobody waits there. One that shares
        // its processor with the ledger and with callers has little of it when it is busy.
        let is_busy = worked_since >= passed_since / 4;
        self.is_busy.store(is_busy, Relaxed);
        if !is_busy {
            return;
        }
        let now = worked_since / messages;
        let before = self.each.load(Relaxed);
        let windows = if now > before { DEARER } else { CHEAPER };
        let each = (before * (windows - 1) + now) / windows;
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
            self.effort.look(nanos(self.passed), nanos(self.worked));
        }
    }

    #[test]
    fn as_much_is_let_in_as_is_done_in_the_time() {
        let mut seen = Seen::new();
        assert_eq!(seen.effort.room(), usize::MAX);
        // The first messages of all are dear: that is not believed at once.
        seen.see(16, 400, 1.0);
        assert_eq!(seen.effort.room(), 2_000);
        // Messages that cost more leave room for fewer, once it is believed.
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
    fn a_core_that_is_overloaded_and_late_is_crowded_by_a_part_of_the_work_and_not_for_ever() {
        let mut seen = Seen::new();
        (0..100).for_each(|_| seen.see(2_000, 10, 1.0));
        let late = |effort: &Effort| (0..50).for_each(|_| effort.begins_after(PROMPT * 2));
        late(&seen.effort);
        assert_eq!(seen.effort.crowd(), None, "everybody finds room");
        seen.effort.is_too_much();
        assert_eq!(seen.effort.crowd(), None, "what came before is no matter");
        late(&seen.effort);
        let crowd = seen.effort.crowd().unwrap();
        assert!(crowd.abs_diff(seen.effort.room() / CROWDED as usize) <= 1);
        // What is in flight waits for something else.
        (0..100).for_each(|_| seen.effort.begins_after(Duration::from_micros(20)));
        assert_eq!(seen.effort.crowd(), None);
        late(&seen.effort);
        assert_eq!(seen.effort.crowd(), Some(crowd));
        // So it does on a core that is hardly at work.
        seen.see(2_000, 10, 0.1);
        assert_eq!(seen.effort.crowd(), None);
        seen.see(2_000, 10, 1.0);
        assert_eq!(seen.effort.crowd(), Some(crowd));
        seen.effort.overload.store(1, Relaxed);
        assert_eq!(seen.effort.crowd(), None, "that was long ago");
        assert!(!seen.effort.is_overloaded());
    }

    #[test]
    fn the_work_of_this_thread_is_what_is_measured() {
        let effort = Effort::new(Duration::from_millis(50));
        for _ in 0..200 * LOOK {
            let until = instant() + Duration::from_micros(50);
            while instant() < until {}
            effort.answered();
        }
        // Whoever else has the processor meanwhile makes it seem idle or its messages cheap, never dear.
        let room = effort.room();
        assert!((700..100_000).contains(&room), "{room}");
    }
}
