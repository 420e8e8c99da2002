//! What happened second by second.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::histogram::Latency;

/// One verb in one interval. Messages stand where they were replied to; missed slots where they
/// were given up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VerbInterval {
    /// Messages sent.
    pub sent: u64,
    /// Messages answered.
    pub answered: u64,
    /// Items in them.
    pub items: u64,
    /// Messages that failed.
    pub failed: u64,
    /// Slots missed.
    pub missed: u64,
    /// Messages that found no connection; they are among the failed.
    #[serde(default)]
    pub unreached: u64,
}

impl VerbInterval {
    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.items += other.items;
        self.failed += other.failed;
        self.missed += other.missed;
        self.unreached += other.unreached;
    }
}

/// One interval of a run, over all verbs and by verb.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Interval {
    /// When it began, in seconds from the beginning of the run.
    pub second: u64,
    /// How many seconds it has: one, or more in a long run.
    #[serde(default = "one")]
    pub seconds: u64,
    /// In the order of the verbs.
    pub verbs: [VerbInterval; 4],
    /// Service times of the answered messages of all verbs.
    pub service: Latency,
    /// Corrected times of the same messages.
    pub corrected: Latency,
    /// Wrong replies.
    pub wrong: u64,
}

impl Interval {
    /// A second in which nothing happened yet.
    pub fn new(second: u64) -> Self {
        Self {
            second,
            seconds: 1,
            verbs: Default::default(),
            service: Latency::of_a_second(),
            corrected: Latency::of_a_second(),
            wrong: 0,
        }
    }

    /// The first second behind it.
    pub const fn end(&self) -> u64 {
        self.second.saturating_add(self.seconds)
    }

    /// So many of something in it, a second.
    pub fn rate(&self, count: u64) -> f64 {
        count as f64 / self.seconds.max(1) as f64
    }

    /// Adds what another thread found in the same interval.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.verbs.iter_mut().zip(&other.verbs) {
            mine.add(theirs);
        }
        self.service.add(&other.service);
        self.corrected.add(&other.corrected);
        self.wrong += other.wrong;
    }

    /// The sum over all verbs.
    pub fn all(&self) -> VerbInterval {
        let mut all = VerbInterval::default();
        for verb in &self.verbs {
            all.add(verb);
        }
        all
    }
}

const fn one() -> u64 {
    1
}

/// Intervals as ones of so many seconds, which begin at multiples of it.
pub(crate) fn widened(
    intervals: impl IntoIterator<Item = Interval>,
    seconds: u64,
) -> BTreeMap<u64, Interval> {
    let seconds = seconds.max(1);
    let mut wide = BTreeMap::new();
    for interval in intervals {
        let second = interval.second / seconds * seconds;
        let mine = wide.entry(second).or_insert_with(|| Interval {
            seconds,
            ..Interval::new(second)
        });
        mine.add(&interval);
    }
    wide
}
