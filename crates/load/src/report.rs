//! What a run ends with.

use std::time::Duration;

use dancu_domain::Verb;
use hdrhistogram::Histogram;

use crate::mix::place;
use crate::receipts::Receipts;
use crate::tally::Tally;

/// The most wrong replies that are kept one by one; all of them are counted.
const KEPT: usize = 100;

/// A reply that was not what it had to be. It names nobody: a citizen is his index in the nation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// Of which verb.
    pub verb: Verb,
    /// The request's own id.
    pub request_id: String,
    /// Which item of the message, where it is about one.
    pub item: Option<usize>,
    /// The index of the citizen asked about, where there is one.
    pub citizen: Option<u64>,
    /// The field of the answer that is wrong.
    pub field: String,
    /// What was expected of it, in words.
    pub expected: String,
}

impl std::fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb, self.request_id)?;
        if let Some(item) = self.item {
            write!(f, " item {item}")?;
        }
        if let Some(citizen) = self.citizen {
            write!(f, " citizen #{citizen}")?;
        }
        write!(f, ": {}: {}", self.field, self.expected)
    }
}

/// How long messages took, by verb, in microseconds from sending to the whole reply.
#[derive(Clone, Debug)]
pub struct Latencies([Histogram<u64>; 4]);

impl Default for Latencies {
    fn default() -> Self {
        Self(std::array::from_fn(|_| {
            Histogram::new_with_bounds(1, 120_000_000, 3)
                .expect("the bounds are in order and three digits are allowed")
        }))
    }
}

impl Latencies {
    /// Takes note of one message.
    pub fn note(&mut self, verb: Verb, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0[place(verb)].saturating_record(micros);
    }

    /// The latency below which `share` of the verb's messages were answered, in microseconds.
    pub fn quantile(&self, verb: Verb, share: f64) -> u64 {
        self.0[place(verb)].value_at_quantile(share)
    }

    /// How many messages of a verb were timed.
    pub fn messages(&self, verb: Verb) -> u64 {
        self.0[place(verb)].len()
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            mine.add(theirs)
                .expect("histograms of the same bounds add up");
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The run's id, as it stands in the request ids.
    pub run_id: String,
    /// From the first message to the last reply.
    pub elapsed: Duration,
    /// Items by what became of them.
    pub tally: Tally,
    /// What was acknowledged, and where its entries must be.
    pub receipts: Receipts,
    /// Message latencies.
    pub latencies: Latencies,
    /// How many replies were wrong.
    pub wrong: u64,
    /// The first of them.
    pub discrepancies: Vec<Discrepancy>,
    /// Write messages that were sent again on purpose and got their first answer once more. They
    /// are attempts with one receipt, so they count once.
    pub repeats: u64,
    /// Citizens who were looked up once more at the end, with every attribute that the widest
    /// licence opens.
    pub swept: u64,
}

impl Report {
    /// Items of a verb sent a second.
    pub fn rate(&self, verb: Verb) -> f64 {
        self.tally.verb(verb).sent as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Takes note of a wrong reply.
    pub fn wrong(&mut self, discrepancy: Discrepancy) {
        self.wrong += 1;
        if self.discrepancies.len() < KEPT {
            self.discrepancies.push(discrepancy);
        }
    }

    /// Adds what another lane found.
    pub fn add(&mut self, other: Self) {
        self.tally.add(&other.tally);
        self.receipts.add(&other.receipts);
        self.latencies.add(&other.latencies);
        self.wrong += other.wrong;
        self.repeats += other.repeats;
        self.swept += other.swept;
        let room = KEPT.saturating_sub(self.discrepancies.len());
        self.discrepancies
            .extend(other.discrepancies.into_iter().take(room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_verb_asked_for() {
        let mut latencies = Latencies::default();
        for micros in 1..=100 {
            latencies.note(Verb::Push, Duration::from_micros(micros));
        }
        assert_eq!(latencies.quantile(Verb::Push, 0.5), 50);
        assert_eq!(latencies.quantile(Verb::Push, 0.99), 99);
        assert_eq!(latencies.messages(Verb::Lookup), 0);
    }

    #[test]
    fn wrong_replies_are_all_counted_and_the_first_are_kept() {
        let mut report = Report::default();
        for item in 0..250 {
            report.wrong(Discrepancy {
                verb: Verb::Lookup,
                request_id: "d-x-1".into(),
                item: Some(item),
                citizen: None,
                field: "outcome".into(),
                expected: "FOUND".into(),
            });
        }
        assert_eq!((report.wrong, report.discrepancies.len()), (250, KEPT));
    }
}
