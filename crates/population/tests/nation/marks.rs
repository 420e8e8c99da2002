use dancu_domain::{Citizen, PersonalId, Relative};
use dancu_population::{GENERATOR_VERSION, Nation};

/// Every personal number that stands in a record.
fn numbers(citizen: &Citizen) -> Vec<PersonalId> {
    let relatives = [
        &citizen.father,
        &citizen.mother,
        &citizen.spouse,
        &citizen.representative,
        &citizen.head,
    ];
    let named = |relative: &Option<Relative>| relative.as_ref().and_then(|r| r.personal_id);
    let mut all = vec![citizen.personal_id];
    all.extend(relatives.into_iter().filter_map(named));
    all
}

/// The same record without the first digits.
fn unmarked(citizen: &Citizen) -> Citizen {
    let rest = |id: PersonalId| PersonalId::from_digits(id.digits() % 100_000_000_000).unwrap();
    let mut citizen = citizen.clone();
    citizen.personal_id = rest(citizen.personal_id);
    let relatives = [
        &mut citizen.father,
        &mut citizen.mother,
        &mut citizen.spouse,
        &mut citizen.representative,
        &mut citizen.head,
    ];
    for relative in relatives.into_iter().flatten() {
        relative.personal_id = relative.personal_id.map(rest);
    }
    citizen
}

#[test]
fn numbers_that_look_real_are_the_same_but_for_the_first_digit() {
    let nation = Nation::new(7, 6_400);
    let real = nation.with_real_looking_numbers();
    assert!(real.has_real_looking_numbers() && !nation.has_real_looking_numbers());
    let mut people: Vec<(Citizen, Citizen)> = (0..nation.blocks())
        .flat_map(|block| nation.block(block).into_iter().zip(real.block(block)))
        .collect();
    for index in 0..nation.len() {
        let later = (nation.citizen_at(index, 1), real.citizen_at(index, 1));
        if let (Some(ours), Some(theirs)) = later {
            people.push((ours, theirs));
        }
    }
    let personas = nation.personas().into_iter().zip(real.personas());
    for (ours, theirs) in personas {
        assert_eq!(theirs.claims.name, ours.claims.name);
        people.push((ours.citizen, theirs.citizen));
    }
    for (ours, theirs) in &people {
        assert!(unmarked(ours) == unmarked(theirs));
        assert!(numbers(ours).iter().all(|id| id.text().starts_with('9')));
        assert!(numbers(theirs).iter().all(|id| id.text().starts_with('0')));
        // CMNDs are those that were never issued all the same.
        assert_eq!(ours.legacy_id, theirs.legacy_id);
    }
    assert!(people.iter().any(|(_, theirs)| numbers(theirs).len() > 2));
}

#[test]
fn a_number_of_either_kind_is_known_in_its_own_nation_only() {
    let nation = Nation::new(7, 6_400);
    let real = nation.with_real_looking_numbers();
    for index in 0..nation.len() {
        let (ours, theirs) = (nation.personal_id(index), real.personal_id(index));
        assert_eq!(real.index_of(theirs), Some(index));
        assert_eq!(nation.index_of(ours), Some(index));
        assert_eq!(real.index_of(ours), None);
        assert_eq!(nation.index_of(theirs), None);
    }
}

#[test]
fn a_nation_is_found_again_by_what_a_registry_keeps_of_its_making() {
    let nation = Nation::new(7, 6_400);
    let real = nation.with_real_looking_numbers();
    assert_eq!(nation.generator(), GENERATOR_VERSION);
    for made in [nation, real] {
        let found = Nation::made_by(made.generator(), 7, 6_400).unwrap();
        assert_eq!(found.personal_id(5), made.personal_id(5));
    }
    assert!(Nation::made_by(GENERATOR_VERSION + 1, 7, 6_400).is_none());
    assert!(Nation::made_by(real.generator() + 1, 7, 6_400).is_none());
}
