//! Records, sets of attributes, places, and the codes by which they are stored.

use dancu_domain::{
    Attribute, AttributeSet, BloodType, Citizen, IdKey, MaritalStatus, Outcome, Place, Relative,
    Sex, SocialInsuranceNumber, Validity, Verb,
};
use proptest::prelude::*;

use crate::people::{citizen, date, legacy, name, personal};

type Fill = fn(&mut Citizen);

#[test]
fn an_attribute_without_a_value_is_not_present() {
    let always = [
        Attribute::PersonalNumber,
        Attribute::FullName,
        Attribute::BirthDate,
        Attribute::BirthRegistration,
        Attribute::NativePlace,
        Attribute::Nationality,
        Attribute::PermanentResidence,
        Attribute::CurrentResidence,
    ];
    let mut bare = citizen();
    bare.sex = Sex::Unknown;
    bare.ethnicity = 0;
    bare.religion = 0;
    bare.marital_status = MaritalStatus::Unknown;
    bare.blood_type = BloodType::Unknown;
    let bare_set = AttributeSet::of(&always);
    assert_eq!(bare.present(AttributeSet::all()), bare_set);
    fn relative() -> Relative {
        Relative {
            name: name("Lê Văn Nam"),
            personal_id: None,
            nationality: *b"VN",
        }
    }
    let fills: [(Attribute, Fill); 14] = [
        (Attribute::LegacyNumber, |c| c.legacy_id = Some(legacy(1))),
        (Attribute::Sex, |c| c.sex = Sex::Male),
        (Attribute::Ethnicity, |c| c.ethnicity = 1),
        (Attribute::Religion, |c| c.religion = 1),
        (Attribute::MaritalStatus, |c| {
            c.marital_status = MaritalStatus::Single;
        }),
        (Attribute::BloodType, |c| c.blood_type = BloodType::Ab),
        (Attribute::Father, |c| c.father = Some(relative())),
        (Attribute::Mother, |c| c.mother = Some(relative())),
        (Attribute::Spouse, |c| c.spouse = Some(relative())),
        (Attribute::Representative, |c| {
            c.representative = Some(relative());
        }),
        (Attribute::Household, |c| c.household = 1),
        (Attribute::Death, |c| c.died_on = Some(date(2023, 1, 1))),
        (Attribute::Death, |c| {
            c.missing_since = Some(date(2023, 1, 1));
        }),
        (Attribute::SocialInsurance, |c| {
            c.social_insurance = SocialInsuranceNumber::from_digits(1);
        }),
    ];
    let mut told = bare_set;
    for (attribute, fill) in fills {
        let mut filled = bare.clone();
        fill(&mut filled);
        let expected = bare_set.or(AttributeSet::of(&[attribute]));
        assert_eq!(filled.present(AttributeSet::all()), expected, "{attribute}");
        assert!(filled.present(AttributeSet::NONE).is_empty());
        told.insert(attribute);
    }
    assert_eq!(
        told,
        AttributeSet::all(),
        "every attribute is either always there or was filled"
    );
}

#[test]
fn a_person_has_both_numbers() {
    let mut person = citizen();
    let twelve = IdKey::Personal(person.personal_id);
    let nine = IdKey::Legacy(legacy(777));
    assert!(person.has(twelve) && !person.has(nine));
    person.legacy_id = Some(legacy(777));
    assert!(person.has(nine));
    assert!(!person.has(IdKey::Personal(personal(777))));
    assert!(!person.has(IdKey::Legacy(legacy(778))));
}

#[test]
fn places_are_the_same_unit_as_far_as_the_claimed_one_says() {
    let recorded = Place::domestic(1, 2, 3, "Ngõ 5");
    let cases = [
        (Place::domestic(1, 2, 3, "Ngõ 5"), true),
        (Place::domestic(1, 2, 3, "Ngõ 6"), true),
        (Place::domestic(1, 2, 0, ""), true),
        (Place::domestic(1, 0, 0, ""), true),
        (Place::domestic(0, 0, 0, ""), true),
        (Place::domestic(1, 2, 4, ""), false),
        (Place::domestic(1, 3, 3, ""), false),
        (Place::domestic(2, 2, 3, ""), false),
        (
            Place {
                country: *b"LA",
                ..recorded.clone()
            },
            false,
        ),
    ];
    for (claimed, same) in cases {
        assert_eq!(claimed.same_unit(&recorded), same, "{claimed:?}");
    }
    assert!(
        !recorded.same_unit(&Place::domestic(1, 2, 0, "")),
        "the registry knows less"
    );
    assert_eq!(recorded.country(), "VN");
}

#[test]
fn a_validity_includes_both_its_days() {
    let (first, last) = (date(2023, 1, 1), date(2023, 12, 31));
    let year = Validity {
        from: Some(first),
        until: Some(last),
    };
    assert!(year.holds(first) && year.holds(last));
    assert!(year.not_yet(date(2022, 12, 31)) && !year.holds(date(2022, 12, 31)));
    assert!(year.over(date(2024, 1, 1)) && !year.holds(date(2024, 1, 1)));
    assert!(Validity::default().holds(first));
}

#[test]
fn stored_codes_stand_for_ever() {
    let attributes: Vec<_> = Attribute::ALL.iter().map(|a| a.code()).collect();
    assert_eq!(attributes, (0..21).collect::<Vec<_>>());
    let verbs: Vec<_> = Verb::ALL.iter().map(|v| (v.code(), v.word())).collect();
    assert_eq!(
        verbs,
        [
            (1, "LOOKUP"),
            (2, "AUTHENTICATE"),
            (3, "RECONCILE"),
            (4, "PUSH")
        ]
    );
    let outcomes: Vec<_> = Outcome::ALL.iter().map(|o| o.word()).collect();
    let expected = [
        "FOUND",
        "MATCH",
        "NO_MATCH",
        "DECEASED",
        "AMBIGUOUS",
        "IN_STEP",
        "DIFFERS",
        "DUPLICATE_IN_SOURCE",
        "INVALID",
        "APPLIED",
        "ALREADY_APPLIED",
        "STALE",
        "CONFLICT",
        "REJECTED",
        "REFUSED",
    ];
    assert_eq!(outcomes, expected);
    for (i, outcome) in Outcome::ALL.iter().enumerate() {
        assert_eq!(usize::from(outcome.code()), i + 1);
        assert_eq!(Outcome::from_code(outcome.code()), Some(*outcome));
    }
    assert_eq!(
        (Outcome::from_code(0), Outcome::from_code(16)),
        (None, None)
    );
}

#[test]
fn syncs_are_reconcile_and_push() {
    let syncs: Vec<_> = Verb::ALL.iter().map(|verb| verb.is_sync()).collect();
    assert_eq!(syncs, [false, false, true, true]);
}

#[test]
fn basic_shows_who_a_person_is_and_nothing_sensitive() {
    assert!(AttributeSet::BASIC.and(AttributeSet::SENSITIVE).is_empty());
    assert!(AttributeSet::BASIC.has(Attribute::FullName));
    assert_eq!(AttributeSet::SENSITIVE.iter().count(), 3);
}

proptest! {
    #[test]
    fn sets_of_attributes_follow_the_rules_of_sets(one in any::<u32>(), other in any::<u32>()) {
        let (a, b) = (AttributeSet::from_bits(one), AttributeSet::from_bits(other));
        for attribute in Attribute::ALL {
            let (in_a, in_b) = (a.has(*attribute), b.has(*attribute));
            prop_assert_eq!(a.and(b).has(*attribute), in_a && in_b);
            prop_assert_eq!(a.or(b).has(*attribute), in_a || in_b);
            prop_assert_eq!(a.without(b).has(*attribute), in_a && !in_b);
        }
        prop_assert_eq!(AttributeSet::from_bits(a.bits()), a);
        let listed: Vec<_> = a.iter().collect();
        prop_assert_eq!(AttributeSet::of(&listed), a);
        prop_assert_eq!(a.is_empty(), listed.is_empty());
    }
}
