//! Authentication.

use std::convert::identity;

use dancu_domain::{
    Agreement, Authenticate, AuthenticateResult, BirthDate, Claims, Failure, Fault, Freshness,
    NoMatchCause, Outcome, Reason, RecordError, Subject, Verb,
};
use dancu_service::authenticate;

use crate::fakes::{FakeLedger, FakeRegistry, run};
use crate::people::{Terms, citizen, claims_of, date, name, permit, permit_for, subject};

fn message(items: Vec<Result<Subject, Fault>>) -> Authenticate {
    Authenticate {
        freshness: Freshness::FullyConsistent,
        items,
    }
}

fn judged(terms: &Terms, claims: Claims) -> (AuthenticateResult, Option<Outcome>) {
    let mut dead = citizen(2);
    dead.died_on = Some(date(2022, 5, 5));
    let mut locked = citizen(3);
    locked.locked = true;
    let registry = FakeRegistry::of([citizen(1), dead, locked]);
    let ledger = FakeLedger::default();
    let permit = permit_for(Verb::Authenticate, "req-1", terms);
    let items = message(vec![Ok(subject(claims))]);
    let mut answer = run(authenticate(&registry, &ledger, permit, items, identity)).unwrap();
    assert_eq!(registry.reads()[0].1, Freshness::FullyConsistent);
    let outcomes: Vec<_> = ledger.records().into_iter().flat_map(|r| r.items).collect();
    assert!(
        outcomes.iter().all(|entry| entry.given.is_empty()),
        "no attribute is given"
    );
    (
        answer.items.remove(0),
        outcomes.first().map(|entry| entry.outcome),
    )
}

#[test]
fn a_match_tells_version_and_level_and_nothing_else() {
    let cases = [
        ("NGUYỄN THỊ HOÀ", Agreement::Exact),
        ("Nguyễn Thị Hòa", Agreement::TonePlacement),
        ("Nguyen Thi Hoa", Agreement::Unaccented),
    ];
    for (claimed, agreement) in cases {
        let claims = Claims {
            name: Some(name(claimed)),
            ..claims_of(&citizen(1))
        };
        let expected = AuthenticateResult::Match {
            version: 3,
            agreement,
            deceased: false,
        };
        let judged = judged(&Terms::default(), claims);
        assert_eq!(judged, (expected, Some(Outcome::Match)));
    }
}

#[test]
fn claims_on_the_dead_are_deceased() {
    let (result, outcome) = judged(&Terms::default(), claims_of(&citizen(2)));
    assert!(matches!(
        result,
        AuthenticateResult::Match { deceased: true, .. }
    ));
    assert_eq!(outcome, Some(Outcome::Deceased));
}

#[test]
fn explain_tells_the_claim_that_failed_and_debug_every_cause() {
    let wrong_name = Claims {
        name: Some(name("Trần Thị Hoà")),
        ..claims_of(&citizen(1))
    };
    let wrong_birth = Claims {
        birth: Some(BirthDate::Year(1991)),
        ..claims_of(&citizen(1))
    };
    let cases = [
        (claims_of(&citizen(9)), NoMatchCause::Unknown, false),
        (claims_of(&citizen(3)), NoMatchCause::Locked, false),
        (wrong_name, NoMatchCause::Name, true),
        (wrong_birth, NoMatchCause::Birth, true),
    ];
    for (claims, cause, explained) in cases {
        for (explain, debug) in [(false, false), (true, false), (false, true), (true, true)] {
            let terms = Terms {
                explain,
                debug,
                ..Terms::default()
            };
            let told = (debug || explain && explained).then_some(cause);
            let expected = (AuthenticateResult::NoMatch(told), Some(Outcome::NoMatch));
            assert_eq!(
                judged(&terms, claims.clone()),
                expected,
                "{cause:?} {explain} {debug}"
            );
        }
    }
}

#[test]
fn a_number_alone_is_malformed_without_an_entry() {
    let claims = Claims {
        birth: None,
        ..claims_of(&citizen(1))
    };
    let fault = Fault::new("claims.birth_date", Reason::FieldRequired);
    let judged = judged(&Terms::default(), claims);
    assert_eq!(judged, (AuthenticateResult::Malformed(fault), None));
}

#[test]
fn no_verdict_leaves_when_the_record_fails() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    *ledger.failure.lock().unwrap() = Some(RecordError::Unavailable);
    let items = message(vec![Ok(subject(claims_of(&citizen(1))))]);
    let failure = run(authenticate(
        &registry,
        &ledger,
        permit(Verb::Authenticate),
        items,
        identity,
    ));
    assert_eq!(
        failure.unwrap_err(),
        Failure::new(Reason::LedgerUnavailable)
    );
}

#[test]
fn a_permit_for_another_verb_answers_nothing() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    let items = message(vec![Ok(subject(claims_of(&citizen(1))))]);
    let failure = run(authenticate(
        &registry,
        &ledger,
        permit(Verb::Lookup),
        items,
        identity,
    ));
    assert_eq!(failure.unwrap_err().reason, Reason::Internal);
    assert!(registry.reads().is_empty() && ledger.records().is_empty());
}
