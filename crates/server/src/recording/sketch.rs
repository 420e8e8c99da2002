//! What is noted of a verb's message before it is carried out, and of its results behind it.

use dancu_domain::{
    Attribute, AttributeSet, Authenticate, AuthenticateResult, BirthDate, ChangeOutcome, Claims,
    Fault, Freshness, LifeEvent, Lookup, LookupResult, Push, PushResult, Reconcile,
    ReconcileResult, Row, Subject,
};

use super::notebook::Hasher;
use super::notes::{BirthNote, EventNote, ItemNote, NameNote};

/// A verb's message, as far as it is noted.
pub(crate) trait Sketched {
    /// How fresh the answer must be, and what a lookup wants.
    fn wants(&self) -> (Freshness, AttributeSet);
    /// Its items, each as it was asked.
    fn items(&self, hasher: &Hasher<'_>) -> Vec<ItemNote>;
}

/// An item's result, as far as it is noted.
pub(crate) trait Noted {
    /// Adds to the note what the answer tells.
    fn note(&self, item: &mut ItemNote);
}

fn malformed(fault: &Fault) -> ItemNote {
    ItemNote {
        fault: Some(Box::new(fault.clone())),
        ..ItemNote::default()
    }
}

fn claimed(claims: &Claims) -> ItemNote {
    ItemNote {
        key: Some(claims.key),
        name: match claims.name {
            Some(_) => NameNote::Claimed,
            None => NameNote::None,
        },
        birth: match claims.birth {
            None => BirthNote::None,
            Some(BirthDate::Year(_)) => BirthNote::Year,
            Some(BirthDate::Month(..)) => BirthNote::Month,
            Some(BirthDate::Day(_)) => BirthNote::Day,
        },
        ..ItemNote::default()
    }
}

fn subject(item: &Result<Subject, Fault>) -> ItemNote {
    match item {
        Err(fault) => malformed(fault),
        Ok(subject) => ItemNote {
            dossier: subject.dossier.is_some(),
            ..claimed(&subject.claims)
        },
    }
}

impl Sketched for Lookup {
    fn wants(&self) -> (Freshness, AttributeSet) {
        (self.freshness, self.wanted)
    }

    fn items(&self, _: &Hasher<'_>) -> Vec<ItemNote> {
        self.items.iter().map(subject).collect()
    }
}

impl Sketched for Authenticate {
    fn wants(&self) -> (Freshness, AttributeSet) {
        (self.freshness, AttributeSet::NONE)
    }

    fn items(&self, _: &Hasher<'_>) -> Vec<ItemNote> {
        self.items.iter().map(subject).collect()
    }
}

impl Sketched for Reconcile {
    fn wants(&self) -> (Freshness, AttributeSet) {
        (self.freshness, AttributeSet::NONE)
    }

    fn items(&self, _: &Hasher<'_>) -> Vec<ItemNote> {
        let row = |item: &Result<Row, Fault>| match item {
            Err(fault) => malformed(fault),
            Ok(row) => ItemNote {
                dossier: row.dossier.is_some(),
                held: held(row),
                ..claimed(&row.claims)
            },
        };
        self.items.iter().map(row).collect()
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

    fn items(&self, hasher: &Hasher<'_>) -> Vec<ItemNote> {
        let event = |item: &Result<LifeEvent, Fault>| match item {
            Err(fault) => malformed(fault),
            Ok(event) => ItemNote {
                event: Some(Box::new(EventNote {
                    event: event.event.clone(),
                    record: hasher.of(&[event.source.text(), event.record_id.text()]),
                    version: event.record_version,
                })),
                ..claimed(&Claims {
                    key: dancu_domain::IdKey::Personal(event.personal_id),
                    name: None,
                    birth: Some(event.birth),
                })
            },
        };
        let mut items: Vec<ItemNote> = self.items.iter().map(event).collect();
        // A push always claims a name; it was not copied to find that out.
        for item in items.iter_mut().filter(|item| item.key.is_some()) {
            item.name = NameNote::Claimed;
        }
        items
    }
}

impl Noted for LookupResult {
    fn note(&self, item: &mut ItemNote) {
        match self {
            Self::Found {
                citizen, agreement, ..
            } => {
                item.holder = Some(citizen.personal_id);
                item.version = citizen.version;
                if item.name == NameNote::Claimed {
                    item.name = NameNote::Agreed(*agreement);
                }
            }
            Self::Malformed(fault) => item.fault = Some(Box::new(fault.clone())),
            Self::NoMatch(_) | Self::Ambiguous => {}
        }
    }
}

impl Noted for AuthenticateResult {
    fn note(&self, item: &mut ItemNote) {
        match self {
            Self::Match {
                version, agreement, ..
            } => {
                item.version = *version;
                if item.name == NameNote::Claimed {
                    item.name = NameNote::Agreed(*agreement);
                }
            }
            Self::Malformed(fault) => item.fault = Some(Box::new(fault.clone())),
            Self::NoMatch(_) | Self::Ambiguous => {}
        }
    }
}

impl Noted for ReconcileResult {
    fn note(&self, item: &mut ItemNote) {
        match self {
            Self::InStep { version } => {
                item.version = *version;
                item.name = NameNote::Agreed(dancu_domain::Agreement::Exact);
            }
            Self::Differs {
                citizen, differing, ..
            } => {
                item.holder = Some(citizen.personal_id);
                item.version = citizen.version;
                item.differed = *differing;
                if !differing.has(Attribute::FullName) {
                    item.name = NameNote::Agreed(dancu_domain::Agreement::Exact);
                }
            }
            Self::Invalid(fault) => item.fault = Some(Box::new(fault.clone())),
            Self::NoMatch(_) | Self::Ambiguous | Self::DuplicateInSource => {}
        }
    }
}

impl Noted for PushResult {
    fn note(&self, item: &mut ItemNote) {
        match self {
            Self::Settled(ChangeOutcome::Applied { number, version }) => {
                item.change = Some(*number);
                item.version = *version;
            }
            Self::Settled(ChangeOutcome::AlreadyApplied { version, .. }) => item.version = *version,
            Self::Settled(_) => {}
            Self::Invalid(fault) => item.fault = Some(Box::new(fault.clone())),
        }
    }
}
