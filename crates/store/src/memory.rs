//! The registry in memory: the reference that every other backend is held to.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dancu_domain::{
    Applied, Candidates, ChangeFeed, ChangeNotice, ChangeRecord, Citizen, Directory, Freshness,
    IdKey, LegacyId, PersonalId, Reading, Registry, RegistryError, Revision, Source, SourceKey,
};
use tokio::sync::watch;

use crate::freshness::{Required, until_reached};
use crate::sheet::{Effect, EffectKey, Sheet, effect_key};
use crate::{DirectoryRows, RegistryMeta};

/// A registry that lives as long as its last clone. Clones share one state.
#[derive(Clone, Debug)]
pub struct MemoryRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    meta: RegistryMeta,
    rows: DirectoryRows,
    state: Mutex<State>,
    head: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    citizens: HashMap<PersonalId, Arc<Citizen>>,
    by_legacy: HashMap<LegacyId, BTreeSet<PersonalId>>,
    effects: HashMap<EffectKey, Effect>,
    changes: Vec<(ChangeNotice, SourceKey)>,
}

impl MemoryRegistry {
    /// A nation without citizens and without a directory.
    pub fn new(meta: RegistryMeta) -> Self {
        Self::from_citizens(meta, [], DirectoryRows::default())
    }

    /// A nation of these citizens, at revision 0.
    pub fn from_citizens(
        meta: RegistryMeta,
        citizens: impl IntoIterator<Item = Citizen>,
        rows: DirectoryRows,
    ) -> Self {
        let mut state = State::default();
        for citizen in citizens {
            if let Some(legacy) = citizen.legacy_id {
                state
                    .by_legacy
                    .entry(legacy)
                    .or_default()
                    .insert(citizen.personal_id);
            }
            state
                .citizens
                .insert(citizen.personal_id, Arc::new(citizen));
        }
        Self {
            shared: Arc::new(Shared {
                meta,
                rows,
                state: Mutex::new(state),
                head: watch::Sender::new(0),
            }),
        }
    }

    /// Which nation it is.
    pub fn meta(&self) -> RegistryMeta {
        self.shared.meta
    }

    /// Who may ask what.
    pub fn directory(&self) -> Directory {
        self.shared.rows.directory()
    }

    /// The citizens with an effect from any source but this one, each once, by number.
    pub fn changed_by_others(&self, source: &SourceKey) -> Vec<PersonalId> {
        let ids: BTreeSet<PersonalId> = self
            .shared
            .state()
            .changes
            .iter()
            .filter(|(_, by)| by != source)
            .map(|(notice, _)| notice.personal_id)
            .collect();
        ids.into_iter().collect()
    }

    fn revision(&self, number: u64) -> Revision {
        Revision {
            nation: self.shared.meta.nation,
            number,
        }
    }

    fn reading(&self, keys: &[IdKey]) -> Reading {
        let state = self.shared.state();
        Reading {
            candidates: keys.iter().map(|key| state.candidates(*key)).collect(),
            revision: self.revision(state.head()),
            source: Source::Registry,
        }
    }
}

impl Shared {
    /// The state; a panic elsewhere leaves it whole, since it is changed after all is decided.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("meta", &self.meta).finish()
    }
}

impl State {
    fn head(&self) -> u64 {
        self.changes.len() as u64
    }

    fn candidates(&self, key: IdKey) -> Candidates {
        let ids = match key {
            IdKey::Personal(id) => {
                return self
                    .citizens
                    .get(&id)
                    .map_or(Candidates::NONE, |c| Candidates::one(Arc::clone(c)));
            }
            IdKey::Legacy(id) => self.by_legacy.get(&id),
        };
        Candidates::new(
            ids.into_iter()
                .flatten()
                .filter_map(|id| self.citizens.get(id).cloned())
                .collect(),
        )
    }

    fn apply(&mut self, records: &[ChangeRecord]) -> Vec<dancu_domain::ChangeOutcome> {
        let mut sheet = Sheet::new(self.head());
        for record in records {
            if let Some(citizen) = self.citizens.get(&record.personal_id) {
                sheet.know_citizen(Arc::clone(citizen));
            }
            let key = effect_key(record);
            if let Some(effect) = self.effects.get(&key) {
                sheet.know_effect(key, *effect);
            }
        }
        let outcomes = records.iter().map(|record| sheet.rule(record)).collect();
        for change in sheet.changes() {
            let effect = Effect {
                digest: change.digest,
                number: change.number,
                version: change.version,
            };
            self.effects.insert(change.key.clone(), effect);
            let notice = ChangeNotice {
                number: change.number,
                personal_id: change.personal_id,
                legacy_id: change.legacy_id,
            };
            self.changes.push((notice, change.key.1.clone()));
        }
        for citizen in sheet.changed_citizens() {
            self.citizens
                .insert(citizen.personal_id, Arc::clone(citizen));
        }
        outcomes
    }
}

impl Registry for MemoryRegistry {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        let required = Required::of(freshness, self.shared.meta.nation)?;
        until_reached(self.shared.head.subscribe(), required).await?;
        Ok(self.reading(keys))
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        let (outcomes, head) = {
            let mut state = self.shared.state();
            let outcomes = state.apply(&records);
            self.shared.head.send_replace(state.head());
            (outcomes, state.head())
        };
        Ok(Applied {
            outcomes,
            revision: self.revision(head),
        })
    }
}

impl ChangeFeed for MemoryRegistry {
    async fn head(&self) -> Result<Revision, RegistryError> {
        Ok(self.revision(self.shared.state().head()))
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        let state = self.shared.state();
        let skipped = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(state
            .changes
            .iter()
            .skip(skipped)
            .take(limit)
            .map(|(notice, _)| *notice)
            .collect())
    }
}
