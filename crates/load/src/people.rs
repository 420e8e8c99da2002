//! Whom a run asks about, and what the registry must know of them.

use std::collections::HashSet;
use std::sync::Arc;

use dancu_domain::{Citizen, NoMatchCause, PersonalId, Verdict, match_claims};
use dancu_population::{Nation, PERSONA_SUFFIXES, Persona};

use crate::ask::{About, Expect, Item, Number};
use crate::chance::Chance;
use crate::choice::Choice;
use crate::claims;
use crate::roll::Roll;
use crate::run::lanes::Lanes;

/// The nation, without those of its citizens whom others have changed.
#[derive(Debug)]
pub struct People {
    nation: Nation,
    personas: Vec<(Persona, Arc<Citizen>)>,
    reserved: HashSet<u64>,
    changed: HashSet<u64>,
    choice: Choice,
    /// Where other generators push at the same time: whose lanes are whose.
    others: Option<Lanes>,
    /// Everybody who was met, where they are kept.
    roll: Option<Roll>,
}

/// How often an index is drawn before somebody whom others changed is given up on.
const TRIES: usize = 64;

impl People {
    /// Everybody of the nation but those in `changed`.
    pub fn new(nation: Nation, changed: &[PersonalId]) -> Self {
        let changed: HashSet<u64> = changed.iter().map(|id| id.digits()).collect();
        let personas = nation
            .personas()
            .into_iter()
            .filter(|p| !changed.contains(&p.citizen.personal_id.digits()))
            .map(|p| {
                let citizen = Arc::new(p.citizen.clone());
                (p, citizen)
            })
            .collect();
        let reserved = nation.personas().into_iter();
        let reserved = reserved.map(|p| p.citizen.personal_id.digits()).collect();
        Self {
            nation,
            personas,
            reserved,
            changed,
            choice: Choice::Uniform,
            others: None,
            roll: None,
        }
    }

    /// The same people, of whom each is made once: for runs that ask about everybody many times.
    pub(crate) fn kept(mut self) -> Self {
        self.roll = Some(Roll::new(&self.nation));
        self
    }

    /// The same people, chosen in another way.
    pub fn chosen(mut self, choice: Choice) -> Self {
        self.choice = choice;
        self
    }

    /// The same people without those about whom other generators push meanwhile.
    pub(crate) fn beside(mut self, others: Option<Lanes>) -> Self {
        self.others = others;
        self
    }

    /// The nation.
    pub const fn nation(&self) -> &Nation {
        &self.nation
    }

    /// The personas that nobody has changed.
    pub fn personas(&self) -> &[(Persona, Arc<Citizen>)] {
        &self.personas
    }

    /// Somebody, at version 0. `None` only where others have changed nearly everybody.
    pub fn somebody(&self, chance: &mut Chance) -> Option<(u64, Arc<Citizen>)> {
        (0..TRIES).find_map(|_| self.citizen(self.choice.index(chance, self.nation.len())))
    }

    /// The citizen with this index at version 0, unless others have changed the record.
    pub fn citizen(&self, index: u64) -> Option<(u64, Arc<Citizen>)> {
        if self.others.is_some_and(|lanes| lanes.is_of_others(index)) {
            return None;
        }
        // The number alone would cost nearly as much as the whole record, which is wanted as a rule.
        let citizen = match &self.roll {
            Some(roll) => roll.citizen(&self.nation, index, 0)?,
            None => Arc::new(self.nation.citizen(index)),
        };
        if !self.changed.is_empty() && self.changed.contains(&citizen.personal_id.digits()) {
            return None;
        }
        Some((index, citizen))
    }

    /// Somebody's record at a version; `None` where the record never has that version.
    pub fn at(&self, about: &About, version: u32) -> Option<Arc<Citizen>> {
        match about {
            About::Citizen(_, citizen) | About::Persona(_, citizen) if version == 0 => {
                Some(Arc::clone(citizen))
            }
            About::Citizen(index, _) => match &self.roll {
                Some(roll) => roll.citizen(&self.nation, *index, version),
                None => self.nation.citizen_at(*index, version).map(Arc::new),
            },
            About::Persona(..) | About::Nobody => None,
        }
    }

    /// A number that nobody has: with the leading digits of somebody's, and last digits that only
    /// personas can have and none of them has.
    pub fn number_of_nobody(&self, chance: &mut Chance, like: &Citizen) -> String {
        let lead = like.personal_id.digits() / 1_000_000 * 1_000_000;
        let taken = |id: PersonalId| self.reserved.contains(&id.digits());
        let first = chance.below(PERSONA_SUFFIXES.end() + 1);
        PERSONA_SUFFIXES
            .map(|suffix| lead + (first + suffix) % (PERSONA_SUFFIXES.end() + 1))
            .filter_map(PersonalId::from_digits)
            .find(|id| !taken(*id))
            .map_or_else(String::new, PersonalId::text)
    }

    /// Whether claims that must not match come to NO_MATCH at every version that the record can
    /// have. No event touches what claims are held against, so one version stands for all.
    pub fn never_matches(&self, about: &About, claims: &dancu_domain::Claims) -> bool {
        self.at(about, 0)
            .is_none_or(|citizen| matches!(match_claims(&[citizen], claims), Verdict::NoMatch(_)))
    }

    /// Whether an item goes by a CMND that two people have, and its claims are true of both.
    pub fn two_fit(&self, item: &Item) -> bool {
        let (Number::Legacy(_), Expect::Person(_), Some(index)) =
            (&item.claims.number, item.expect, item.about.index())
        else {
            return false;
        };
        let twin = self.nation.legacy_twin(index);
        let twin = twin.map(|twin| Arc::new(self.nation.citizen(twin)));
        match (twin, claims::read(&item.claims)) {
            (Some(twin), Some(claims)) => {
                !matches!(match_claims(&[twin], &claims), Verdict::NoMatch(_))
            }
            _ => false,
        }
    }

    /// Why nobody may be told anything about this record, whatever is claimed.
    pub const fn barred(citizen: &Citizen) -> Option<NoMatchCause> {
        if citizen.locked {
            Some(NoMatchCause::Locked)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dancu_domain::ChangeEvent;

    /// What claims are held against.
    fn identity(citizen: &Citizen) -> Citizen {
        let mut rest = citizen.clone();
        rest.version = 0;
        rest.died_on = None;
        rest
    }

    #[test]
    fn no_event_touches_what_claims_are_held_against() {
        let nation = Nation::new(3, 1_000);
        let mut events = 0;
        for index in 0..nation.len() {
            let first = nation.citizen(index);
            for version in 0..nation.events(index) {
                // A kind of event that is added must be looked at here.
                match nation.event(index, version).expect("there are so many") {
                    ChangeEvent::Residence { .. } | ChangeEvent::Death { .. } => events += 1,
                }
                let mut later = identity(&nation.citizen_at(index, version + 1).unwrap());
                later.current_residence = first.current_residence.clone();
                later.resident_since = first.resident_since;
                assert_eq!(later, identity(&first), "{index} {version}");
            }
        }
        assert!(events > 5_000, "{events}");
    }
}
