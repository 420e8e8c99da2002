//! Bounds on what is in flight: whoever finds no room is told so at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::config::Limits;
use crate::effort::Effort;

/// A bound on one kind of thing, of one core.
#[derive(Debug)]
pub(crate) struct Gate {
    inside: AtomicUsize,
    most: usize,
}

impl Gate {
    /// A gate for `most` at once.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            inside: AtomicUsize::new(0),
            most,
        })
    }

    /// How many are inside.
    pub(crate) fn inside(&self) -> usize {
        self.inside.load(Relaxed)
    }

    /// Whether there is room for nobody.
    pub(crate) fn is_full(&self) -> bool {
        self.inside() >= self.most
    }

    /// Counts `n` that are inside already, also beyond the bound.
    pub(crate) fn count(self: &Arc<Self>, n: usize) -> Entered {
        self.inside.fetch_add(n, Relaxed);
        Entered {
            gate: Arc::clone(self),
            n,
        }
    }

    /// Lets `n` in, if there is room for all of them.
    pub(crate) fn enter(self: &Arc<Self>, n: usize) -> Option<Entered> {
        let mut entered = Entered {
            gate: Arc::clone(self),
            n: 0,
        };
        entered.more(n).then_some(entered)
    }
}

/// What is inside; it leaves by being dropped.
#[derive(Debug)]
pub(crate) struct Entered {
    gate: Arc<Gate>,
    n: usize,
}

impl Entered {
    /// Lets `n` more in under the same guard, if there is room.
    pub(crate) fn more(&mut self, n: usize) -> bool {
        let before = self.gate.inside.fetch_add(n, Relaxed);
        if before.saturating_add(n) > self.gate.most {
            self.gate.inside.fetch_sub(n, Relaxed);
            return false;
        }
        self.n += n;
        true
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.gate.inside.fetch_sub(self.n, Relaxed);
    }
}

/// Streams of callers without a credential (watches of health, reflection) at once, over all cores.
/// They wait for nothing that is ours, but each takes memory for as long as it likes.
const GUESTS: usize = 1_024;

/// A call that found room, until it is dropped.
#[derive(Debug)]
pub(crate) struct Inside(#[expect(dead_code, reason = "it leaves by being dropped")] Entered);

/// The gates of one core.
#[derive(Clone, Debug)]
pub(crate) struct Gates {
    /// Calls in flight.
    pub(crate) calls: Arc<Gate>,
    /// Streams of callers without a credential.
    pub(crate) guests: Arc<Gate>,
    /// Unary calls in flight.
    pub(crate) unary: Arc<Gate>,
    /// Items in flight.
    pub(crate) items: Arc<Gate>,
    /// Bytes of unary requests that are being received.
    pub(crate) receiving: Arc<Gate>,
    /// Bytes of answers that no socket has taken yet.
    pub(crate) sending: Arc<Gate>,
    /// What the messages cost, which bounds the unary calls in flight as well.
    pub(crate) effort: Arc<Effort>,
}

impl Gates {
    /// Lets a call in.
    pub(crate) fn enter(&self) -> Option<Inside> {
        Some(Inside(self.calls.enter(1)?))
    }

    /// Whether a unary call would find a place now; where no item has room its message need not be
    /// awaited to know so. Connections that ask for more than their share leave an eighth of the
    /// places to the others.
    pub(crate) fn has_place(&self, beyond_share: bool) -> bool {
        !self.items.is_full() && self.taken() < self.most_for(beyond_share)
    }

    /// Gives a place to a unary call.
    pub(crate) fn place(&self, beyond_share: bool) -> Option<Entered> {
        let is_free = self.unary.inside() < self.most_for(beyond_share);
        (is_free && !self.items.is_full())
            .then(|| self.unary.enter(1))
            .flatten()
    }

    fn most_for(&self, beyond_share: bool) -> usize {
        let most = self.most();
        if beyond_share { most - most / 8 } else { most }
    }

    /// How many unary calls there is room for at once.
    pub(crate) fn most(&self) -> usize {
        self.unary.most.min(self.calls.most).min(self.effort.room())
    }

    /// With how many unary calls at once a core is best off: as many as there is room for while
    /// everybody finds some, and fewer once more is asked than can be answered.
    pub(crate) fn best(&self) -> usize {
        let most = self.most();
        self.effort.crowd().map_or(most, |crowd| crowd.min(most))
    }

    /// How much of that is taken.
    pub(crate) fn taken(&self) -> usize {
        let most = self.unary.most.min(self.calls.most);
        let beside = self.calls.most.saturating_sub(most);
        let calls = self.calls.inside().saturating_sub(beside);
        calls.max(self.unary.inside())
    }

    /// Lets in a stream of a caller without a credential.
    pub(crate) fn enter_as_guest(&self) -> Option<Inside> {
        Some(Inside(self.guests.enter(1)?))
    }

    /// One core's part of the limits. Sockets are handed out in turn, so equal parts are fair;
    /// every core has room for one whole message.
    pub(crate) fn part(limits: &Limits, cores: usize) -> Self {
        Self {
            calls: Gate::new(limits.calls.div_ceil(cores)),
            guests: Gate::new(GUESTS.div_ceil(cores)),
            unary: Gate::new(limits.unary_per_core),
            items: Gate::new(limits.items.div_ceil(cores).max(limits.items_per_message)),
            receiving: Gate::new(
                limits
                    .receiving_bytes
                    .div_ceil(cores)
                    .max(limits.request_bytes),
            ),
            sending: Gate::new(limits.sending_bytes.div_ceil(cores)),
            effort: Arc::new(Effort::new(limits.work_per_core)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unary_calls_have_a_bound_of_their_own_and_leave_room_for_streams() {
        let limits = Limits {
            calls: 6,
            unary_per_core: 2,
            ..Limits::default()
        };
        let gates = Gates::part(&limits, 2);
        let first = gates.place(false).unwrap();
        let _second = gates.place(false).unwrap();
        assert!(!gates.has_place(false) && gates.place(false).is_none());
        let calls: Vec<_> = (0..4).filter_map(|_| gates.enter()).collect();
        assert_eq!(calls.len(), 3);
        assert!(gates.enter().is_none());
        drop(calls);
        drop(first);
        assert_eq!((gates.calls.inside(), gates.unary.inside()), (0, 1));
        assert!(gates.has_place(false) && gates.place(false).is_some());
    }

    #[test]
    fn who_asks_for_more_than_his_share_leaves_room_to_those_who_do_not() {
        let limits = Limits {
            unary_per_core: 16,
            ..Limits::default()
        };
        let gates = Gates::part(&limits, 1);
        let inside: Vec<_> = (0..20).filter_map(|_| gates.place(true)).collect();
        assert_eq!(inside.len(), 14);
        let others: Vec<_> = (0..20).filter_map(|_| gates.place(false)).collect();
        assert_eq!(others.len(), 2);
    }

    #[test]
    fn a_gate_lets_no_more_in_than_it_holds_and_forgets_who_left() {
        let gate = Gate::new(10);
        let first = gate.enter(7).unwrap();
        assert!(gate.enter(4).is_none());
        let mut second = gate.enter(2).unwrap();
        assert!(!second.more(2));
        assert!(second.more(1));
        assert_eq!(gate.inside(), 10);
        drop(first);
        drop(second);
        assert_eq!(gate.inside(), 0);
        assert!(gate.enter(10).is_some());
    }
}
