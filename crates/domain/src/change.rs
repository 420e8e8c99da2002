//! Life events, and the rule by which a change takes effect.

use crate::outcome::coded;
use crate::{
    AgencyCode, BirthDate, Citizen, CivilDate, Outcome, PersonName, PersonalId, Place, SourceKey,
};

coded! {
    /// The kinds of life events that an authority may report.
    EventKind {
        /// Thay đổi nơi ở hiện tại, by the police.
        ResidenceChange = 1, "RESIDENCE_CHANGE";
        /// Khai tử, by justice.
        Death = 2, "DEATH";
    }
}

coded! {
    /// Why an event was not taken.
    Rejection {
        /// Nobody has the number, or the claims do not agree, or the record is locked.
        NoMatch = 1, "NO_MATCH";
        /// The agency is not the authority for such events.
        NotTheAuthority = 2, "NOT_THE_AUTHORITY";
        /// The event would lie before the person's birth.
        BeforeBirth = 3, "BEFORE_BIRTH";
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ChangeEvent {
    /// The person lives elsewhere from `since` on.
    Residence {
        /// The new current residence.
        place: Place,
        /// The first day there.
        since: CivilDate,
    },
    /// The person died.
    Death {
        /// The day of death.
        on: CivilDate,
    },
}

impl ChangeEvent {
    /// Its kind.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Residence { .. } => EventKind::ResidenceChange,
            Self::Death { .. } => EventKind::Death,
        }
    }

    /// The day on which it took place.
    pub const fn on(&self) -> CivilDate {
        match self {
            Self::Residence { since, .. } => *since,
            Self::Death { on } => *on,
        }
    }
}

/// One life event as an authority sends it. (agency, source, record id, record version) has one
/// effect for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRecord {
    /// Who sent it.
    pub agency: AgencyCode,
    /// The agency's own name of the database that the record comes from.
    pub source: SourceKey,
    /// The record's id there.
    pub record_id: SourceKey,
    /// The record's version there.
    pub record_version: u64,
    /// About whom.
    pub personal_id: PersonalId,
    /// The name claimed.
    pub name: PersonName,
    /// The birth date claimed.
    pub birth: BirthDate,
    /// What happened.
    pub event: ChangeEvent,
    /// A digest of all of the above, by which the same content is known again.
    pub digest: [u8; 16],
}

/// What is known of a record's source key before it is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Prior {
    /// The effect of this very version, if it had one: digest, revision number, and the version
    /// of the citizen that it made.
    pub same: Option<([u8; 16], u64, u32)>,
}

/// How a record is to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It makes this record of the citizen.
    Apply(Box<Citizen>),
    /// It ends without an effect.
    Settle(ChangeOutcome),
}

/// How a record ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeOutcome {
    /// It took effect now.
    Applied {
        /// The number of the change.
        number: u64,
        /// The version of the citizen that it made.
        version: u32,
    },
    /// It had taken effect before.
    AlreadyApplied {
        /// The number of the change then.
        number: u64,
        /// The version of the citizen that it made then.
        version: u32,
    },
    /// A later event of its kind, or the same one under another key, is in effect.
    Stale,
    /// The same key came before with another content.
    Conflict,
    /// It is not taken.
    Rejected(Rejection),
}

impl ChangeOutcome {
    /// The outcome that is counted.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Applied { .. } => Outcome::Applied,
            Self::AlreadyApplied { .. } => Outcome::AlreadyApplied,
            Self::Stale => Outcome::Stale,
            Self::Conflict => Outcome::Conflict,
            Self::Rejected(_) => Outcome::Rejected,
        }
    }
}

/// Decides one record against the citizen as he is and what its source sent before.
///
/// Residence and death are registers of their own. In each the event with the latest day stands,
/// and of two residences from one day on the one that [`Place`] orders last: whatever order the
/// events arrive in, with whatever repeated, they end in the same record. For the same reason a
/// record's version plays no part beyond its key: a correction to an earlier day is STALE, as it
/// would be had it come first.
pub fn decide(citizen: Option<&Citizen>, record: &ChangeRecord, prior: Prior) -> Decision {
    let settle = Decision::Settle;
    if let Some((digest, number, version)) = prior.same {
        return settle(if digest == record.digest {
            ChangeOutcome::AlreadyApplied { number, version }
        } else {
            ChangeOutcome::Conflict
        });
    }
    let Some(citizen) = citizen.filter(|c| {
        !c.locked && c.name.agreement(&record.name).is_some() && c.birth.agrees(record.birth)
    }) else {
        return settle(ChangeOutcome::Rejected(Rejection::NoMatch));
    };
    if record.event.on() < citizen.birth.earliest() {
        return settle(ChangeOutcome::Rejected(Rejection::BeforeBirth));
    }
    let later = match &record.event {
        ChangeEvent::Residence { place, since } => {
            (*since, place) > (citizen.resident_since, &citizen.current_residence)
        }
        ChangeEvent::Death { on } => citizen.died_on.is_none_or(|died| *on > died),
    };
    if !later {
        return settle(ChangeOutcome::Stale);
    }
    let mut next = citizen.clone();
    next.version += 1;
    match &record.event {
        ChangeEvent::Residence { place, since } => {
            next.current_residence = place.clone();
            next.resident_since = *since;
        }
        ChangeEvent::Death { on } => next.died_on = Some(*on),
    }
    Decision::Apply(Box::new(next))
}
