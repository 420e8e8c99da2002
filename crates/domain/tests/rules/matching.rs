//! Claims against everybody who has the number.

use std::sync::Arc;

use dancu_domain::{
    Agreement, BirthDate, Citizen, Claims, IdKey, NoMatchCause, Verdict, match_claims,
};
use proptest::prelude::*;

use crate::people::{citizen, date, legacy, name, personal};

fn claims(full_name: Option<&str>, birth: Option<BirthDate>) -> Claims {
    Claims {
        key: IdKey::Personal(citizen().personal_id),
        name: full_name.map(name),
        birth,
    }
}

fn born() -> BirthDate {
    citizen().birth
}

fn of_one(citizen: Citizen, claims: &Claims) -> Verdict {
    match_claims(&[Arc::new(citizen)], claims)
}

const fn no_match(cause: NoMatchCause) -> Verdict {
    Verdict::NoMatch(cause)
}

#[test]
fn true_claims_match_as_closely_as_the_names_agree() {
    let cases = [
        ("Nguyễn Thị Hoà", Agreement::Exact),
        ("NGUYỄN THỊ HOÀ", Agreement::Exact),
        ("Nguyễn Thị Hòa", Agreement::TonePlacement),
        ("nguyen thi hoa", Agreement::Unaccented),
    ];
    for (text, agreement) in cases {
        let (person, mut dead) = (citizen(), citizen());
        dead.died_on = Some(date(2022, 2, 2));
        let claims = claims(Some(text), Some(born()));
        let expected = Verdict::Match(Arc::new(person.clone()), agreement);
        assert_eq!(of_one(person, &claims), expected, "{text}");
        let expected = Verdict::Deceased(Arc::new(dead.clone()), agreement);
        assert_eq!(of_one(dead, &claims), expected, "{text}");
    }
}

#[test]
fn a_missing_person_of_whom_no_death_is_recorded_matches() {
    let mut missing = citizen();
    missing.missing_since = Some(date(2020, 1, 1));
    let verdict = of_one(missing, &claims(Some("Nguyễn Thị Hoà"), Some(born())));
    assert!(matches!(verdict, Verdict::Match(..)));
}

#[test]
fn claims_on_nobody_and_false_claims_and_locked_records_do_not_match() {
    let right = claims(Some("Nguyễn Thị Hoà"), Some(born()));
    assert_eq!(match_claims(&[], &right), no_match(NoMatchCause::Unknown));
    let wrong_name = claims(Some("Trần Thị Hoà"), Some(born()));
    assert_eq!(of_one(citizen(), &wrong_name), no_match(NoMatchCause::Name));
    for text in ["Nguyễn Thị Hoà", "NGUYỄN THỊ HOÀ"] {
        let wrong_birth = claims(Some(text), Some(BirthDate::Month(1990, 3)));
        assert_eq!(
            of_one(citizen(), &wrong_birth),
            no_match(NoMatchCause::Birth)
        );
    }
    let both_wrong = claims(Some("Trần Thị Hoà"), Some(BirthDate::Year(1991)));
    assert_eq!(of_one(citizen(), &both_wrong), no_match(NoMatchCause::Name));
    let mut locked = citizen();
    locked.locked = true;
    assert_eq!(
        of_one(locked.clone(), &right),
        no_match(NoMatchCause::Locked)
    );
    assert_eq!(
        of_one(locked.clone(), &wrong_name),
        no_match(NoMatchCause::Locked)
    );
    locked.died_on = Some(date(2022, 2, 2));
    assert_eq!(of_one(locked, &right), no_match(NoMatchCause::Locked));
}

#[test]
fn death_is_told_only_once_the_claims_match() {
    let mut dead = citizen();
    dead.died_on = Some(date(2022, 2, 2));
    let wrong = claims(Some("Trần Thị Hoà"), Some(born()));
    assert_eq!(of_one(dead, &wrong), no_match(NoMatchCause::Name));
}

#[test]
fn what_is_not_claimed_is_not_compared() {
    for (full_name, birth) in [
        (None, None),
        (Some("Nguyễn Thị Hoà"), None),
        (None, Some(born())),
        (None, Some(BirthDate::Year(1990))),
    ] {
        let verdict = of_one(citizen(), &claims(full_name, birth));
        assert!(
            matches!(verdict, Verdict::Match(_, Agreement::Exact)),
            "{full_name:?}"
        );
    }
    let mut locked = citizen();
    locked.locked = true;
    assert_eq!(
        of_one(locked, &claims(None, None)),
        no_match(NoMatchCause::Locked)
    );
    assert_eq!(
        match_claims(&[], &claims(None, None)),
        no_match(NoMatchCause::Unknown)
    );
}

/// The two people of an old number that was issued twice.
fn doubled(change: impl Fn(&mut Citizen, &mut Citizen)) -> [Arc<Citizen>; 2] {
    let (mut one, mut other) = (citizen(), citizen());
    other.personal_id = personal(987_654_321_999);
    for person in [&mut one, &mut other] {
        person.legacy_id = Some(legacy(777));
    }
    change(&mut one, &mut other);
    [Arc::new(one), Arc::new(other)]
}

fn by_old_number(full_name: &str) -> Claims {
    Claims {
        key: IdKey::Legacy(legacy(777)),
        ..claims(Some(full_name), Some(born()))
    }
}

#[test]
fn a_doubled_old_number_is_decided_by_name_and_birth_date() {
    let right = by_old_number("Nguyễn Thị Hoà");
    let both = doubled(|_, _| {});
    assert_eq!(match_claims(&both, &right), Verdict::Ambiguous);
    let wrong = by_old_number("Trần Thị Hoà");
    assert_eq!(match_claims(&both, &wrong), no_match(NoMatchCause::Name));
    let first = doubled(|_, other| other.name = name("Lê Văn Nam"));
    let expected = Verdict::Match(Arc::clone(&first[0]), Agreement::Exact);
    assert_eq!(match_claims(&first, &right), expected);
    let second = doubled(|one, _| one.birth = BirthDate::Year(1970));
    let expected = Verdict::Match(Arc::clone(&second[1]), Agreement::Exact);
    assert_eq!(match_claims(&second, &right), expected);
    let locked = doubled(|one, _| one.locked = true);
    let expected = Verdict::Match(Arc::clone(&locked[1]), Agreement::Exact);
    assert_eq!(match_claims(&locked, &right), expected);
    let dead = doubled(|one, other| {
        one.died_on = Some(date(2022, 2, 2));
        other.name = name("Lê Văn Nam");
    });
    let expected = Verdict::Deceased(Arc::clone(&dead[0]), Agreement::Exact);
    assert_eq!(match_claims(&dead, &right), expected);
    // Two people agree at different levels: still two people.
    let levels = doubled(|_, other| other.name = name("Nguyễn Thị Hóa"));
    assert_eq!(match_claims(&levels, &right), Verdict::Ambiguous);
}

#[test]
fn of_two_people_the_cause_of_the_nearer_one_is_told() {
    let right = by_old_number("Nguyễn Thị Hoà");
    for swapped in [false, true] {
        let mut people = doubled(|one, other| {
            one.name = name("Lê Văn Nam");
            other.birth = BirthDate::Year(1970);
        });
        if swapped {
            people.swap(0, 1);
        }
        assert_eq!(match_claims(&people, &right), no_match(NoMatchCause::Birth));
    }
}

#[test]
fn one_person_under_an_old_number_is_matched_like_any() {
    let mut person = citizen();
    person.legacy_id = Some(legacy(777));
    let one = [Arc::new(person)];
    for (text, agreement) in [
        ("Nguyễn Thị Hoà", Agreement::Exact),
        ("Nguyễn Thị Hòa", Agreement::TonePlacement),
    ] {
        let expected = Verdict::Match(Arc::clone(&one[0]), agreement);
        assert_eq!(match_claims(&one, &by_old_number(text)), expected);
    }
}

proptest! {
    #[test]
    fn the_order_of_the_people_plays_no_part(
        names in proptest::collection::vec(proptest::sample::select(
            vec!["Nguyễn Thị Hoà", "Nguyễn Thị Hòa", "Lê Văn Nam"]), 2),
        years in proptest::collection::vec(1990_u16..1992, 2),
        locked in proptest::collection::vec(any::<bool>(), 2),
    ) {
        let people = doubled(|one, other| {
            for (i, person) in [one, other].into_iter().enumerate() {
                person.name = name(names[i]);
                person.birth = BirthDate::Year(years[i]);
                person.locked = locked[i];
            }
        });
        let turned = [Arc::clone(&people[1]), Arc::clone(&people[0])];
        let right = by_old_number("Nguyễn Thị Hoà");
        prop_assert_eq!(match_claims(&people, &right), match_claims(&turned, &right));
        let matching = (0..2)
            .filter(|i| names[*i] != "Lê Văn Nam" && years[*i] == 1990 && !locked[*i])
            .count();
        let ended = match match_claims(&people, &right) {
            Verdict::NoMatch(_) => 0,
            Verdict::Match(..) | Verdict::Deceased(..) => 1,
            Verdict::Ambiguous => 2,
        };
        prop_assert_eq!(ended, matching);
    }
}
