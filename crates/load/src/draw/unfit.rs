//! Messages that must fail as a whole: denied, or with an envelope, a token or a credential that
//! does not hold.

use std::sync::Arc;

use dancu_domain::{Freshness, NationId, Reason, Revision, Verb};

use super::items::plain;
use super::{Draw, Shape};
use crate::ask::{End, Expect, Item, Message};
use crate::callers::Standing;
use crate::{claims, events, flaws};

impl Draw {
    /// Now and then a message that is denied or unfit, with good items in it.
    pub(super) fn unfit(&mut self, verb: Verb, shape: Shape) -> Option<Message> {
        let world = Arc::clone(&self.world);
        let kind = self.chance.below(1000);
        if kind >= world.shares.denied + world.shares.unfit {
            return None;
        }
        let size = self.size(verb, shape).min(30);
        if kind < world.shares.denied {
            let (standing, reason) = world.callers.denied(verb, &mut self.chance)?;
            let items = self.harmless(verb, standing, size)?;
            let mut message = self.envelope(verb, standing, items);
            message.end = End::Fails(*reason, None);
            return Some(message);
        }
        let standing = world.callers.licensed(verb, &mut self.chance)?;
        let items = self.harmless(verb, standing, size)?;
        let mut message = self.envelope(verb, standing, items);
        match self.chance.below(4) {
            0 => {
                let (outdated, reason) = world.callers.outdated(&mut self.chance)?;
                message.key = Some(outdated.caller.key.clone());
                message.end = End::Fails(*reason, None);
            }
            1 => {
                message.key = Some("dancu-sandbox-nobody".into());
                message.end = End::Fails(Reason::CredentialUnknown, None);
            }
            2 => {
                message.key = None;
                message.end = End::Fails(Reason::CredentialMissing, None);
            }
            _ => self.spoil(&mut message),
        }
        Some(message)
    }

    /// Spoils the envelope or the token of a message.
    pub(super) fn spoil(&mut self, message: &mut Message) {
        if message.verb != Verb::Push && self.chance.permille(300) {
            let NationId(mut id) = self.world.nation_id;
            id[0] ^= 0x5a;
            message.freshness = Freshness::AtLeast(Revision {
                nation: NationId(id),
                number: 1,
            });
            let field = "freshness.at_least_as_fresh.nation";
            message.end = End::Fails(Reason::RevisionOfAnotherNation, Some(field));
            return;
        }
        let (reason, field) =
            flaws::spoil_envelope(&mut self.chance, message.verb, &mut message.envelope);
        message.end = End::Fails(reason, Some(field));
        for item in &mut message.items {
            item.dossier.clear();
        }
    }

    /// Well-formed items for a message that will fail as a whole: no event among them is anybody's
    /// next one.
    fn harmless(&mut self, verb: Verb, standing: &Standing, size: usize) -> Option<Vec<Item>> {
        let world = Arc::clone(&self.world);
        let mut items = Vec::with_capacity(size);
        for nth in 0..size {
            let Some((index, citizen)) = world.people.somebody(&mut self.chance) else {
                break;
            };
            if verb == Verb::Push {
                let record_id = format!("h-{}-{}-{}-{nth}", world.run_id, self.lane, self.turn);
                let unwelcome =
                    events::unwelcome(&mut self.chance, &world.people, standing, record_id);
                items.extend(unwelcome.filter(|i| !matches!(i.expect, Expect::Malformed(..))));
                continue;
            }
            let mut item = plain(claims::exact(index, citizen));
            if verb == Verb::Reconcile {
                item.body = self.row(&item);
            }
            items.push(item);
        }
        (!items.is_empty()).then_some(items)
    }
}
