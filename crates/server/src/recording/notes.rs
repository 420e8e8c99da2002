//! What a core notes of a message: plain values, which the writer makes frames of.

use std::time::{Duration, Instant};

use dancu_domain::{
    AgencyCode, Agreement, AttributeSet, ChangeEvent, Fault, Freshness, IdKey, Outcome, PersonalId,
    Purpose, Reason,
};

use crate::grpc::method::Method;

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    /// When its reading began.
    pub(crate) at: Instant,
    /// From there to its answer.
    pub(crate) took: Duration,
    /// The method.
    pub(crate) method: Method,
    /// Who asked.
    pub(crate) agency: AgencyCode,
    /// Why.
    pub(crate) purpose: Purpose,
    /// Whether an officer was named.
    pub(crate) officer: bool,
    /// Whether a procedure was named.
    pub(crate) has_procedure: bool,
    /// The procedure, where it has the form of the published ones.
    pub(crate) procedure: Option<[u8; PROCEDURE]>,
    /// Whether a dossier was named.
    pub(crate) dossier: bool,
    /// How fresh the answer had to be.
    pub(crate) freshness: Freshness,
    /// What a lookup wanted.
    pub(crate) wanted: AttributeSet,
    /// Of a push, the keyed hash of agency and request id.
    pub(crate) request: u64,
    /// Why it was not answered.
    pub(crate) reason: Option<Reason>,
    /// Up to which change the answer is true; of a push that took effect, its last change.
    pub(crate) revision: u64,
    /// How many items it had.
    pub(crate) count: u32,
    /// How many of the items that lie beside are its own.
    pub(crate) items: u32,
}

/// Bytes of a published procedure code, such as `1.004222`.
pub(crate) const PROCEDURE: usize = 8;

/// The code, where it has the form of the published ones, into which no number of a person fits.
pub(crate) fn published(code: &str) -> Option<[u8; PROCEDURE]> {
    let bytes: [u8; PROCEDURE] = code.as_bytes().try_into().ok()?;
    let digit = |place: usize| bytes[place].is_ascii_digit();
    (digit(0) && bytes[1] == b'.' && (2..PROCEDURE).all(digit)).then_some(bytes)
}

/// How a name was claimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NameNote {
    /// It was, and no more is known.
    #[default]
    Claimed,
    /// It was not.
    None,
    /// It agreed.
    Agreed(Agreement),
}

/// How much of a birth date was claimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BirthNote {
    /// Nothing.
    #[default]
    None,
    /// The year.
    Year,
    /// Year and month.
    Month,
    /// All of it.
    Day,
}

/// An item.
#[derive(Clone, Debug, Default)]
pub(crate) struct ItemNote {
    /// The number asked about; none of a malformed item.
    pub(crate) key: Option<IdKey>,
    /// Who was found under it, where the answer says so.
    pub(crate) holder: Option<PersonalId>,
    /// The name.
    pub(crate) name: NameNote,
    /// The birth date.
    pub(crate) birth: BirthNote,
    /// Whether it named a dossier of its own.
    pub(crate) dossier: bool,
    /// How it ended; none of a malformed item without an outcome.
    pub(crate) outcome: Option<Outcome>,
    /// The version of the record, where the answer tells it.
    pub(crate) version: u32,
    /// The number of the change that it made.
    pub(crate) change: Option<u64>,
    /// What a row held.
    pub(crate) held: AttributeSet,
    /// What of it differed.
    pub(crate) differed: AttributeSet,
    /// Why it was malformed.
    pub(crate) fault: Option<Box<Fault>>,
    /// Of a push, the event.
    pub(crate) event: Option<Box<EventNote>>,
}

/// A life event.
#[derive(Clone, Debug)]
pub(crate) struct EventNote {
    /// What happened.
    pub(crate) event: ChangeEvent,
    /// The keyed hash of agency, source and record id.
    pub(crate) record: u64,
    /// The version at the source.
    pub(crate) version: u64,
}

/// Messages that were not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// When the first of them ended.
    pub(crate) from: Instant,
    /// When the last of them ended.
    pub(crate) to: Instant,
    /// How many.
    pub(crate) messages: u64,
    /// Items in them.
    pub(crate) items: u64,
}

/// What a core hands over at once: messages, their items one behind the other, and what was lost
/// before them.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) lost: Option<Lost>,
    pub(crate) notes: Vec<Note>,
    pub(crate) items: Vec<ItemNote>,
}

impl Sheet {
    pub(crate) fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.lost.is_none()
    }

    /// How full it is.
    pub(crate) fn entries(&self) -> usize {
        self.notes.len() + self.items.len()
    }

    /// Its messages from a place on, as messages that were lost.
    pub(crate) fn losing(&self, from: usize) -> Option<Lost> {
        let notes = self.notes.get(from..).unwrap_or_default();
        notes.iter().map(Lost::of).reduce(Lost::and)
    }
}

impl Lost {
    /// One message.
    pub(crate) fn of(note: &Note) -> Self {
        let ended = note.at + note.took;
        Self {
            from: ended,
            to: ended,
            messages: 1,
            items: note.count.into(),
        }
    }

    /// What is known of either, as one.
    pub(crate) fn either(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        }
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            from: self.from.min(other.from),
            to: self.to.max(other.to),
            messages: self.messages + other.messages,
            items: self.items + other.items,
        }
    }
}
