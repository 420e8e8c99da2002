//! Time is an argument: instants come from a [`Clock`] that the edge hands in.

use std::fmt;
use std::time::Duration;

use crate::CivilDate;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A day of Asia/Ho_Chi_Minh, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// Viet Nam has been at UTC+7 without daylight saving since 1975.
const OFFSET_MS: i64 = 7 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;

impl Timestamp {
    /// The day in Asia/Ho_Chi_Minh on which this instant falls.
    pub fn day(self) -> Day {
        let days = self.0.saturating_add(OFFSET_MS).div_euclid(DAY_MS);
        Day(days.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
    }

    /// The same time of day in Asia/Ho_Chi_Minh, on another day.
    pub fn on(self, day: Day) -> Self {
        Self(day.begins().0 + self.since_midnight())
    }

    /// How long the day in Asia/Ho_Chi_Minh still lasts.
    pub fn until_midnight(self) -> Duration {
        Duration::from_millis((DAY_MS - self.since_midnight()).cast_unsigned())
    }

    fn since_midnight(self) -> i64 {
        self.0.saturating_add(OFFSET_MS).rem_euclid(DAY_MS)
    }
}

impl Day {
    /// Its first instant.
    pub const fn begins(self) -> Timestamp {
        Timestamp(self.0 as i64 * DAY_MS - OFFSET_MS)
    }

    /// The calendar date, if it lies within the calendar of [`CivilDate`].
    pub fn date(self) -> Option<CivilDate> {
        CivilDate::from_days_since_epoch(self.0)
    }

    /// The day with this date.
    pub fn of(date: CivilDate) -> Self {
        Self(date.days_since_epoch())
    }
}

/// The days that callers may name as those on which what they ask takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventDays {
    first: Day,
    last: Day,
}

impl EventDays {
    /// These days, both included; `None` where the last lies before the first.
    pub fn new(first: CivilDate, last: CivilDate) -> Option<Self> {
        let (first, last) = (Day::of(first), Day::of(last));
        (first <= last).then_some(Self { first, last })
    }

    /// The first day.
    pub const fn first(self) -> Day {
        self.first
    }

    /// The last day.
    pub const fn last(self) -> Day {
        self.last
    }

    /// Whether a day is among them.
    pub fn has(self, day: Day) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

impl fmt::Display for EventDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first.date(), self.last.date()) {
            (Some(first), Some(last)) => write!(f, "{first}..{last}"),
            _ => f.write_str("beyond the calendar"),
        }
    }
}

/// Where instants come from.
pub trait Clock: Send + Sync + 'static {
    /// The instant of asking.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}
