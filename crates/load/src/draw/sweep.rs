//! The message of a sweep: citizens by their exact claims, asked by whoever is given the most.

use std::sync::Arc;

use dancu_domain::{Freshness, Verb};

use super::Draw;
use super::items::plain;
use crate::ask::{Item, Message, View};
use crate::claims;

impl Draw {
    /// A lookup of these citizens' whole records; `None` where nobody is left to ask about.
    pub(crate) fn sweeping(&mut self, citizens: &[u64]) -> Option<Message> {
        let world = Arc::clone(&self.world);
        let standing = world.callers.widest(Verb::Lookup)?;
        let items: Vec<Item> = citizens
            .iter()
            .filter_map(|index| world.people.citizen(*index))
            .map(|(index, citizen)| plain(claims::exact(index, citizen)))
            .collect();
        if items.is_empty() {
            return None;
        }
        let mut message = self.envelope(Verb::Lookup, standing, items);
        message.view = View::Full;
        message.freshness = Freshness::MinimizeLatency;
        Some(message)
    }

    /// Which of how many lanes it draws for.
    pub(crate) const fn place(&self) -> (u64, u64) {
        (self.lane, self.lanes)
    }
}
