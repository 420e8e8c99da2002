//! Reconcile, a message at a time.

use std::convert::identity;

use dancu_domain::{Failure, Fault, IdKey, Outcome, Reason, ReconcileResult, RecordError, Verb};
use dancu_service::reconcile;

use crate::comparing::{message, row};
use crate::fakes::{FakeLedger, FakeRegistry, receipt, run};
use crate::people::{citizen, legacy, name, permit};

#[test]
fn each_row_ends_as_one_outcome_with_one_entry() {
    let mut doubled = [citizen(4), citizen(5)];
    doubled[0].legacy_id = Some(legacy(777));
    doubled[1].legacy_id = Some(legacy(777));
    let [one, other] = doubled;
    let registry = FakeRegistry::of([citizen(1), one, other]);
    let ledger = FakeLedger::default();
    let mut old_number = row(&citizen(4));
    old_number.claims.key = IdKey::Legacy(legacy(777));
    let mut nobody = row(&citizen(9));
    nobody.claims.name = Some(name("Lê Văn Nam"));
    let mut incomplete = row(&citizen(8));
    incomplete.claims.birth = None;
    let fault = Fault::new("claims.personal_number", Reason::NumberLength);
    let items = vec![
        Ok(row(&citizen(1))),
        Err(fault.clone()),
        Ok(old_number),
        Ok(nobody.clone()),
        Ok(row(&citizen(1))),
        Ok(incomplete),
        Ok(nobody),
        Ok(row(&citizen(4))),
    ];
    let permit = permit(Verb::Reconcile);
    let answer = run(reconcile(
        &registry,
        &ledger,
        permit,
        message(items),
        identity,
    ))
    .unwrap();
    let expected = [
        ReconcileResult::InStep { version: 3 },
        ReconcileResult::Invalid(fault),
        ReconcileResult::Ambiguous,
        ReconcileResult::NoMatch(None),
        ReconcileResult::DuplicateInSource,
        ReconcileResult::Invalid(Fault::new("claims.birth_date", Reason::FieldRequired)),
        ReconcileResult::DuplicateInSource,
        ReconcileResult::InStep { version: 3 },
    ];
    assert_eq!(answer.items, expected);
    let entries = ledger.only_record().items;
    let outcomes: Vec<_> = entries.iter().map(|entry| entry.outcome).collect();
    let expected = [
        Outcome::InStep,
        Outcome::Invalid,
        Outcome::Ambiguous,
        Outcome::NoMatch,
        Outcome::DuplicateInSource,
        Outcome::Invalid,
        Outcome::DuplicateInSource,
        Outcome::InStep,
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(answer.receipt, receipt(0, 8));
    assert_eq!(registry.reads()[0].0.len(), 4, "a number is read once");
    let known: Vec<_> = entries
        .iter()
        .map(|entry| entry.subject.is_some())
        .collect();
    assert_eq!(known, [true, false, true, true, true, false, true, true]);
}

#[test]
fn a_message_of_invalid_rows_is_recorded_all_the_same() {
    let (registry, ledger) = (FakeRegistry::of([]), FakeLedger::default());
    let fault = Fault::new("sex", Reason::EnumInvalid);
    let items = message(vec![Err(fault.clone())]);
    let answer = run(reconcile(
        &registry,
        &ledger,
        permit(Verb::Reconcile),
        items,
        identity,
    ))
    .unwrap();
    assert_eq!(answer.items, [ReconcileResult::Invalid(fault)]);
    assert_eq!((answer.receipt.count, answer.source), (1, None));
    assert_eq!(ledger.only_record().items[0].outcome, Outcome::Invalid);
}

#[test]
fn no_row_is_answered_when_the_record_fails() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    *ledger.failure.lock().unwrap() = Some(RecordError::Unavailable);
    let items = message(vec![Ok(row(&citizen(1)))]);
    let failure = run(reconcile(
        &registry,
        &ledger,
        permit(Verb::Reconcile),
        items,
        identity,
    ));
    assert_eq!(
        failure.unwrap_err(),
        Failure::new(Reason::LedgerUnavailable)
    );
}
