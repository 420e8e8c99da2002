//! What a core notes of a message: plain values of fixed size, which the writer makes frames of.

use std::time::{Duration, Instant};

use dancu_domain::{
    AgencyCode, Agreement, AttributeSet, ChangeEvent, Day, Fault, Freshness, IdKey, Outcome,
    PersonalId, ProcedureCode, Purpose, Reason,
};

use crate::grpc::method::Method;

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    /// When its reading began.
    pub(crate) at: Instant,
    /// From there to its answer.
    pub(crate) took: Duration,
    /// How it was asked.
    pub(crate) manner: Manner,
    /// Of a push, the keyed hash of agency and request id.
    pub(crate) request: u64,
    /// Why it was not answered.
    pub(crate) reason: Option<Reason>,
    /// Up to which change the answer is true; of a push that took effect, its last change.
    pub(crate) revision: u64,
    /// How many items it had.
    pub(crate) count: u32,
    /// Its items; none where it was neither answered nor refused.
    pub(crate) page: Page,
}

/// How a message was asked: what many of one caller have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
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
    pub(crate) procedure: Option<[u8; ProcedureCode::PUBLISHED]>,
    /// Whether a dossier was named.
    pub(crate) dossier: bool,
    /// How fresh the answer had to be.
    pub(crate) freshness: FreshNote,
    /// What a lookup wanted.
    pub(crate) wanted: AttributeSet,
    /// The day under which it is counted, where the caller named one.
    pub(crate) event_day: Option<Day>,
}

/// How fresh an answer had to be, without the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FreshNote {
    /// Nothing was asked for.
    Any,
    /// At least as fresh as a token.
    AtLeast,
    /// As of the moment of asking.
    Consistent,
}

impl From<Freshness> for FreshNote {
    fn from(freshness: Freshness) -> Self {
        match freshness {
            Freshness::MinimizeLatency => Self::Any,
            Freshness::AtLeast(_) => Self::AtLeast,
            Freshness::FullyConsistent => Self::Consistent,
        }
    }
}

/// How a name was claimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum NameNote {
    /// It was, and no more is known.
    #[default]
    Claimed,
    /// It was not.
    None,
    /// It agreed.
    Exact,
    /// It agreed but for the place of a tone mark.
    TonePlacement,
    /// It agreed without diacritics.
    Unaccented,
}

impl From<Agreement> for NameNote {
    fn from(agreement: Agreement) -> Self {
        match agreement {
            Agreement::Exact => Self::Exact,
            Agreement::TonePlacement => Self::TonePlacement,
            Agreement::Unaccented => Self::Unaccented,
        }
    }
}

/// How much of a birth date was claimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
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

/// An item: whom it was about, and in what it is like many others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ItemNote {
    key: u64,
    /// What it was and how it ended.
    pub(crate) kind: Kind,
}

/// A message of a thousand items is copied and read once more for the recording, so an item is small.
const _: () = assert!(size_of::<ItemNote>() == 16);

/// What an item was and how it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The version of the record, where the answer tells it.
    pub(crate) version: u32,
    /// How it ended; none of a malformed item without an outcome.
    pub(crate) outcome: Option<Outcome>,
    /// The name.
    pub(crate) name: NameNote,
    /// The birth date.
    pub(crate) birth: BirthNote,
    marks: u8,
}

/// The item named a dossier of its own.
const DOSSIER: u8 = 1;
/// The number was the old one.
const LEGACY: u8 = 2;
/// Stands for the number of an item that has none.
const NO_KEY: u64 = u64::MAX;

impl ItemNote {
    /// A malformed item.
    pub(crate) const MALFORMED: Self = Self {
        key: NO_KEY,
        kind: Kind {
            version: 0,
            outcome: None,
            name: NameNote::Claimed,
            birth: BirthNote::None,
            marks: 0,
        },
    };

    /// An item about whoever has a number.
    pub(crate) fn of(key: IdKey, name: NameNote, birth: BirthNote, dossier: bool) -> Self {
        let legacy = matches!(key, IdKey::Legacy(_));
        let marks = if dossier { DOSSIER } else { 0 } | if legacy { LEGACY } else { 0 };
        Self {
            key: key.packed(),
            kind: Kind {
                name,
                birth,
                marks,
                ..Kind::default()
            },
        }
    }

    /// The packed number asked about; none of a malformed item.
    pub(crate) const fn key(&self) -> Option<u64> {
        if self.key == NO_KEY {
            None
        } else {
            Some(self.key)
        }
    }

    /// Takes note of who was found: the old number does not say it.
    pub(crate) fn is_about(&mut self, holder: PersonalId) {
        if self.kind.legacy() {
            self.key = IdKey::Personal(holder).packed();
        }
    }

    /// Takes note of how closely the name agreed, where one was claimed.
    pub(crate) fn agreed(&mut self, agreement: Agreement) {
        if self.kind.name == NameNote::Claimed {
            self.kind.name = agreement.into();
        }
    }
}

impl Kind {
    /// Whether the item named a dossier of its own.
    pub(crate) const fn dossier(&self) -> bool {
        self.marks & DOSSIER != 0
    }

    /// Whether the number was the old one.
    pub(crate) const fn legacy(&self) -> bool {
        self.marks & LEGACY != 0
    }

    /// All of it in one number.
    pub(crate) fn bits(&self) -> u64 {
        let outcome = self.outcome.map_or(0, Outcome::code);
        let small = [outcome, self.name as u8, self.birth as u8, self.marks];
        u64::from(self.version) << 32 | u64::from(u32::from_le_bytes(small))
    }
}

/// The items of a message.
#[derive(Clone, Debug)]
pub(crate) enum Items {
    /// The only one.
    One(ItemNote),
    /// Several, or none.
    Many(Vec<ItemNote>),
}

impl Items {
    /// All of them.
    pub(crate) fn all(&self) -> &[ItemNote] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Many(items) => items,
        }
    }

    /// All of them, to be completed.
    pub(crate) fn all_mut(&mut self) -> &mut [ItemNote] {
        match self {
            Self::One(item) => std::slice::from_mut(item),
            Self::Many(items) => items,
        }
    }
}

/// The items of a message, and what is to be said of few of them.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// The items.
    pub(crate) items: Items,
    /// Of a reconcile, a row an item.
    pub(crate) rows: Vec<RowNote>,
    /// What only some have, by the place of the item.
    pub(crate) rare: Vec<(u32, Rare)>,
}

/// What a row held, and what of it differed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowNote {
    pub(crate) held: AttributeSet,
    pub(crate) differed: AttributeSet,
}

/// What only some items have.
#[derive(Clone, Debug)]
pub(crate) enum Rare {
    /// Why it was malformed.
    Fault(Fault),
    /// The event that it pushes.
    Event(EventNote),
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

impl Page {
    /// No items.
    pub(crate) const fn empty() -> Self {
        Self {
            items: Items::Many(Vec::new()),
            rows: Vec::new(),
            rare: Vec::new(),
        }
    }

    /// Items as they were parsed, each noted by `note`.
    pub(crate) fn of<T>(items: &[Result<T, Fault>], note: impl Fn(&T) -> ItemNote) -> Self {
        let mut rare = Vec::new();
        let one = |(nth, item): (u32, &Result<T, Fault>)| match item {
            Ok(item) => note(item),
            Err(fault) => {
                rare.push((nth, Rare::Fault(fault.clone())));
                ItemNote::MALFORMED
            }
        };
        let mut noted = (0..).zip(items).map(one);
        let items = match (items.len(), noted.next()) {
            (1, Some(only)) => Items::One(only),
            (many, first) => {
                let mut all = Vec::with_capacity(many);
                all.extend(first);
                all.extend(noted);
                Items::Many(all)
            }
        };
        Self {
            items,
            rows: Vec::new(),
            rare,
        }
    }
}
