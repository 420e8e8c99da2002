//! Whose turn it is, when more is asked than can be answered.
//!
//! A connection's calls are read in the order in which they were made. Were every connection read
//! all the time, most of a core would go into refusals; were all read more slowly, whoever is let in
//! would have waited in a socket for longer than an answer takes. So connections that are refused
//! too much stop being read and form a line, and whoever is at its head goes on when the core has
//! room for all it is likely to ask. What lay in its socket by then is refused, because it is old;
//! what comes after is answered as fast as at the peak, until somebody else's turn.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

use crate::clock::instant;
use crate::limits::Gates;
use crate::numbers::Numbers;
use crate::refusals::Refusals;

/// How long a connection goes on while others wait in line.
pub(crate) const TURN: Duration = Duration::from_millis(200);
/// How long a connection that goes on may take until what it asks is counted as inside.
const FILLING: Duration = Duration::from_millis(20);
/// What is read later than this was not in the socket before, however fast its peer goes on.
const CATCHING_UP: Duration = Duration::from_millis(50);
/// How often the head of the line looks.
const LOOK: Duration = Duration::from_millis(4);
/// No connection waits for much longer, because its pings and its callers' deadlines wait as well.
const LONGEST: Duration = Duration::from_secs(5);
/// How often one of those that waited for so long goes on although there is no room.
const PRESSED: Duration = Duration::from_millis(20);

/// The turns of one core. Only that core takes part.
#[derive(Debug)]
pub(crate) struct Turns {
    refusals: Refusals,
    gates: Gates,
    longest: Duration,
    /// Connections that have calls in flight.
    busy: AtomicUsize,
    /// How many wait, to be known without the lock.
    waiting: AtomicUsize,
    line: Mutex<Line>,
    numbers: Arc<Numbers>,
}

#[derive(Debug, Default)]
struct Line {
    next: u64,
    waiting: VecDeque<Waiting>,
    /// Who reads what lay in its socket. One at a time, because nobody knows how much that is.
    catching_up: Option<u64>,
    /// When somebody last went on although there was no room.
    pressed: Option<Instant>,
    /// When others were through with that, and how many calls of theirs are still to come.
    filling: VecDeque<(Instant, usize)>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    since: Instant,
    calls: usize,
    waker: Option<Waker>,
}

impl Turns {
    /// Of a core with these bounds, whose connections are given up when a ping is not answered for
    /// `ping_timeout`.
    pub(crate) fn new(
        refusals: Refusals,
        gates: Gates,
        ping_timeout: Duration,
        numbers: Arc<Numbers>,
    ) -> Arc<Self> {
        Arc::new(Self {
            refusals,
            gates,
            longest: LONGEST.min(ping_timeout / 2),
            busy: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            line: Mutex::default(),
            numbers,
        })
    }

    /// What may go into turning calls away.
    pub(crate) const fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Notes that a connection has calls in flight.
    pub(crate) fn is_busy(&self) {
        self.busy.fetch_add(1, Relaxed);
    }

    /// Notes that it has none any more.
    pub(crate) fn is_idle(&self) {
        self.busy.fetch_sub(1, Relaxed);
    }

    /// How many calls of one connection are its share among those that ask for something: whoever
    /// keeps to it never waits in line.
    pub(crate) fn share(&self) -> usize {
        let asking = self.busy.load(Relaxed) + self.waiting.load(Relaxed);
        self.gates.most().div_ceil(asking.max(1))
    }

    /// Whether anybody waits.
    pub(crate) fn do_any_wait(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }

    /// Joins the line with so many calls that will be made when the turn comes, as far as is known.
    pub(crate) fn wait(self: &Arc<Self>, calls: usize) -> Turn {
        let calls = self.at_most(calls);
        self.numbers.slowed.add(1);
        let mut line = self.line();
        let number = line.next;
        line.next += 1;
        line.waiting.push_back(Waiting {
            number,
            since: instant(),
            calls,
            waker: None,
        });
        self.waiting.store(line.waiting.len(), Relaxed);
        Turn {
            turns: Arc::clone(self),
            number,
            look: None,
            came: None,
        }
    }

    /// One connection is not waited for until it has nearly all the room.
    fn at_most(&self, calls: usize) -> usize {
        calls.min(self.gates.most() / 4).max(1)
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this one goes on now. If so it has left the line; if not, it will be woken when it
    /// comes to the head. `None` where it is not at the head.
    fn look(&self, number: u64, now: Instant, waker: &Waker) -> Option<bool> {
        let mut line = self.line();
        while line
            .filling
            .front()
            .is_some_and(|(since, _)| now.duration_since(*since) >= FILLING)
        {
            line.filling.pop_front();
        }
        let filling: usize = line.filling.iter().map(|(_, calls)| calls).sum();
        let at = line.waiting.iter().position(|w| w.number == number)?;
        let waiting = &mut line.waiting[at];
        waiting.waker = Some(waker.clone());
        if at > 0 {
            return None;
        }
        let (calls, waited) = (waiting.calls, now.duration_since(waiting.since));
        let calm = |pressed| now.duration_since(pressed) >= PRESSED;
        let goes = line.catching_up.is_none()
            && (self.have_room(filling, calls) && self.refusals.any_left(now)
                || waited >= self.longest && line.pressed.is_none_or(calm));
        if goes {
            if waited >= self.longest {
                line.pressed = Some(now);
            }
            line.catching_up = Some(number);
            line.waiting.pop_front();
            self.waiting.store(line.waiting.len(), Relaxed);
        }
        Some(goes)
    }

    fn have_room(&self, filling: usize, calls: usize) -> bool {
        let taken = self.gates.taken() + filling;
        taken == 0 || taken + calls <= self.gates.most()
    }

    /// Takes one out of the line, wherever it is, and wakes who is at its head.
    fn leave(&self, number: u64) {
        let mut line = self.line();
        line.waiting.retain(|w| w.number != number);
        self.waiting.store(line.waiting.len(), Relaxed);
        if line.catching_up == Some(number) {
            line.catching_up = None;
        }
        let head = line.waiting.front_mut();
        if let Some(waker) = head.and_then(|head| head.waker.take()) {
            waker.wake();
        }
    }
}

/// A place in the line, and the turn until what lay in the socket is read; dropped, it is given up.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    number: u64,
    look: Option<Pin<Box<Sleep>>>,
    came: Option<Instant>,
}

impl Turn {
    /// Whether it came so long ago that all that lay in the socket has been read.
    pub(crate) fn is_on(&self) -> bool {
        let came = self.came;
        came.is_some_and(|came| instant().duration_since(came) >= CATCHING_UP)
    }

    /// What lay in the socket is read, and were so many calls: as many will soon come.
    pub(crate) fn has_caught_up(self, calls: usize) {
        let calls = self.turns.at_most(calls);
        self.turns.line().filling.push_back((instant(), calls));
    }

    /// Waits until the turn has come.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(look) = &mut self.look {
                if look.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.look = None;
            }
            match self.turns.look(self.number, instant(), cx.waker()) {
                Some(true) => {
                    self.came = Some(instant());
                    return Poll::Ready(());
                }
                Some(false) => self.look = Some(Box::pin(sleep(LOOK))),
                None => return Poll::Pending,
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    fn turns(unary: usize, saved: bool) -> Arc<Turns> {
        let limits = Limits {
            unary_per_core: unary,
            ..Limits::default()
        };
        let refusals = Refusals::new(1, instant());
        if !saved {
            (0..600).for_each(|_| refusals.refused());
        }
        let numbers = Arc::new(Numbers::default());
        Turns::new(
            refusals,
            Gates::part(&limits, 1),
            Duration::from_secs(20),
            numbers,
        )
    }

    fn looks(turn: &Turn, now: Instant) -> Option<bool> {
        turn.turns.look(turn.number, now, Waker::noop())
    }

    #[test]
    fn one_after_the_other_goes_on_in_the_order_of_the_line() {
        let turns = turns(1_024, true);
        let (first, second, third) = (turns.wait(9), turns.wait(9), turns.wait(9));
        let now = instant();
        assert_eq!(looks(&second, now), None);
        assert_eq!(looks(&first, now), Some(true));
        // How much lay in the socket of the first is not known before it was read.
        assert_eq!(looks(&second, now), Some(false));
        first.has_caught_up(9);
        assert_eq!(looks(&second, now), Some(true));
        // Whoever gives up holds up nobody.
        drop(second);
        assert_eq!(looks(&third, now), Some(true));
        assert!(!turns.do_any_wait());
        assert_eq!(turns.numbers.slowed.get(), 3);
    }

    #[test]
    fn nobody_goes_on_without_room_for_what_is_likely_to_be_asked() {
        let turns = turns(100, true);
        let inside: Vec<_> = (0..90)
            .filter_map(|_| turns.gates.enter_unary(false))
            .collect();
        assert_eq!(inside.len(), 90);
        let first = turns.wait(11);
        let now = instant();
        assert_eq!(looks(&first, now), Some(false));
        drop(inside);
        assert_eq!(looks(&first, now), Some(true));
        // A quarter of the room is the most that is waited for.
        first.has_caught_up(5_000);
        let inside: Vec<_> = (0..65)
            .filter_map(|_| turns.gates.enter_unary(false))
            .collect();
        let second = turns.wait(11);
        assert_eq!(looks(&second, now), Some(false), "25 are still to come");
        let later = instant() + FILLING;
        assert_eq!(looks(&second, later), Some(true));
        drop(inside);
    }

    #[test]
    fn nobody_goes_on_while_refusals_are_owed_and_nobody_waits_for_ever() {
        let turns = turns(100, false);
        let (first, second) = (turns.wait(1), turns.wait(1));
        let now = instant();
        assert_eq!(looks(&first, now + Duration::from_secs(4)), Some(false));
        let late = now + Duration::from_secs(6);
        assert_eq!(looks(&first, late), Some(true));
        first.has_caught_up(1);
        assert_eq!(looks(&second, late), Some(false), "not all at once");
        assert_eq!(looks(&second, late + PRESSED), Some(true));
    }

    #[test]
    fn the_share_of_a_connection_is_an_equal_part_of_the_room() {
        let turns = turns(100, true);
        assert_eq!(turns.share(), 100);
        (0..8).for_each(|_| turns.is_busy());
        assert_eq!(turns.share(), 13);
        let _waits = turns.wait(1);
        assert_eq!(turns.share(), 12);
        (0..2).for_each(|_| turns.is_idle());
        assert_eq!(turns.share(), 15);
    }
}
