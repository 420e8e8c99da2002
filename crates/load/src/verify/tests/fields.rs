//! Every field of a record, altered or withheld.

use dancu_domain::{Attribute, AttributeSet, Citizen, CivilDate};
use dancu_population::Nation;
use dancu_wire::pb;

use crate::verify::difference;

/// Somebody of whom everything is recorded.
fn whole() -> Citizen {
    let nation = Nation::new(1, 6_400);
    let mut citizen = (0..nation.len())
        .map(|index| nation.citizen(index))
        .find(|c| {
            c.father.is_some()
                && c.mother.is_some()
                && c.head.is_some()
                && c.legacy_id.is_some()
                && c.social_insurance.is_some()
        })
        .unwrap();
    citizen.spouse.clone_from(&citizen.father);
    citizen.representative.clone_from(&citizen.mother);
    citizen.died_on = CivilDate::new(2023, 5, 1);
    citizen.missing_since = CivilDate::new(2022, 5, 1);
    citizen.religion = 3;
    citizen
}

/// A field of a record, and a way to alter it.
type Alteration = (&'static str, fn(&mut pb::Citizen));

fn text(text: &mut String) {
    text.push('x');
}

fn day(date: &mut Option<pb::Date>) {
    date.as_mut().unwrap().day += 1;
}

const ALTERATIONS: [Alteration; 25] = [
    ("version", |c| c.version += 1),
    ("personal_number", |c| text(&mut c.personal_number)),
    ("legacy_number", |c| text(&mut c.legacy_number)),
    ("full_name", |c| text(&mut c.full_name)),
    ("birth_date", |c| c.birth_date.as_mut().unwrap().year += 1),
    ("sex", |c| c.sex = 3 - c.sex),
    ("birth_registration", |c| {
        text(&mut c.birth_registration.as_mut().unwrap().province);
    }),
    ("native_place", |c| {
        text(&mut c.native_place.as_mut().unwrap().district);
    }),
    ("ethnicity", |c| c.ethnicity += 1),
    ("religion", |c| c.religion += 1),
    ("nationality", |c| c.nationality = "LA".into()),
    ("marital_status", |c| {
        c.marital_status = (c.marital_status + 1) % 5;
    }),
    ("permanent_residence", |c| {
        text(&mut c.permanent_residence.as_mut().unwrap().commune);
    }),
    ("current_residence", |c| {
        text(&mut c.current_residence.as_mut().unwrap().detail);
    }),
    ("resident_since", |c| day(&mut c.resident_since)),
    ("blood_type", |c| c.blood_type = c.blood_type % 4 + 1),
    ("father", |c| {
        text(&mut c.father.as_mut().unwrap().full_name);
    }),
    ("mother", |c| {
        text(&mut c.mother.as_mut().unwrap().personal_number);
    }),
    ("spouse", |c| {
        text(&mut c.spouse.as_mut().unwrap().nationality);
    }),
    ("representative", |c| c.representative = None),
    ("head_of_household", |c| c.head_of_household = None),
    ("relation_to_head", |c| {
        c.relation_to_head = c.relation_to_head % 7 + 1;
    }),
    ("died_on", |c| day(&mut c.died_on)),
    ("missing_since", |c| day(&mut c.missing_since)),
    ("social_insurance_number", |c| {
        text(&mut c.social_insurance_number);
    }),
];

#[test]
fn every_field_that_is_altered_is_caught() {
    let citizen = whole();
    let all = AttributeSet::all();
    let right = dancu_wire::citizen(&citizen, all);
    assert_eq!(difference(&citizen, all, &right), None);
    for (field, alter) in ALTERATIONS {
        let mut altered = right.clone();
        alter(&mut altered);
        assert_eq!(difference(&citizen, all, &altered), Some(field));
    }
}

#[test]
fn every_attribute_that_was_not_granted_is_caught() {
    let citizen = whole();
    let all = AttributeSet::all();
    for attribute in Attribute::ALL {
        let granted = all.without(AttributeSet::of(&[*attribute]));
        let right = dancu_wire::citizen(&citizen, granted);
        assert_eq!(difference(&citizen, granted, &right), None);
        let leaked = dancu_wire::citizen(&citizen, all);
        assert!(
            difference(&citizen, granted, &leaked).is_some(),
            "{attribute}"
        );
        assert!(
            difference(&citizen, all, &right).is_some(),
            "{attribute} withheld"
        );
    }
}
