//! Which place a number has, for as many numbers as fit: whoever is asked about again is found with
//! one look into memory.

/// Bits of a packed number: the largest is below 1,001,000,000,000.
const KEY_BITS: u32 = 40;
/// Spreads numbers over their bits. It is odd, so that no two numbers become one.
const SPREAD: u64 = 0x9e_3779_b97f;
/// Numbers that share a set.
const WAYS: usize = 8;
/// The fewest sets, as a power of two: what is left of a number beside its set fits into 32 bits.
const FEWEST: u32 = 8;
/// The most sets: 32 MiB.
const MOST: u32 = 19;

/// Numbers and their places. A number in a set that is full takes the place of the one that came
/// first.
pub(super) struct Table {
    sets: Vec<Set>,
    bits: u32,
}

/// What fills one line of the processor's cache: each entry has the rest of a number in its upper half,
/// and one more than the place in its lower, so that 0 is nobody.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Set([u64; WAYS]);

impl Table {
    /// With room for so many numbers, and for as many again of which sets have more than others.
    pub(super) fn new(numbers: u64) -> Self {
        let sets = (numbers.saturating_mul(2) / WAYS as u64).max(1);
        let bits = sets.next_power_of_two().ilog2().clamp(FEWEST, MOST);
        Self {
            sets: vec![Set([0; WAYS]); 1 << bits],
            bits,
        }
    }

    /// The place of a packed number, where it is known.
    pub(super) fn find(&self, key: u64) -> Option<u32> {
        let (set, rest) = self.split(key);
        let Set(entries) = &self.sets[set];
        let found = entries
            .iter()
            .find(|entry| **entry >> 32 == rest && **entry as u32 != 0)?;
        Some(*found as u32 - 1)
    }

    /// Remembers the place of a packed number that is not known; less than `u32::MAX`.
    pub(super) fn remember(&mut self, key: u64, place: u32) {
        let (set, rest) = self.split(key);
        let Set(entries) = &mut self.sets[set];
        entries.copy_within(..WAYS - 1, 1);
        entries[0] = rest << 32 | u64::from(place.saturating_add(1));
    }

    /// The set of a number, and what else of it there is.
    fn split(&self, key: u64) -> (usize, u64) {
        let spread = key.wrapping_mul(SPREAD) & ((1 << KEY_BITS) - 1);
        let rest_bits = KEY_BITS - self.bits;
        let rest = spread & ((1 << rest_bits) - 1);
        ((spread >> rest_bits) as usize, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_its_place_or_is_not_known_and_never_that_of_another() {
        let mut table = Table::new(1_000);
        let number = |nth: u64| 901_085_000_101 + nth * 77_777;
        for nth in 0..100_000_u32 {
            table.remember(number(nth.into()), nth);
            assert_eq!(table.find(number(nth.into())), Some(nth));
        }
        let known = (0..100_000_u32).filter_map(|nth| {
            let found = table.find(number(nth.into()))?;
            assert_eq!(found, nth);
            Some(found)
        });
        // As many as fit, and those the latest.
        assert_eq!(known.count(), WAYS << FEWEST);
        assert_eq!(table.find(number(100_000)), None);
        assert_eq!(Table::new(10).find(0), None);
    }

    #[test]
    fn everybody_of_a_nation_is_remembered() {
        let nation = dancu_population::Nation::new(5, 20_000);
        let mut table = Table::new(nation.len());
        let key = |index| dancu_domain::IdKey::Personal(nation.personal_id(index)).packed();
        for index in 0..nation.len() {
            table.remember(key(index), index as u32);
        }
        let known = (0..nation.len())
            .filter(|index| table.find(key(*index)) == Some(*index as u32))
            .count();
        assert!(known as u64 > nation.len() * 99 / 100, "{known}");
    }
}
