//! Push.

use std::sync::atomic::Ordering;

use dancu_domain::{
    Answer, ChangeEvent, ChangeOutcome, EventKind, Failure, Fault, IdKey, KeptAnswer, LifeEvent,
    Outcome, Place, Push, PushResult, Reason, RecordError, Recorder, RegistryError, Rejection,
    Source, SourceKey, Verb, WriteSlot,
};
use dancu_service::push;

use crate::fakes::{FakeLedger, FakeRegistry, NATION, receipt, run};
use crate::people::{Terms, agency, citizen, context, date, name, permit_for, personal};

fn key(text: &str) -> SourceKey {
    SourceKey::parse(text, "key").unwrap()
}

/// A death on a day of May 2023, of citizen `digits`, under the record id `id`.
pub(crate) fn death(digits: u64, id: &str, day: u8) -> LifeEvent {
    let person = citizen(digits);
    LifeEvent {
        source: key("ht"),
        record_id: key(id),
        record_version: 1,
        personal_id: personal(digits),
        name: person.name,
        birth: person.birth,
        event: ChangeEvent::Death {
            on: date(2023, 5, day),
        },
        digest: [day; 16],
    }
}

fn move_to(digits: u64, id: &str, commune: u32) -> LifeEvent {
    LifeEvent {
        event: ChangeEvent::Residence {
            place: Place::domestic(1, 1, commune, ""),
            since: date(2023, 5, 5),
        },
        ..death(digits, id, 5)
    }
}

pub(crate) fn message(digest: u8, items: Vec<Result<LifeEvent, Fault>>) -> Push {
    Push {
        digest: [digest; 32],
        items,
    }
}

fn justice() -> Terms {
    Terms {
        authority: vec![EventKind::Death],
        ..Terms::default()
    }
}

pub(crate) fn send(
    registry: &FakeRegistry,
    ledger: &FakeLedger,
    request_id: &str,
    message: Push,
) -> Result<Answer<PushResult>, Failure> {
    let permit = permit_for(Verb::Push, request_id, &justice());
    run(push(registry, ledger, permit, message))
}

const fn settled(outcome: ChangeOutcome) -> PushResult {
    PushResult::Settled(outcome)
}

pub(crate) const fn applied(number: u64, version: u32) -> PushResult {
    settled(ChangeOutcome::Applied { number, version })
}

#[test]
fn each_event_ends_as_one_outcome_with_one_entry_in_order() {
    let registry = FakeRegistry::of([citizen(1), citizen(2)]);
    let ledger = FakeLedger::default();
    let fault = Fault::new("death.died_on", Reason::DateInFuture);
    let stranger = LifeEvent {
        name: name("Lê Văn Nam"),
        ..death(2, "r3", 1)
    };
    let items = vec![
        Ok(death(1, "r1", 3)),
        Err(fault.clone()),
        Ok(move_to(2, "r2", 9)),
        Ok(stranger),
        Ok(death(1, "r1", 3)),
        Ok(death(1, "r1", 4)),
        Ok(death(1, "r4", 2)),
        Ok(death(2, "r5", 1)),
    ];
    let answer = send(&registry, &ledger, "req-1", message(1, items)).unwrap();
    let expected = [
        applied(1, 4),
        PushResult::Invalid(fault),
        settled(ChangeOutcome::Rejected(Rejection::NotTheAuthority)),
        settled(ChangeOutcome::Rejected(Rejection::NoMatch)),
        settled(ChangeOutcome::AlreadyApplied {
            number: 1,
            version: 4,
        }),
        settled(ChangeOutcome::Conflict),
        settled(ChangeOutcome::Stale),
        applied(2, 4),
    ];
    assert_eq!(answer.items, expected);
    assert_eq!(
        (answer.revision.number, answer.revision.nation),
        (2, NATION)
    );
    assert_eq!(answer.source, Some(Source::Registry));
    assert_eq!(answer.receipt, receipt(0, 8));
    assert_eq!(
        registry.applies(),
        [6],
        "one batch, without the foreign and the malformed"
    );
    assert_eq!(
        registry.citizen(1).current_residence,
        citizen(2).current_residence
    );
    let record = ledger.only_record();
    let outcomes: Vec<_> = record.items.iter().map(|entry| entry.outcome).collect();
    let expected = [
        Outcome::Applied,
        Outcome::Invalid,
        Outcome::Rejected,
        Outcome::Rejected,
        Outcome::AlreadyApplied,
        Outcome::Conflict,
        Outcome::Stale,
        Outcome::Applied,
    ];
    assert_eq!(outcomes, expected);
    assert!(record.items.iter().all(|entry| entry.given.is_empty()));
    assert_eq!(record.items[0].subject, Some(IdKey::Personal(personal(1))));
    assert_eq!(record.items[1].subject, None);
}

#[test]
fn the_same_message_is_answered_the_same_under_the_same_receipt() {
    let registry = FakeRegistry::of([citizen(1), citizen(2)]);
    let ledger = FakeLedger::default();
    let fault = Fault::new("claims.full_name", Reason::NameCharacter);
    let items = || vec![Ok(death(1, "r1", 3)), Err(fault.clone())];
    let first = send(&registry, &ledger, "req-1", message(1, items())).unwrap();
    let between = send(
        &registry,
        &ledger,
        "req-2",
        message(2, vec![Ok(death(2, "r2", 3))]),
    );
    assert_eq!(between.unwrap().revision.number, 2);
    let again = send(&registry, &ledger, "req-1", message(1, items())).unwrap();
    assert_eq!(again.items, first.items);
    assert_eq!(again.receipt, first.receipt);
    assert_eq!(
        (again.revision, again.source),
        (first.revision, first.source)
    );
    assert_eq!(again.request_id, first.request_id);
    assert_eq!(
        registry.applies().len(),
        2,
        "the repeated one is not carried out"
    );
    assert_eq!(ledger.records().len(), 2, "the repeated one is not counted");
}

#[test]
fn the_same_request_id_with_another_body_fails() {
    let registry = FakeRegistry::of([citizen(1), citizen(2)]);
    let ledger = FakeLedger::default();
    send(
        &registry,
        &ledger,
        "req-1",
        message(1, vec![Ok(death(1, "r1", 3))]),
    )
    .unwrap();
    let failure = send(
        &registry,
        &ledger,
        "req-1",
        message(2, vec![Ok(death(2, "r2", 3))]),
    );
    assert_eq!(failure.unwrap_err(), Failure::new(Reason::RequestIdReused));
    assert_eq!((registry.applies().len(), ledger.records().len()), (1, 1));
    assert_eq!(registry.citizen(1).died_on, None);
}

#[test]
fn nothing_goes_to_the_registry_from_an_agency_that_is_no_authority() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    let items = vec![Ok(move_to(1, "r1", 9)), Ok(move_to(77, "r2", 9))];
    let answer = send(&registry, &ledger, "req-1", message(1, items)).unwrap();
    let rejected = settled(ChangeOutcome::Rejected(Rejection::NotTheAuthority));
    assert_eq!(answer.items, [rejected.clone(), rejected]);
    assert!(registry.applies().is_empty());
    assert_eq!((answer.source, answer.receipt), (None, receipt(0, 2)));
}

#[test]
fn a_message_whose_answer_was_lost_is_answered_from_its_effects() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    *ledger.failure.lock().unwrap() = Some(RecordError::Unavailable);
    let items = || vec![Ok(death(1, "r1", 3))];
    let refused = run(async {
        let permit = permit_for(Verb::Push, "req-1", &justice());
        push(&registry, &ledger, permit, message(1, items())).await
    });
    assert_eq!(
        refused.unwrap_err(),
        Failure::new(Reason::LedgerUnavailable)
    );
    assert_eq!(registry.citizen(0).died_on, Some(date(2023, 5, 3)));
    *ledger.failure.lock().unwrap() = None;
    let answer = send(&registry, &ledger, "req-1", message(1, items())).unwrap();
    let already = ChangeOutcome::AlreadyApplied {
        number: 1,
        version: 4,
    };
    assert_eq!(answer.items, [settled(already)]);
    assert_eq!(
        ledger.only_record().items[0].outcome,
        Outcome::AlreadyApplied
    );
    assert!(ledger.only_record().kept.is_some());
}

#[test]
fn a_failed_registry_records_nothing_and_lets_the_next_through() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    *registry.failure.lock().unwrap() = Some(RegistryError::Overloaded);
    let items = || vec![Ok(death(1, "r1", 3))];
    let failure = send(&registry, &ledger, "req-1", message(1, items())).unwrap_err();
    assert_eq!(failure, Failure::new(Reason::Overloaded));
    assert!(ledger.records().is_empty());
    *registry.failure.lock().unwrap() = None;
    let answer = send(&registry, &ledger, "req-1", message(1, items())).unwrap();
    assert_eq!(answer.items, [applied(1, 4)]);
}

#[test]
fn more_or_fewer_outcomes_than_records_answer_nothing() {
    for off_by in [-1, 1] {
        let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
        registry.off_by.store(off_by, Ordering::Relaxed);
        let items = vec![Ok(death(1, "r1", 3))];
        let failure = send(&registry, &ledger, "req-1", message(1, items)).unwrap_err();
        assert_eq!(failure.reason, Reason::Internal);
        assert!(ledger.records().is_empty());
    }
}

#[test]
fn twins_sent_at_once_are_carried_out_and_recorded_once() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    let twin = || {
        let permit = permit_for(Verb::Push, "req-1", &justice());
        let items = message(1, vec![Ok(death(1, "r1", 3))]);
        push(&registry, &ledger, permit, items)
    };
    let (one, other) = run(async {
        let closed = registry.gate.write().await;
        let opening = async {
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            drop(closed);
        };
        let (one, other, ()) = tokio::join!(twin(), twin(), opening);
        (one.unwrap(), other.unwrap())
    });
    assert_eq!(one.items, [applied(1, 4)]);
    assert_eq!((other.items, other.receipt), (one.items, one.receipt));
    assert_eq!((registry.applies().len(), ledger.records().len()), (1, 1));
}

#[test]
fn a_message_waits_while_its_twin_is_carried_out_and_a_dropped_one_lets_it_through() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    run(async {
        let id = context("req-1").request_id;
        let slot = ledger.begin_write(agency(), &id, [1; 32]).await.unwrap();
        let WriteSlot::Fresh(held) = slot else {
            panic!("the first is fresh");
        };
        let permit = permit_for(Verb::Push, "req-1", &justice());
        let items = message(1, vec![Ok(death(1, "r1", 3))]);
        let mut twin = std::pin::pin!(push(&registry, &ledger, permit, items));
        for _ in 0..3 {
            tokio::select! {
                biased;
                _ = &mut twin => panic!("the twin waits"),
                () = tokio::task::yield_now() => {}
            }
        }
        assert!(
            registry.applies().is_empty(),
            "nothing is done while waiting"
        );
        drop(held);
        assert_eq!(twin.await.unwrap().items, [applied(1, 4)]);
    });
}

#[test]
fn a_push_that_is_dropped_while_waiting_leaves_nothing_behind() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    run(async {
        let id = context("req-1").request_id;
        let held = ledger.begin_write(agency(), &id, [1; 32]).await.unwrap();
        {
            let permit = permit_for(Verb::Push, "req-1", &justice());
            let items = message(1, vec![Ok(death(1, "r1", 3))]);
            let mut dropped = std::pin::pin!(push(&registry, &ledger, permit, items));
            tokio::select! {
                biased;
                _ = &mut dropped => panic!("it waits"),
                () = tokio::task::yield_now() => {}
            }
        }
        drop(held);
    });
    assert!(registry.applies().is_empty() && ledger.records().is_empty());
    let answer = send(
        &registry,
        &ledger,
        "req-1",
        message(1, vec![Ok(death(1, "r1", 3))]),
    );
    assert_eq!(answer.unwrap().items, [applied(1, 4)]);
}

#[test]
fn a_kept_answer_that_cannot_be_read_is_a_defect_and_not_a_second_write() {
    let (registry, ledger) = (FakeRegistry::of([citizen(1)]), FakeLedger::default());
    send(
        &registry,
        &ledger,
        "req-0",
        message(1, vec![Ok(death(1, "r1", 3))]),
    )
    .unwrap();
    let mut spoilt = ledger.only_record();
    spoilt.context = context("req-1");
    spoilt.kept = Some(KeptAnswer {
        digest: [1; 32],
        body: vec![255],
    });
    run(ledger.record(spoilt)).unwrap();
    let failure = send(
        &registry,
        &ledger,
        "req-1",
        message(1, vec![Ok(death(1, "r1", 3))]),
    );
    assert_eq!(failure.unwrap_err().reason, Reason::Internal);
    assert_eq!(registry.applies().len(), 1);
}
