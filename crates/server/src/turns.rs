//! Whose turn it is, when more is asked than can be answered.
//!
//! A connection's calls are read in the order in which they were made. Were every connection read
//! all the time, most of a core would go into refusals; were all read more slowly, whoever is let in
//! would have waited in a socket for longer than an answer takes. So connections that are refused
//! too much stop being read and form a line, and whoever is at its head goes on when the core has
//! room for all it is likely to ask. What lay in its socket by then is refused, because it is old;
//! what comes after is answered as fast as at the peak, until somebody else's turn. Those who have
//! their turn are read no faster than the core answers ([`crate::effort`]).

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

use crate::clock::instant;
use crate::limits::Gates;
use crate::numbers::Numbers;
use crate::refusals::Refusals;

/// How long a connection goes on while others wait in line, and how long where many do.
const TURN: Duration = Duration::from_millis(100);
const SHORT_TURN: Duration = Duration::from_millis(20);
/// How long a connection that goes on may take until what it asks is counted as inside.
const FILLING: Duration = Duration::from_millis(20);
/// What is read later than this was not in the socket before, however fast its peer goes on.
const CATCHING_UP: Duration = Duration::from_millis(50);
/// How often the head of the line looks.
const LOOK: Duration = Duration::from_millis(4);
/// No connection waits for much longer, because its pings and its callers' deadlines wait as well.
const LONGEST: Duration = Duration::from_secs(3);
/// How often the others look whether the head of the line still does.
const LOOK_AHEAD: Duration = Duration::from_millis(500);
/// A head that has not looked for so long, because its connection is stuck in writing, loses its
/// place; and who takes so long to catch up is not waited for.
const STUCK: Duration = Duration::from_millis(250);
/// For how long all that is asked must find room until nobody is held up any more. It is known when all
/// have had their turn.
const CALM: Duration = Duration::from_secs(2);
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
    /// When a socket was last left alone because too much was in flight, in microseconds since the
    /// beginning; 0 as long as none was.
    crowded: AtomicU64,
    began: Instant,
    line: Mutex<Line>,
    numbers: Arc<Numbers>,
}

#[derive(Debug, Default)]
struct Line {
    next: u64,
    waiting: VecDeque<Waiting>,
    /// Who reads what lay in its socket. One at a time, because nobody knows how much that is.
    catching_up: Option<(u64, Instant)>,
    /// When the head last looked, or came to the head.
    looked: Option<Instant>,
    /// When somebody last went on although there was no room.
    pressed: Option<Instant>,
    /// Since when all that is asked would find room.
    calm: Option<Instant>,
    /// When others were through with that, and how many calls of theirs are still to come.
    filling: VecDeque<(Instant, usize)>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    since: Instant,
    /// What it asks, as far as is known.
    asks: usize,
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
            crowded: AtomicU64::new(0),
            began: instant(),
            line: Mutex::default(),
            numbers,
        })
    }

    /// What bounds the calls of the core.
    pub(crate) const fn gates(&self) -> &Gates {
        &self.gates
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
        self.best().div_ceil(self.asking().max(1))
    }

    /// Connections that ask for something.
    fn asking(&self) -> usize {
        self.busy.load(Relaxed) + self.waiting.load(Relaxed)
    }

    /// With how many unary calls in flight the core is best off: with one of everybody who asks in
    /// any case.
    fn best(&self) -> usize {
        self.gates.best().max(self.asking()).min(self.gates.most())
    }

    /// Whether so many are in flight that no more is better read.
    pub(crate) fn is_full(&self) -> bool {
        self.gates.effort.crowd().is_some() && self.gates.unary.inside() >= self.best()
    }

    /// Notes that a socket is left alone because too much is in flight.
    pub(crate) fn is_crowded(&self) {
        self.crowded.store(self.micros(instant()).max(1), Relaxed);
    }

    fn micros(&self, now: Instant) -> u64 {
        u64::try_from(now.duration_since(self.began).as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether a socket was left alone lately. Between two commits little is in flight for a moment,
    /// and whoever went on then would only be one more for whom there is no room.
    fn was_crowded(&self, now: Instant, lately: Duration) -> bool {
        let crowded = self.crowded.load(Relaxed);
        let since = self.micros(now).saturating_sub(crowded);
        crowded > 0 && u128::from(since) < lately.as_micros()
    }

    /// How long a connection goes on now: each of those that wait is to have a turn before it has
    /// waited for too long.
    pub(crate) fn length(&self) -> Duration {
        let waiting = u32::try_from(self.waiting.load(Relaxed)).unwrap_or(u32::MAX);
        // Whoever comes next needs some time until it asks.
        (self.longest / 2 / waiting.max(1)).clamp(SHORT_TURN, TURN)
    }

    /// Whether anybody waits.
    pub(crate) fn do_any_wait(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }

    /// Joins the line with so many calls that will be made when the turn comes, as far as is known.
    pub(crate) fn wait(self: &Arc<Self>, asks: usize) -> Turn {
        self.numbers.slowed.add(1);
        let mut line = self.line();
        let (number, now) = (line.next, instant());
        line.next += 1;
        if line.waiting.is_empty() {
            line.looked = Some(now);
            line.calm = None;
        }
        line.waiting.push_back(Waiting {
            number,
            since: now,
            asks,
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

    /// One connection is not waited for until it has more than half of the room.
    fn at_most(&self, calls: usize) -> usize {
        calls.min(self.best() / 2).max(1)
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
        line.waiting[at].waker = Some(waker.clone());
        let long = |since: Instant| now.saturating_duration_since(since) >= STUCK;
        if at > 0 {
            if line.looked.is_some_and(long) {
                line.waiting.rotate_left(1);
                line.call_head(now);
            }
            return None;
        }
        line.looked = Some(now);
        self.look_whether_calm(&mut line, now);
        let waiting = &line.waiting[0];
        let (calls, waited) = (
            self.at_most(waiting.asks),
            now.duration_since(waiting.since),
        );
        let calm = |pressed| now.duration_since(pressed) >= PRESSED;
        let goes = line.catching_up.is_none_or(|(_, since)| long(since))
            && (self.gates.unary.inside() + filling == 0 && !self.was_crowded(now, LOOK)
                || !self.was_crowded(now, FILLING)
                    && self.have_room(filling, calls)
                    && self.refusals.any_left(now)
                || waited >= self.longest && line.pressed.is_none_or(calm));
        if goes {
            if waited >= self.longest {
                line.pressed = Some(now);
            }
            line.catching_up = Some((number, now));
            line.waiting.pop_front();
            self.waiting.store(line.waiting.len(), Relaxed);
            line.call_head(now);
        }
        Some(goes)
    }

    /// Ends the overload when all that is asked would have found room for a while.
    fn look_whether_calm(&self, line: &mut Line, now: Instant) {
        let asked: usize = line.waiting.iter().map(|waiting| waiting.asks).sum();
        let most = self.gates.most();
        if self.gates.taken() + asked > most - most / 4 {
            line.calm = None;
        } else if now.duration_since(*line.calm.get_or_insert(now)) >= CALM {
            self.gates.effort.is_over();
        }
    }

    /// Whether this one came to the head and has not looked since.
    fn calls(&self, number: u64) -> bool {
        let line = self.line();
        let head = line.waiting.front();
        head.is_some_and(|head| head.number == number && head.waker.is_none())
    }

    fn have_room(&self, filling: usize, calls: usize) -> bool {
        self.gates.unary.inside() + filling + calls <= self.best()
    }

    /// Takes one out of the line, wherever it is, and wakes who is at its head.
    fn leave(&self, number: u64) {
        let mut line = self.line();
        line.waiting.retain(|w| w.number != number);
        self.waiting.store(line.waiting.len(), Relaxed);
        if line.catching_up.is_some_and(|(who, _)| who == number) {
            line.catching_up = None;
        }
        line.call_head(instant());
    }
}

impl Line {
    /// Wakes who is at the head now.
    fn call_head(&mut self, now: Instant) {
        self.looked = Some(now);
        if let Some(waker) = self.waiting.front_mut().and_then(|head| head.waker.take()) {
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
                if look.as_mut().poll(cx).is_pending() && !self.turns.calls(self.number) {
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
                None => self.look = Some(Box::pin(sleep(LOOK_AHEAD))),
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
pub(crate) mod tests;
