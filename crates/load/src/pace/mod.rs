//! When a message is due: a schedule that does not wait for replies, or callers who do.

mod metronome;
mod schedule;
mod slots;
mod turnstile;
mod words;

pub use schedule::{Schedule, Stage};
pub use slots::{Arrivals, Slots};
pub use words::{PaceError, Place, Rule, duration};

pub(crate) use turnstile::{Turn, Turnstile};

use std::time::Duration;

/// What decides when the next message goes out.
#[derive(Clone, Debug)]
pub enum Pace {
    /// A schedule that goes on whether replies come or not. Latency counts from when a message
    /// was due, and what could not be sent in time is counted as missed.
    Open {
        /// How many messages a second are due, and when.
        schedule: Schedule,
        /// How they are spread.
        arrivals: Arrivals,
    },
    /// The calendar of a profile, whose event time runs so many times as fast as the wall clock. It
    /// does not wait for replies either, and says itself when each message is due.
    Calendar {
        /// How many times as fast.
        speed: f64,
        /// Whether messages are due at even distances.
        arrivals: Arrivals,
        /// How long it lasts.
        duration: Duration,
    },
    /// So many callers, each of whom asks again once answered. Without a schedule there is
    /// nothing to be late for: while the service stalls nobody asks, and the percentiles do not
    /// tell.
    Closed {
        /// For how long they ask.
        duration: Duration,
    },
}

impl Pace {
    /// How long messages are sent.
    pub fn duration(&self) -> Duration {
        match self {
            Self::Open { schedule, .. } => Duration::from_secs_f64(schedule.seconds()),
            Self::Calendar { duration, .. } | Self::Closed { duration } => *duration,
        }
    }

    /// Whether there is a schedule.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. } | Self::Calendar { .. })
    }
}
