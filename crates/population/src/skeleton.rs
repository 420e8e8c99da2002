//! The skeleton of a block: everybody's sex and year of birth, settled so that numbers suffice.
//!
//! **The bound.** The six random digits of a personal number are drawn, without repetition, from
//! 999,000 places for each province, century and sex, and year. A citizen's place is
//! `rank × EQUALS + order`: the rank of the block among those of its province, and the order among
//! the equals of the block, who have the same sex and year of birth. So no two meet as long as a
//! block has at most `EQUALS` equals, and ranks times `EQUALS` stay within 999,000. The second
//! holds for 100 million citizens, of whom the largest province has 97 blocks in each 1,024
//! (148,010 of 1,562,500, times 6 is 888,060; see the tests). The first holds by the way years are
//! settled here: whoever finds six equals takes the next year of an admissible range. Where the
//! sex is settled by the family that range has at least 11 years, with 66 places for the other 63
//! of the block; where it is not, the range has at least 6 years with 12 places each, which is 72.

use crate::chance::{Chance, Stream, again, below};
use crate::template::{Origin, SLOTS, Slot, Template};

/// The most citizens of a block with the same sex and year of birth.
pub(crate) const EQUALS: u64 = 6;
/// The last year in which anybody was born before the reference date.
pub(crate) const LAST_YEAR: u16 = 2022;
/// The first year in which anybody was.
const FIRST_YEAR: u16 = 1910;
/// Whoever is a grown child with a family was born in this year or before.
const LAST_GROWN: u16 = 1994;
/// Parents are at least so many calendar years older, which is 18 full years at the birth.
const YOUNGEST_PARENT: u16 = 19;
/// And at most so many.
const OLDEST_PARENT: u16 = 44;

const YEARS: usize = (LAST_YEAR - FIRST_YEAR + 1) as usize;

/// Sex and year of birth of everybody in a block, and their order among their equals.
#[derive(Clone, Debug)]
pub(crate) struct Skeleton {
    /// Years of birth.
    pub(crate) years: [u16; SLOTS],
    /// Men.
    pub(crate) male: [bool; SLOTS],
    /// How many equals stand before.
    pub(crate) order: [u8; SLOTS],
}

/// An inclusive range of years with the year that comes first to mind.
struct Range {
    low: u16,
    high: u16,
    wanted: u16,
}

impl Skeleton {
    /// The skeleton of the block whose first citizen has the index `first`.
    pub(crate) fn new(chance: &Chance, template: &Template, first: u64) -> Self {
        let mut taken = [[0_u8; 2]; YEARS];
        let mut skeleton = Self {
            years: [0; SLOTS],
            male: [false; SLOTS],
            order: [0; SLOTS],
        };
        for (at, slot) in template.iter().enumerate() {
            let index = first + at as u64;
            let range = skeleton.range(slot, chance.draw(Stream::BirthYear, index));
            let male = slot
                .male
                .unwrap_or_else(|| below(chance.draw(Stream::Sex, index), 1000) < 515);
            let elder = match slot.origin {
                Origin::Child(nth) => &skeleton.years[at - usize::from(nth)..at],
                _ => &[],
            };
            let (year, male) = settle(&taken, &range, male, slot.male.is_none(), elder);
            let equals = &mut taken[usize::from(year - FIRST_YEAR)][usize::from(male)];
            skeleton.years[at] = year;
            skeleton.male[at] = male;
            skeleton.order[at] = *equals;
            *equals += 1;
        }
        skeleton
    }

    /// The years in which somebody in this slot can be born.
    fn range(&self, slot: &Slot, draw: u64) -> Range {
        let year = |slot: u8| self.years[usize::from(slot)];
        match slot.origin {
            Origin::Band(low, high) => {
                let (low, high) = (LAST_YEAR - high, LAST_YEAR - low);
                Range {
                    low,
                    high,
                    wanted: low + below(draw, u64::from(high - low + 1)) as u16,
                }
            }
            Origin::Partner(of, last) => {
                let other = year(of);
                // Husbands are up to ten years older, up to six younger, and mostly a little older.
                let shift = (below(draw, 6) + below(again(draw), 5)) as u16;
                let (low, high, wanted) = if slot.male == Some(true) {
                    (other - 10, other + 6, other + 2 - shift)
                } else {
                    (other - 6, other + 10, other + shift - 2)
                };
                let high = high.min(last);
                Range {
                    low,
                    high,
                    wanted: wanted.clamp(low, high),
                }
            }
            Origin::Grown => {
                let (low, high) = self.child_years(slot, LAST_GROWN);
                let span = u64::from(high - low + 1);
                Range {
                    low,
                    high,
                    wanted: low + (below(draw, span) * below(again(draw), span) / span) as u16,
                }
            }
            Origin::Child(nth) => {
                let (low, high) = self.child_years(slot, LAST_YEAR);
                let span = high - low + 1;
                // The first comes after some years, the others two to four years apart; those that
                // would come after the reference date fall back into the range.
                let after =
                    3 + below(draw, 8) as u16 + u16::from(nth) * (2 + below(again(draw), 3) as u16);
                Range {
                    low,
                    high,
                    wanted: low + after % span,
                }
            }
        }
    }

    fn child_years(&self, slot: &Slot, last: u16) -> (u16, u16) {
        let parents = [slot.father, slot.mother];
        let years = || {
            parents
                .iter()
                .flatten()
                .map(|parent| self.years[usize::from(*parent)])
        };
        let low = years().max().map_or(FIRST_YEAR, |y| y + YOUNGEST_PARENT);
        let high = years().min().map_or(last, |y| y + OLDEST_PARENT);
        (low, high.min(last))
    }
}

/// The year nearest after the wanted one that has a place left, with the sex. First at a distance
/// from elder brothers and sisters, then next to them, then with the other sex, where it is free.
fn settle(
    taken: &[[u8; 2]; YEARS],
    range: &Range,
    male: bool,
    either: bool,
    elder: &[u16],
) -> (u16, bool) {
    let years = || (range.wanted..=range.high).chain(range.low..range.wanted);
    let has_place = |year: u16, male: bool| {
        u64::from(taken[usize::from(year - FIRST_YEAR)][usize::from(male)]) < EQUALS
    };
    let apart = |year: u16| elder.iter().all(|y| y.abs_diff(year) > 1);
    years()
        .find(|y| has_place(*y, male) && apart(*y))
        .or_else(|| years().find(|y| has_place(*y, male)))
        .map(|year| (year, male))
        .or_else(|| {
            let year = years().find(|y| either && has_place(*y, !male))?;
            Some((year, !male))
        })
        .expect("an admissible range has more places than a block has citizens, as shown above")
}

#[cfg(test)]
mod tests;
