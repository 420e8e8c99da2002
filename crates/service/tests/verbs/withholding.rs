//! Claims about a number that has to wait are neither read nor judged nor recorded; the others of
//! the message are.

use std::convert::identity;

use std::time::Duration;

use dancu_domain::{
    Authenticate, AuthenticateResult, Fault, Freshness, IdKey, LookupResult, Outcome, Reason,
    Subject, Verb,
};
use dancu_service::authenticate;

use crate::fakes::{FakeLedger, FakeRegistry, receipt, run};
use crate::looking_up::{look_up, nation};
use crate::people::{Terms, citizen, claims_of, permit, personal, subject};

const WAIT: Duration = Duration::from_secs(7);

/// Somebody who is there, something malformed, somebody who has to wait, somebody else.
fn items() -> Vec<Result<Subject, Fault>> {
    vec![
        Ok(subject(claims_of(&citizen(1)))),
        Err(Fault::new("claims.birth_date", Reason::DateInvalid)),
        Ok(subject(claims_of(&citizen(1)))),
        Ok(subject(claims_of(&citizen(3)))),
    ]
}

fn limited() -> FakeLedger {
    let ledger = FakeLedger::default();
    *ledger.waits.lock().unwrap() = Some(vec![None, Some(WAIT), None]);
    ledger
}

fn only_the_others_were_recorded(ledger: &FakeLedger, registry: &FakeRegistry) {
    let keys = [1, 3].map(|n| IdKey::Personal(personal(n)));
    assert_eq!(registry.reads()[0].0, keys);
    let outcomes: Vec<Outcome> = ledger
        .only_record()
        .items
        .iter()
        .map(|i| i.outcome)
        .collect();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(outcomes[1], Outcome::NoMatch);
    let under = ledger.judged_under.lock().unwrap().clone();
    assert_eq!(under, [1], "the guard is kept until it is recorded");
}

#[test]
fn a_lookup_of_a_number_that_has_to_wait_is_not_judged() {
    let (registry, ledger) = (FakeRegistry::of(nation()), limited());
    let answer = look_up(&registry, &ledger, &Terms::default(), items()).unwrap();
    assert!(matches!(answer.items[0], LookupResult::Found { .. }));
    assert!(matches!(answer.items[1], LookupResult::Malformed(_)));
    assert_eq!(answer.items[2], LookupResult::Withheld(WAIT));
    assert_eq!(answer.items[3], LookupResult::NoMatch(None));
    assert_eq!(answer.receipt, receipt(0, 2));
    only_the_others_were_recorded(&ledger, &registry);
}

#[test]
fn an_authentication_about_a_number_that_has_to_wait_is_not_judged() {
    let (registry, ledger) = (FakeRegistry::of(nation()), limited());
    let message = Authenticate {
        freshness: Freshness::MinimizeLatency,
        items: items(),
    };
    let permit = permit(Verb::Authenticate);
    let answer = run(authenticate(&registry, &ledger, permit, message, identity)).unwrap();
    assert!(matches!(answer.items[0], AuthenticateResult::Match { .. }));
    assert_eq!(answer.items[2], AuthenticateResult::Withheld(WAIT));
    assert_eq!(answer.items[3], AuthenticateResult::NoMatch(None));
    only_the_others_were_recorded(&ledger, &registry);
}

#[test]
fn a_ledger_that_tells_of_other_numbers_than_were_asked_for_answers_nothing() {
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    *ledger.waits.lock().unwrap() = Some(vec![None]);
    let failure = look_up(&registry, &ledger, &Terms::default(), items()).unwrap_err();
    assert_eq!(failure.reason, Reason::Internal);
    assert!(ledger.records().is_empty() && registry.reads().is_empty());
}
