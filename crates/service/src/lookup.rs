//! Tra cứu: claims in, the attributes that the licence grants out.

use dancu_domain::{
    Answer, AttributeSet, Failure, ItemRecord, Lookup, LookupResult, Outcome, Permit, Recorder,
    Registry, Subject, Verb, Verdict,
};

use crate::matching::{Found, Sorted, Unjudged, asking, judge, read, sort, told};
use crate::recording::{Unrecorded, entry, permitted};

/// Looks up every subject of a message.
///
/// Malformed items keep their places and have no entry; a number without name or birth date is
/// malformed unless the permit is for numbers alone. Neither have those whose number has to wait,
/// which are not read either. An answer gives what was wanted, granted and present, and the entry
/// says the same.
///
/// `each` is given the results in their places while they are worked out, and what it makes of them
/// are the items of the answer. There is no record yet when it is called: it may write down what is
/// to be said, and nothing of that may be said before the answer is there.
pub fn lookup<R: Registry, L: Recorder, T>(
    registry: &R,
    ledger: &L,
    permit: Permit,
    message: Lookup,
    mut each: impl FnMut(LookupResult) -> T,
) -> impl Future<Output = Result<Answer<T>, Failure>> {
    let Lookup {
        items,
        wanted,
        freshness,
    } = message;
    let wanted = wanted.and(permit.attributes());
    // No `async fn`: that keeps every argument twice, and thousands of these wait at once.
    async move {
        permitted(&permit, Verb::Lookup)?;
        let mut sorted = sort(items, permit.number_alone());
        // Kept until the entries are durable.
        let asking = asking(ledger, &permit, &mut sorted)?;
        let found = read(registry, &sorted.keys, freshness).await?;
        let unrecorded = settle(&permit, wanted, sorted, found, &mut each)?;
        let (record, unanswered) = unrecorded.record(permit);
        let recorded = ledger.record(record).await;
        drop(asking);
        unanswered.answer(recorded)
    }
}

/// Works out the results.
fn settle<T>(
    permit: &Permit,
    wanted: AttributeSet,
    sorted: Sorted,
    found: Found,
    each: &mut impl FnMut(LookupResult) -> T,
) -> Result<Unrecorded<T>, Failure> {
    let mut results = Vec::with_capacity(sorted.len());
    let mut entries = Vec::with_capacity(sorted.len());
    judge(sorted, found.candidates, |item| {
        results.push(each(match item {
            Ok((subject, verdict)) => {
                let (result, entry) = minimise(permit, wanted, subject, verdict);
                entries.push(entry);
                result
            }
            Err(Unjudged::Malformed(fault)) => LookupResult::Malformed(fault),
            Err(Unjudged::Withheld(wait)) => LookupResult::Withheld(wait),
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

fn minimise(
    permit: &Permit,
    wanted: AttributeSet,
    subject: Subject,
    verdict: Verdict,
) -> (LookupResult, ItemRecord) {
    let about = Some(subject.claims.key);
    let (citizen, agreement, deceased) = match verdict {
        Verdict::Match(citizen, agreement) => (citizen, agreement, false),
        Verdict::Deceased(citizen, agreement) => (citizen, agreement, true),
        Verdict::Ambiguous => {
            return (
                LookupResult::Ambiguous,
                entry(about, Outcome::Ambiguous, subject.dossier),
            );
        }
        Verdict::NoMatch(cause) => {
            return (
                LookupResult::NoMatch(told(permit, cause)),
                entry(about, Outcome::NoMatch, subject.dossier),
            );
        }
    };
    let attributes = citizen.present(wanted);
    let outcome = if deceased {
        Outcome::Deceased
    } else {
        Outcome::Found
    };
    let mut entry = entry(about, outcome, subject.dossier);
    entry.given = attributes;
    let result = LookupResult::Found {
        citizen,
        attributes,
        agreement,
        deceased,
    };
    (result, entry)
}
