//! One row against one citizen.

use std::convert::identity;

use dancu_domain::{
    Attribute, AttributeSet, Citizen, Claims, Fault, Freshness, MaritalStatus, NoMatchCause,
    Outcome, Place, Reason, Reconcile, ReconcileResult, Row, Sex, SocialInsuranceNumber, Verb,
};
use dancu_service::reconcile;

use crate::fakes::{FakeLedger, FakeRegistry, run};
use crate::people::{Terms, citizen, claims_of, date, legacy, name, permit_for};

pub(crate) fn row(citizen: &Citizen) -> Row {
    Row {
        dossier: None,
        claims: claims_of(citizen),
        sex: Some(citizen.sex),
        legacy_id: citizen.legacy_id,
        current_residence: Some(citizen.current_residence.clone()),
        permanent_residence: Some(citizen.permanent_residence.clone()),
        marital_status: Some(citizen.marital_status),
        social_insurance: citizen.social_insurance,
        died_on: citizen.died_on,
    }
}

pub(crate) fn message(items: Vec<Result<Row, Fault>>) -> Reconcile {
    Reconcile {
        freshness: Freshness::MinimizeLatency,
        items,
    }
}

/// Holds one row against one citizen.
fn compared(terms: &Terms, citizen: &Citizen, row: Row) -> ReconcileResult {
    let (registry, ledger) = (FakeRegistry::of([citizen.clone()]), FakeLedger::default());
    let permit = permit_for(Verb::Reconcile, "req-1", terms);
    let items = message(vec![Ok(row)]);
    let mut answer = run(reconcile(&registry, &ledger, permit, items, identity)).unwrap();
    let (result, entry) = (answer.items.remove(0), ledger.only_record().items.remove(0));
    let (outcome, given) = match &result {
        ReconcileResult::InStep { .. } => (Outcome::InStep, AttributeSet::NONE),
        ReconcileResult::Differs { given, .. } => (Outcome::Differs, *given),
        ReconcileResult::NoMatch(_) => (Outcome::NoMatch, AttributeSet::NONE),
        ReconcileResult::Invalid(_) => (Outcome::Invalid, AttributeSet::NONE),
        other => panic!("one row alone is no {other:?}"),
    };
    assert_eq!(
        (entry.outcome, entry.given),
        (outcome, given),
        "the entry says what was told"
    );
    result
}

fn differing(citizen: &Citizen, row: Row) -> AttributeSet {
    match compared(&Terms::default(), citizen, row) {
        ReconcileResult::InStep { version } => {
            assert_eq!(version, citizen.version);
            AttributeSet::NONE
        }
        ReconcileResult::Differs {
            citizen: told,
            differing,
            ..
        } => {
            assert_eq!(*told, *citizen);
            assert!(!differing.is_empty());
            differing
        }
        other => panic!("the row is compared: {other:?}"),
    }
}

fn insured(digits: u64) -> Option<SocialInsuranceNumber> {
    SocialInsuranceNumber::from_digits(digits)
}

#[test]
fn each_attribute_differs_by_itself() {
    let mut person = citizen(1);
    person.legacy_id = Some(legacy(123));
    person.social_insurance = insured(5);
    let same = row(&person);
    let elsewhere = |place: Place| Some(place);
    let cases: Vec<(Row, &[Attribute])> = vec![
        (same.clone(), &[]),
        (
            Row {
                sex: None,
                ..same.clone()
            },
            &[],
        ),
        (
            Row {
                sex: Some(Sex::Male),
                ..same.clone()
            },
            &[Attribute::Sex],
        ),
        (
            Row {
                legacy_id: None,
                ..same.clone()
            },
            &[],
        ),
        (
            Row {
                legacy_id: Some(legacy(124)),
                ..same.clone()
            },
            &[Attribute::LegacyNumber],
        ),
        (
            Row {
                current_residence: None,
                ..same.clone()
            },
            &[],
        ),
        (
            Row {
                current_residence: elsewhere(Place::domestic(1, 1, 1, "Ngõ 5")),
                ..same.clone()
            },
            &[],
        ),
        (
            Row {
                current_residence: elsewhere(Place::domestic(1, 1, 2, "")),
                ..same.clone()
            },
            &[Attribute::CurrentResidence],
        ),
        (
            Row {
                permanent_residence: elsewhere(Place::domestic(2, 1, 1, "")),
                ..same.clone()
            },
            &[Attribute::PermanentResidence],
        ),
        (
            Row {
                permanent_residence: elsewhere(Place::domestic(1, 0, 0, "")),
                ..same.clone()
            },
            &[],
        ),
        (
            Row {
                permanent_residence: elsewhere(Place {
                    country: *b"LA",
                    ..Place::domestic(1, 1, 1, "")
                }),
                ..same.clone()
            },
            &[Attribute::PermanentResidence],
        ),
        (
            Row {
                marital_status: None,
                ..same.clone()
            },
            &[],
        ),
        (
            Row {
                marital_status: Some(MaritalStatus::Married),
                ..same.clone()
            },
            &[Attribute::MaritalStatus],
        ),
        (
            Row {
                social_insurance: None,
                ..same.clone()
            },
            &[],
        ),
        (
            Row {
                social_insurance: insured(6),
                ..same.clone()
            },
            &[Attribute::SocialInsurance],
        ),
        (
            Row {
                died_on: Some(date(2022, 1, 1)),
                ..same.clone()
            },
            &[Attribute::Death],
        ),
        (
            Row {
                sex: Some(Sex::Male),
                died_on: Some(date(2022, 1, 1)),
                ..same.clone()
            },
            &[Attribute::Sex, Attribute::Death],
        ),
    ];
    for (row, expected) in cases {
        let expected = AttributeSet::of(expected);
        assert_eq!(differing(&person, row.clone()), expected, "{expected:?}");
    }
}

#[test]
fn a_name_that_agrees_below_exact_differs() {
    let person = citizen(1);
    let cases = [
        ("nguyễn  thị hoà", &[][..]),
        ("Nguyễn Thị Hòa", &[Attribute::FullName][..]),
        ("Nguyen Thi Hoa", &[Attribute::FullName][..]),
    ];
    for (claimed, expected) in cases {
        let mut row = row(&person);
        row.claims.name = Some(name(claimed));
        assert_eq!(
            differing(&person, row),
            AttributeSet::of(expected),
            "{claimed}"
        );
    }
}

#[test]
fn a_death_that_both_sides_know_is_in_step() {
    let mut person = citizen(1);
    person.died_on = Some(date(2022, 5, 5));
    let death = AttributeSet::of(&[Attribute::Death]);
    let mut row = row(&person);
    assert_eq!(differing(&person, row.clone()), AttributeSet::NONE);
    row.died_on = Some(date(2022, 5, 6));
    assert_eq!(differing(&person, row.clone()), death);
    row.died_on = None;
    assert_eq!(differing(&person, row), death);
}

#[test]
fn only_what_is_granted_and_recorded_is_given() {
    let mut person = citizen(1);
    person.marital_status = MaritalStatus::Unknown;
    let row = Row {
        sex: Some(Sex::Male),
        marital_status: Some(MaritalStatus::Married),
        died_on: Some(date(2022, 1, 1)),
        current_residence: Some(Place::domestic(1, 1, 2, "")),
        ..row(&person)
    };
    let terms = Terms {
        attributes: AttributeSet::of(&[
            Attribute::Sex,
            Attribute::MaritalStatus,
            Attribute::Death,
            Attribute::FullName,
        ]),
        ..Terms::default()
    };
    let ReconcileResult::Differs {
        differing, given, ..
    } = compared(&terms, &person, row)
    else {
        panic!("the row differs");
    };
    let all = [
        Attribute::Sex,
        Attribute::MaritalStatus,
        Attribute::Death,
        Attribute::CurrentResidence,
    ];
    assert_eq!(differing, AttributeSet::of(&all));
    assert_eq!(given, AttributeSet::of(&[Attribute::Sex]));
}

#[test]
fn the_cause_of_no_match_is_told_to_debug_and_not_to_explain() {
    let person = citizen(1);
    let row = Row {
        claims: Claims {
            name: Some(name("Lê Văn Nam")),
            ..claims_of(&person)
        },
        ..row(&person)
    };
    for (explain, debug) in [(false, false), (true, false), (false, true)] {
        let terms = Terms {
            explain,
            debug,
            ..Terms::default()
        };
        let told = debug.then_some(NoMatchCause::Name);
        let result = compared(&terms, &person, row.clone());
        assert_eq!(result, ReconcileResult::NoMatch(told));
    }
}

#[test]
fn a_number_alone_is_invalid_even_under_a_licence_for_numbers_alone() {
    let terms = Terms {
        number_alone: true,
        ..Terms::default()
    };
    let mut row = row(&citizen(1));
    row.claims.name = None;
    let fault = Fault::new("claims.full_name", Reason::FieldRequired);
    let result = compared(&terms, &citizen(1), row);
    assert_eq!(result, ReconcileResult::Invalid(fault));
}
