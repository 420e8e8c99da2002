//! A registry and a ledger that remember what they were asked, and fail when told to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dancu_domain::{
    AgencyCode, Applied, Asking, Candidates, ChangeOutcome, ChangeRecord, Citizen, Day, Decision,
    Freshness, IdKey, Kept, MessageRecord, NationId, Prior, Reading, Receipt, RecordError,
    Recorder, Registry, RegistryError, RequestId, Revision, Source, SourceKey, VolumeRow, Volumes,
    WriteSlot, WriterId, decide,
};

/// Runs one verb to its end.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

pub(crate) const NATION: NationId = NationId([5; 16]);

type Effect = (AgencyCode, SourceKey, SourceKey, u64);

#[derive(Default)]
struct Nation {
    citizens: Vec<Citizen>,
    revision: u64,
    effects: HashMap<Effect, ([u8; 16], u64, u32)>,
    reads: Vec<(Vec<IdKey>, Freshness)>,
    applies: Vec<usize>,
}

/// A registry in a list.
#[derive(Default)]
pub(crate) struct FakeRegistry {
    nation: Mutex<Nation>,
    pub(crate) failure: Mutex<Option<RegistryError>>,
    /// Answer every key with the first citizen, whoever was asked for.
    pub(crate) mixes_up: AtomicBool,
    /// Answer with so many entries more, or fewer, than were asked for.
    pub(crate) off_by: AtomicI32,
    /// Writes wait while somebody holds it.
    pub(crate) gate: tokio::sync::RwLock<()>,
}

impl FakeRegistry {
    pub(crate) fn of(citizens: impl IntoIterator<Item = Citizen>) -> Self {
        let registry = Self::default();
        registry.nation.lock().unwrap().citizens = citizens.into_iter().collect();
        registry
    }

    pub(crate) fn reads(&self) -> Vec<(Vec<IdKey>, Freshness)> {
        self.nation.lock().unwrap().reads.clone()
    }

    /// How many records each batch held.
    pub(crate) fn applies(&self) -> Vec<usize> {
        self.nation.lock().unwrap().applies.clone()
    }

    fn miscount<T: Clone>(&self, entries: &mut Vec<T>) {
        match self.off_by.load(Ordering::Relaxed) {
            0 => {}
            -1 => drop(entries.pop()),
            _ => entries.extend(entries.last().cloned()),
        }
    }

    pub(crate) fn citizen(&self, index: usize) -> Citizen {
        self.nation.lock().unwrap().citizens[index].clone()
    }
}

impl Nation {
    fn revision(&self) -> Revision {
        Revision {
            nation: NATION,
            number: self.revision,
        }
    }

    fn apply(&mut self, record: &ChangeRecord) -> ChangeOutcome {
        let key = |version| {
            (
                record.agency,
                record.source.clone(),
                record.record_id.clone(),
                version,
            )
        };
        let prior = Prior {
            same: self.effects.get(&key(record.record_version)).copied(),
        };
        let place = self
            .citizens
            .iter()
            .position(|citizen| citizen.personal_id == record.personal_id);
        match decide(place.map(|i| &self.citizens[i]), record, prior) {
            Decision::Settle(outcome) => outcome,
            Decision::Apply(citizen) => {
                self.revision += 1;
                let (number, version) = (self.revision, citizen.version);
                self.effects
                    .insert(key(record.record_version), (record.digest, number, version));
                self.citizens[place.unwrap()] = *citizen;
                ChangeOutcome::Applied { number, version }
            }
        }
    }
}

impl Registry for FakeRegistry {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        if let Some(error) = *self.failure.lock().unwrap() {
            return Err(error);
        }
        let mut nation = self.nation.lock().unwrap();
        nation.reads.push((keys.to_vec(), freshness));
        let has =
            |citizen: &Citizen, key| self.mixes_up.load(Ordering::Relaxed) || citizen.has(key);
        let mut candidates: Vec<_> = keys
            .iter()
            .map(|key| {
                let found = nation.citizens.iter().filter(|c| has(c, *key));
                Candidates::new(found.cloned().map(Arc::new).collect())
            })
            .collect();
        self.miscount(&mut candidates);
        Ok(Reading {
            candidates,
            revision: nation.revision(),
            source: Source::Registry,
        })
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        if let Some(error) = *self.failure.lock().unwrap() {
            return Err(error);
        }
        let _open = self.gate.read().await;
        let mut nation = self.nation.lock().unwrap();
        nation.applies.push(records.len());
        let mut outcomes: Vec<_> = records.iter().map(|record| nation.apply(record)).collect();
        self.miscount(&mut outcomes);
        Ok(Applied {
            outcomes,
            revision: nation.revision(),
        })
    }
}

/// A ledger in a list. Its guards are locks, one a (agency, request id).
#[derive(Default)]
pub(crate) struct FakeLedger {
    records: Mutex<Vec<(u64, MessageRecord)>>,
    locks: Mutex<HashMap<RequestId, Arc<tokio::sync::Mutex<()>>>>,
    pub(crate) failure: Mutex<Option<RecordError>>,
    /// What another instance records in the place of the next message, which it takes over.
    pub(crate) taken_over_by: Mutex<Option<MessageRecord>>,
    /// Give receipts that are one entry short.
    pub(crate) falls_short: AtomicBool,
    rows: Vec<VolumeRow>,
    /// How long each number of the next message has to wait.
    pub(crate) waits: Mutex<Option<Vec<Option<Duration>>>>,
    /// Held with every guard that it gives out.
    judging: Arc<()>,
    /// How many guards were held when a message was recorded.
    pub(crate) judged_under: Mutex<Vec<usize>>,
}

impl FakeLedger {
    /// A ledger that counts like this, whatever is recorded.
    pub(crate) fn with_rows(rows: Vec<VolumeRow>) -> Self {
        Self {
            rows,
            ..Self::default()
        }
    }

    /// What it counts.
    pub(crate) fn rows(&self) -> Vec<VolumeRow> {
        self.rows.clone()
    }

    /// Everything that was recorded, in order.
    pub(crate) fn records(&self) -> Vec<MessageRecord> {
        let records = self.records.lock().unwrap();
        records.iter().map(|(_, record)| record.clone()).collect()
    }

    /// The only message that was recorded.
    pub(crate) fn only_record(&self) -> MessageRecord {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "one message is recorded");
        records.pop().unwrap()
    }

    fn kept(&self, request_id: &RequestId) -> Option<Kept> {
        let records = self.records.lock().unwrap();
        records.iter().find_map(|(first, record)| {
            let answer = record.kept.clone()?;
            (record.context.request_id == *request_id).then(|| Kept {
                answer,
                receipt: receipt(*first, record.items.len()),
            })
        })
    }
}

pub(crate) fn receipt(first: u64, count: usize) -> Receipt {
    Receipt {
        writer: WriterId(4),
        first,
        count: count as u32,
    }
}

impl Recorder for FakeLedger {
    type WriteGuard = tokio::sync::OwnedMutexGuard<()>;
    type AskGuard = Arc<()>;

    async fn record(&self, message: MessageRecord) -> Result<Receipt, RecordError> {
        if let Some(error) = *self.failure.lock().unwrap() {
            return Err(error);
        }
        let overtaking = self.taken_over_by.lock().unwrap().take();
        let taken_over = overtaking.is_some();
        let message = overtaking.unwrap_or(message);
        let judging = Arc::strong_count(&self.judging) - 1;
        self.judged_under.lock().unwrap().push(judging);
        let mut records = self.records.lock().unwrap();
        let first = records
            .last()
            .map_or(0, |(first, r)| first + r.items.len() as u64);
        let count = message.items.len();
        if count > 0 {
            records.push((first, message));
        }
        if taken_over {
            return Err(RecordError::TakenOver);
        }
        let short = usize::from(self.falls_short.load(Ordering::Relaxed));
        Ok(receipt(first, count - short))
    }

    async fn begin_write(
        &self,
        _agency: AgencyCode,
        request_id: &RequestId,
        digest: [u8; 32],
    ) -> Result<WriteSlot<Self::WriteGuard>, RecordError> {
        let lock = {
            let mut locks = self.locks.lock().unwrap();
            Arc::clone(locks.entry(request_id.clone()).or_default())
        };
        let guard = lock.lock_owned().await;
        Ok(match self.kept(request_id) {
            None => WriteSlot::Fresh(guard),
            Some(kept) if kept.answer.digest == digest => WriteSlot::Kept(kept),
            Some(_) => WriteSlot::Reused,
        })
    }

    fn begin_asking(
        &self,
        _agency: AgencyCode,
        _event_day: Option<Day>,
        _keys: &[IdKey],
    ) -> Option<Asking<Arc<()>>> {
        Some(Asking {
            waits: self.waits.lock().unwrap().take()?,
            guard: Arc::clone(&self.judging),
        })
    }
}

impl Volumes for FakeLedger {
    async fn volumes(
        &self,
        from: Option<Day>,
        to: Option<Day>,
    ) -> Result<Vec<VolumeRow>, RecordError> {
        if let Some(error) = *self.failure.lock().unwrap() {
            return Err(error);
        }
        let within = |row: &&VolumeRow| {
            from.is_none_or(|from| row.key.day >= from) && to.is_none_or(|to| row.key.day <= to)
        };
        Ok(self.rows.iter().filter(within).copied().collect())
    }
}
