//! Xác thực: claims in, a verdict out, no attribute.

use dancu_domain::{
    Answer, Authenticate, AuthenticateResult, Failure, Outcome, Permit, Recorder, Registry, Verb,
    Verdict,
};

use crate::matching::{Found, Sorted, Unjudged, asking, judge, read, sort, told};
use crate::recording::{Unrecorded, entry, permitted};

/// Judges the claims of every subject of a message.
///
/// Malformed items keep their places and have no entry; a number without name or birth date is
/// malformed unless the permit is for numbers alone. Neither have those whose number has to wait,
/// which are not read either. `each` is that of [`lookup`](crate::lookup).
pub fn authenticate<R: Registry, L: Recorder, T>(
    registry: &R,
    ledger: &L,
    permit: Permit,
    message: Authenticate,
    mut each: impl FnMut(AuthenticateResult) -> T,
) -> impl Future<Output = Result<Answer<T>, Failure>> {
    let Authenticate { items, freshness } = message;
    // No `async fn`, for the reason given at `lookup`.
    async move {
        permitted(&permit, Verb::Authenticate)?;
        let mut sorted = sort(items, permit.number_alone());
        // Kept until the entries are durable.
        let asking = asking(ledger, &permit, &mut sorted)?;
        let found = read(registry, &sorted.keys, freshness).await?;
        let unrecorded = settle(&permit, sorted, found, &mut each)?;
        let (record, unanswered) = unrecorded.record(permit);
        let recorded = ledger.record(record).await;
        drop(asking);
        unanswered.answer(recorded)
    }
}

/// Works out the results.
fn settle<T>(
    permit: &Permit,
    sorted: Sorted,
    found: Found,
    each: &mut impl FnMut(AuthenticateResult) -> T,
) -> Result<Unrecorded<T>, Failure> {
    let mut results = Vec::with_capacity(sorted.len());
    let mut entries = Vec::with_capacity(sorted.len());
    judge(sorted, found.candidates, |item| {
        results.push(each(match item {
            Ok((subject, verdict)) => {
                let (result, outcome) = verdict_only(permit, verdict);
                entries.push(entry(Some(subject.claims.key), outcome, subject.dossier));
                result
            }
            Err(Unjudged::Malformed(fault)) => AuthenticateResult::Malformed(fault),
            Err(Unjudged::Withheld(wait)) => AuthenticateResult::Withheld(wait),
        }));
    })?;
    Ok(Unrecorded {
        revision: found.revision,
        source: found.source,
        results,
        entries,
        kept: None,
    })
}

fn verdict_only(permit: &Permit, verdict: Verdict) -> (AuthenticateResult, Outcome) {
    match verdict {
        Verdict::Match(citizen, agreement) => (
            AuthenticateResult::Match {
                version: citizen.version,
                agreement,
                deceased: false,
            },
            Outcome::Match,
        ),
        Verdict::Deceased(citizen, agreement) => (
            AuthenticateResult::Match {
                version: citizen.version,
                agreement,
                deceased: true,
            },
            Outcome::Deceased,
        ),
        Verdict::Ambiguous => (AuthenticateResult::Ambiguous, Outcome::Ambiguous),
        Verdict::NoMatch(cause) => (
            AuthenticateResult::NoMatch(told(permit, cause)),
            Outcome::NoMatch,
        ),
    }
}
