//! The step that all reading verbs share: one read, and claims held against what it found.

use dancu_domain::{
    Candidates, Claims, Failure, Fault, Freshness, IdKey, NoMatchCause, Permit, Reason, Registry,
    Revision, Source, Subject, Verb, Verdict, match_claims,
};

/// What a read found, checked to be an answer to what was asked.
pub(crate) struct Found {
    /// Who has each number, in the order of the keys.
    pub(crate) candidates: std::vec::IntoIter<Candidates>,
    /// Up to which change it is true.
    pub(crate) revision: Revision,
    /// The slowest source; `None` where no key was asked for.
    pub(crate) source: Option<Source>,
}

/// Reads everybody who has these numbers, at one revision. Without keys only the revision is read.
///
/// A reading that is not one entry a key, or that holds somebody without the number asked for, is
/// a defect and answers nothing.
pub(crate) async fn read<R: Registry>(
    registry: &R,
    keys: &[IdKey],
    freshness: Freshness,
) -> Result<Found, Failure> {
    let reading = registry.read(keys, freshness).await?;
    let belongs = reading.candidates.len() == keys.len()
        && keys
            .iter()
            .zip(&reading.candidates)
            .all(|(key, found)| found.citizens().iter().all(|citizen| citizen.has(*key)));
    if !belongs {
        return Err(Failure::new(Reason::Internal));
    }
    Ok(Found {
        candidates: reading.candidates.into_iter(),
        revision: reading.revision,
        source: (!keys.is_empty()).then_some(reading.source),
    })
}

/// The items of a message with their verdicts, in their places.
pub(crate) struct Matched {
    /// A verdict for each item that was well formed.
    pub(crate) items: Vec<Result<(Subject, Verdict), Fault>>,
    /// Up to which change the verdicts are true.
    pub(crate) revision: Revision,
    /// The slowest source that any item needed.
    pub(crate) source: Option<Source>,
}

/// Reads and matches all subjects of a message.
pub(crate) async fn match_subjects<R: Registry>(
    registry: &R,
    freshness: Freshness,
    items: Vec<Result<Subject, Fault>>,
    number_alone: bool,
) -> Result<Matched, Failure> {
    let mut keys = Vec::with_capacity(items.len());
    let mut judged = Vec::with_capacity(items.len());
    for item in items {
        let item = item.and_then(|subject| {
            if !number_alone {
                complete(&subject.claims)?;
            }
            Ok(subject)
        });
        keys.extend(item.as_ref().map(|subject| subject.claims.key));
        judged.push(item);
    }
    let mut found = read(registry, &keys, freshness).await?;
    let mut matched = Vec::with_capacity(judged.len());
    for item in judged {
        matched.push(match item {
            Ok(subject) => {
                let candidates = found
                    .candidates
                    .next()
                    .ok_or_else(|| Failure::new(Reason::Internal))?;
                let verdict = match_claims(candidates.citizens(), &subject.claims);
                Ok((subject, verdict))
            }
            Err(fault) => Err(fault),
        });
    }
    Ok(Matched {
        items: matched,
        revision: found.revision,
        source: found.source,
    })
}

/// Whether claims carry the name and the birth date that must belong to their number.
pub(crate) fn complete(claims: &Claims) -> Result<(), Fault> {
    let missing = |field| Err(Fault::new(field, Reason::FieldRequired));
    if claims.name.is_none() {
        return missing("claims.full_name");
    }
    if claims.birth.is_none() {
        return missing("claims.birth_date");
    }
    Ok(())
}

/// The cause of a NO_MATCH as far as this caller is told: any of them with `debug`, and of an
/// authentication with `explain` the claim that failed.
pub(crate) fn told(permit: &Permit, cause: NoMatchCause) -> Option<NoMatchCause> {
    let explained = permit.verb() == Verb::Authenticate
        && permit.explain()
        && matches!(cause, NoMatchCause::Name | NoMatchCause::Birth);
    (permit.debug() || explained).then_some(cause)
}
