//! Lookup.

use std::convert::identity;

use std::sync::atomic::Ordering;

use dancu_domain::{
    Agreement, Answer, Attribute, AttributeSet, Citizen, Claims, Dossier, Failure, Fault,
    Freshness, IdKey, Lookup, LookupResult, Outcome, Reason, RecordError, RegistryError, Source,
    Subject, Verb,
};
use dancu_service::lookup;
use proptest::prelude::*;

use crate::fakes::{FakeLedger, FakeRegistry, receipt, run};
use crate::not_matching::no_matches;
use crate::people::{
    Terms, citizen, claims_of, date, legacy, permit, permit_for, personal, subject,
};

fn message(items: Vec<Result<Subject, Fault>>) -> Lookup {
    Lookup {
        freshness: Freshness::MinimizeLatency,
        wanted: AttributeSet::all(),
        items,
    }
}

pub(crate) fn look_up(
    registry: &FakeRegistry,
    ledger: &FakeLedger,
    terms: &Terms,
    items: Vec<Result<Subject, Fault>>,
) -> Result<Answer<LookupResult>, Failure> {
    let permit = permit_for(Verb::Lookup, "req-1", terms);
    run(lookup(registry, ledger, permit, message(items), identity))
}

fn bad() -> Fault {
    Fault::new("claims.birth_date", Reason::DateInvalid)
}

/// Person by person: alive, dead, locked, and two under one old number with one name.
pub(crate) fn nation() -> Vec<Citizen> {
    let mut dead = citizen(2);
    dead.died_on = Some(date(2022, 5, 5));
    let mut locked = citizen(3);
    locked.locked = true;
    let (mut one, mut other) = (citizen(4), citizen(5));
    one.legacy_id = Some(legacy(777));
    other.legacy_id = Some(legacy(777));
    vec![citizen(1), dead, locked, one, other]
}

#[test]
fn an_answer_gives_what_was_wanted_and_granted_and_present() {
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    let mut lookup_message = message(vec![Ok(subject(claims_of(&citizen(1))))]);
    lookup_message.wanted = AttributeSet::of(&[
        Attribute::FullName,
        Attribute::Religion,
        Attribute::Father,
        Attribute::Sex,
    ]);
    let answer = run(lookup(
        &registry,
        &ledger,
        permit(Verb::Lookup),
        lookup_message,
        identity,
    ))
    .unwrap();
    let expected = AttributeSet::of(&[Attribute::FullName, Attribute::Sex]);
    let LookupResult::Found {
        citizen: found,
        attributes,
        agreement,
        deceased,
    } = &answer.items[0]
    else {
        panic!("the person is found");
    };
    assert_eq!(found.personal_id, personal(1));
    assert_eq!(
        *attributes, expected,
        "religion is not granted, no father is recorded"
    );
    assert_eq!((*agreement, *deceased), (Agreement::Exact, false));
    let record = ledger.only_record();
    assert_eq!(
        record.items[0].given, expected,
        "the entry says what was given"
    );
    assert_eq!(record.items[0].outcome, Outcome::Found);
    assert_eq!(record.granted, Terms::default().attributes);
    assert_eq!((record.verb, record.service.0), (Verb::Lookup, 37));
    assert_eq!(answer.request_id.text(), "req-1");
    assert_eq!(answer.receipt, receipt(0, 1));
    assert_eq!(answer.source, Some(Source::Registry));
}

#[test]
fn a_sensitive_attribute_is_given_where_the_licence_grants_it() {
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    let terms = Terms {
        attributes: AttributeSet::of(&[Attribute::Religion]),
        ..Terms::default()
    };
    let items = vec![Ok(subject(claims_of(&citizen(1))))];
    let answer = look_up(&registry, &ledger, &terms, items).unwrap();
    assert!(matches!(
        &answer.items[0],
        LookupResult::Found { attributes, .. } if *attributes == AttributeSet::of(&[Attribute::Religion])
    ));
}

#[test]
fn a_recorded_death_makes_the_outcome_deceased() {
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    let items = vec![Ok(subject(claims_of(&citizen(2))))];
    let answer = look_up(&registry, &ledger, &Terms::default(), items).unwrap();
    assert!(matches!(
        &answer.items[0],
        LookupResult::Found { deceased: true, .. }
    ));
    let entry = ledger.only_record().items.remove(0);
    assert_eq!(entry.outcome, Outcome::Deceased);
    assert!(entry.given.has(Attribute::Death));
}

#[test]
fn two_people_under_one_old_number_are_ambiguous_and_nothing_is_given() {
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    let mut claims = claims_of(&citizen(4));
    claims.key = IdKey::Legacy(legacy(777));
    let items = vec![Ok(subject(claims))];
    let answer = look_up(&registry, &ledger, &Terms::default(), items).unwrap();
    assert_eq!(answer.items, [LookupResult::Ambiguous]);
    let entry = ledger.only_record().items.remove(0);
    assert_eq!(
        (entry.outcome, entry.given),
        (Outcome::Ambiguous, AttributeSet::NONE)
    );
}

#[test]
fn a_number_alone_is_malformed_unless_the_licence_takes_it() {
    let whole = claims_of(&citizen(1));
    let cases = [
        (None, None, "claims.full_name"),
        (None, whole.birth, "claims.full_name"),
        (whole.name.clone(), None, "claims.birth_date"),
    ];
    for (name, birth, field) in cases {
        let claims = Claims {
            key: whole.key,
            name,
            birth,
        };
        let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
        let items = || vec![Ok(subject(claims.clone()))];
        let answer = look_up(&registry, &ledger, &Terms::default(), items()).unwrap();
        let fault = Fault::new(field, Reason::FieldRequired);
        assert_eq!(answer.items, [LookupResult::Malformed(fault)]);
        assert!(registry.reads().iter().all(|read| read.0.is_empty()));
        assert!(ledger.records().is_empty());
        let terms = Terms {
            number_alone: true,
            ..Terms::default()
        };
        let answer = look_up(&registry, &ledger, &terms, items()).unwrap();
        assert!(
            matches!(answer.items[0], LookupResult::Found { .. }),
            "{field}"
        );
    }
}

#[test]
fn a_message_of_malformed_items_reads_nobody_and_records_nothing() {
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    let items = vec![Err(bad()), Err(bad())];
    let answer = look_up(&registry, &ledger, &Terms::default(), items).unwrap();
    assert_eq!(answer.items, vec![LookupResult::Malformed(bad()); 2]);
    assert_eq!((answer.receipt.count, answer.source), (0, None));
    assert_eq!(registry.reads(), [(Vec::new(), Freshness::MinimizeLatency)]);
    assert!(ledger.records().is_empty());
}

#[test]
fn an_items_own_dossier_goes_into_its_entry() {
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    let dossier = Dossier::parse("H26.12-231012-0001", "dossier").unwrap();
    let own = Subject {
        dossier: Some(dossier.clone()),
        claims: claims_of(&citizen(1)),
    };
    let items = vec![Ok(own), Ok(subject(claims_of(&citizen(1))))];
    look_up(&registry, &ledger, &Terms::default(), items).unwrap();
    let record = ledger.only_record();
    assert_eq!(record.items[0].dossier, Some(dossier));
    assert_eq!(record.items[1].dossier, None);
}

#[test]
fn nothing_is_disclosed_when_the_record_fails() {
    let cases = [
        (RecordError::Unavailable, Reason::LedgerUnavailable),
        (RecordError::Overloaded, Reason::Overloaded),
    ];
    for (error, reason) in cases {
        let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
        *ledger.failure.lock().unwrap() = Some(error);
        let items = vec![Ok(subject(claims_of(&citizen(1))))];
        let failure = look_up(&registry, &ledger, &Terms::default(), items).unwrap_err();
        assert_eq!(failure, Failure::new(reason));
    }
}

#[test]
fn a_receipt_that_does_not_cover_the_items_is_a_defect() {
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    ledger.falls_short.store(true, Ordering::Relaxed);
    let items = vec![Ok(subject(claims_of(&citizen(1))))];
    let failure = look_up(&registry, &ledger, &Terms::default(), items).unwrap_err();
    assert_eq!(failure.reason, Reason::Internal);
}

#[test]
fn each_result_is_given_in_its_place_before_there_is_a_record() {
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    // More than are touched together, with some that are not there and some that are malformed.
    let item = |nth: u64| match nth % 4 {
        3 => Err(bad()),
        _ => Ok(subject(claims_of(&citizen(1 + nth % 7)))),
    };
    let items: Vec<_> = (0..50).map(item).collect();
    let alone = |nth| {
        let ledger = FakeLedger::default();
        let answer = look_up(&registry, &ledger, &Terms::default(), vec![item(nth)]);
        answer.unwrap().items.remove(0)
    };
    let mut given = Vec::new();
    let each = |result: LookupResult| {
        assert!(ledger.records().is_empty());
        given.push(result);
        given.len()
    };
    let permit = permit(Verb::Lookup);
    let answer = run(lookup(&registry, &ledger, permit, message(items), each)).unwrap();
    assert_eq!(answer.items, (1..=50).collect::<Vec<_>>());
    assert_eq!(given, (0..50).map(alone).collect::<Vec<_>>());
    assert_eq!(ledger.only_record().items.len(), 50 - 12);
}

#[test]
fn nothing_is_recorded_when_the_registry_fails() {
    let cases = [
        (RegistryError::Unavailable, Reason::RegistryUnavailable),
        (RegistryError::Overloaded, Reason::Overloaded),
        (RegistryError::RevisionAhead, Reason::RevisionAhead),
        (
            RegistryError::AnotherNation,
            Reason::RevisionOfAnotherNation,
        ),
    ];
    for (error, reason) in cases {
        let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
        *registry.failure.lock().unwrap() = Some(error);
        let items = vec![Ok(subject(claims_of(&citizen(1))))];
        let failure = look_up(&registry, &ledger, &Terms::default(), items).unwrap_err();
        assert_eq!(failure, Failure::new(reason));
        assert!(ledger.records().is_empty());
    }
}

#[test]
fn a_reading_of_somebody_else_answers_nothing() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    registry.mixes_up.store(true, Ordering::Relaxed);
    let items = vec![Ok(subject(claims_of(&citizen(8))))];
    let failure = look_up(&registry, &ledger, &Terms::default(), items).unwrap_err();
    assert_eq!(failure.reason, Reason::Internal);
    assert!(ledger.records().is_empty());
}

#[test]
fn a_reading_of_more_or_fewer_entries_than_keys_answers_nothing() {
    for off_by in [-1, 1] {
        let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
        registry.off_by.store(off_by, Ordering::Relaxed);
        let items = vec![Ok(subject(claims_of(&citizen(1))))];
        let failure = look_up(&registry, &ledger, &Terms::default(), items).unwrap_err();
        assert_eq!(failure.reason, Reason::Internal);
        assert!(ledger.records().is_empty());
    }
}

#[test]
fn a_permit_for_another_verb_answers_nothing() {
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    let items = message(vec![Ok(subject(claims_of(&citizen(1))))]);
    let permit = permit(Verb::Authenticate);
    let failure = run(lookup(&registry, &ledger, permit, items, identity)).unwrap_err();
    assert_eq!(failure.reason, Reason::Internal);
    assert!(registry.reads().is_empty() && ledger.records().is_empty());
}

#[test]
fn the_future_of_a_verb_may_be_sent_between_threads() {
    fn sendable(_: &(impl Future + Send)) {}
    let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
    let future = lookup(
        &registry,
        &ledger,
        permit(Verb::Lookup),
        message(Vec::new()),
        identity,
    );
    sendable(&future);
}

/// Items of every kind, with the outcome that each must have; `None` is malformed.
fn any_item() -> impl Strategy<Value = (Result<Subject, Fault>, Option<Outcome>)> {
    let number_only = Claims {
        name: None,
        birth: None,
        ..claims_of(&citizen(1))
    };
    let mut doubled = claims_of(&citizen(4));
    doubled.key = IdKey::Legacy(legacy(777));
    let mut kinds = vec![
        (Ok(subject(claims_of(&citizen(1)))), Some(Outcome::Found)),
        (Ok(subject(claims_of(&citizen(2)))), Some(Outcome::Deceased)),
        (Ok(subject(doubled)), Some(Outcome::Ambiguous)),
        (Ok(subject(number_only)), None),
        (Err(bad()), None),
    ];
    for (claims, _) in no_matches() {
        kinds.push((Ok(subject(claims)), Some(Outcome::NoMatch)));
    }
    proptest::sample::select(kinds)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn results_and_entries_stand_in_the_order_of_the_items(
        kinds in proptest::collection::vec(any_item(), 1..40)
    ) {
        let (registry, ledger) = (FakeRegistry::of(nation()), FakeLedger::default());
        let (items, outcomes): (Vec<_>, Vec<_>) = kinds.into_iter().unzip();
        let expected: Vec<_> = outcomes.iter().flatten().copied().collect();
        let keys: Vec<_> = items
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| outcome.is_some())
            .map(|(item, _)| item.as_ref().unwrap().claims.key)
            .collect();
        let answer = look_up(&registry, &ledger, &Terms::default(), items).unwrap();
        let told: Vec<_> = answer.items.iter().map(|result| match result {
            LookupResult::Found { deceased: false, .. } => Some(Outcome::Found),
            LookupResult::Found { deceased: true, .. } => Some(Outcome::Deceased),
            LookupResult::NoMatch(_) => Some(Outcome::NoMatch),
            LookupResult::Ambiguous => Some(Outcome::Ambiguous),
            LookupResult::Malformed(_) | LookupResult::Withheld(_) => None,
        }).collect();
        prop_assert_eq!(told, outcomes);
        let entries: Vec<_> = ledger.records().into_iter().flat_map(|r| r.items).collect();
        prop_assert_eq!(entries.iter().map(|e| e.outcome).collect::<Vec<_>>(), expected);
        prop_assert_eq!(entries.iter().filter_map(|e| e.subject).collect::<Vec<_>>(), keys.clone());
        prop_assert_eq!(answer.receipt.count as usize, entries.len());
        prop_assert_eq!(registry.reads(), vec![(keys, Freshness::MinimizeLatency)]);
    }
}
