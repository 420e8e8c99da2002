use std::collections::HashMap;

use dancu_domain::{Citizen, CivilDate, MaritalStatus, PersonalId, RelationToHead, Relative, Sex};
use dancu_population::{BLOCK, MAX_CITIZENS, Nation};
use proptest::prelude::*;

/// A block with its citizens by number.
struct Families {
    citizens: Vec<Citizen>,
    by_number: HashMap<PersonalId, usize>,
}

impl Families {
    fn of(seed: u64, block: u64) -> Self {
        let citizens = Nation::new(seed, MAX_CITIZENS).block(block);
        let by_number = citizens
            .iter()
            .enumerate()
            .map(|(at, citizen)| (citizen.personal_id, at))
            .collect();
        Self {
            citizens,
            by_number,
        }
    }

    /// The record of somebody named in another's: it must be in the block, under that name.
    fn record(&self, relative: &Relative) -> &Citizen {
        let id = relative.personal_id.expect("a relative with a number");
        let citizen = &self.citizens[self.by_number[&id]];
        assert!(citizen.name == relative.name);
        citizen
    }
}

fn on_file(relative: Option<&Relative>) -> Option<&Relative> {
    relative.filter(|r| r.personal_id.is_some())
}

/// Full years from one day to another.
fn full_years(from: CivilDate, to: CivilDate) -> i32 {
    let whole = i32::from(to.year()) - i32::from(from.year());
    whole - i32::from((to.month(), to.day()) < (from.month(), from.day()))
}

fn reference() -> CivilDate {
    CivilDate::new(2023, 1, 1).unwrap()
}

fn check_spouses(families: &Families, citizen: &Citizen) {
    let Some(spouse) = &citizen.spouse else {
        assert_ne!(citizen.marital_status, MaritalStatus::Married);
        return;
    };
    let other = families.record(spouse);
    let back = other.spouse.as_ref().expect("marriage is mutual");
    assert_eq!(families.record(back).personal_id, citizen.personal_id);
    assert_ne!(other.sex, citizen.sex);
    let widowed = citizen.died_on.is_none() && other.died_on.is_some();
    if widowed {
        assert_eq!(citizen.marital_status, MaritalStatus::Widowed);
    }
    if citizen.died_on.is_none() && other.died_on.is_none() {
        assert_eq!(citizen.marital_status, MaritalStatus::Married);
    }
}

fn check_parents(families: &Families, citizen: &Citizen) {
    for (parent, sex) in [(&citizen.father, Sex::Male), (&citizen.mother, Sex::Female)] {
        let Some(parent) = on_file(parent.as_ref()) else {
            continue;
        };
        let parent = families.record(parent);
        assert_eq!(parent.sex, sex);
        // Where only a year is known, the earliest day stands for it: give it a year.
        let slack = i32::from(parent.birth.parts().2 == 0 || citizen.birth.parts().2 == 0);
        let age = full_years(parent.birth.earliest(), citizen.birth.earliest());
        assert!(
            (18 - slack..=45 + slack).contains(&age),
            "a parent of {age}"
        );
        if let Some(died) = parent.died_on {
            assert!(died > citizen.birth.earliest());
        }
        assert_eq!(parent.ethnicity, citizen.ethnicity);
        if sex == Sex::Male && citizen.ethnicity == 1 {
            let surname = |c: &Citizen| c.name.text().split(' ').next().map(str::to_owned);
            assert_eq!(surname(parent), surname(citizen));
        }
    }
}

fn check_household(families: &Families, citizen: &Citizen) {
    if citizen.died_on.is_some() {
        assert_eq!(citizen.household, 0);
        assert!(citizen.head.is_none());
        assert_eq!(citizen.relation_to_head, RelationToHead::Unknown);
        return;
    }
    assert_ne!(citizen.household, 0);
    let Some(head) = &citizen.head else {
        assert_eq!(citizen.relation_to_head, RelationToHead::Head);
        return;
    };
    let head = families.record(head);
    assert_eq!(head.household, citizen.household);
    assert_eq!(head.relation_to_head, RelationToHead::Head);
    assert_eq!(head.died_on, None);
    assert!(full_years(head.birth.earliest(), reference()) >= 18);
    assert_eq!(head.current_residence, citizen.current_residence);
    let named = |relative: &Option<Relative>| {
        relative.as_ref().and_then(|r| r.personal_id) == Some(head.personal_id)
    };
    match citizen.relation_to_head {
        RelationToHead::Spouse => assert!(named(&citizen.spouse)),
        RelationToHead::Child => assert!(named(&citizen.father) || named(&citizen.mother)),
        RelationToHead::Head | RelationToHead::Unknown => panic!("somebody else is the head"),
        RelationToHead::Parent
        | RelationToHead::Sibling
        | RelationToHead::Grandchild
        | RelationToHead::Other => assert!(!named(&citizen.spouse)),
    }
}

fn check_representative(families: &Families, citizen: &Citizen) {
    let age = full_years(citizen.birth.earliest(), reference());
    let Some(representative) = &citizen.representative else {
        assert!(
            age >= 18 || citizen.died_on.is_some(),
            "nobody speaks for a minor"
        );
        return;
    };
    assert!(age <= 18 && citizen.died_on.is_none());
    assert!(
        [&citizen.father, &citizen.mother].contains(&&citizen.representative),
        "a representative who is no parent"
    );
    let parent = families.record(representative);
    assert_eq!(parent.died_on, None);
    assert_eq!(parent.household, citizen.household);
}

fn check_dates_and_number(citizen: &Citizen, province: u64) {
    let born = citizen.birth.earliest();
    assert!(born < reference());
    assert!(citizen.resident_since >= born && citizen.resident_since < reference());
    if let Some(died) = citizen.died_on {
        assert!(died > born && died < reference());
    }
    let digits = citizen.personal_id.digits();
    assert_eq!(digits / 1_000_000_000, province);
    let (year, _, _) = citizen.birth.parts();
    let century = (u64::from(year) - 1900) / 100;
    let sex = u64::from(citizen.sex == Sex::Female);
    assert_eq!(digits / 100_000_000 % 10, century * 2 + sex);
    assert_eq!(digits / 1_000_000 % 100, u64::from(year % 100));
}

fn check(seed: u64, block: u64) {
    let families = Families::of(seed, block);
    assert_eq!(families.by_number.len() as u64, BLOCK);
    let province = families.citizens[0].personal_id.digits() / 1_000_000_000;
    for citizen in &families.citizens {
        check_spouses(&families, citizen);
        check_parents(&families, citizen);
        check_household(&families, citizen);
        check_representative(&families, citizen);
        check_dates_and_number(citizen, province);
        assert_eq!(
            u64::from(citizen.birth_registration.province) + 900,
            province
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn families_hold_together_in_every_block(seed: u64, block in 0..MAX_CITIZENS / BLOCK) {
        check(seed, block);
    }
}

#[test]
fn families_hold_together_in_a_whole_small_nation() {
    for block in 0..2_000 {
        check(1, block);
    }
}

#[test]
fn a_household_has_one_head_and_those_who_live_there() {
    for block in 0..500 {
        let families = Families::of(9, block);
        let mut heads: HashMap<u64, u32> = HashMap::new();
        for citizen in families.citizens.iter().filter(|c| c.died_on.is_none()) {
            let is_head = citizen.relation_to_head == RelationToHead::Head;
            *heads.entry(citizen.household).or_default() += u32::from(is_head);
        }
        assert!(heads.values().all(|n| *n == 1));
    }
}
