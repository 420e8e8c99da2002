//! Pushes of the profile: lanes that own a part of the nation look people up and push what comes
//! next in their lives.

use dancu_domain::Verb;

use super::itinerary::{Itinerary, Turn};
use crate::ask::Message;
use crate::draw::{Draw, Shape};
use crate::run::Ask;

impl Itinerary {
    /// Whether there are lookups left for learning whose events can be pushed.
    pub(super) fn may_scout(&self) -> bool {
        self.barren < self.all_pushers && self.days.left(Verb::Lookup) >= self.kept_back()
    }

    /// The place of a lane that can push at once.
    pub(super) fn ready_pusher(&mut self) -> Option<usize> {
        let most = self.size_of(Verb::Push).max(1) as usize;
        self.pushers
            .iter_mut()
            .position(|pusher| pusher.can_push(most))
    }

    /// Whether the next push must be prepared by a lookup, which should not make it late.
    pub(super) fn wants_scout(&mut self) -> bool {
        self.days.left(Verb::Push) > 0
            && self.scouts == 0
            && self.may_scout()
            && !self.pushers.is_empty()
            && self.ready_pusher().is_none()
    }

    /// The lookup of people whose events a lane pushes later.
    pub(super) fn scout(&mut self) -> Option<Ask> {
        let most = self.size_of(Verb::Push) as usize;
        let mut pusher = self.pushers.pop_front()?;
        let Some(message) = pusher.scouted(most) else {
            self.barren += 1;
            self.pushers.push_back(pusher);
            return None;
        };
        self.barren = 0;
        self.carried(message, pusher)
    }

    /// Events of people that a lane has looked up, or else the lookup of more of them.
    pub(super) fn push(&mut self) -> Option<Ask> {
        let most = self.size_of(Verb::Push) as usize;
        if most == 0 {
            return None;
        }
        let at = match self.turn {
            Turn::Of(_) => self.ready_pusher().unwrap_or(0),
            Turn::Any | Turn::Scout => 0,
        };
        let may_scout = self.may_scout();
        let mut pusher = self.pushers.remove(at)?;
        match pusher.pushed(most, may_scout) {
            Some(message) => self.carried(message, pusher),
            None => {
                self.pushers.push_back(pusher);
                None
            }
        }
    }

    /// A message of a lane, which waits for what comes of it, where that much is left to be sent.
    fn carried(&mut self, message: Message, pusher: Draw) -> Option<Ask> {
        let (verb, items) = (message.verb, message.items.len() as u64);
        if items > self.days.left(verb) {
            self.pushers.push_back(pusher);
            return None;
        }
        let (day, _) = self.days.now(verb)?;
        let shape = match self.shape {
            Shape::Stream => Shape::Stream,
            _ => Shape::Batch,
        };
        let ask = self.ask(message, shape, day);
        ask.pusher.replace(Some(pusher));
        Some(ask)
    }
}
