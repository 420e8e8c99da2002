//! Refusals.

use dancu_domain::{AttributeSet, Failure, IdKey, Outcome, Reason, RecordError, Verb};
use dancu_service::refuse;

use crate::fakes::{FakeLedger, run};
use crate::people::{agency, personal, refusal};

#[test]
fn every_item_of_a_refused_message_has_an_entry() {
    let ledger = FakeLedger::default();
    let about = Some(IdKey::Personal(personal(1)));
    let failure = run(refuse(&ledger, refusal(Verb::Lookup), vec![about, None]));
    assert_eq!(failure, Failure::new(Reason::ServiceNotLicensed));
    let record = ledger.only_record();
    assert_eq!((record.agency, record.verb), (agency(), Verb::Lookup));
    assert_eq!(record.granted, AttributeSet::NONE);
    let subjects: Vec<_> = record.items.iter().map(|entry| entry.subject).collect();
    assert_eq!(subjects, [about, None]);
    assert!(
        record
            .items
            .iter()
            .all(|e| e.outcome == Outcome::Refused && e.given.is_empty())
    );
}

#[test]
fn a_refusal_that_cannot_be_recorded_is_not_told() {
    let cases = [
        (RecordError::Unavailable, Reason::LedgerUnavailable),
        (RecordError::Overloaded, Reason::Overloaded),
    ];
    for (error, reason) in cases {
        let ledger = FakeLedger::default();
        *ledger.failure.lock().unwrap() = Some(error);
        let failure = run(refuse(&ledger, refusal(Verb::Push), vec![None]));
        assert_eq!(failure, Failure::new(reason));
    }
}
