//! The first nine months of 2023 as a run: exact totals, a calendar that is data, and a comparison
//! with the service's own counters to the unit.

mod calendar;
mod days;
mod itinerary;
mod pushing;
mod scale;
mod table;
mod tally;
mod weighted;

use std::time::Duration;

use dancu_domain::{Day, EventDays};

use crate::draw::Shares;

pub use scale::Scale;
pub use tally::{Apart, Counted};

pub(crate) use itinerary::{Itinerary, Next};

/// The first and the last day of the nine months.
pub fn nine_months_days() -> (Day, Day) {
    let table = table::Table::nine_months();
    (Day::of(table.from), Day::of(table.until))
}

/// What the items of the nine months are made of.
pub fn nine_months_shares() -> Shares {
    table::Table::nine_months().claims
}

/// Whether every day of the nine months may be named, where callers may name these.
pub fn can_name(allowed: EventDays) -> bool {
    let (first, last) = nine_months_days();
    allowed.has(first) && allowed.has(last)
}

/// How long the nine months last where event time runs so many times as fast as the wall clock.
pub fn nine_months_at(speed: f64) -> Duration {
    let (first, last) = nine_months_days();
    let days = f64::from(last.0 - first.0 + 1);
    Duration::from_secs_f64(days * calendar::DAY_SECONDS / speed.max(1e-3))
}

/// The weights of the hours of a working day.
pub(crate) fn working_hours() -> [f64; 24] {
    table::Table::nine_months().hours[0].map(|weight| weight as f64)
}
