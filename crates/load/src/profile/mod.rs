//! The first nine months of 2023 as a run: exact totals, a calendar that is data, and a comparison
//! with the service's own counters to the unit.

mod calendar;
mod itinerary;
mod table;
mod tally;

pub use itinerary::Scale;
pub use tally::{Apart, Counted};

pub(crate) use itinerary::Itinerary;
