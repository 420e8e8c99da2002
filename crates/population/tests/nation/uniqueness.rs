use std::collections::HashMap;

use dancu_domain::{LegacyId, PersonalId};
use dancu_population::{BLOCK, DOUBLED_LEGACY, MAX_CITIZENS, Nation, PERSONA_SUFFIXES};
use proptest::prelude::*;

/// Six-digit numbers already seen, for each leading three digits within a province.
struct Seen(Vec<Vec<u64>>);

impl Seen {
    fn new() -> Self {
        Self(vec![Vec::new(); 1000])
    }

    fn forget(&mut self) {
        for words in &mut self.0 {
            words.fill(0);
        }
    }

    /// Whether a number of the province at work is seen for the first time.
    fn first_time(&mut self, id: PersonalId) -> bool {
        let digits = id.digits();
        let suffix = (digits % 1_000_000) as usize;
        let words = &mut self.0[(digits / 1_000_000 % 1000) as usize];
        if words.is_empty() {
            words.resize(1_000_000_usize.div_ceil(64), 0);
        }
        let bit = 1 << (suffix % 64);
        let new = words[suffix / 64] & bit == 0;
        words[suffix / 64] |= bit;
        new
    }
}

#[test]
fn ten_million_personal_numbers_are_unique() {
    let nation = Nation::new(2023, 10_000_000);
    assert_eq!(nation.len(), 10_000_000);
    let mut blocks: HashMap<u64, Vec<u64>> = HashMap::new();
    for block in 0..nation.blocks() {
        let province = nation.personal_id(block * BLOCK).digits() / 1_000_000_000;
        blocks.entry(province).or_default().push(block);
    }
    assert_eq!(blocks.len(), 63);
    let (mut seen, mut count) = (Seen::new(), 0);
    for (province, blocks) in blocks {
        seen.forget();
        for block in blocks {
            for id in nation.personal_ids(block) {
                // A block is of one province, and provinces have prefixes of their own.
                assert_eq!(id.digits() / 1_000_000_000, province);
                assert!(seen.first_time(id), "block {block}");
                assert!(!PERSONA_SUFFIXES.contains(&(id.digits() % 1_000_000)));
                count += 1;
            }
            // What was seen is known again.
            assert!(!seen.first_time(nation.personal_id(block * BLOCK)));
        }
    }
    assert_eq!(count, 10_000_000);
}

#[test]
fn a_cmnd_is_one_citizens_but_for_the_doubled_range_where_it_is_two() {
    let nation = Nation::new(5, 300_000);
    let mut holders: HashMap<LegacyId, Vec<u64>> = HashMap::new();
    for block in 0..nation.blocks() {
        for (at, citizen) in nation.block(block).iter().enumerate() {
            if let Some(legacy) = citizen.legacy_id {
                let index = block * BLOCK + at as u64;
                holders.entry(legacy).or_default().push(index);
            }
        }
    }
    let mut doubled = 0;
    for (legacy, holders) in &holders {
        assert_eq!(legacy.digits() / 100_000_000, 9);
        if DOUBLED_LEGACY.contains(&legacy.digits()) {
            let [one, other] = holders[..] else {
                panic!("{} holders of a doubled number", holders.len());
            };
            assert_eq!(nation.legacy_twin(one), Some(other));
            assert_eq!(nation.legacy_twin(other), Some(one));
            let province = |index| nation.personal_id(index).digits() / 1_000_000_000;
            assert_ne!(province(one), province(other));
            doubled += 1;
        } else {
            assert_eq!(holders.len(), 1);
            assert_eq!(nation.legacy_twin(holders[0]), None);
        }
    }
    // One pair for every sixteen blocks, which is a thousand citizens.
    let pairs = (1..nation.blocks()).filter(|second| second % 16 == 8);
    assert_eq!(doubled, pairs.count());
    assert!(holders.len() > 200_000);
}

#[test]
fn a_nation_is_a_whole_number_of_blocks_within_the_proved_bound() {
    for (wanted, made) in [(0, 64), (1, 64), (64, 64), (65, 128), (100_000, 100_032)] {
        assert_eq!(Nation::new(1, wanted).len(), made);
    }
    assert_eq!(Nation::new(1, u64::MAX).len(), MAX_CITIZENS);
    let last = MAX_CITIZENS - 1;
    let nation = Nation::new(1, MAX_CITIZENS);
    assert_eq!(nation.index_of(nation.personal_id(last)), Some(last));
}

#[test]
#[should_panic(expected = "an index beyond the nation's last")]
fn an_index_beyond_the_last_is_nobodys() {
    Nation::new(1, 64).personal_id(64);
}

#[test]
fn a_pair_that_the_end_of_the_nation_cuts_has_one_half() {
    let cut = Nation::new(5, 8 * BLOCK);
    assert_eq!(cut.legacy_twin(7 * BLOCK), None);
    assert_eq!(
        Nation::new(5, 9 * BLOCK).legacy_twin(7 * BLOCK),
        Some(8 * BLOCK)
    );
}

proptest! {
    #[test]
    fn a_number_leads_back_to_its_index(seed: u64, index in 0..MAX_CITIZENS) {
        let nation = Nation::new(seed, MAX_CITIZENS);
        let id = nation.personal_id(index);
        prop_assert_eq!(nation.index_of(id), Some(index));
        // In a smaller nation the same number is nobody's.
        let small = Nation::new(seed, index / BLOCK * BLOCK);
        if index >= BLOCK {
            prop_assert_eq!(small.index_of(id), None);
        }
    }

    #[test]
    fn a_block_is_its_citizens_one_by_one(seed: u64, block in 0..MAX_CITIZENS / BLOCK) {
        let nation = Nation::new(seed, MAX_CITIZENS);
        let citizens = nation.block(block);
        let ids = nation.personal_ids(block);
        prop_assert_eq!(citizens.len() as u64, BLOCK);
        for (at, citizen) in citizens.iter().enumerate() {
            let index = block * BLOCK + at as u64;
            prop_assert!(citizen == &nation.citizen(index));
            prop_assert!(nation.citizen_at(index, 0).is_some_and(|same| &same == citizen));
            prop_assert_eq!(citizen.personal_id, nation.personal_id(index));
            prop_assert_eq!(citizen.personal_id, ids[at]);
        }
    }

    #[test]
    fn the_size_of_the_nation_changes_nobody(seed: u64, index in 0_u64..640) {
        let (small, large) = (Nation::new(seed, 640), Nation::new(seed, MAX_CITIZENS));
        prop_assert!(small.citizen(index) == large.citizen(index));
    }
}

#[test]
fn an_old_number_leads_back_to_whoever_has_it() {
    let nation = Nation::new(9, 20_000);
    let (mut held, mut shared) = (0, 0);
    for index in 0..nation.len() {
        let Some(legacy) = nation.citizen(index).legacy_id else {
            continue;
        };
        held += 1;
        let found = nation.index_of_legacy(legacy);
        match nation.legacy_twin(index) {
            Some(twin) => {
                shared += 1;
                assert_eq!(found, Some(index.min(twin)));
            }
            None => assert_eq!(found, Some(index)),
        }
    }
    assert!(held > 10_000 && shared > 20, "{held} {shared}");
    // Nobody's: of the personas' range, and of those who have none.
    for digits in [900_000_106, 899_999_999, 999_999_999] {
        let id = LegacyId::from_digits(digits).unwrap();
        assert_eq!(nation.index_of_legacy(id), None, "{digits}");
    }
    let led = (0..100_000)
        .filter_map(|n| LegacyId::from_digits(900_001_000 + n * 899))
        .filter_map(|id| Some((id, nation.index_of_legacy(id)?)));
    for (id, index) in led {
        assert_eq!(nation.citizen(index).legacy_id, Some(id));
    }
}
