//! Counts of entries: what is asked of them, and how they add up.

use crate::{AgencyCode, Day, Outcome, Verb, VolumeRow};

/// Which counts are wanted; what is `None` takes everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct VolumesQuery {
    /// First day, included.
    pub from: Option<Day>,
    /// Last day, included.
    pub to: Option<Day>,
    /// Only this agency's.
    pub agency: Option<AgencyCode>,
    /// Only this verb's.
    pub verb: Option<Verb>,
}

impl VolumesQuery {
    /// Whether a count is among those wanted.
    pub fn takes(&self, row: &VolumeRow) -> bool {
        let key = &row.key;
        self.from.is_none_or(|from| key.day >= from)
            && self.to.is_none_or(|to| key.day <= to)
            && self.agency.is_none_or(|agency| key.agency == agency)
            && self.verb.is_none_or(|verb| key.verb == verb)
    }
}

/// Sums in the two figures by which a year is reported, with the refused beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct VolumeTotals {
    /// Lookups and authentications answered.
    pub lookups_and_authentications: u64,
    /// Syncs answered: reconciled and pushed.
    pub syncs: u64,
    /// Items of any verb that were refused; in neither sum.
    pub refused: u64,
}

impl VolumeTotals {
    /// The first nine months of 2023, as the government's report on Project 06 tells them.
    pub const NINE_MONTHS_OF_2023: Self = Self {
        lookups_and_authentications: 1_200_000_000,
        syncs: 536_000_000,
        refused: 0,
    };

    /// The sums over `rows`.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a VolumeRow>) -> Self {
        let mut totals = Self::default();
        for row in rows {
            let sum = if row.key.outcome == Outcome::Refused {
                &mut totals.refused
            } else if row.key.verb.is_sync() {
                &mut totals.syncs
            } else {
                &mut totals.lookups_and_authentications
            };
            *sum += row.count;
        }
        totals
    }
}
