//! From numbers to places in the nation, remembered while they are asked about again and again.

use std::collections::HashMap;
use std::hash::Hasher as _;

use dancu_domain::{IdKey, PersonalId};
use dancu_population::{BLOCK, Nation, PERSONA_SUFFIXES};
use dancu_store::RegistryMeta;
use dancu_wire::pb::recording::item::Subject;
use siphasher::sip::SipHasher13;

/// How many numbers are remembered; beyond that all are forgotten.
const REMEMBERED: usize = 1 << 20;

/// Where in the nation the people of numbers are.
pub(super) struct Places {
    key: [u8; 16],
    nation: Option<Nation>,
    personas: HashMap<u64, u32>,
    known: HashMap<u64, Option<u64>>,
}

impl Places {
    /// Of the nation in a registry. One that another generator made has no places here: everybody
    /// in it is a stranger.
    pub(super) fn new(meta: &RegistryMeta, key: [u8; 16]) -> Self {
        let nation = Nation::made_by(meta.generator, meta.seed, meta.citizens)
            .filter(|nation| nation.len() == meta.citizens);
        let mut personas = HashMap::new();
        let all = nation.iter().flat_map(Nation::personas);
        for (place, persona) in (0..).zip(all) {
            let citizen = persona.citizen;
            personas.insert(IdKey::Personal(citizen.personal_id).packed(), place);
            if let Some(legacy) = citizen.legacy_id {
                // Of two under one number the first stands for both.
                personas
                    .entry(IdKey::Legacy(legacy).packed())
                    .or_insert(place);
            }
        }
        Self {
            key,
            nation,
            personas,
            known: HashMap::new(),
        }
    }

    /// The nation, where its people have places.
    pub(super) const fn nation(&self) -> Option<&Nation> {
        self.nation.as_ref()
    }

    /// Whom a number means; where two have it, the one whom the answer was about.
    pub(super) fn subject(&mut self, key: IdKey, holder: Option<PersonalId>) -> Subject {
        let who = holder.map_or(key, IdKey::Personal);
        if self.nation.is_none() {
            return self.stranger(key);
        }
        if let Some(persona) = self.persona(who) {
            return Subject::Persona(persona);
        }
        match self.citizen(who) {
            Some(index) => Subject::Citizen(index),
            None => self.stranger(key),
        }
    }

    fn persona(&self, who: IdKey) -> Option<u32> {
        let maybe = match who {
            IdKey::Personal(id) => PERSONA_SUFFIXES.contains(&(id.digits() % 1_000_000)),
            IdKey::Legacy(_) => true,
        };
        let found = maybe.then(|| self.personas.get(&who.packed()))?;
        found.copied()
    }

    fn citizen(&mut self, who: IdKey) -> Option<u64> {
        if let Some(known) = self.known.get(&who.packed()) {
            return *known;
        }
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        let nation = self.nation.as_ref()?;
        let found = match who {
            IdKey::Personal(id) => nation.index_of(id),
            IdKey::Legacy(id) => nation.index_of_legacy(id),
        };
        match (who, found) {
            // A whole block costs little more than one of it.
            (IdKey::Personal(_), Some(index)) => {
                let ids = nation.personal_ids(index / BLOCK);
                for (at, id) in (index / BLOCK * BLOCK..).zip(ids) {
                    self.known.insert(IdKey::Personal(id).packed(), Some(at));
                }
            }
            _ => drop(self.known.insert(who.packed(), found)),
        }
        found
    }

    fn stranger(&self, key: IdKey) -> Subject {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write_u64(key.packed());
        Subject::Stranger(hasher.finish())
    }

    /// A keyed hash of a residence.
    pub(super) fn place(&self, place: &dancu_domain::Place) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write_u64(u64::from(place.province) << 32 | u64::from(place.district));
        hasher.write_u32(place.commune);
        hasher.write(place.country().as_bytes());
        hasher.write(place.detail.0.as_bytes());
        hasher.finish()
    }
}

/// Whether the number of a subject is the old one.
pub(super) const fn is_legacy(key: IdKey) -> bool {
    matches!(key, IdKey::Legacy(_))
}
