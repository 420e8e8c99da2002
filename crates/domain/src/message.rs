//! One message of each verb, as the door hands it to the verb and the verb hands it back.
//!
//! An item that is malformed keeps its place as a [`Fault`], so that answers stand in the order
//! of the items. Items' own ids are echoed by the door and are not known here.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    Agreement, AttributeSet, BirthDate, ChangeEvent, ChangeOutcome, Citizen, CivilDate, Claims,
    Dossier, Fault, Freshness, LegacyId, MaritalStatus, NoMatchCause, PersonName, PersonalId,
    Place, Reason, Receipt, RecordError, RegistryError, RequestId, Revision, Sex,
    SocialInsuranceNumber, Source, SourceKey,
};

/// A person to look up or to authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The item's own dossier.
    pub dossier: Option<Dossier>,
    /// Who it must be.
    pub claims: Claims,
}

/// A lookup message.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// How fresh.
    pub freshness: Freshness,
    /// How much is wanted; the permit has the last word.
    pub wanted: AttributeSet,
    /// Who.
    pub items: Vec<Result<Subject, Fault>>,
}

/// An authentication message.
#[derive(Clone, Debug)]
pub struct Authenticate {
    /// How fresh.
    pub freshness: Freshness,
    /// Who.
    pub items: Vec<Result<Subject, Fault>>,
}

/// A reconcile message.
#[derive(Clone, Debug)]
pub struct Reconcile {
    /// How fresh.
    pub freshness: Freshness,
    /// The agency's own rows.
    pub items: Vec<Result<Row, Fault>>,
}

/// An agency's own row: who it is about, and what it holds. What is `None` is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The row's own dossier.
    pub dossier: Option<Dossier>,
    /// Who; name and birth date are there.
    pub claims: Claims,
    /// Sex.
    pub sex: Option<Sex>,
    /// Old number.
    pub legacy_id: Option<LegacyId>,
    /// Current residence.
    pub current_residence: Option<Place>,
    /// Permanent residence.
    pub permanent_residence: Option<Place>,
    /// Marital status.
    pub marital_status: Option<MaritalStatus>,
    /// Social insurance number.
    pub social_insurance: Option<SocialInsuranceNumber>,
    /// Day of death.
    pub died_on: Option<CivilDate>,
}

/// A push message.
#[derive(Clone, Debug)]
pub struct Push {
    /// SHA-256 of the body without its request id.
    pub digest: [u8; 32],
    /// The life events.
    pub items: Vec<Result<LifeEvent, Fault>>,
}

/// A life event as it was sent; with the permit's agency it makes a [`crate::ChangeRecord`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifeEvent {
    /// The agency's name of its database.
    pub source: SourceKey,
    /// The record there.
    pub record_id: SourceKey,
    /// Its version there.
    pub record_version: u64,
    /// About whom.
    pub personal_id: PersonalId,
    /// The name claimed.
    pub name: PersonName,
    /// The birth date claimed.
    pub birth: BirthDate,
    /// What happened.
    pub event: ChangeEvent,
    /// A digest of all of the above.
    pub digest: [u8; 16],
}

/// An answered message.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// The request's own id.
    pub request_id: RequestId,
    /// Up to which change it is true.
    pub revision: Revision,
    /// The slowest source that any item needed; `None` where nothing was read.
    pub source: Option<Source>,
    /// Where its entries are.
    pub receipt: Receipt,
    /// One an item, in order.
    pub items: Vec<T>,
}

impl<T> Answer<T> {
    /// The same answer with other items.
    pub fn with_items<U>(self, items: Vec<U>) -> Answer<U> {
        Answer {
            request_id: self.request_id,
            revision: self.revision,
            source: self.source,
            receipt: self.receipt,
            items,
        }
    }
}

/// How one lookup ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupResult {
    /// The person; `deceased` where the death is recorded.
    Found {
        /// The record.
        citizen: Arc<Citizen>,
        /// What of it may leave.
        attributes: AttributeSet,
        /// How closely the name agrees.
        agreement: Agreement,
        /// Whether the outcome is DECEASED.
        deceased: bool,
    },
    /// No match; the cause only where it may be told.
    NoMatch(Option<NoMatchCause>),
    /// Two people.
    Ambiguous,
    /// Not answered, not recorded.
    Malformed(Fault),
    /// Not judged, not recorded: too many claims about the number failed. How long to wait.
    Withheld(Duration),
}

/// How one authentication ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthenticateResult {
    /// The claims are true of one person; `deceased` where the death is recorded.
    Match {
        /// The version of the record.
        version: u32,
        /// How closely the name agrees.
        agreement: Agreement,
        /// Whether the outcome is DECEASED.
        deceased: bool,
    },
    /// No match; the cause only where it may be told.
    NoMatch(Option<NoMatchCause>),
    /// Two people.
    Ambiguous,
    /// Not answered, not recorded.
    Malformed(Fault),
    /// Not judged, not recorded: too many claims about the number failed. How long to wait.
    Withheld(Duration),
}

/// How one row compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReconcileResult {
    /// All that the row holds agrees.
    InStep {
        /// The version of the record.
        version: u32,
    },
    /// The same person, and these attributes differ.
    Differs {
        /// The record.
        citizen: Arc<Citizen>,
        /// What differs.
        differing: AttributeSet,
        /// What of the registry's values may leave: a part of `differing`.
        given: AttributeSet,
    },
    /// No match; the cause only where it may be told.
    NoMatch(Option<NoMatchCause>),
    /// Two people.
    Ambiguous,
    /// The number stood earlier in the message.
    DuplicateInSource,
    /// Malformed, counted and recorded.
    Invalid(Fault),
}

/// How one life event ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushResult {
    /// It was decided.
    Settled(ChangeOutcome),
    /// Malformed, counted and recorded.
    Invalid(Fault),
}

/// Why a message as a whole was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub reason: Reason,
    /// The fields at fault, of a malformed message.
    pub faults: Vec<Fault>,
    /// The quota that is used up, where one is.
    pub quota: Option<Quota>,
    /// How long to wait, where that is known of this failure.
    pub retry_after: Option<Duration>,
}

/// A quota that is used up: how many items a period it holds, and when there are some again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Items a period.
    pub limit: u32,
    /// The period.
    pub per: Period,
    /// How long to wait; `None` where waiting does not help, as on a day that the caller names.
    pub retry_after: Option<Duration>,
}

/// What a quota is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A second.
    Second,
    /// A day of Asia/Ho_Chi_Minh.
    Day,
}

impl Failure {
    /// A failure without fields.
    pub const fn new(reason: Reason) -> Self {
        Self {
            reason,
            faults: Vec::new(),
            quota: None,
            retry_after: None,
        }
    }

    /// A message for which its agency has no items left.
    pub const fn exceeding(quota: Quota) -> Self {
        Self {
            reason: match quota.per {
                Period::Second => Reason::QuotaExceeded,
                Period::Day => Reason::DailyQuotaExceeded,
            },
            faults: Vec::new(),
            quota: Some(quota),
            retry_after: quota.retry_after,
        }
    }

    /// An item whose claims are not judged before so long, because too many about its number failed.
    pub const fn withheld(wait: Duration) -> Self {
        Self {
            reason: Reason::GuessLimitExceeded,
            faults: Vec::new(),
            quota: None,
            retry_after: Some(wait),
        }
    }

    /// A malformed message: the first fault gives the reason.
    pub fn malformed(faults: Vec<Fault>) -> Self {
        let reason = faults.first().map_or(Reason::FieldInvalid, |f| f.reason);
        Self {
            reason,
            faults,
            quota: None,
            retry_after: None,
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self {
            reason: fault.reason,
            faults: vec![fault],
            quota: None,
            retry_after: None,
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::new(error.reason())
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self::new(match error {
            // Whoever tries again is given the answer of the other one.
            RecordError::Unavailable | RecordError::TakenOver => Reason::LedgerUnavailable,
            RecordError::Overloaded => Reason::Overloaded,
        })
    }
}
