//! How often claims about one number may fail before whoever asks about it again has to wait.
//!
//! A failed match is a NO_MATCH of a lookup or an authentication: somebody claimed what is not so,
//! of whoever it was, or of nobody. It is told apart by the number that was asked for and by nothing
//! else, so that waiting says nothing about who is there. A reconcile is judged otherwise: a table
//! of 91 million rows is expected to hold wrong ones.

use std::time::Duration;

use crate::{Outcome, Timestamp, Verb};

/// How often claims about one number may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessLimits {
    /// For one agency; `None` is as often as it likes.
    pub per_agency: Option<u32>,
    /// For all agencies together; `None` is as often as they like.
    pub per_subject: Option<u32>,
    /// How long a failed match is counted.
    pub window: Duration,
    /// How long to wait after the match that used up the limit; each further one doubles it.
    pub first_delay: Duration,
    /// The longest that anybody has to wait after a failed match.
    pub longest_delay: Duration,
}

/// What is known of the claims about one number, by one agency or by all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guessed {
    /// How many failed within the window.
    pub failed: u32,
    /// How many are being judged: each may fail.
    pub under_way: u32,
    /// When the last one failed.
    pub last: Timestamp,
}

impl GuessLimits {
    /// Whether an item that ended so is a failed match.
    pub const fn counts(verb: Verb, outcome: Outcome) -> bool {
        matches!(verb, Verb::Lookup | Verb::Authenticate) && matches!(outcome, Outcome::NoMatch)
    }

    /// Whether there is any limit.
    pub const fn any(&self) -> bool {
        self.per_agency.is_some() || self.per_subject.is_some()
    }

    /// How long to wait before the next claims are judged, where `most` may fail; `None` where they
    /// may be judged now.
    ///
    /// Beyond the limit one is judged at a time, each after a delay that doubles with every failure.
    pub fn wait(&self, most: Option<u32>, guessed: &Guessed, now: Timestamp) -> Option<Duration> {
        let most = most?;
        if guessed.failed.saturating_add(guessed.under_way) < most {
            return None;
        }
        if guessed.under_way > 0 {
            return Some(self.first_delay.min(self.longest_delay));
        }
        let delay = self.delay(guessed.failed.saturating_sub(most));
        let passed = now.0.saturating_sub(guessed.last.0).max(0).cast_unsigned();
        let left = delay.saturating_sub(Duration::from_millis(passed));
        (!left.is_zero()).then_some(left)
    }

    /// The delay after so many failures beyond the one that used up the limit.
    fn delay(&self, beyond: u32) -> Duration {
        let doubled = 1_u32.checked_shl(beyond).unwrap_or(u32::MAX);
        self.first_delay
            .saturating_mul(doubled)
            .min(self.longest_delay)
    }
}
