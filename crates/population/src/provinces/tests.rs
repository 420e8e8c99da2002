use super::*;
use crate::numbers::{PLACES, twin_block};
use crate::skeleton::EQUALS;
use crate::{BLOCK, MAX_CITIZENS};

#[test]
fn there_are_63_and_each_is_in_the_cycle_by_its_weight() {
    let provinces = provinces();
    assert_eq!(provinces.all.len(), 63);
    assert_eq!(provinces.cycle.len(), CYCLE);
    let total: u64 = provinces.all.iter().map(|p| p.weight).sum();
    for province in &provinces.all {
        let exact = province.weight * CYCLE as u64 * 1000 / total;
        let share = province.places.len() as u64 * 1000;
        assert!(share.abs_diff(exact) < 1000, "province {}", province.code);
        assert!(share > 0);
    }
}

#[test]
fn blocks_and_ranks_stand_for_each_other() {
    for block in (0..5_000).chain(1_560_000..1_562_500) {
        let (province, rank) = provinces().of_block(block);
        assert_eq!(provinces().block_of(province, rank), block);
    }
}

#[test]
fn ranks_of_a_province_count_up_without_a_gap() {
    let mut next = [0; 63];
    for block in 0..10 * CYCLE as u64 {
        let (province, rank) = provinces().of_block(block);
        assert_eq!(rank, next[province]);
        next[province] += 1;
    }
}

#[test]
fn six_digits_suffice_for_a_hundred_million() {
    let blocks = MAX_CITIZENS.div_ceil(BLOCK);
    let last = blocks - 1;
    let mut highest = 0;
    for block in last - 2 * CYCLE as u64..=last {
        let (_, rank) = provinces().of_block(block);
        highest = highest.max(rank * EQUALS + EQUALS - 1);
    }
    assert!(highest < PLACES, "{highest}");
    // The figure in the proof.
    assert_eq!(highest, 888_059);
}

#[test]
fn those_who_share_a_cmnd_are_of_different_provinces() {
    let mut pairs = 0;
    for block in 0..CYCLE as u64 {
        if let Some(other) = twin_block(block) {
            assert_eq!(twin_block(other), Some(block));
            assert_ne!(provinces().of_block(block).0, provinces().of_block(other).0);
            pairs += 1;
        }
    }
    assert_eq!(pairs, 2 * CYCLE / 16);
}
