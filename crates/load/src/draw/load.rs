//! Messages of a size that somebody else has decided.

use std::sync::Arc;

use dancu_domain::Verb;

use super::{Draw, SCOUTED, Shape};
use crate::ask::Message;
use crate::callers::Standing;

impl Draw {
    /// A message of so many items of a verb that reads, by somebody who may ask; now and then one
    /// that must fail, by the shares of the world.
    pub(crate) fn asked(&mut self, verb: Verb, size: usize, shape: Shape) -> Option<Message> {
        let shares = self.world.shares;
        if shares.denied + shares.unfit > 0
            && let Some(message) = self.unfit(verb, shape)
        {
            return Some(message);
        }
        if !self.few.is_empty() {
            let standing = Arc::clone(self.chance.one_of(&self.few)?);
            return Some(self.asked_by(verb, &standing, size));
        }
        let world = Arc::clone(&self.world);
        let standing = world.callers.licensed(verb, &mut self.chance)?;
        Some(self.asked_by(verb, standing, size))
    }

    /// Has only so many callers ask from here on.
    pub(crate) fn keep_callers(&mut self, verb: Verb, callers: usize) {
        let world = Arc::clone(&self.world);
        let drawn = (0..callers).filter_map(|_| world.callers.licensed(verb, &mut self.chance));
        self.few = drawn.cloned().collect();
    }

    /// The same by this caller.
    pub(crate) fn asked_by(
        &mut self,
        verb: Verb,
        standing: &Arc<Standing>,
        size: usize,
    ) -> Message {
        let mut message = self.message(verb, standing, size);
        message.items.truncate(size);
        message
    }

    /// Whether enough people have been looked up for a message of so many events.
    pub(crate) fn can_push(&self, most: usize) -> bool {
        // Of a large message half will do: whoever has no event left leaves the lane for good.
        self.register.ready(most.min(SCOUTED).max(most / 2))
    }

    /// A lookup of citizens whose events, so many, are pushed later; `None` where there are none.
    pub(crate) fn scouted(&mut self, most: usize) -> Option<Message> {
        let wanted = self.register.scout(&self.world.people, SCOUTED.max(most));
        self.scouting(&wanted)
    }

    /// Events, at most so many, or else the lookup of citizens that must come before, where there
    /// may be one.
    pub(crate) fn pushed(&mut self, most: usize, may_look_up: bool) -> Option<Message> {
        if may_look_up
            && !self.can_push(most)
            && let Some(message) = self.scouted(most)
        {
            return Some(message);
        }
        let (standing, mut items) = self.push_items(most, None)?;
        items.truncate(most);
        Some(self.envelope(Verb::Push, &standing, items))
    }
}
