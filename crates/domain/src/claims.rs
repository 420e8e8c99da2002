//! What a caller claims about a person, and whether the registry agrees.

use std::hint::black_box;
use std::iter::repeat_n;
use std::sync::Arc;

use crate::name::compare;
use crate::{Agreement, BirthDate, Citizen, IdKey, PersonName};

/// A number, with the name and birth date that must belong to it.
///
/// Name and birth date may be missing only for a licence that grants lookups by number alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The number claimed.
    pub key: IdKey,
    /// The name claimed.
    pub name: Option<PersonName>,
    /// The birth date claimed, as far as it is known.
    pub birth: Option<BirthDate>,
}

/// What the claims came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One person, alive as far as the registry knows.
    Match(Arc<Citizen>, Agreement),
    /// One person, whose death is recorded.
    Deceased(Arc<Citizen>, Agreement),
    /// Two people have this old number, this name and this birth date.
    Ambiguous,
    /// Nobody, or somebody of whom the claims are not true, or somebody locked.
    NoMatch(NoMatchCause),
}

/// Why there was no match: for callers with a sandbox credential that carries `debug`, and, of
/// the last two, for a licence with `explain`. Nobody else is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoMatchCause {
    /// No record has the number.
    Unknown,
    /// The record is locked.
    Locked,
    /// The name does not agree.
    Name,
    /// The birth date does not agree.
    Birth,
}

impl NoMatchCause {
    /// How near the claims came to a match: of two people, the cause of the nearer one is told.
    const fn nearness(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Name => 1,
            Self::Birth => 2,
            Self::Locked => 3,
        }
    }
}

/// Whose name a claim is held against where nobody has the number.
const NOBODY: &str = "Nguyễn Thị Thu Hiền";

/// Holds the claims against everybody who has the number.
///
/// A number alone matches the one person who has it. Unless one person is met at once, names are
/// compared to the end as often as the number may have people, with nobody's name where there are
/// fewer: the work tells neither who is there nor which claim failed.
pub fn match_claims(candidates: &[Arc<Citizen>], claims: &Claims) -> Verdict {
    let true_of_birth =
        |citizen: &Citizen| claims.birth.is_none_or(|birth| citizen.birth.agrees(birth));
    if let [citizen] = candidates
        && claims
            .name
            .as_ref()
            .is_none_or(|name| *name == citizen.name)
        && true_of_birth(citizen)
        && !citizen.locked
    {
        return one(citizen, Agreement::Exact);
    }
    let mut matched = None;
    let mut cause = NoMatchCause::Unknown;
    for candidate in places(candidates, claims.key) {
        let recorded = candidate.map_or(NOBODY, |citizen| citizen.name.text());
        let agreement = match &claims.name {
            None => Some(Agreement::Exact),
            Some(name) => black_box(compare(recorded, name.text())),
        };
        let Some(citizen) = candidate else { continue };
        let failed = match agreement {
            _ if citizen.locked => NoMatchCause::Locked,
            None => NoMatchCause::Name,
            Some(_) if !true_of_birth(citizen) => NoMatchCause::Birth,
            Some(_) if matched.is_some() => return Verdict::Ambiguous,
            Some(agreement) => {
                matched = Some((citizen, agreement));
                continue;
            }
        };
        if failed.nearness() > cause.nearness() {
            cause = failed;
        }
    }
    match matched {
        Some((citizen, agreement)) => one(citizen, agreement),
        None => Verdict::NoMatch(cause),
    }
}

/// Everybody who has the number, and nobody in the places of those whom it might have as well.
fn places(candidates: &[Arc<Citizen>], key: IdKey) -> impl Iterator<Item = Option<&Arc<Citizen>>> {
    let most: usize = match key {
        IdKey::Personal(_) => 1,
        IdKey::Legacy(_) => 2,
    };
    let empty = most.saturating_sub(candidates.len());
    candidates.iter().map(Some).chain(repeat_n(None, empty))
}

fn one(citizen: &Arc<Citizen>, agreement: Agreement) -> Verdict {
    let citizen = Arc::clone(citizen);
    if citizen.died_on.is_some() {
        Verdict::Deceased(citizen, agreement)
    } else {
        Verdict::Match(citizen, agreement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LegacyId, PersonalId};

    #[test]
    fn an_absent_person_costs_as_many_comparisons_as_one_who_is_there() {
        let (twelve, nine) = (PersonalId::from_digits(1), LegacyId::from_digits(1));
        let keys = [
            (twelve.map(IdKey::Personal), 1),
            (nine.map(IdKey::Legacy), 2),
        ];
        for (key, most) in keys {
            let key = key.expect("the digits are few enough");
            assert_eq!(places(&[], key).filter(Option::is_none).count(), most);
        }
    }
}
