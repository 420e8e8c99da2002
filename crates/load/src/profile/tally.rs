//! The tool's own tally beside the service's counters, to the unit.

use std::collections::BTreeMap;
use std::fmt;

use dancu_domain::{Outcome, Verb};
use dancu_wire::pb;

use crate::account::Account;

/// The service's counts by agency, verb and outcome, and by day where days are simulated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted(BTreeMap<Key, u64>);

type Key = (String, String, String, Option<String>);

/// A count that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// Agency, verb, outcome and day.
    pub key: Key,
    /// What the tool read.
    pub read: u64,
    /// By how much the service's counter grew.
    pub counted: u64,
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (agency, verb, outcome, day) = &self.key;
        write!(f, "{agency} {verb} {outcome}")?;
        if let Some(day) = day {
            write!(f, " {day}")?;
        }
        write!(f, ": read {}, counted {}", self.read, self.counted)
    }
}

impl Counted {
    /// Adds what GetVolumes answered; `None` of rows that this build cannot read.
    pub fn add(&mut self, rows: &[pb::Volume], by_day: bool) -> Option<()> {
        for row in rows {
            let verb = Verb::from_code(u8::try_from(row.verb).ok()?)?;
            let outcome = Outcome::from_code(u8::try_from(row.outcome).ok()?)?;
            let day = match (by_day, row.day) {
                (true, Some(day)) => {
                    Some(format!("{:04}-{:02}-{:02}", day.year, day.month, day.day))
                }
                _ => None,
            };
            let key = (
                row.agency.clone(),
                verb.word().to_owned(),
                outcome.word().to_owned(),
                day,
            );
            *self.0.entry(key).or_default() += u64::try_from(row.count).ok()?;
        }
        Some(())
    }

    /// Where the growth from `before` to this differs from what a run read.
    pub fn apart(&self, before: &Self, account: &Account) -> Vec<Apart> {
        let mut read: BTreeMap<Key, u64> = BTreeMap::new();
        for volume in &account.volumes {
            let key = (
                volume.agency.clone(),
                volume.verb.clone(),
                volume.outcome.clone(),
                volume.day.clone(),
            );
            *read.entry(key).or_default() += volume.count;
        }
        let mut keys: Vec<&Key> = read.keys().chain(self.0.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        let at = |counts: &BTreeMap<Key, u64>, key| counts.get(key).copied().unwrap_or(0);
        keys.into_iter()
            .filter_map(|key| {
                let counted = at(&self.0, key).saturating_sub(at(&before.0, key));
                let read = at(&read, key);
                (read != counted).then(|| Apart {
                    key: key.clone(),
                    read,
                    counted,
                })
            })
            .collect()
    }
}
