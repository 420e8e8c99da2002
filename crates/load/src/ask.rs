//! A message as it was drawn: what goes out, and what must come back.

use std::sync::Arc;

use dancu_domain::{
    Agreement, AttributeSet, ChangeEvent, Citizen, CivilDate, Freshness, LegacyId, MaritalStatus,
    NoMatchCause, Place, Reason, Rejection, Sex, SocialInsuranceNumber, Verb,
};

use crate::callers::{Envelope, Standing};

/// One message of a verb.
#[derive(Clone, Debug)]
pub struct Message {
    /// The verb.
    pub verb: Verb,
    /// The request's own id.
    pub request_id: String,
    /// Who calls, and what he may see.
    pub standing: Arc<Standing>,
    /// The bearer key that goes with it; `None` sends none.
    pub key: Option<String>,
    /// The envelope.
    pub envelope: Envelope,
    /// How fresh; pushes do not say.
    pub freshness: Freshness,
    /// How much of a record is wanted; of lookups only.
    pub view: View,
    /// The items.
    pub items: Vec<Item>,
    /// What must become of it as a whole.
    pub end: End,
}

/// How much of a record a lookup wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// BASIC.
    Basic,
    /// FULL.
    Full,
    /// These fields, which are those of these attributes.
    Mask(&'static [&'static str], AttributeSet),
    /// A field of each of these attributes.
    Of(AttributeSet),
}

impl View {
    /// The attributes that it asks for.
    pub const fn wanted(self) -> AttributeSet {
        match self {
            Self::Basic => AttributeSet::BASIC,
            Self::Full => AttributeSet::all(),
            Self::Mask(_, wanted) | Self::Of(wanted) => wanted,
        }
    }
}

/// What must become of a message as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is answered, item by item.
    Answered,
    /// It fails with this reason, naming this field where there is one.
    Fails(Reason, Option<&'static str>),
}

/// One item of a message.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its own id.
    pub id: String,
    /// Its own dossier; empty for none.
    pub dossier: String,
    /// What is claimed.
    pub claims: ClaimText,
    /// What comes with the claims.
    pub body: Body,
    /// About whom it is.
    pub about: About,
    /// The lowest version that the reply may show.
    pub floor: u32,
    /// What must become of it.
    pub expect: Expect,
}

/// Claims as they are written.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ClaimText {
    /// The number.
    pub number: Number,
    /// The name.
    pub name: String,
    /// Year, month and day, 0 where they are not known.
    pub birth: Option<(i32, i32, i32)>,
}

impl std::fmt::Debug for ClaimText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimText(..)")
    }
}

/// A number as it is written.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Number {
    /// None is given.
    #[default]
    Missing,
    /// As a personal number.
    Personal(String),
    /// As a CMND.
    Legacy(String),
}

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Number(..)")
    }
}

/// What comes with the claims.
#[derive(Clone, Debug)]
pub enum Body {
    /// Nothing: they are looked up or authenticated.
    Claims,
    /// What an agency's own row holds.
    Row(Box<Held>),
    /// A life event.
    Event(Box<Event>),
}

/// What an agency's own row holds beside the claims.
#[derive(Clone, Debug, Default)]
pub struct Held {
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

/// A life event as it is written.
#[derive(Clone, Debug)]
pub struct Event {
    /// The agency's name of its database.
    pub source: String,
    /// The record's id there.
    pub record_id: String,
    /// The record's version there.
    pub record_version: i64,
    /// What happened; `None` is malformed.
    pub event: Option<ChangeEvent>,
}

/// About whom an item is.
#[derive(Clone, Debug)]
pub enum About {
    /// A citizen by index, with the record at version 0.
    Citizen(u64, Arc<Citizen>),
    /// A persona by its place in the list; personas are not pushed, so they stay as they are.
    Persona(usize, Arc<Citizen>),
    /// Nobody.
    Nobody,
}

impl About {
    /// The index of the citizen, where it is one.
    pub const fn index(&self) -> Option<u64> {
        match self {
            Self::Citizen(index, _) => Some(*index),
            Self::Persona(..) | Self::Nobody => None,
        }
    }
}

/// What must become of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The person, with a name that agrees so closely: FOUND, MATCH, IN_STEP or DIFFERS, or
    /// DECEASED, by the version in the reply.
    Person(Agreement),
    /// NO_MATCH; the cause is told to those who may know it.
    NoMatch(NoMatchCause),
    /// AMBIGUOUS.
    Ambiguous,
    /// Malformed: of a sync INVALID. The field is the end of the path.
    Malformed(Reason, &'static str),
    /// DUPLICATE_IN_SOURCE.
    Duplicate,
    /// APPLIED, making this version.
    Applied(u32),
    /// ALREADY_APPLIED, under this revision, which made this version.
    AlreadyApplied(u64, u32),
    /// STALE.
    Stale,
    /// CONFLICT.
    Conflict,
    /// REJECTED.
    Rejected(Rejection),
}
