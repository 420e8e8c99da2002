//! Counts that grow by key: what a desk gathers, what a commit adds, what a recount finds.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use dancu_domain::{VolumeKey, VolumeRow};

/// Counts by key, quick to add to. Its keys are codes that we made, never what a caller chose.
#[derive(Debug, Default)]
pub(crate) struct Tally(HashMap<VolumeKey, u64, BuildHasherDefault<Fold>>);

impl Tally {
    pub(crate) fn add(&mut self, key: VolumeKey, count: u64) {
        *self.0.entry(key).or_default() += count;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, count) in &other.0 {
            self.add(*key, *count);
        }
    }

    /// The counts in the order of their keys.
    pub(crate) fn sorted(&self) -> Vec<VolumeRow> {
        let mut rows: Vec<_> = self
            .0
            .iter()
            .map(|(key, count)| VolumeRow {
                key: *key,
                count: *count,
            })
            .collect();
        rows.sort_unstable_by_key(|row| row.key);
        rows
    }
}

/// A hash of a few instructions: rotate, mix in, multiply.
#[derive(Default)]
struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as u64);
    }
}
