//! Since when a service has answered nothing, although it was asked: it is away, or turns everybody away.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::clock::now;

/// Since when every message has failed.
#[derive(Debug, Default)]
pub(crate) struct Absence(Cell<Option<Instant>>);

impl Absence {
    /// A message was answered; to be turned away is no answer.
    pub(crate) fn ends(&self) {
        self.0.set(None);
    }

    /// A message was not.
    pub(crate) fn goes_on(&self) {
        self.0.set(self.0.get().or_else(|| Some(now())));
    }

    /// Whether it has lasted so long.
    pub(crate) fn lasts(&self, long: Duration) -> bool {
        let since = self.0.get();
        since.is_some_and(|since| now().saturating_duration_since(since) >= long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_answers_now_and_then_is_not_away() {
        let absence = Absence::default();
        assert!(!absence.lasts(Duration::ZERO));
        absence.goes_on();
        assert!(absence.lasts(Duration::ZERO) && !absence.lasts(Duration::from_mins(1)));
        absence.ends();
        assert!(!absence.lasts(Duration::ZERO));
    }
}
