//! A call whose message is on its way.

use std::sync::Arc;
use std::time::Instant;

use super::activity::Activity;
use crate::clock::instant;
use crate::limits::Entered;

/// A unary call that was let in, until its message is there.
#[derive(Debug)]
pub(crate) struct Receiving {
    activity: Arc<Activity>,
    /// How often the connection had stood in line when the call began.
    waits: u64,
    place: Option<Entered>,
    is_long: bool,
    /// When it was handed over, where it matters how long after that it is begun.
    read: Option<Instant>,
}

impl Receiving {
    /// Of a call of a connection. One of a verb has its place at once, because its message usually
    /// lies there already; one that `is_long` may be on its way for longer, and then gives the place
    /// back.
    pub(crate) fn new(activity: &Arc<Activity>, is_verb: bool, is_long: bool) -> Self {
        activity.begins_to_receive();
        Self {
            waits: activity.waits(),
            place: is_verb.then(|| activity.place()).flatten(),
            is_long,
            read: activity.effort().is_overloaded().then(instant),
            activity: Arc::clone(activity),
        }
    }

    /// Notes that the call is begun, or goes on, and whether more of its message is awaited.
    pub(crate) fn is_polled(&mut self, waits: bool) {
        if let Some(read) = self.read.take() {
            let lag = instant().duration_since(read);
            self.activity.effort().begins_after(lag);
        }
        if waits && self.is_long {
            self.place = None;
        }
    }

    /// A place for the call, whose message is there now. One whose connection stood in line meanwhile
    /// is turned away: it is as old as what lay in the socket.
    pub(crate) fn place(&mut self) -> Option<Entered> {
        if self.place.is_some() {
            return self.place.take();
        }
        let place = (self.activity.waits() == self.waits)
            .then(|| self.activity.place())
            .flatten();
        if place.is_none() {
            self.activity.turn_away();
        }
        place
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.activity.has_received();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusals::Refusals;
    use crate::turns;

    #[test]
    fn a_call_whose_connection_stood_in_line_meanwhile_is_turned_away_unless_it_has_its_place() {
        let turns = turns::tests::of(1_024, Refusals::new(1, instant()));
        let activity = Arc::new(Activity::new(Arc::clone(&turns)));
        let [mut short, mut long, mut there] =
            [false, true, true].map(|is_long| Receiving::new(&activity, true, is_long));
        assert_eq!(turns.gates().unary.inside(), 3);
        short.is_polled(true);
        long.is_polled(true);
        there.is_polled(false);
        assert_eq!(turns.gates().unary.inside(), 2);
        drop(activity.wait());
        activity.begin_turn();
        assert!(short.place().is_some() && there.place().is_some());
        assert!(long.place().is_none());
        assert_eq!(turns.gates().unary.inside(), 0);
        let _asks_for_health = Receiving::new(&activity, false, false);
        assert_eq!(turns.gates().unary.inside(), 0);
        let mut next = Receiving::new(&activity, true, true);
        next.is_polled(true);
        assert!(next.place().is_some());
    }
}
