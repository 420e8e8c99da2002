//! Làm sạch dữ liệu: an agency's own rows are held against the registry.

use std::collections::HashSet;

use dancu_domain::{
    Agreement, Answer, Attribute, AttributeSet, Citizen, Failure, Fault, IdKey, ItemRecord,
    Outcome, Permit, Reconcile, ReconcileResult, Recorder, Registry, Row, Verb, Verdict,
    match_claims,
};

use crate::matching::{Found, Line, complete, read, told};
use crate::recording::{Unrecorded, entry, permitted};

/// A row in its place, before the registry is read.
enum Sorted {
    /// To be held against the registry.
    First(Row),
    /// Its number stood earlier in the message.
    Again(Row),
    /// Malformed.
    Invalid(Fault),
}

/// Compares every row of a message with the registry.
///
/// Each row ends as one outcome and has one entry, malformed ones too. Number, name and birth
/// date say who it is; what else the row holds is compared, and the registry's values of what
/// differs are given as far as the permit grants them. `each` is that of
/// [`lookup`](crate::lookup).
pub fn reconcile<R: Registry, L: Recorder, T>(
    registry: &R,
    ledger: &L,
    permit: Permit,
    message: Reconcile,
    mut each: impl FnMut(ReconcileResult) -> T,
) -> impl Future<Output = Result<Answer<T>, Failure>> {
    let Reconcile { items, freshness } = message;
    // No `async fn`, for the reason given at `lookup`.
    async move {
        permitted(&permit, Verb::Reconcile)?;
        let (sorted, keys) = sort(items);
        let found = read(registry, &keys, freshness).await?;
        let unrecorded = settle(&permit, sorted, found, &mut each)?;
        let (record, unanswered) = unrecorded.record(permit);
        let recorded = ledger.record(record).await;
        unanswered.answer(recorded)
    }
}

/// The rows before the registry is read, and the numbers that are to be read.
fn sort(items: Vec<Result<Row, Fault>>) -> (Vec<Sorted>, Vec<IdKey>) {
    let (mut seen, mut keys) = (HashSet::with_capacity(items.len()), Vec::new());
    let mut sorted = Vec::with_capacity(items.len());
    for item in items {
        sorted.push(match item {
            Err(fault) => Sorted::Invalid(fault),
            Ok(row) => match complete(&row.claims) {
                Err(fault) => Sorted::Invalid(fault),
                Ok(()) if seen.insert(row.claims.key) => {
                    keys.push(row.claims.key);
                    Sorted::First(row)
                }
                Ok(()) => Sorted::Again(row),
            },
        });
    }
    (sorted, keys)
}

/// Works out the results.
fn settle<T>(
    permit: &Permit,
    sorted: Vec<Sorted>,
    found: Found,
    each: &mut impl FnMut(ReconcileResult) -> T,
) -> Result<Unrecorded<T>, Failure> {
    let mut line = Line::new(found.candidates);
    let mut results = Vec::with_capacity(sorted.len());
    let mut entries = Vec::with_capacity(sorted.len());
    for item in sorted {
        let (result, entry) = match item {
            Sorted::First(row) => {
                let found = line.next()?;
                let verdict = match_claims(found.citizens(), &row.claims);
                judge(permit, row, verdict)
            }
            Sorted::Again(row) => (
                ReconcileResult::DuplicateInSource,
                entry(
                    Some(row.claims.key),
                    Outcome::DuplicateInSource,
                    row.dossier,
                ),
            ),
            Sorted::Invalid(fault) => (
                ReconcileResult::Invalid(fault),
                entry(None, Outcome::Invalid, None),
            ),
        };
        results.push(each(result));
        entries.push(entry);
    }
    Ok(Unrecorded {
        revision: found.revision,
        source: found.source,
        results,
        entries,
        kept: None,
    })
}

fn judge(permit: &Permit, row: Row, verdict: Verdict) -> (ReconcileResult, ItemRecord) {
    let about = Some(row.claims.key);
    let (citizen, agreement) = match verdict {
        Verdict::Match(citizen, agreement) | Verdict::Deceased(citizen, agreement) => {
            (citizen, agreement)
        }
        Verdict::Ambiguous => {
            return (
                ReconcileResult::Ambiguous,
                entry(about, Outcome::Ambiguous, row.dossier),
            );
        }
        Verdict::NoMatch(cause) => {
            return (
                ReconcileResult::NoMatch(told(permit, cause)),
                entry(about, Outcome::NoMatch, row.dossier),
            );
        }
    };
    let differing = differences(&citizen, &row, agreement);
    if differing.is_empty() {
        return (
            ReconcileResult::InStep {
                version: citizen.version,
            },
            entry(about, Outcome::InStep, row.dossier),
        );
    }
    let given = citizen.present(differing.and(permit.attributes()));
    let mut entry = entry(about, Outcome::Differs, row.dossier);
    entry.given = given;
    let result = ReconcileResult::Differs {
        citizen,
        differing,
        given,
    };
    (result, entry)
}

/// The attributes in which a row differs from the record of the same person.
///
/// What the row leaves out is not compared, but for the death: a row without one says that the
/// person is alive.
fn differences(citizen: &Citizen, row: &Row, agreement: Agreement) -> AttributeSet {
    let mut differing = AttributeSet::NONE;
    let mut compare = |differs: bool, attribute: Attribute| {
        if differs {
            differing.insert(attribute);
        }
    };
    compare(agreement != Agreement::Exact, Attribute::FullName);
    compare(
        row.sex.is_some_and(|sex| sex != citizen.sex),
        Attribute::Sex,
    );
    compare(
        row.legacy_id.is_some() && row.legacy_id != citizen.legacy_id,
        Attribute::LegacyNumber,
    );
    compare(
        row.current_residence
            .as_ref()
            .is_some_and(|place| !place.same_unit(&citizen.current_residence)),
        Attribute::CurrentResidence,
    );
    compare(
        row.permanent_residence
            .as_ref()
            .is_some_and(|place| !place.same_unit(&citizen.permanent_residence)),
        Attribute::PermanentResidence,
    );
    compare(
        row.marital_status
            .is_some_and(|status| status != citizen.marital_status),
        Attribute::MaritalStatus,
    );
    compare(
        row.social_insurance.is_some() && row.social_insurance != citizen.social_insurance,
        Attribute::SocialInsurance,
    );
    compare(row.died_on != citizen.died_on, Attribute::Death);
    differing
}
