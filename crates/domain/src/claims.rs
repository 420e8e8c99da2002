//! What a caller claims about a person, and whether the registry agrees.

use std::sync::Arc;

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

/// Holds the claims against everybody who has the number.
///
/// A number alone matches the one person who has it. Claims are compared for every candidate to
/// the end, so that the work does not tell which of them failed.
pub fn match_claims(candidates: &[Arc<Citizen>], claims: &Claims) -> Verdict {
    let mut matched: Option<(&Arc<Citizen>, Agreement)> = None;
    let (mut matches, mut cause) = (0, NoMatchCause::Unknown);
    for citizen in candidates {
        let agreement = match &claims.name {
            None => Some(Agreement::Exact),
            Some(name) => citizen.name.agreement(name),
        };
        let birth_agrees = claims.birth.is_none_or(|birth| citizen.birth.agrees(birth));
        match agreement {
            Some(agreement) if birth_agrees && !citizen.locked => {
                matches += 1;
                matched = Some((citizen, agreement));
            }
            _ if citizen.locked => cause = NoMatchCause::Locked,
            None => cause = NoMatchCause::Name,
            Some(_) => cause = NoMatchCause::Birth,
        }
    }
    match (matches, matched) {
        (1, Some((citizen, agreement))) if citizen.died_on.is_some() => {
            Verdict::Deceased(Arc::clone(citizen), agreement)
        }
        (1, Some((citizen, agreement))) => Verdict::Match(Arc::clone(citizen), agreement),
        (0, _) | (_, None) => Verdict::NoMatch(cause),
        _ => Verdict::Ambiguous,
    }
}
