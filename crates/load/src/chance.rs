//! A small stream of chance: the same seed draws the same traffic.

/// SplitMix64: one multiplication chain a draw, good enough to choose whom to ask about.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// A stream that depends on `seed` and on the `lane` that draws from it.
    pub fn new(seed: u64, lane: u64) -> Self {
        let mut chance = Self(seed ^ lane.wrapping_mul(0xd134_2543_de82_ef95));
        chance.bits();
        chance
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, and 0 where the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// Whether a share of `permille` in a thousand was hit.
    pub fn permille(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of these; `None` of an empty list.
    pub fn one_of<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len() as u64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_lane_draw_the_same_numbers() {
        let draw = |seed, lane| {
            let mut chance = Chance::new(seed, lane);
            (0..8).map(|_| chance.bits()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn a_share_is_hit_about_as_often_as_it_says() {
        let mut chance = Chance::new(7, 0);
        let hits = (0..100_000).filter(|_| chance.permille(174)).count();
        assert!((16_800..18_000).contains(&hits), "{hits}");
    }
}
