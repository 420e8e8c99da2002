use std::collections::HashSet;

use super::*;
use crate::provinces::CYCLE;

/// Ten million citizens.
const BLOCKS: u64 = 156_250;

/// Marks each number of a range, and tells whether it is the first time.
struct Marks {
    first: u64,
    words: Vec<u64>,
}

impl Marks {
    fn new(first: u64, size: u64) -> Self {
        Self {
            first,
            words: vec![0; size.div_ceil(64) as usize],
        }
    }

    fn first_time(&mut self, number: u64) -> bool {
        let place = number - self.first;
        let (word, bit) = (&mut self.words[(place / 64) as usize], 1 << (place % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}

#[test]
fn cmnds_and_insurance_numbers_of_ten_million_are_unique() {
    let chance = Chance::new(3);
    let mut legacy = Marks::new(900_000_000, 100_000_000);
    let mut insured = Marks::new(INSURANCE_BASE, 100_000_000);
    for block in 0..BLOCKS {
        for document in 0..DOCUMENTED as u8 {
            let digits = legacy_id(&chance, block, document).digits();
            assert!(legacy.first_time(u64::from(digits)));
            assert!(!DOUBLED_LEGACY.contains(&digits) && digits >= 900_001_000);
            let digits = insurance(&chance, block, document).digits();
            assert!(insured.first_time(digits) && digits >= INSURANCE_BASE + 1_000);
        }
        // The marks can tell.
        let again = legacy_id(&chance, block, 0).digits();
        assert!(!legacy.first_time(u64::from(again)));
    }
}

#[test]
fn the_last_of_a_hundred_million_fit_into_the_ranges() {
    let chance = Chance::new(4);
    let last = crate::MAX_CITIZENS / BLOCK - 1;
    for block in last - 100..=last {
        let digits = legacy_id(&chance, block, DOCUMENTED as u8 - 1).digits();
        assert!((900_001_000..990_000_000).contains(&digits));
        let digits = insurance(&chance, block, DOCUMENTED as u8 - 1).digits();
        assert!((9_900_001_000..10_000_000_000).contains(&digits));
        let digits = doubled_legacy_id(&chance, block).digits();
        assert!(DOUBLED_LEGACY.contains(&digits));
    }
    let pairs = crate::MAX_CITIZENS / BLOCK / DOUBLED_EVERY;
    assert!(pairs < DOUBLED_PLACES);
    assert!((last + 1) * DOCUMENTED as u64 <= LEGACY_PLACES.min(INSURANCE_PLACES));
}

#[test]
fn a_doubled_cmnd_belongs_to_one_pair_of_blocks() {
    let chance = Chance::new(5);
    let mut seen = HashSet::new();
    for block in (0..BLOCKS).filter(|b| b % DOUBLED_EVERY == DOUBLED_AT) {
        let other = twin_block(block).expect("it is the first of two");
        let legacy = doubled_legacy_id(&chance, block);
        assert_eq!(legacy, doubled_legacy_id(&chance, other));
        assert!(seen.insert(legacy));
    }
}

#[test]
fn numbers_that_nobody_was_issued_lead_nowhere() {
    let chance = Chance::new(6);
    let id = |digits| PersonalId::from_digits(digits).unwrap();
    // Of a persona, of a province that is not there, and of the real world.
    for digits in [
        901_085_000_101,
        999_085_555_555,
        1_085_555_555,
        3_085_555_555,
    ] {
        assert_eq!(issued(&chance, id(digits)), None);
    }
    // A number of a block far beyond every nation still leads to the block it would be of.
    let (block, year, male, order) = issued(&chance, id(979_085_555_555)).unwrap();
    assert_eq!((year, male), (1985, true));
    assert!(u64::from(order) < EQUALS && block < 2_000 * CYCLE as u64);
}
