//! What agencies have used of a day.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dancu_domain::{AgencyCode, Day, VolumeRow};

use super::DayLimits;

type Key = (AgencyCode, Day);

/// Items by agency and day, of agencies that have a limit.
pub(super) struct Days {
    limits: DayLimits,
    event_days: bool,
    used: Mutex<HashMap<Key, Used>>,
}

/// What is used of a day.
#[derive(Clone, Copy, Default)]
struct Used {
    /// Entries that this writer committed.
    own: u64,
    /// Entries of other writers, as they were when they were last read.
    others: u64,
    /// Items that this writer has let in and that are not committed.
    held: u64,
}

/// A day that has no room for a message.
pub(super) struct Full {
    pub(super) limit: u32,
    /// Whether it is so by what was committed alone, so that only another day helps.
    pub(super) used_up: bool,
}

/// Items that count as used until this is dropped.
pub struct DayHold {
    days: Arc<Days>,
    key: Key,
    items: u64,
}

impl Days {
    pub(super) fn new(limits: DayLimits, event_days: bool) -> Self {
        Self {
            limits,
            event_days,
            used: Mutex::default(),
        }
    }

    fn used(&self) -> MutexGuard<'_, HashMap<Key, Used>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the items of a message, if all of them fit.
    pub(super) fn hold(
        self: &Arc<Self>,
        agency: AgencyCode,
        day: Day,
        items: u32,
    ) -> Result<Option<DayHold>, Full> {
        let Some(limit) = self.limits.of(agency) else {
            return Ok(None);
        };
        let mut all = self.used();
        let used = all.entry((agency, day)).or_default();
        let committed = used.own.saturating_add(used.others);
        let with = |before: u64| before.saturating_add(u64::from(items));
        if with(committed.saturating_add(used.held)) > u64::from(limit) {
            let used_up = with(committed) > u64::from(limit);
            return Err(Full { limit, used_up });
        }
        Ok(Some(self.held(used, (agency, day), items)))
    }

    /// Holds entries that are on their way into the ledger, whether they fit or not.
    pub(super) fn gathered(
        self: &Arc<Self>,
        agency: AgencyCode,
        day: Day,
        items: u32,
    ) -> Option<DayHold> {
        self.limits.of(agency)?;
        let mut all = self.used();
        let used = all.entry((agency, day)).or_default();
        Some(self.held(used, (agency, day), items))
    }

    fn held(self: &Arc<Self>, used: &mut Used, key: Key, items: u32) -> DayHold {
        let items = u64::from(items);
        used.held += items;
        DayHold {
            days: Arc::clone(self),
            key,
            items,
        }
    }

    /// Adds what this writer committed.
    pub(super) fn note_own<'a>(&self, rows: impl IntoIterator<Item = &'a VolumeRow>, today: Day) {
        self.note(rows, today, |used| &mut used.own);
    }

    /// Adds what other writers committed.
    pub(super) fn note_others<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a VolumeRow>,
        today: Day,
    ) {
        self.note(rows, today, |used| &mut used.others);
    }

    fn note<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a VolumeRow>,
        today: Day,
        which: impl Fn(&mut Used) -> &mut u64,
    ) {
        let mut all = self.used();
        for row in rows {
            let key = &row.key;
            if self.limits.of(key.agency).is_some() && self.is_of_interest(key.day, today) {
                *which(all.entry((key.agency, key.day)).or_default()) += row.count;
            }
        }
    }

    /// Forgets days that nobody can ask about any more.
    pub(super) fn forget(&self, today: Day) {
        self.used()
            .retain(|(_, day), used| used.held > 0 || self.is_of_interest(*day, today));
    }

    /// Where nobody names days, only today is asked about; yesterday for clocks that are late.
    fn is_of_interest(&self, day: Day, today: Day) -> bool {
        self.event_days || day.0 >= today.0.saturating_sub(1)
    }
}

impl Drop for DayHold {
    fn drop(&mut self) {
        if let Some(used) = self.days.used().get_mut(&self.key) {
            used.held -= self.items;
        }
    }
}

impl fmt::Debug for DayHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DayHold")
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dancu_domain::{Outcome, ServiceCode, Verb, VolumeKey};

    fn agency(code: &str) -> AgencyCode {
        AgencyCode::parse(code, "agency").expect("a code")
    }

    fn row(code: &str, day: i32, count: u64) -> VolumeRow {
        VolumeRow {
            key: VolumeKey {
                agency: agency(code),
                verb: Verb::Push,
                service: ServiceCode::PUSH_CHANGES,
                outcome: Outcome::Refused,
                day: Day(day),
            },
            count,
        }
    }

    fn days(event_days: bool) -> Arc<Days> {
        let agencies = [(agency("H29"), 3)].into();
        let limits = DayLimits {
            usual: Some(10),
            agencies,
        };
        Arc::new(Days::new(limits, event_days))
    }

    #[test]
    fn what_is_committed_by_anybody_and_what_is_held_here_count_together() {
        let days = days(false);
        days.note_own(&[row("H26", 100, 4)], Day(100));
        days.note_others(&[row("H26", 100, 3), row("H29", 100, 3)], Day(100));
        let held = days.hold(agency("H26"), Day(100), 2).ok().flatten();
        let last = days.hold(agency("H26"), Day(100), 1).ok().flatten();
        let full = days.hold(agency("H26"), Day(100), 1).err();
        let full = full.expect("ten are used or held");
        assert!(!full.used_up, "two of them are only held");
        drop(held);
        assert!(days.hold(agency("H26"), Day(100), 2).is_ok());
        drop(last);
        let full = days.hold(agency("H26"), Day(100), 4).err();
        let full = full.expect("seven and four");
        assert!(full.used_up);
        assert_eq!(full.limit, 10);
        let own = days.hold(agency("H29"), Day(100), 1).err();
        assert_eq!(own.map(|full| full.limit), Some(3));
        assert!(days.hold(agency("H29"), Day(101), 3).is_ok(), "another day");
    }

    #[test]
    fn past_days_are_forgotten_unless_somebody_may_name_them() {
        for named in [false, true] {
            let days = days(named);
            for day in [100, 199, 200] {
                days.note_own(&[row("H26", day, 10)], Day(day));
            }
            days.forget(Day(200));
            assert_eq!(days.used().len(), if named { 3 } else { 2 });
            let past = days.hold(agency("H26"), Day(100), 1).is_err();
            assert_eq!(past, named);
        }
    }
}
