//! The nouns and the rules of citizen identity verification.
//!
//! Here live the numbers, names and dates of people, what a record of the registry holds, how
//! claims are matched, who may ask what, how a change takes effect, and the *ports*: what the
//! verbs need of the world. Not here: I/O of any kind, runtimes, protobuf, SQL, the wall clock.

mod agency;
mod attributes;
mod change;
mod citizen;
mod claims;
mod clock;
mod date;
mod directory;
mod fault;
mod freshness;
mod guesses;
mod ids;
mod letters;
mod message;
mod name;
mod outcome;
mod place;
mod ports;
mod reason;
mod record;
mod request;
mod revision;
mod volume;

pub use agency::{Agency, AgencyCode, AgencyKind, Credential, Licence, Patterns, Validity};
pub use attributes::{Attribute, AttributeSet};
pub use change::{
    ChangeEvent, ChangeOutcome, ChangeRecord, Decision, EventKind, Prior, Rejection, decide,
};
pub use citizen::{
    BloodType, Citizen, MaritalStatus, RelationToHead, Relative, Sex, SocialInsuranceNumber,
};
pub use claims::{Claims, NoMatchCause, Verdict, match_claims};
pub use clock::{Clock, Day, EventDays, Timestamp};
pub use date::{BirthDate, CivilDate};
pub use directory::{Ask, Authentication, Directory, Permit, Refusal};
pub use fault::Fault;
pub use freshness::Freshness;
pub use guesses::{GuessLimits, Guessed};
pub use ids::{IdKey, LegacyId, PersonalId};
pub use message::{
    Answer, Authenticate, AuthenticateResult, Failure, LifeEvent, Lookup, LookupResult, Period,
    Push, PushResult, Quota, Reconcile, ReconcileResult, Row, Subject,
};
pub use name::{Agreement, PersonName};
pub use outcome::{Outcome, ServiceCode, Verb};
pub use place::{Detail, Place, Provinces};
pub use ports::{
    Applied, Asking, Candidates, ChangeFeed, ChangeNotice, Kept, Reading, Recorder, Registry,
    RegistryError, Source, VolumeKey, VolumeRow, Volumes, WriteSlot,
};
pub use reason::{ErrorClass, Reason};
pub use record::{ItemRecord, KeptAnswer, MessageRecord, Receipt, RecordError, WriterId};
pub use request::{
    Dossier, OfficerId, ProcedureCode, Purpose, PurposeSet, RequestContext, RequestId, SourceKey,
    UnitCode,
};
pub use revision::{NationId, Revision};
pub use volume::{VolumeTotals, VolumesQuery};
