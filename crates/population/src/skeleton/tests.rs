use proptest::prelude::*;

use super::*;
use crate::template::templates;

/// How many years a slot has to choose from at least, over every way in which those before it can
/// have turned out.
fn narrowest(template: &Template, at: usize) -> u16 {
    let slot = &template[at];
    let bounds = |of: u8| extremes(template, usize::from(of));
    match slot.origin {
        Origin::Band(low, high) => high - low + 1,
        Origin::Partner(of, last) => {
            let (low, high) = bounds(of);
            (low..=high)
                .map(|year| {
                    let (under, over) = if slot.male == Some(true) {
                        (10, 6)
                    } else {
                        (6, 10)
                    };
                    (year + over).min(last) + 1 - (year - under)
                })
                .min()
                .unwrap_or(0)
        }
        Origin::Grown | Origin::Child(_) => {
            let last = if slot.origin == Origin::Grown {
                LAST_GROWN
            } else {
                LAST_YEAR
            };
            let (father, mother) = (slot.father.map(bounds), slot.mother.map(bounds));
            let ((a, b), (c, d)) = father
                .or(mother)
                .zip(mother.or(father))
                .expect("a child has a parent");
            let mut least = u16::MAX;
            for one in a..=b {
                for other in c..=d {
                    // Husband and wife are at most ten years apart.
                    if one.abs_diff(other) > 10 || (father.is_none() && one != other) {
                        continue;
                    }
                    let low = one.max(other) + YOUNGEST_PARENT;
                    let high = (one.min(other) + OLDEST_PARENT).min(last);
                    least = least.min((high + 1).saturating_sub(low));
                }
            }
            least
        }
    }
}

/// The first and last year in which a slot can be born at all.
fn extremes(template: &Template, at: usize) -> (u16, u16) {
    let slot = &template[at];
    let bounds = |of: u8| extremes(template, usize::from(of));
    match slot.origin {
        Origin::Band(low, high) => (LAST_YEAR - high, LAST_YEAR - low),
        Origin::Partner(of, last) => {
            let (low, high) = bounds(of);
            (low - 10, (high + 10).min(last))
        }
        Origin::Grown | Origin::Child(_) => {
            let parents: Vec<_> = [slot.father, slot.mother].into_iter().flatten().collect();
            let low = parents.iter().map(|p| bounds(*p).0).min().unwrap_or(0);
            let high = parents.iter().map(|p| bounds(*p).1).max().unwrap_or(0);
            let last = if slot.origin == Origin::Grown {
                LAST_GROWN
            } else {
                LAST_YEAR
            };
            (low + YOUNGEST_PARENT, (high + OLDEST_PARENT).min(last))
        }
    }
}

#[test]
fn every_admissible_range_has_more_places_than_a_block_has_citizens() {
    for (number, template) in templates().iter().enumerate() {
        for (at, slot) in template.iter().enumerate() {
            let sexes = if slot.male.is_some() { 1 } else { 2 };
            let places = u64::from(narrowest(template, at)) * EQUALS * sexes;
            assert!(places > 63, "template {number}, slot {at}: {places} places");
        }
    }
}

#[test]
fn those_who_are_named_by_a_slot_stand_before_it() {
    for template in templates() {
        for (at, slot) in template.iter().enumerate() {
            let before = |slot: Option<u8>| slot.is_none_or(|s| usize::from(s) < at);
            assert!(before(slot.father) && before(slot.mother));
            assert!(usize::from(slot.line) <= at && usize::from(slot.clan) <= at);
            if let Some(spouse) = slot.spouse {
                assert_eq!(template[usize::from(spouse)].spouse, Some(at as u8));
            }
        }
        let documented = template.iter().filter_map(|s| s.document);
        assert!(documented.eq(0..crate::template::DOCUMENTED as u8));
        // The first of a block may share a CMND, so he must be of age in every template.
        assert!(matches!(template[0].origin, Origin::Band(20.., _)));
        assert_eq!(template[0].document, Some(0));
    }
}

#[test]
fn equals_beyond_six_move_to_another_year() {
    let mut taken = [[0; 2]; YEARS];
    let range = Range {
        low: 2010,
        high: 2015,
        wanted: 2014,
    };
    let mut settled = Vec::new();
    for _ in 0..72 {
        let (year, male) = settle(&taken, &range, true, true, &[]);
        taken[usize::from(year - FIRST_YEAR)][usize::from(male)] += 1;
        settled.push((year, male));
    }
    assert!(settled[..6].iter().all(|s| *s == (2014, true)));
    assert_eq!(settled[6], (2015, true));
    assert_eq!(settled[12], (2010, true));
    assert!(settled[36..].iter().all(|(_, male)| !male));
    assert!(taken.iter().flatten().all(|n| u64::from(*n) <= EQUALS));
}

proptest! {
    #[test]
    fn no_block_has_more_than_six_equals(seed: u64, block in 0_u64..1_562_500) {
        for template in templates() {
            let skeleton = Skeleton::new(&Chance::new(seed), template, block * 64);
            prop_assert!(skeleton.order.iter().all(|order| u64::from(*order) < EQUALS));
        }
    }
}
