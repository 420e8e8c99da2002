//! The provinces, and the cycle by which blocks of families are dealt out among them.

use std::sync::LazyLock;

use crate::tables::{number, rows};

/// Blocks in a cycle: after each cycle every province has its share of them.
pub(crate) const CYCLE: usize = 1024;

/// A province as the simulation sees it.
#[derive(Debug)]
pub(crate) struct Province {
    /// The code of the statistics office, 1 to 96.
    pub(crate) code: u8,
    /// Thousands of people, about.
    weight: u64,
    /// The places in the cycle that are its own, ascending.
    places: Vec<u16>,
}

/// The provinces and the cycle.
#[derive(Debug)]
pub(crate) struct Provinces {
    /// All of them, by code.
    pub(crate) all: Vec<Province>,
    /// For each place in the cycle: the province, and how many of its places came before.
    cycle: Vec<(u8, u16)>,
}

static PROVINCES: LazyLock<Provinces> = LazyLock::new(Provinces::load);

/// The provinces of 2023.
pub(crate) fn provinces() -> &'static Provinces {
    &PROVINCES
}

impl Provinces {
    fn load() -> Self {
        let mut all: Vec<Province> = rows(include_str!("../data/provinces.csv"))
            .map(|row| Province {
                code: number(row[0]),
                weight: number(row[3]),
                places: Vec::new(),
            })
            .collect();
        let shares = shares(&all);
        // The k-th block of a province stands at the fraction (k + 1/2) / share of the cycle, so
        // that every stretch of the cycle is a small country.
        let mut order: Vec<(u64, usize)> = Vec::with_capacity(CYCLE);
        for (province, share) in shares.iter().enumerate() {
            order.extend((0..*share).map(|k| ((2 * k + 1) * 1_000_000 / (2 * share), province)));
        }
        order.sort_unstable();
        let mut cycle = Vec::with_capacity(CYCLE);
        for (place, (_, province)) in order.into_iter().enumerate() {
            cycle.push((province as u8, all[province].places.len() as u16));
            all[province].places.push(place as u16);
        }
        Self { all, cycle }
    }

    /// The province of a block, as its place in the list, and the block's rank among the blocks of
    /// that province.
    pub(crate) fn of_block(&self, block: u64) -> (usize, u64) {
        let (province, before) = self.cycle[(block % CYCLE as u64) as usize];
        let share = self.all[usize::from(province)].places.len() as u64;
        let rank = block / CYCLE as u64 * share + u64::from(before);
        (usize::from(province), rank)
    }

    /// The block of a rank: undoes [`Provinces::of_block`].
    pub(crate) fn block_of(&self, province: usize, rank: u64) -> u64 {
        let places = &self.all[province].places;
        let share = places.len() as u64;
        rank / share * CYCLE as u64 + u64::from(places[(rank % share) as usize])
    }

    /// A province drawn by its share of the people.
    pub(crate) fn drawn(&self, draw: u64) -> &Province {
        let place = crate::chance::below(draw, CYCLE as u64) as usize;
        &self.all[usize::from(self.cycle[place].0)]
    }

    /// The place in the list of the province with this code.
    pub(crate) fn position(&self, code: u8) -> Option<usize> {
        self.all.binary_search_by_key(&code, |p| p.code).ok()
    }
}

impl Province {
    /// Whether names are those of the south, from Đà Nẵng on.
    pub(crate) const fn southern(&self) -> bool {
        self.code >= 48
    }
}

/// How many of the cycle's blocks each province has: by largest remainder.
fn shares(all: &[Province]) -> Vec<u64> {
    let total: u64 = all.iter().map(|p| p.weight).sum();
    let cycle = CYCLE as u64;
    let mut shares: Vec<u64> = all.iter().map(|p| p.weight * cycle / total).collect();
    let mut by_remainder: Vec<usize> = (0..all.len()).collect();
    by_remainder.sort_by_key(|i| std::cmp::Reverse((all[*i].weight * cycle % total, *i)));
    let missing = cycle - shares.iter().sum::<u64>();
    for i in by_remainder.into_iter().take(missing as usize) {
        shares[i] += 1;
    }
    shares
}

#[cfg(test)]
mod tests;
