//! Keyed permutations of small ranges: what makes numbers look drawn and never meet.

use crate::chance::again;

/// A permutation of `0..size`.
///
/// An alternating Feistel network over the next power of two, walked until it falls into the
/// range. Each half-round XORs one half of the bits with a function of the other, which undoes
/// itself; so the network is a bijection, and walking one to the next element of its range keeps
/// it one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permutation {
    key: u64,
    size: u64,
    low_bits: u32,
    high_bits: u32,
}

const HALF_ROUNDS: u64 = 6;

impl Permutation {
    /// The permutation of `0..size` with this key.
    pub(crate) const fn new(key: u64, size: u64) -> Self {
        let bits = 64 - (size - 1).leading_zeros();
        Self {
            key,
            size,
            low_bits: bits / 2,
            high_bits: bits - bits / 2,
        }
    }

    /// Where `x`, which is below the size, goes.
    pub(crate) fn forth(&self, x: u64) -> u64 {
        debug_assert!(x < self.size, "a place outside the permuted range");
        let mut x = x;
        loop {
            for round in 0..HALF_ROUNDS {
                x = self.half_round(x, round);
            }
            if x < self.size {
                return x;
            }
        }
    }

    /// What goes to `y`, which is below the size.
    pub(crate) fn back(&self, y: u64) -> u64 {
        let mut y = y;
        loop {
            for round in (0..HALF_ROUNDS).rev() {
                y = self.half_round(y, round);
            }
            if y < self.size {
                return y;
            }
        }
    }

    /// XORs one half with a function of the other; the same again undoes it.
    fn half_round(&self, x: u64, round: u64) -> u64 {
        let low_mask = (1 << self.low_bits) - 1;
        let high_mask = (1 << self.high_bits) - 1;
        let (low, high) = (x & low_mask, x >> self.low_bits);
        let (low, high) = if round.is_multiple_of(2) {
            (low ^ (self.mixed(high, round) & low_mask), high)
        } else {
            (low, high ^ (self.mixed(low, round) & high_mask))
        };
        high << self.low_bits | low
    }

    fn mixed(&self, half: u64, round: u64) -> u64 {
        again(self.key.wrapping_add(half << 8 | round)) >> 13
    }
}

#[cfg(test)]
mod tests;
