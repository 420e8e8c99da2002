//! The working sheet of one transaction: records are decided one by one, later ones see earlier.

use std::collections::HashMap;
use std::sync::Arc;

use dancu_domain::{
    AgencyCode, ChangeOutcome, ChangeRecord, Citizen, Decision, LegacyId, PersonalId, Prior,
    SourceKey, decide,
};

/// The key under which a version of a source's record has its one effect: agency, source, record
/// id, record version.
pub(crate) type EffectKey = (AgencyCode, SourceKey, SourceKey, u64);

/// What one version of a source's record did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    /// The digest of its content.
    pub(crate) digest: [u8; 16],
    /// The number of the change that it made.
    pub(crate) number: u64,
    /// The version of the citizen that it made.
    pub(crate) version: u32,
}

/// A change made on this sheet, as it is to be stored.
#[derive(Clone, Debug)]
pub(crate) struct NewChange {
    /// Its number, following the head without a gap.
    pub(crate) number: u64,
    /// Whose record changed.
    pub(crate) personal_id: PersonalId,
    /// The same person's old number.
    pub(crate) legacy_id: Option<LegacyId>,
    /// Of what it is the effect.
    pub(crate) key: EffectKey,
    /// The digest of that version.
    pub(crate) digest: [u8; 16],
    /// The version of the citizen that it made.
    pub(crate) version: u32,
}

/// What a transaction knows and what it is going to change.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    head: u64,
    citizens: HashMap<PersonalId, Arc<Citizen>>,
    effects: HashMap<EffectKey, Effect>,
    changes: Vec<NewChange>,
}

/// The key of a record's effect.
pub(crate) fn effect_key(record: &ChangeRecord) -> EffectKey {
    (
        record.agency,
        record.source.clone(),
        record.record_id.clone(),
        record.record_version,
    )
}

impl Sheet {
    /// An empty sheet; the next change follows `head`.
    pub(crate) fn new(head: u64) -> Self {
        Self {
            head,
            ..Self::default()
        }
    }

    /// Lays down a citizen as he is before the transaction.
    pub(crate) fn know_citizen(&mut self, citizen: Arc<Citizen>) {
        self.citizens.insert(citizen.personal_id, citizen);
    }

    /// Lays down an effect from before the transaction.
    pub(crate) fn know_effect(&mut self, key: EffectKey, effect: Effect) {
        self.effects.insert(key, effect);
    }

    /// Decides one record and takes its effect into account for those that follow.
    pub(crate) fn rule(&mut self, record: &ChangeRecord) -> ChangeOutcome {
        let key = effect_key(record);
        let prior = Prior {
            same: self
                .effects
                .get(&key)
                .map(|e| (e.digest, e.number, e.version)),
        };
        let citizen = self.citizens.get(&record.personal_id);
        let next = match decide(citizen.map(Arc::as_ref), record, prior) {
            Decision::Settle(outcome) => return outcome,
            Decision::Apply(next) => next,
        };
        self.head += 1;
        let (number, version) = (self.head, next.version);
        let effect = Effect {
            digest: record.digest,
            number,
            version,
        };
        self.know_effect(key.clone(), effect);
        self.changes.push(NewChange {
            number,
            personal_id: next.personal_id,
            legacy_id: next.legacy_id,
            key,
            digest: record.digest,
            version,
        });
        self.citizens.insert(next.personal_id, Arc::from(next));
        ChangeOutcome::Applied { number, version }
    }

    /// The number of the newest change, those of this sheet included.
    pub(crate) const fn head(&self) -> u64 {
        self.head
    }

    /// The changes that the sheet made, in order.
    pub(crate) fn changes(&self) -> &[NewChange] {
        &self.changes
    }

    /// Each changed citizen once, as he is after all changes, by number.
    pub(crate) fn changed_citizens(&self) -> Vec<&Arc<Citizen>> {
        let mut ids: Vec<PersonalId> = self.changes.iter().map(|c| c.personal_id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.iter().filter_map(|id| self.citizens.get(id)).collect()
    }
}
