//! What happened second by second.

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
    /// An interval in which nothing happened yet.
    pub fn new(second: u64) -> Self {
        Self {
            second,
            verbs: Default::default(),
            service: Latency::of_a_second(),
            corrected: Latency::of_a_second(),
            wrong: 0,
        }
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
