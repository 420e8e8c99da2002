//! What is noted of a verb's message before it is carried out, and of its results behind it.

use dancu_domain::{
    Agreement, Attribute, AttributeSet, Authenticate, AuthenticateResult, BirthDate, ChangeOutcome,
    Claims, Fault, Freshness, IdKey, LifeEvent, Lookup, LookupResult, Push, PushResult, Reconcile,
    ReconcileResult, Row, Subject,
};

use super::notebook::Hasher;
use super::notes::{BirthNote, EventNote, ItemNote, NameNote, Page, Rare, RowNote};

/// A verb's message, as far as it is noted.
pub(crate) trait Sketched {
    /// How fresh the answer must be, and what a lookup wants.
    fn wants(&self) -> (Freshness, AttributeSet);
    /// Its items, each as it was asked.
    fn page(&self, hasher: &Hasher<'_>) -> Page;
}

/// An item's result, as far as it is noted.
pub(crate) trait Noted {
    /// Adds to the note what the answer tells; what does not go into it.
    fn note(&self, item: &mut ItemNote) -> Beside<'_>;
}

/// What an answer tells that few items have.
pub(crate) enum Beside<'a> {
    /// Nothing more.
    Nothing,
    /// In what a row differed.
    Differed(AttributeSet),
    /// The number of the change that the item made.
    Change(u64),
    /// Why it was malformed.
    Fault(&'a Fault),
}

fn claimed(claims: &Claims, dossier: bool) -> ItemNote {
    let name = match claims.name {
        Some(_) => NameNote::Claimed,
        None => NameNote::None,
    };
    let birth = claims.birth.as_ref().map_or(BirthNote::None, birth);
    ItemNote::of(claims.key, name, birth, dossier)
}

const fn birth(birth: &BirthDate) -> BirthNote {
    match birth {
        BirthDate::Year(_) => BirthNote::Year,
        BirthDate::Month(..) => BirthNote::Month,
        BirthDate::Day(_) => BirthNote::Day,
    }
}

fn subject(subject: &Subject) -> ItemNote {
    claimed(&subject.claims, subject.dossier.is_some())
}

impl Sketched for Lookup {
    fn wants(&self) -> (Freshness, AttributeSet) {
        (self.freshness, self.wanted)
    }

    fn page(&self, _: &Hasher<'_>) -> Page {
        Page::of(&self.items, subject)
    }
}

impl Sketched for Authenticate {
    fn wants(&self) -> (Freshness, AttributeSet) {
        (self.freshness, AttributeSet::NONE)
    }

    fn page(&self, _: &Hasher<'_>) -> Page {
        Page::of(&self.items, subject)
    }
}

impl Sketched for Reconcile {
    fn wants(&self) -> (Freshness, AttributeSet) {
        (self.freshness, AttributeSet::NONE)
    }

    fn page(&self, _: &Hasher<'_>) -> Page {
        let row = |row: &Row| claimed(&row.claims, row.dossier.is_some());
        let held = |item: &Result<Row, Fault>| RowNote {
            held: item.as_ref().map_or(AttributeSet::NONE, held),
            differed: AttributeSet::NONE,
        };
        Page {
            rows: self.items.iter().map(held).collect(),
            ..Page::of(&self.items, row)
        }
    }
}

/// The attributes that a row holds beside its claims.
fn held(row: &Row) -> AttributeSet {
    let there = [
        (row.sex.is_some(), Attribute::Sex),
        (row.legacy_id.is_some(), Attribute::LegacyNumber),
        (row.current_residence.is_some(), Attribute::CurrentResidence),
        (
            row.permanent_residence.is_some(),
            Attribute::PermanentResidence,
        ),
        (row.marital_status.is_some(), Attribute::MaritalStatus),
        (row.social_insurance.is_some(), Attribute::SocialInsurance),
        (row.died_on.is_some(), Attribute::Death),
    ];
    let mut held = AttributeSet::NONE;
    for (_, attribute) in there.into_iter().filter(|(there, _)| *there) {
        held.insert(attribute);
    }
    held
}

impl Sketched for Push {
    fn wants(&self) -> (Freshness, AttributeSet) {
        (Freshness::MinimizeLatency, AttributeSet::NONE)
    }

    fn page(&self, hasher: &Hasher<'_>) -> Page {
        let claimed = |event: &LifeEvent| {
            let key = IdKey::Personal(event.personal_id);
            ItemNote::of(key, NameNote::Claimed, birth(&event.birth), false)
        };
        let mut page = Page::of(&self.items, claimed);
        for (nth, item) in (0..).zip(&self.items) {
            if let Ok(event) = item {
                let note = EventNote {
                    event: event.event.clone(),
                    record: hasher.of(&[event.source.text(), event.record_id.text()]),
                    version: event.record_version,
                };
                page.rare.push((nth, Rare::Event(note)));
            }
        }
        page
    }
}

impl Noted for LookupResult {
    fn note(&self, item: &mut ItemNote) -> Beside<'_> {
        match self {
            Self::Found {
                citizen, agreement, ..
            } => {
                item.is_about(citizen.personal_id);
                item.kind.version = citizen.version;
                item.agreed(*agreement);
                Beside::Nothing
            }
            Self::Malformed(fault) => Beside::Fault(fault),
            // What is withheld has no outcome, which is all that there is to note of it.
            Self::Withheld(_) | Self::NoMatch(_) | Self::Ambiguous => Beside::Nothing,
        }
    }
}

impl Noted for AuthenticateResult {
    fn note(&self, item: &mut ItemNote) -> Beside<'_> {
        match self {
            Self::Match {
                version, agreement, ..
            } => {
                item.kind.version = *version;
                item.agreed(*agreement);
                Beside::Nothing
            }
            Self::Malformed(fault) => Beside::Fault(fault),
            // What is withheld has no outcome, which is all that there is to note of it.
            Self::Withheld(_) | Self::NoMatch(_) | Self::Ambiguous => Beside::Nothing,
        }
    }
}

impl Noted for ReconcileResult {
    fn note(&self, item: &mut ItemNote) -> Beside<'_> {
        match self {
            Self::InStep { version } => {
                item.kind.version = *version;
                item.kind.name = Agreement::Exact.into();
                Beside::Nothing
            }
            Self::Differs {
                citizen, differing, ..
            } => {
                item.is_about(citizen.personal_id);
                item.kind.version = citizen.version;
                if !differing.has(Attribute::FullName) {
                    item.kind.name = Agreement::Exact.into();
                }
                Beside::Differed(*differing)
            }
            Self::Invalid(fault) => Beside::Fault(fault),
            Self::NoMatch(_) | Self::Ambiguous | Self::DuplicateInSource => Beside::Nothing,
        }
    }
}

impl Noted for PushResult {
    fn note(&self, item: &mut ItemNote) -> Beside<'_> {
        match self {
            Self::Settled(ChangeOutcome::Applied { number, version }) => {
                item.kind.version = *version;
                Beside::Change(*number)
            }
            Self::Settled(ChangeOutcome::AlreadyApplied { version, .. }) => {
                item.kind.version = *version;
                Beside::Nothing
            }
            Self::Settled(_) => Beside::Nothing,
            Self::Invalid(fault) => Beside::Fault(fault),
        }
    }
}
