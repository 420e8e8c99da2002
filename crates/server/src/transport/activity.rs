//! What one connection is doing, as its own timer and those who share its core need to know it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::Context;
use std::time::{Duration, Instant};

use super::owed::Owed;
use crate::clock::instant;
use crate::effort::Effort;
use crate::limits::Entered;
use crate::turns::{Turn, Turns};

/// Plain numbers of one connection, written by the core that it belongs to.
#[derive(Debug)]
pub(crate) struct Activity {
    received: AtomicU64,
    begun: AtomicU64,
    active: AtomicU64,
    /// A [`Stand`].
    stand: AtomicU8,
    /// Calls that were turned away since its turn began.
    turned_away: AtomicUsize,
    /// Calls that were let in and whose message is still to come.
    receiving: AtomicU64,
    /// How often it stood in line.
    waits: AtomicU64,
    /// How many calls were refused when it caught up, the last time that it had waited.
    asked: AtomicUsize,
    /// When its turn ended, in microseconds since the connection began.
    turn_ended: AtomicU64,
    /// Whether it waits no more, because all are to go.
    leaving: AtomicBool,
    /// When its turn began, in microseconds since the connection did.
    turn_began: AtomicU64,
    /// Since when its socket is left alone, or read and not found empty since, in microseconds since
    /// the connection began; 0 where it is not.
    left_alone: AtomicU64,
    opened: Instant,
    /// How often something was received.
    heard: AtomicU64,
    owed: Arc<Owed>,
    turns: Arc<Turns>,
}

/// How a connection stands while more is asked than can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stand {
    /// It is read, and calls are let in if there is room.
    InTurn,
    /// Its turn is over: only the messages of those that were let in are read.
    Ending,
    /// It is not read.
    Waiting,
    /// What lay in the socket meanwhile is read and refused.
    CatchingUp,
    /// All of that was read, and its calls are being begun.
    CaughtUp,
}

/// For how long the end of a turn can be put off for the sake of awaited messages.
const SPARED: Duration = Duration::from_millis(100);

/// How long what came may lie in a socket that is not read because too much is in flight. Then there is
/// more of it than can be answered soon, and it is others' turn.
const UNREAD: Duration = Duration::from_millis(15);

/// The HTTP/2 connection preface has this many bytes (RFC 9113, 3.4).
const PREFACE_BYTES: u64 = 24;

impl Activity {
    /// Of a connection that takes these turns.
    pub(crate) fn new(turns: Arc<Turns>) -> Self {
        Self {
            received: AtomicU64::default(),
            begun: AtomicU64::default(),
            active: AtomicU64::default(),
            stand: AtomicU8::new(Stand::InTurn as u8),
            turned_away: AtomicUsize::default(),
            receiving: AtomicU64::default(),
            waits: AtomicU64::default(),
            asked: AtomicUsize::default(),
            turn_ended: AtomicU64::default(),
            leaving: AtomicBool::default(),
            turn_began: AtomicU64::default(),
            left_alone: AtomicU64::default(),
            opened: instant(),
            heard: AtomicU64::default(),
            owed: Owed::new(Arc::clone(&turns.gates().sending)),
            turns,
        }
    }

    pub(super) fn stand(&self) -> Stand {
        const ALL: [Stand; 5] = [
            Stand::InTurn,
            Stand::Ending,
            Stand::Waiting,
            Stand::CatchingUp,
            Stand::CaughtUp,
        ];
        ALL[usize::from(self.stand.load(Relaxed))]
    }

    pub(super) fn stands(&self, stand: Stand) {
        self.stand.store(stand as u8, Relaxed);
    }

    pub(super) fn is_in_turn(&self) -> bool {
        self.stand() == Stand::InTurn
    }

    /// Whether unary calls that are begun now are let in: it is its turn, it takes what it is given,
    /// and there is room.
    pub(crate) fn has_place(&self) -> bool {
        if !self.is_in_turn() || self.owed.is_too_much() {
            return false;
        }
        let gates = self.turns.gates();
        let has_place = gates.has_place(self.is_beyond_share());
        if !has_place {
            gates.effort.is_too_much();
        }
        has_place
    }

    /// Whether it has more calls in flight than an equal part of all.
    fn is_beyond_share(&self) -> bool {
        self.active.load(Relaxed) as usize > self.turns.share()
    }

    /// Notes that a call was turned away for want of room, or because it was not its turn.
    pub(crate) fn turn_away(&self) {
        self.turns.refusals().refused();
        self.turned_away.fetch_add(1, Relaxed);
    }

    /// A place for a unary call, if there is one.
    pub(super) fn place(&self) -> Option<Entered> {
        let gates = self.turns.gates();
        let place = gates.place(self.is_beyond_share());
        if place.is_none() {
            gates.effort.is_too_much();
        }
        place
    }

    /// What its core takes for its messages.
    pub(super) fn effort(&self) -> &Effort {
        &self.turns.gates().effort
    }

    /// How often it stood in line.
    pub(super) fn waits(&self) -> u64 {
        self.waits.load(Relaxed)
    }

    /// Notes that the message of one more call is awaited.
    pub(super) fn begins_to_receive(&self) {
        self.receiving.fetch_add(1, Relaxed);
    }

    /// Notes that the message of one call fewer is.
    pub(super) fn has_received(&self) {
        self.receiving.fetch_sub(1, Relaxed);
    }

    /// Notes that the connection is looked after once more: whatever was read before is begun.
    pub(crate) fn is_polled(&self) {
        if self.stand() == Stand::CaughtUp {
            let asked = self.turned_away.load(Relaxed);
            self.asked.store(asked, Relaxed);
            self.begin_turn();
            self.is_emptied();
        }
    }

    /// Waits no more: all are to go.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Relaxed);
    }

    pub(crate) fn begin_turn(&self) {
        self.stands(Stand::InTurn);
        self.turned_away.store(0, Relaxed);
        self.turn_began.store(self.micros(instant()), Relaxed);
    }

    pub(super) fn end_turn(&self) {
        self.stands(Stand::Ending);
        self.turn_ended.store(self.micros(instant()), Relaxed);
    }

    fn micros(&self, now: Instant) -> u64 {
        u64::try_from(now.duration_since(self.opened).as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether its socket is better not read just now: too much is in flight, and it asks for more
    /// than its share.
    pub(super) fn is_crowded(&self) -> bool {
        let crowded = self.turns.is_full() && self.asks() > self.turns.share();
        if crowded {
            self.turns.is_crowded();
            if self.left_alone.load(Relaxed) == 0 {
                let now = self.micros(instant()).max(1);
                self.left_alone.store(now, Relaxed);
            }
        }
        crowded
    }

    /// Notes that the socket was read and nothing more lies there.
    pub(super) fn is_emptied(&self) {
        self.left_alone.store(0, Relaxed);
    }

    /// Whether what lies in the socket may have come long ago.
    fn is_behind(&self, now: Instant) -> bool {
        let since = self.left_alone.load(Relaxed);
        since > 0 && u128::from(self.micros(now).saturating_sub(since)) >= UNREAD.as_micros()
    }

    /// Whether it stands in line, or soon will, and is not read.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self.stand(), Stand::Waiting | Stand::Ending)
    }

    /// Whether its turn is over: it asks for more than its share, and was refused so much that it
    /// is better not read, or goes on for long enough while others wait.
    pub(super) fn is_over(&self) -> bool {
        let turned_away = self.turned_away.load(Relaxed);
        let crowded = self.is_crowded();
        if turned_away == 0 && !crowded && !self.turns.do_any_wait() {
            return false;
        }
        let now = instant();
        if crowded && self.is_behind(now) {
            return true;
        }
        let began = self.turn_began.load(Relaxed);
        let long =
            u128::from(self.micros(now).saturating_sub(began)) >= self.turns.length().as_micros();
        if self.asks() > self.turns.share() {
            let any_left = self.turns.refusals().any_left(now);
            if turned_away > 0 && !any_left || long && self.turns.do_any_wait() {
                return true;
            }
        }
        if long {
            // What was refused long ago tells nothing any more.
            self.begin_turn();
        }
        false
    }

    /// Stands in line for its next turn.
    pub(crate) fn wait(&self) -> Turn {
        self.stands(Stand::Waiting);
        self.waits.fetch_add(1, Relaxed);
        self.turns.wait(self.asks().max(self.asked()))
    }

    /// How many calls were refused when it caught up, the last time that it had waited.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }

    /// Begins to catch up, if its turn has come or all are to go.
    pub(super) fn goes_on(&self, turn: Option<&mut Turn>, cx: &mut Context<'_>) -> bool {
        let leaving = self.leaving.load(Relaxed);
        if turn.is_some_and(|turn| !leaving && turn.poll(cx).is_pending()) {
            return false;
        }
        self.turned_away.store(0, Relaxed);
        self.stands(Stand::CatchingUp);
        true
    }

    /// Notes that something was received, and how much as long as that is of interest.
    pub(super) fn receives(&self, bytes: usize) {
        self.heard.fetch_add(1, Relaxed);
        if !self.spoke() {
            self.received.fetch_add(bytes as u64, Relaxed);
        }
    }

    /// How many calls it makes at once, by what is known.
    fn asks(&self) -> usize {
        self.active.load(Relaxed) as usize + self.turned_away.load(Relaxed)
    }

    /// Whether it is read for the sake of calls that were let in. Callers send the heads of many
    /// calls before their messages; and a message may never come.
    pub(super) fn is_spared(&self) -> bool {
        let ended = self.turn_ended.load(Relaxed);
        let micros = self.micros(instant()).saturating_sub(ended);
        self.receiving.load(Relaxed) > 0 && u128::from(micros) < SPARED.as_micros()
    }

    /// Whether the peer has said as much as an HTTP/2 preface has bytes.
    pub(crate) fn spoke(&self) -> bool {
        self.received.load(Relaxed) >= PREFACE_BYTES
    }

    /// How often something was received.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Relaxed)
    }

    /// What it owes its peer.
    pub(crate) const fn owed(&self) -> &Arc<Owed> {
        &self.owed
    }

    /// How many calls have begun.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    /// How many calls are in flight.
    pub(crate) fn active(&self) -> u64 {
        self.active.load(Relaxed)
    }

    /// Counts one call for as long as the guard lives.
    pub(crate) fn begin(self: &Arc<Self>) -> CallOfConnection {
        self.begun.fetch_add(1, Relaxed);
        let active = self.active.fetch_add(1, Relaxed) + 1;
        if active == 1 {
            self.turns.is_busy();
        }
        CallOfConnection(Arc::clone(self))
    }
}

/// Counts one call of a connection while it lives.
#[derive(Debug)]
pub(crate) struct CallOfConnection(Arc<Activity>);

impl CallOfConnection {
    /// What its connection owes.
    pub(crate) fn owed(&self) -> &Arc<Owed> {
        self.0.owed()
    }
}

impl Drop for CallOfConnection {
    fn drop(&mut self) {
        if self.0.active.fetch_sub(1, Relaxed) == 1 {
            self.0.turns.is_idle();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusals::Refusals;
    use crate::turns;

    #[test]
    fn who_asks_for_more_than_its_share_is_read_as_long_as_it_can_be_refused() {
        let turns = turns::tests::of(4, Refusals::new(0, instant()));
        let activity = Arc::new(Activity::new(Arc::clone(&turns)));
        let _calls: Vec<_> = (0..9).map(|_| activity.begin()).collect();
        let mut refused = 0;
        while turns.refusals().any_left(instant()) {
            assert!(!activity.is_over());
            activity.turn_away();
            refused += 1;
        }
        assert!(refused > 100 && activity.is_over());
    }
}
