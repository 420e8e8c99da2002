//! How one life event is taken.

use dancu_domain::{
    AgencyCode, BirthDate, ChangeEvent, ChangeOutcome, ChangeRecord, Citizen, CivilDate, Decision,
    EventKind, Outcome, Place, Prior, Rejection, SourceKey, decide,
};

use crate::people::{citizen, date, name};

pub(crate) fn record(event: ChangeEvent) -> ChangeRecord {
    let citizen = citizen();
    ChangeRecord {
        agency: AgencyCode::parse("G01", "a").unwrap(),
        source: SourceKey::parse("ht", "s").unwrap(),
        record_id: SourceKey::parse("r1", "r").unwrap(),
        record_version: 1,
        personal_id: citizen.personal_id,
        name: citizen.name,
        birth: citizen.birth,
        event,
        digest: [1; 16],
    }
}

pub(crate) fn residence(commune: u32, since: CivilDate) -> ChangeEvent {
    ChangeEvent::Residence {
        place: Place::domestic(1, 2, commune, ""),
        since,
    }
}

fn death(on: CivilDate) -> ChangeEvent {
    ChangeEvent::Death { on }
}

fn applied(citizen: &Citizen, event: ChangeEvent) -> Option<Citizen> {
    match decide(Some(citizen), &record(event), Prior::default()) {
        Decision::Apply(next) => Some(*next),
        Decision::Settle(ChangeOutcome::Stale) => None,
        Decision::Settle(other) => panic!("the event is neither applied nor stale: {other:?}"),
    }
}

const REJECTED: Decision = Decision::Settle(ChangeOutcome::Rejected(Rejection::NoMatch));

#[test]
fn a_change_of_residence_changes_the_current_one_and_nothing_else() {
    let before = citizen();
    let since = date(2023, 5, 5);
    let after = applied(&before, residence(9, since)).unwrap();
    let expected = Citizen {
        version: 1,
        current_residence: Place::domestic(1, 2, 9, ""),
        resident_since: since,
        ..before
    };
    assert_eq!(after, expected);
}

#[test]
fn a_death_changes_the_day_of_death_and_nothing_else() {
    let before = citizen();
    let after = applied(&before, death(date(2023, 5, 5))).unwrap();
    let expected = Citizen {
        version: 1,
        died_on: Some(date(2023, 5, 5)),
        ..before
    };
    assert_eq!(after, expected);
}

#[test]
fn an_event_that_is_not_later_than_what_stands_is_stale() {
    let mut person = citizen();
    person.resident_since = date(2023, 5, 5);
    person.current_residence = Place::domestic(1, 2, 9, "");
    person.died_on = Some(date(2023, 6, 6));
    assert_eq!(applied(&person, residence(8, date(2023, 5, 4))), None);
    assert_eq!(applied(&person, residence(99, date(2023, 5, 4))), None);
    assert_eq!(applied(&person, residence(9, date(2023, 5, 5))), None);
    assert_eq!(applied(&person, residence(8, date(2023, 5, 5))), None);
    assert!(applied(&person, residence(10, date(2023, 5, 5))).is_some());
    assert!(applied(&person, residence(8, date(2023, 5, 6))).is_some());
    assert_eq!(applied(&person, death(date(2023, 6, 5))), None);
    assert_eq!(applied(&person, death(date(2023, 6, 6))), None);
    assert!(applied(&person, death(date(2023, 6, 7))).is_some());
}

#[test]
fn the_same_key_is_known_again_before_anything_else_is_looked_at() {
    let prior = Prior {
        same: Some(([1; 16], 77, 5)),
    };
    let mut record = record(residence(9, date(2023, 5, 5)));
    let already = ChangeOutcome::AlreadyApplied {
        number: 77,
        version: 5,
    };
    assert_eq!(decide(None, &record, prior), Decision::Settle(already));
    record.digest = [2; 16];
    let conflict = Decision::Settle(ChangeOutcome::Conflict);
    assert_eq!(decide(Some(&citizen()), &record, prior), conflict);
}

#[test]
fn claims_that_do_not_agree_are_rejected_alike() {
    let right = record(residence(9, date(2023, 5, 5)));
    assert_eq!(decide(None, &right, Prior::default()), REJECTED);
    let mut locked = citizen();
    locked.locked = true;
    assert_eq!(decide(Some(&locked), &right, Prior::default()), REJECTED);
    let mut other_name = right.clone();
    other_name.name = name("Trần Thị Hoà");
    assert_eq!(
        decide(Some(&citizen()), &other_name, Prior::default()),
        REJECTED
    );
    let mut other_birth = right.clone();
    other_birth.birth = BirthDate::Year(1991);
    assert_eq!(
        decide(Some(&citizen()), &other_birth, Prior::default()),
        REJECTED
    );
    let mut unaccented = right;
    unaccented.name = name("NGUYEN THI HOA");
    unaccented.birth = BirthDate::Year(1990);
    let decision = decide(Some(&citizen()), &unaccented, Prior::default());
    assert!(
        matches!(decision, Decision::Apply(_)),
        "they agree in what both sides know"
    );
}

#[test]
fn nothing_happens_before_birth() {
    let before = Decision::Settle(ChangeOutcome::Rejected(Rejection::BeforeBirth));
    for event in [death(date(1990, 2, 2)), residence(9, date(1990, 2, 2))] {
        assert_eq!(
            decide(Some(&citizen()), &record(event), Prior::default()),
            before
        );
    }
    assert!(
        applied(&citizen(), death(date(1990, 2, 3))).is_some(),
        "on the day of birth"
    );
    let mut of_a_year = citizen();
    of_a_year.birth = BirthDate::Year(1990);
    assert!(
        applied(&of_a_year, death(date(1990, 1, 1))).is_some(),
        "the year may begin with it"
    );
}

#[test]
fn events_have_a_kind_and_a_day_and_outcomes_a_count() {
    let day = date(2023, 5, 5);
    assert_eq!(
        (death(day).kind(), death(day).on()),
        (EventKind::Death, day)
    );
    let moved = residence(1, day);
    assert_eq!(
        (moved.kind(), moved.on()),
        (EventKind::ResidenceChange, day)
    );
    let (number, version) = (1, 1);
    let table = [
        (ChangeOutcome::Applied { number, version }, Outcome::Applied),
        (
            ChangeOutcome::AlreadyApplied { number, version },
            Outcome::AlreadyApplied,
        ),
        (ChangeOutcome::Stale, Outcome::Stale),
        (ChangeOutcome::Conflict, Outcome::Conflict),
        (
            ChangeOutcome::Rejected(Rejection::NoMatch),
            Outcome::Rejected,
        ),
    ];
    for (ended, counted) in table {
        assert_eq!(ended.outcome(), counted);
    }
}
