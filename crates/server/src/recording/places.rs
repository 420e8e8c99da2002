//! From numbers to places in the nation, remembered while they are asked about again and again.

use std::collections::HashMap;
use std::hash::Hasher as _;

use dancu_domain::IdKey;
use dancu_population::Nation;
use dancu_store::RegistryMeta;
use dancu_wire::pb::recording::item::Subject;
use siphasher::sip::SipHasher13;

use super::table::Table;

/// Stands in the table for whoever is no citizen with a place: personas, and those whom nobody knows.
const ELSEWHERE: u32 = u32::MAX - 1;

/// Where in the nation the people of numbers are.
pub(super) struct Places {
    key: [u8; 16],
    nation: Option<Nation>,
    personas: HashMap<u64, u32>,
    known: Table,
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
            personas,
            known: Table::new(nation.as_ref().map_or(0, Nation::len)),
            nation,
        }
    }

    /// The nation, where its people have places.
    pub(super) const fn nation(&self) -> Option<&Nation> {
        self.nation.as_ref()
    }

    /// The place of the citizen whom a packed number means.
    pub(super) fn citizen(&mut self, key: u64) -> Option<u64> {
        let place = match self.known.find(key) {
            Some(place) => place,
            None => self.look_up(key)?,
        };
        (place != ELSEWHERE).then_some(place.into())
    }

    fn look_up(&mut self, key: u64) -> Option<u32> {
        let nation = self.nation.as_ref()?;
        let place = if self.personas.contains_key(&key) {
            None
        } else {
            match IdKey::unpack(key)? {
                IdKey::Personal(id) => nation.index_of(id),
                IdKey::Legacy(id) => nation.index_of_legacy(id),
            }
        };
        let place = place.and_then(|place| u32::try_from(place).ok());
        let place = place.filter(|place| *place < ELSEWHERE);
        let place = place.unwrap_or(ELSEWHERE);
        self.known.remember(key, place);
        Some(place)
    }

    /// Whom a packed number means.
    pub(super) fn subject(&mut self, key: u64) -> Subject {
        if let Some(citizen) = self.citizen(key) {
            return Subject::Citizen(citizen);
        }
        let persona = self.personas.get(&key).copied();
        persona.map_or_else(|| self.stranger(key), Subject::Persona)
    }

    fn stranger(&self, key: u64) -> Subject {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write_u64(key);
        Subject::Stranger(hasher.finish())
    }

    /// A keyed hash of a residence.
    pub(super) fn place(&self, place: &dancu_domain::Place) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write_u64(u64::from(place.province) << 32 | u64::from(place.district));
        hasher.write_u32(place.commune);
        hasher.write(place.country().as_bytes());
        hasher.write(place.detail.text().as_bytes());
        hasher.finish()
    }
}
