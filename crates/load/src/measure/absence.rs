//! How long a service has answered nothing, although it was asked: it is away, or turns everybody
//! away.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A stretch at both ends of which somebody asked in vain, and within which nothing was answered. Time
/// in which nobody asked makes it no longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// When something was answered last, in milliseconds from the beginning of the run.
    answered_ms: Option<u64>,
    /// When somebody asked in vain since, for the first and for the last time.
    in_vain_ms: Option<(u64, u64)>,
}

impl Absence {
    /// A message was answered; to be turned away is no answer.
    pub(crate) fn ends(&mut self, at: Duration) {
        self.answered_ms = self.answered_ms.max(Some(millis(at)));
        self.in_vain_ms = None;
    }

    /// A message was not.
    pub(crate) fn goes_on(&mut self, at: Duration) {
        self.went_on(at, at);
    }

    /// A message that was asked again all the time was not.
    pub(crate) fn went_on(&mut self, from: Duration, until: Duration) {
        self.add(&Self {
            answered_ms: None,
            in_vain_ms: Some((millis(from), millis(until))),
        });
    }

    /// Adds what others saw.
    pub(crate) fn add(&mut self, other: &Self) {
        self.answered_ms = self.answered_ms.max(other.answered_ms);
        let answered = self.answered_ms.unwrap_or(0);
        let since = [self.in_vain_ms, other.in_vain_ms].into_iter().flatten();
        let since = since.filter(|(_, last)| *last >= answered);
        self.in_vain_ms = since
            .map(|(first, last)| (first.max(answered), last))
            .reduce(|one, two| (one.0.min(two.0), one.1.max(two.1)));
    }

    /// How long it has lasted, where there is one.
    pub fn lasted(&self) -> Option<Duration> {
        let (first, last) = self.in_vain_ms?;
        Some(Duration::from_millis(last.saturating_sub(first)))
    }

    /// Whether anything is known of a run: an earlier build kept nothing.
    pub(crate) fn is_kept(&self) -> bool {
        *self != Self::default()
    }
}

/// The two ways of being away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Absences {
    /// Nothing is answered, for whatever reason.
    pub(crate) failed: Absence,
    /// Messages find no connection.
    pub(crate) unreached: Absence,
}

impl Absences {
    /// A message was answered.
    pub(crate) fn end(&mut self, at: Duration) {
        self.failed.ends(at);
        self.unreached.ends(at);
    }

    /// Adds what others saw.
    pub(crate) fn add(&mut self, other: &Self) {
        self.failed.add(&other.failed);
        self.unreached.add(&other.unreached);
    }
}

fn millis(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn whoever_answers_now_and_then_is_not_away() {
        let mut absence = Absence::default();
        assert!(!absence.is_kept() && absence.lasted().is_none());
        absence.goes_on(at(1));
        absence.goes_on(at(5));
        assert_eq!(absence.lasted(), Some(at(4)));
        absence.ends(at(5));
        assert_eq!(absence.lasted(), None);
        absence.goes_on(at(5));
        assert_eq!(absence.lasted(), Some(at(0)));
        // Somebody else was answered while a message was asked again and again.
        absence.went_on(at(1), at(9));
        assert_eq!(absence.lasted(), Some(at(4)));
    }

    #[test]
    fn while_nobody_asks_nobody_is_away() {
        let mut absence = Absence::default();
        absence.ends(at(1));
        absence.goes_on(at(2));
        // However much later it is by now.
        assert_eq!(absence.lasted(), Some(at(0)));
        absence.goes_on(at(90));
        assert_eq!(absence.lasted(), Some(at(88)));
    }

    #[test]
    fn what_one_thread_was_answered_ends_the_absence_of_all() {
        let (mut one, mut two) = (Absence::default(), Absence::default());
        one.goes_on(at(1));
        one.goes_on(at(10));
        two.ends(at(4));
        let mut all = one;
        all.add(&two);
        assert_eq!(all.lasted(), Some(at(6)));
        // The other way round it is the same, and twice is as good as once.
        two.add(&one);
        two.add(&all);
        assert_eq!(two, all);
        two.ends(at(11));
        all.add(&two);
        assert_eq!(all.lasted(), None);
        // What is over already is nothing to anybody.
        all.add(&one);
        assert_eq!(all.lasted(), None);
    }
}
