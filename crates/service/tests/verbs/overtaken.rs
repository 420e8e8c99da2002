//! A push that another instance took over while it was carried out here.

use dancu_domain::{Failure, MessageRecord, Reason, RecordError};

use crate::fakes::{FakeLedger, FakeRegistry};
use crate::people::citizen;
use crate::pushing::{applied, death, message, send};

/// What an instance records that gets the push with this body digest.
fn recorded_elsewhere(registry: &FakeRegistry, digest: u8) -> MessageRecord {
    let elsewhere = FakeLedger::default();
    let items = vec![Ok(death(1, "r1", 3))];
    send(registry, &elsewhere, "req-1", message(digest, items)).unwrap();
    elsewhere.only_record()
}

#[test]
fn the_answer_of_whoever_took_it_over_is_given() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    let overtaking = recorded_elsewhere(&registry, 1);
    *ledger.taken_over_by.lock().unwrap() = Some(overtaking);
    let items = || vec![Ok(death(1, "r1", 3))];
    let answer = send(&registry, &ledger, "req-1", message(1, items())).unwrap();
    // The effect was found done here; what is told is what the other one told.
    assert_eq!(answer.items, [applied(1, 4)]);
    assert_eq!((answer.receipt.count, ledger.records().len()), (1, 1));
    let again = send(&registry, &ledger, "req-1", message(1, items())).unwrap();
    assert_eq!((again.items, again.receipt), (answer.items, answer.receipt));
}

#[test]
fn where_the_other_one_answered_another_body_it_is_refused() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    let overtaking = recorded_elsewhere(&registry, 2);
    *ledger.taken_over_by.lock().unwrap() = Some(overtaking);
    let items = vec![Ok(death(1, "r1", 3))];
    let failure = send(&registry, &ledger, "req-1", message(1, items)).unwrap_err();
    assert_eq!(failure.reason, Reason::RequestIdReused);
}

#[test]
fn where_the_other_one_gave_up_the_caller_may_try_again() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    *ledger.failure.lock().unwrap() = Some(RecordError::TakenOver);
    let items = || vec![Ok(death(1, "r1", 3))];
    let failure = send(&registry, &ledger, "req-1", message(1, items())).unwrap_err();
    assert_eq!(failure, Failure::new(Reason::LedgerUnavailable));
    *ledger.failure.lock().unwrap() = None;
    send(&registry, &ledger, "req-1", message(1, items())).unwrap();
    assert_eq!(ledger.records().len(), 1);
}
