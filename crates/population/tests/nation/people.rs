use std::collections::HashMap;

use dancu_domain::{BirthDate, Citizen, PersonName, Sex};
use dancu_population::Nation;

/// Citizens of a nation of about a hundred thousand.
fn people() -> impl Iterator<Item = Citizen> {
    let nation = Nation::new(11, 100_000);
    (0..nation.blocks()).flat_map(move |block| nation.block(block))
}

fn province(citizen: &Citizen) -> u64 {
    citizen.personal_id.digits() / 1_000_000_000 - 900
}

#[test]
fn surnames_have_their_shares_and_their_regions() {
    let mut counts: HashMap<(String, bool), u32> = HashMap::new();
    let mut totals = [0_u32; 2];
    for citizen in people().filter(|c| c.ethnicity == 1) {
        let southern = province(&citizen) >= 48;
        let surname = citizen
            .name
            .text()
            .split(' ')
            .next()
            .unwrap_or("")
            .to_owned();
        *counts.entry((surname, southern)).or_default() += 1;
        totals[usize::from(southern)] += 1;
    }
    let share = |surname: &str, southern: bool| {
        let count = counts.get(&(surname.to_owned(), southern)).copied();
        100.0 * f64::from(count.unwrap_or(0)) / f64::from(totals[usize::from(southern)])
    };
    // Lines of a family share a surname, so that the spread is wider than that of single draws.
    let near = |surname: &str, southern: bool, wanted: f64| {
        let found = share(surname, southern);
        assert!(
            (found - wanted).abs() < 0.12 * wanted + 0.3,
            "{surname}: {found}"
        );
    };
    for southern in [false, true] {
        for (surname, wanted) in [("Nguyễn", 38.4), ("Trần", 11.0), ("Lê", 9.5), ("Phạm", 7.0)]
        {
            near(surname, southern, wanted);
        }
        for (surname, wanted) in [("Phan", 4.5), ("Đặng", 2.1), ("Bùi", 2.0), ("Đỗ", 1.4)] {
            near(surname, southern, wanted);
        }
    }
    for (north, south, wanted) in [("Hoàng", "Huỳnh", 5.1), ("Vũ", "Võ", 3.9)] {
        near(north, false, wanted);
        near(south, true, wanted);
        assert!(share(north, true) == 0.0 && share(south, false) == 0.0);
    }
    assert!(counts.len() > 70, "a long tail");
}

#[test]
fn sexes_ages_and_documents_are_those_of_a_country() {
    let (mut men, mut children, mut old, mut dead, mut locked) = (0, 0, 0, 0, 0);
    let (mut grown, mut with_cmnd, mut workers, mut insured, mut total) = (0, 0, 0, 0, 0);
    let (mut year_only, mut elders) = (0, 0);
    for citizen in people() {
        let age = 2022 - citizen.birth.parts().0;
        total += 1;
        men += u32::from(citizen.sex == Sex::Male);
        children += u32::from(age < 15);
        old += u32::from(age >= 65);
        dead += u32::from(citizen.died_on.is_some());
        locked += u32::from(citizen.locked);
        grown += u32::from(age >= 14);
        with_cmnd += u32::from(citizen.legacy_id.is_some());
        assert!(citizen.legacy_id.is_none() || age >= 14);
        workers += u32::from((18..60).contains(&age));
        insured += u32::from(citizen.social_insurance.is_some() && (18..60).contains(&age));
        if citizen.birth.parts().0 < 1965 {
            elders += 1;
            year_only += u32::from(matches!(citizen.birth, BirthDate::Year(_)));
        } else {
            assert!(matches!(citizen.birth, BirthDate::Day(_)));
        }
    }
    let share = |part: u32, whole: u32| 100.0 * f64::from(part) / f64::from(whole);
    for (what, found, wanted) in [
        ("men", share(men, total), 48.0..51.5),
        ("children", share(children, total), 18.0..26.0),
        ("old", share(old, total), 6.0..12.0),
        ("dead", share(dead, total), 1.0..4.0),
        ("locked", share(locked, total), 0.06..0.14),
        ("with a CMND", share(with_cmnd, grown), 85.0..97.0),
        ("insured", share(insured, workers), 65.0..80.0),
        ("known by year", share(year_only, elders), 1.0..2.0),
    ] {
        assert!(wanted.contains(&found), "{what}: {found}");
    }
}

#[test]
fn van_and_thi_fade() {
    let mut counts: HashMap<(&str, bool), (u32, u32)> = HashMap::new();
    for citizen in people().filter(|c| c.ethnicity == 1) {
        let word = if citizen.sex == Sex::Male {
            "Văn"
        } else {
            "Thị"
        };
        let young = citizen.birth.parts().0 >= 2005;
        if !young && citizen.birth.parts().0 >= 1960 {
            continue;
        }
        let counted = counts.entry((word, young)).or_default();
        counted.0 += u32::from(citizen.name.text().split(' ').nth(1) == Some(word));
        counted.1 += 1;
    }
    let share = |word, young| {
        let (with, all) = counts[&(word, young)];
        f64::from(with) / f64::from(all)
    };
    assert!(share("Văn", false) > 0.45 && share("Văn", true) < 0.1);
    assert!(share("Thị", false) > 0.7 && share("Thị", true) < 0.2);
}

#[test]
fn minorities_live_in_their_provinces_and_name_in_their_ways() {
    let mut by_group: HashMap<u8, Vec<Citizen>> = HashMap::new();
    for citizen in people().filter(|c| c.ethnicity != 1) {
        by_group.entry(citizen.ethnicity).or_default().push(citizen);
    }
    for citizen in &by_group[&12] {
        assert_eq!(province(citizen), 66);
        let start = if citizen.sex == Sex::Male { "Y " } else { "H'" };
        assert!(citizen.name.text().starts_with(start));
    }
    assert!(
        by_group[&12]
            .iter()
            .any(|c| c.name.text().ends_with("Êban"))
    );
    for surname in ["Thạch ", "Kim ", "Sơn "] {
        assert!(
            by_group[&5]
                .iter()
                .any(|c| c.name.text().starts_with(surname))
        );
    }
    assert!(
        by_group[&16]
            .iter()
            .any(|c| c.name.text().starts_with("K'"))
    );
    let all: usize = by_group.values().map(Vec::len).sum();
    assert!((5_000..15_000).contains(&all), "{all} of about 100,000");
}

#[test]
fn every_name_is_one_that_the_door_takes_unchanged() {
    for citizen in people().take(40_000) {
        for name in [
            Some(&citizen.name),
            citizen.father.as_ref().map(|f| &f.name),
        ] {
            let Some(name) = name else { continue };
            assert!(PersonName::parse(name.text(), "name").is_ok_and(|parsed| &parsed == name));
        }
    }
}

#[test]
fn places_are_of_the_simulations_own_units() {
    for citizen in people().take(20_000) {
        for place in [
            &citizen.birth_registration,
            &citizen.native_place,
            &citizen.permanent_residence,
            &citizen.current_residence,
        ] {
            assert_eq!(place.country(), "VN");
            assert_eq!(place.district / 10, u16::from(place.province));
            assert_eq!(place.commune / 100, u32::from(place.district));
            assert!((1..=20).contains(&(place.commune % 100)));
        }
    }
}
