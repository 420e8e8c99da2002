//! What the verbs need of the world.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::{
    AgencyCode, ChangeOutcome, ChangeRecord, Citizen, Day, Freshness, IdKey, KeptAnswer, LegacyId,
    MessageRecord, Outcome, PersonalId, Reason, Receipt, RecordError, RequestId, Revision,
    ServiceCode, Verb,
};

/// Everybody who has a number: nobody, one person, or two for a doubled CMND. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates(People);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum People {
    #[default]
    Nobody,
    One(Arc<Citizen>),
    Several(Arc<[Arc<Citizen>]>),
}

impl Candidates {
    /// Nobody.
    pub const NONE: Self = Self(People::Nobody);

    /// These people.
    pub fn new(citizens: Vec<Arc<Citizen>>) -> Self {
        match <[_; 1]>::try_from(citizens) {
            Ok([citizen]) => Self::one(citizen),
            Err(none) if none.is_empty() => Self::NONE,
            Err(several) => Self(People::Several(several.into())),
        }
    }

    /// One person.
    pub const fn one(citizen: Arc<Citizen>) -> Self {
        Self(People::One(citizen))
    }

    /// The people.
    pub fn citizens(&self) -> &[Arc<Citizen>] {
        match &self.0 {
            People::Nobody => &[],
            People::One(citizen) => std::slice::from_ref(citizen),
            People::Several(several) => several,
        }
    }
}

/// Where an answer came from; a later one is slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The in-process level.
    Memory,
    /// The shared level.
    Redis,
    /// The registry.
    Registry,
}

/// What a read found: one entry a key, in the order of the keys.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Who has each number.
    pub candidates: Vec<Candidates>,
    /// The change number up to which all of it is true.
    pub revision: Revision,
    /// The slowest source that any key needed.
    pub source: Source,
}

/// What a write did: one outcome a record, in order.
#[derive(Clone, Debug)]
pub struct Applied {
    /// How each record ended.
    pub outcomes: Vec<ChangeOutcome>,
    /// A revision at which all effects of these records are seen.
    pub revision: Revision,
}

/// Why the registry did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegistryError {
    /// It cannot be reached, or it failed.
    Unavailable,
    /// Too many reads or writes wait already.
    Overloaded,
    /// The token lies beyond its head, and waiting did not help.
    RevisionAhead,
    /// The token is of another nation.
    AnotherNation,
}

impl RegistryError {
    /// The reason that the caller is told.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Unavailable => Reason::RegistryUnavailable,
            Self::Overloaded => Reason::Overloaded,
            Self::RevisionAhead => Reason::RevisionAhead,
            Self::AnotherNation => Reason::RevisionOfAnotherNation,
        }
    }
}

/// The national population database. Wrappers that make it cheaper implement the same port.
pub trait Registry: Send + Sync + 'static {
    /// Everybody who has these numbers, all at one revision that is as fresh as asked.
    fn read(
        &self,
        keys: &[IdKey],
        freshness: Freshness,
    ) -> impl Future<Output = Result<Reading, RegistryError>> + Send;

    /// Applies change records in their order, in one transaction; durable when it returns.
    /// Dropping the future does not undo or tear the write.
    fn apply(
        &self,
        records: Vec<ChangeRecord>,
    ) -> impl Future<Output = Result<Applied, RegistryError>> + Send;
}

/// One change, as followers need it: whose cached values are old now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeNotice {
    /// Its number, in commit order, without gaps.
    pub number: u64,
    /// Whose record changed.
    pub personal_id: PersonalId,
    /// The old number of the same person.
    pub legacy_id: Option<LegacyId>,
}

/// The registry's changes in commit order.
pub trait ChangeFeed: Send + Sync + 'static {
    /// The newest change.
    fn head(&self) -> impl Future<Output = Result<Revision, RegistryError>> + Send;

    /// Up to `limit` changes with numbers above `after`, in order.
    fn changes(
        &self,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ChangeNotice>, RegistryError>> + Send;

    /// Returns when there may be changes that [`ChangeFeed::changes`] has not told yet. Only a
    /// hint, for the one follower of a feed: it may come for nothing or not at all, so whoever
    /// waits looks at the changes every now and then all the same.
    fn woken(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// The ledger, as the verbs see it: an answer may leave once its record is durable.
pub trait Recorder: Send + Sync + 'static {
    /// Held while a write message is carried out; dropping it lets the next one through.
    type WriteGuard: Send + 'static;
    /// Held while claims are judged, until they are recorded.
    type AskGuard: Send + 'static;

    /// Takes the entries of one message and returns once they are durable. A message without
    /// items yields a receipt of count 0 and writes nothing. Dropping the future after its first
    /// poll leaves the entries in the ledger.
    fn record(
        &self,
        message: MessageRecord,
    ) -> impl Future<Output = Result<Receipt, RecordError>> + Send;

    /// Claims the right to carry out a write message, or finds the answer that it had. While the
    /// returned slot lives, the same (agency, request id) waits, also at every other instance over
    /// the same ledger; a slot dropped without a record lets the next one through. An instance that
    /// is gone holds nobody up: whoever sends the same body goes on in its place, and another body
    /// is refused, for the effects of the first may have been made.
    fn begin_write(
        &self,
        agency: AgencyCode,
        request_id: &RequestId,
        digest: [u8; 32],
    ) -> impl Future<Output = Result<WriteSlot<Self::WriteGuard>, RecordError>> + Send;

    /// Asks which claims about these numbers may be judged, before the registry is read: a number
    /// about which too many failed has to wait, whoever has it or nobody. `None` where nothing is
    /// limited, as it is for ledgers that remember no failures.
    fn begin_asking(
        &self,
        agency: AgencyCode,
        event_day: Option<Day>,
        keys: &[IdKey],
    ) -> Option<Asking<Self::AskGuard>> {
        let _ = (agency, event_day, keys);
        None
    }
}

/// Claims that are about to be judged.
#[derive(Debug)]
pub struct Asking<G> {
    /// One a number, in order: how long it has to wait; `None` where its claims may be judged.
    pub waits: Vec<Option<Duration>>,
    /// Counts those that may be judged as under way. It is kept until their entries are durable, so
    /// that there is no moment in which a claim that failed is not counted.
    pub guard: G,
}

/// What the ledger knows of a write message.
#[derive(Debug)]
pub enum WriteSlot<G> {
    /// It is new: carry it out while holding the guard, and record it with a kept answer.
    Fresh(G),
    /// It was carried out and answered like this.
    Kept(Kept),
    /// The id was used with another body.
    Reused,
}

/// A kept answer with the receipt it was given under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Digest and answer.
    pub answer: KeptAnswer,
    /// Where its entries are.
    pub receipt: Receipt,
}

/// The key by which entries are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VolumeKey {
    /// Who asked.
    pub agency: AgencyCode,
    /// What.
    pub verb: Verb,
    /// Under which code.
    pub service: ServiceCode,
    /// How it ended.
    pub outcome: Outcome,
    /// On which day.
    pub day: Day,
}

/// A count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeRow {
    /// Of what.
    pub key: VolumeKey,
    /// How many entries.
    pub count: u64,
}

/// The exact totals over all writers.
pub trait Volumes: Send + Sync + 'static {
    /// Every count with a day from `from` to `to`, both included, in the order of the keys.
    fn volumes(
        &self,
        from: Option<Day>,
        to: Option<Day>,
    ) -> impl Future<Output = Result<Vec<VolumeRow>, RecordError>> + Send;
}
