//! Messages of life events, and the lookups that must come before them.

use std::sync::Arc;

use dancu_domain::{Freshness, Verb};

use super::items::plain;
use super::{Draw, Shape};
use crate::ask::{Expect, Item, Message};
use crate::callers::Standing;
use crate::{claims, events};

impl Draw {
    /// A lookup of citizens whose next events this lane is to push.
    pub(super) fn scouting(&mut self, citizens: &[u64]) -> Option<Message> {
        let world = Arc::clone(&self.world);
        let standing = world.callers.licensed(Verb::Lookup, &mut self.chance)?;
        let items: Vec<Item> = citizens
            .iter()
            .filter_map(|index| world.people.citizen(*index))
            .map(|(index, citizen)| plain(claims::exact(index, citizen)))
            .collect();
        if items.is_empty() {
            return None;
        }
        let mut message = self.envelope(Verb::Lookup, standing, items);
        message.freshness = Freshness::FullyConsistent;
        Some(message)
    }

    pub(super) fn pushes(&mut self, shape: Shape, count: u64) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut sender: Option<Arc<Standing>> = None;
        for _ in 0..count {
            let size = self.size(Verb::Push, shape);
            let Some((standing, items)) = self.push_items(size, sender.as_ref()) else {
                continue;
            };
            let message = self.envelope(Verb::Push, &standing, items);
            sender.get_or_insert(standing);
            messages.push(message);
        }
        messages
    }

    /// The events of one message, and who sends them: mostly what comes next in people's lives,
    /// now and then something that was sent before or that must not be taken.
    pub(super) fn push_items(
        &mut self,
        size: usize,
        sender: Option<&Arc<Standing>>,
    ) -> Option<(Arc<Standing>, Vec<Item>)> {
        let world = Arc::clone(&self.world);
        let mut items = Vec::with_capacity(size + 1);
        let mut standing = sender.cloned();
        if self.chance.permille(850) {
            let (people, versions) = (&world.people, &world.versions);
            let due = self
                .register
                .due(people, versions, size, standing.as_deref());
            items.extend(due);
            if standing.is_none()
                && let Some(kind) = items.first().and_then(events::kind)
            {
                standing = world.callers.pusher(kind, true, &mut self.chance).cloned();
            }
        } else if let Some((item, who)) = self.register.again(&mut self.chance)
            && standing.as_ref().is_none_or(|s| Arc::ptr_eq(s, &who))
        {
            items.push(item);
            standing = Some(who);
        }
        let standing = match standing {
            Some(standing) => standing,
            None => Arc::clone(world.callers.licensed(Verb::Push, &mut self.chance)?),
        };
        if items.is_empty() || self.chance.permille(200) {
            let record_id = format!("x-{}-{}-{}", world.run_id, self.lane, self.turn);
            items.extend(events::unwelcome(
                &mut self.chance,
                &world.people,
                &standing,
                record_id,
            ));
        }
        for item in &items {
            if let (Some(index), Expect::Applied(version)) = (item.about.index(), item.expect) {
                world.versions.pushing(index, version - 1);
            }
        }
        (!items.is_empty()).then_some((standing, items))
    }
}
