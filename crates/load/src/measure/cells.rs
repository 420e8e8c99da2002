//! Counts by agency, verb, outcome and day, cheap to add to once a key has its place.

use std::collections::{BTreeMap, HashMap};

use dancu_domain::{AgencyCode, Day, Outcome, Verb};

/// The key of a count of items: who asked what, how it ended, and on which simulated day, where
/// the run simulates days. Refusals count under [`Outcome::Refused`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Who asked.
    pub agency: AgencyCode,
    /// What.
    pub verb: Verb,
    /// How it ended.
    pub outcome: Outcome,
    /// The simulated day of the message, where there is one.
    pub day: Option<Day>,
}

/// Counts of items by cell.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    places: HashMap<Cell, usize>,
    counts: Vec<u64>,
}

impl Cells {
    /// The place of a cell, under which it is added to.
    pub fn place(&mut self, cell: Cell) -> usize {
        let next = self.counts.len();
        let place = *self.places.entry(cell).or_insert(next);
        if place == next {
            self.counts.push(0);
        }
        place
    }

    /// Adds items to the cell at a place.
    pub fn add_at(&mut self, place: usize, items: u64) {
        if let Some(count) = self.counts.get_mut(place) {
            *count += items;
        }
    }

    /// Adds another thread's counts.
    pub fn add(&mut self, other: &Self) {
        for (cell, place) in &other.places {
            let mine = self.place(*cell);
            self.counts[mine] += other.counts[*place];
        }
    }

    /// Every count that is not 0, in the order of the keys.
    pub fn counts(&self) -> BTreeMap<Cell, u64> {
        let counted = self.places.iter();
        counted
            .map(|(cell, place)| (*cell, self.counts[*place]))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_add_up_whatever_the_order_of_their_cells() {
        let cell = |outcome| Cell {
            agency: AgencyCode::parse("H26", "agency").unwrap(),
            verb: Verb::Lookup,
            outcome,
            day: None,
        };
        let (mut one, mut two) = (Cells::default(), Cells::default());
        let place = one.place(cell(Outcome::Found));
        one.add_at(place, 2);
        one.place(cell(Outcome::Refused));
        let place = two.place(cell(Outcome::NoMatch));
        two.add_at(place, 3);
        let place = two.place(cell(Outcome::Found));
        two.add_at(place, 5);
        one.add(&two);
        assert_eq!(
            one.counts().into_iter().collect::<Vec<_>>(),
            [(cell(Outcome::Found), 7), (cell(Outcome::NoMatch), 3)]
        );
    }
}
