//! A registry that remembers its whole history, answers late, and can be told to fail.

pub(crate) mod backends;
pub(crate) mod judging;
pub(crate) mod kept;
pub(crate) mod over_redis;
pub(crate) mod redis_server;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dancu_domain::Freshness;
use dancu_domain::{
    AgencyCode, Applied, BirthDate, BloodType, Candidates, ChangeEvent, ChangeFeed, ChangeNotice,
    ChangeOutcome, ChangeRecord, Citizen, CivilDate, Clock, IdKey, LegacyId, MaritalStatus,
    NationId, PersonName, PersonalId, Place, Reading, Registry, RegistryError, RelationToHead,
    Revision, Sex, Source, SourceKey, Timestamp,
};
use tokio::time::{Instant, sleep};

pub(crate) const NATION: NationId = NationId([7; 16]);

/// Numbers by chance, from a seed.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }
}

/// The paused clock of the tests' runtime, from a thousand seconds on.
#[derive(Clone)]
pub(crate) struct TestClock(pub(crate) Instant);

impl TestClock {
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_000_000 + self.0.elapsed().as_millis() as i64)
    }
}

pub(crate) fn person(index: u64) -> PersonalId {
    PersonalId::from_digits(1_099_000_000 + index).unwrap()
}

/// Neighbours share a CMND: 0 and 1, 2 and 3.
pub(crate) fn legacy(index: u64) -> LegacyId {
    LegacyId::from_digits(900_000_000 + (index / 2) as u32).unwrap()
}

pub(crate) fn personal_key(index: u64) -> IdKey {
    IdKey::Personal(person(index))
}

pub(crate) fn legacy_key(index: u64) -> IdKey {
    IdKey::Legacy(legacy(index))
}

pub(crate) fn at(number: u64) -> Revision {
    Revision {
        nation: NATION,
        number,
    }
}

pub(crate) fn at_least(number: u64) -> Freshness {
    Freshness::AtLeast(at(number))
}

pub(crate) fn citizen(index: u64, version: u32) -> Arc<Citizen> {
    let home = Place::domestic(1, 1, 1, "");
    Arc::new(Citizen {
        personal_id: person(index),
        legacy_id: Some(legacy(index)),
        version,
        name: PersonName::parse("Nguyễn Văn Thử", "name").unwrap(),
        birth: BirthDate::Day(CivilDate::new(1980, 1, 1).unwrap()),
        sex: Sex::Male,
        birth_registration: home.clone(),
        native_place: home.clone(),
        ethnicity: 1,
        religion: 0,
        nationality: *b"VN",
        marital_status: MaritalStatus::Single,
        permanent_residence: home.clone(),
        current_residence: home,
        resident_since: CivilDate::new(2000, 1, 1).unwrap(),
        blood_type: BloodType::Unknown,
        father: None,
        mother: None,
        spouse: None,
        representative: None,
        household: 0,
        head: None,
        relation_to_head: RelationToHead::Unknown,
        died_on: None,
        missing_since: None,
        social_insurance: None,
        locked: false,
    })
}

/// A record about one person; the model takes every one of them.
pub(crate) fn change(index: u64) -> ChangeRecord {
    ChangeRecord {
        agency: AgencyCode::parse("G01", "agency").unwrap(),
        source: SourceKey::parse("test", "source").unwrap(),
        record_id: SourceKey::parse("1", "record").unwrap(),
        record_version: 1,
        personal_id: person(index),
        name: PersonName::parse("Nguyễn Văn Thử", "name").unwrap(),
        birth: BirthDate::Day(CivilDate::new(1980, 1, 1).unwrap()),
        event: ChangeEvent::Death {
            on: CivilDate::new(2023, 1, 1).unwrap(),
        },
        digest: [0; 16],
    }
}

/// Everything that ever happened: who had which version since which change.
#[derive(Default)]
struct History {
    /// By index: (change, version), ascending.
    people: BTreeMap<u64, Vec<(u64, u32)>>,
    notices: Vec<ChangeNotice>,
    /// When each head was reached.
    heads: Vec<(Timestamp, u64)>,
}

impl History {
    fn person_at(&self, index: u64, revision: u64) -> Option<Arc<Citizen>> {
        let versions = self.people.get(&index)?;
        let (_, version) = versions
            .iter()
            .rev()
            .find(|(number, _)| *number <= revision)?;
        Some(citizen(index, *version))
    }

    fn at(&self, key: IdKey, revision: u64) -> Candidates {
        let indices = match key {
            IdKey::Personal(id) => vec![id.digits().wrapping_sub(1_099_000_000)],
            IdKey::Legacy(id) => {
                let first = u64::from(id.digits().wrapping_sub(900_000_000)) * 2;
                vec![first, first + 1]
            }
        };
        let people = indices
            .into_iter()
            .filter_map(|i| self.person_at(i, revision));
        Candidates::new(people.collect())
    }

    fn head(&self) -> u64 {
        self.notices.len() as u64
    }
}

/// The registry of the tests.
pub(crate) struct Model {
    history: Mutex<History>,
    chance: Mutex<Chance>,
    clock: Arc<dyn Clock>,
    /// The longest pause before and after the moment that a query sees, in milliseconds.
    pub(crate) slow: u64,
    pub(crate) reads: AtomicUsize,
    pub(crate) under_way: AtomicUsize,
    pub(crate) most_under_way: AtomicUsize,
    pub(crate) most_keys: AtomicUsize,
    pub(crate) waits_for_token: Duration,
    pub(crate) away: AtomicBool,
    pub(crate) feed_away: AtomicBool,
    pub(crate) panics: AtomicBool,
    pub(crate) crossed: AtomicBool,
}

impl Model {
    /// People with indices below `people` are there from the start.
    pub(crate) fn new(clock: Arc<dyn Clock>, seed: u64, slow: u64, people: u64) -> Arc<Self> {
        let mut history = History::default();
        for index in 0..people {
            history.people.insert(index, vec![(0, 0)]);
        }
        history.heads.push((Timestamp(0), 0));
        Arc::new(Self {
            history: Mutex::new(history),
            chance: Mutex::new(Chance(seed)),
            clock,
            slow,
            reads: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
            most_keys: AtomicUsize::new(0),
            waits_for_token: Duration::from_millis(50),
            away: AtomicBool::new(false),
            feed_away: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            crossed: AtomicBool::new(false),
        })
    }

    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    pub(crate) fn head_now(&self) -> u64 {
        self.history.lock().unwrap().head()
    }

    /// The head as it was at that instant.
    pub(crate) fn head_at(&self, instant: Timestamp) -> u64 {
        let history = self.history.lock().unwrap();
        let reached = history.heads.iter().rev().find(|(at, _)| *at <= instant);
        reached.map_or(0, |(_, head)| *head)
    }

    pub(crate) fn truth(&self, key: IdKey, revision: u64) -> Candidates {
        self.history.lock().unwrap().at(key, revision)
    }

    /// Commits a change of somebody, who may appear by it. Returns its number.
    pub(crate) fn commit(&self, index: u64) -> u64 {
        let mut history = self.history.lock().unwrap();
        let number = history.head() + 1;
        let versions = history.people.entry(index).or_default();
        let version = versions.last().map_or(0, |(_, version)| version + 1);
        versions.push((number, version));
        history.notices.push(ChangeNotice {
            number,
            personal_id: person(index),
            legacy_id: Some(legacy(index)),
        });
        let now = self.clock.now();
        history.heads.push((now, number));
        number
    }

    async fn pause(&self) {
        let pause = self.chance.lock().unwrap().below(self.slow + 1);
        if pause > 0 {
            sleep(Duration::from_millis(pause)).await;
        }
    }
}

struct UnderWay<'a>(&'a Model);

impl<'a> UnderWay<'a> {
    fn start(model: &'a Model) -> Self {
        let now = model.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        model.most_under_way.fetch_max(now, Ordering::Relaxed);
        Self(model)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Registry for Model {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.most_keys.fetch_max(keys.len(), Ordering::Relaxed);
        let _under_way = UnderWay::start(self);
        self.pause().await;
        assert!(
            !self.panics.load(Ordering::Relaxed),
            "a registry that panics"
        );
        if self.away.load(Ordering::Relaxed) {
            return Err(RegistryError::Unavailable);
        }
        if let Freshness::AtLeast(token) = freshness
            && token.number > self.head_now()
        {
            sleep(self.waits_for_token).await;
            if token.number > self.head_now() {
                return Err(RegistryError::RevisionAhead);
            }
        }
        let reading = {
            let history = self.history.lock().unwrap();
            let number = history.head();
            let mut candidates: Vec<_> = keys.iter().map(|k| history.at(*k, number)).collect();
            if self.crossed.load(Ordering::Relaxed) {
                candidates.rotate_left(1);
            }
            Reading {
                candidates,
                revision: at(number),
                source: Source::Registry,
            }
        };
        self.pause().await;
        Ok(reading)
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        self.pause().await;
        let commit = |record: &ChangeRecord| {
            let number = self.commit(record.personal_id.digits() - 1_099_000_000);
            ChangeOutcome::Applied { number, version: 0 }
        };
        let outcomes = records.iter().map(commit).collect();
        let revision = at(self.head_now());
        self.pause().await;
        Ok(Applied { outcomes, revision })
    }
}

impl ChangeFeed for Model {
    async fn head(&self) -> Result<Revision, RegistryError> {
        self.pause().await;
        let head = at(self.head_now());
        self.pause().await;
        if self.feed_away.load(Ordering::Relaxed) {
            return Err(RegistryError::Unavailable);
        }
        Ok(head)
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.pause().await;
        let notices: Vec<_> = {
            let history = self.history.lock().unwrap();
            let later = history.notices.iter().skip(after as usize).take(limit);
            later.copied().collect()
        };
        self.pause().await;
        if self.feed_away.load(Ordering::Relaxed) {
            return Err(RegistryError::Unavailable);
        }
        Ok(notices)
    }
}

/// The model by reference, for wrappers that own what they wrap.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Arc<Model>);

impl Registry for Shared {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        self.0.read(keys, freshness).await
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        self.0.apply(records).await
    }
}

impl ChangeFeed for Shared {
    async fn head(&self) -> Result<Revision, RegistryError> {
        self.0.head().await
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.0.changes(after, limit).await
    }
}
