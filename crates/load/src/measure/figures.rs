//! What one thread of a run found: counts of all that was sent, latencies of what was measured.

use std::collections::BTreeMap;
use std::time::Duration;

use dancu_domain::{AgencyCode, Day, Outcome, Verb};
use serde::{Deserialize, Serialize};

use super::absence::Absences;
use super::cells::{Cell, Cells};
use super::histogram::Latency;
use crate::mix::place;
use crate::report::Discrepancy;
use crate::tally::{Fate, VerbTally};

/// The most wrong replies that are kept one by one; all of them are counted.
const KEPT: usize = 100;

/// Messages of one verb that were measured, which leaves out the warm-up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Calls {
    /// Messages that were answered, as a whole or with the failure that they had to get.
    pub answered: u64,
    /// Items in them.
    pub items: u64,
    /// Messages that failed in another way; their latencies are in no histogram.
    pub failed: u64,
    /// Slots that nobody could take in time.
    pub missed: u64,
    /// From sending to the whole reply, of the answered.
    pub service: Latency,
    /// From when it was due to the whole reply, of the answered. The same as `service` where
    /// there is no schedule.
    pub corrected: Latency,
}

impl Calls {
    /// What was due and was not answered: missed slots and failed messages.
    pub const fn lost(&self) -> u64 {
        self.missed + self.failed
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.items += other.items;
        self.failed += other.failed;
        self.missed += other.missed;
        self.service.add(&other.service);
        self.corrected.add(&other.corrected);
    }
}

/// How a verification went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Replies whose digest was one found right before.
    pub by_digest: u64,
    /// Replies that were read whole and held against the population.
    pub in_full: u64,
    /// Replies that were not looked into, by the share that the run was told.
    pub unread: u64,
}

impl Verified {
    pub(crate) const fn add(&mut self, other: &Self) {
        self.by_digest += other.by_digest;
        self.in_full += other.in_full;
        self.unread += other.unread;
    }
}

/// Everything one thread, or all of them, found.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// What was measured, in the order of [`Verb::ALL`].
    pub calls: [Calls; 4],
    /// How much later than due messages were sent, of the measured.
    pub lag: Latency,
    /// When the last of them was sent, counted from the beginning of the run.
    pub sent_until: Duration,
    /// Every item of the whole run, in the order of [`Verb::ALL`].
    pub tally: [VerbTally; 4],
    /// Outcomes of the whole run.
    pub cells: Cells,
    /// Messages of the whole run by gRPC code, and the load client's own reasons.
    pub codes: BTreeMap<String, u64>,
    /// How replies were verified.
    pub verified: Verified,
    /// How many replies were wrong.
    pub wrong: u64,
    /// The first of them.
    pub discrepancies: Vec<Discrepancy>,
    /// Connections that had to be made anew.
    pub reconnects: u64,
    /// Calls in flight that were asked for and left out, because the service takes fewer at once on
    /// a connection.
    pub left_out: u64,
    /// Messages that were sent after their calendar was over, because they were missed or shed.
    pub put_off: u64,
    /// How long the service has answered nothing, although it was asked.
    pub absences: Absences,
}

impl Figures {
    /// Adds another thread's.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.calls.iter_mut().zip(&other.calls) {
            mine.add(theirs);
        }
        self.lag.add(&other.lag);
        self.sent_until = self.sent_until.max(other.sent_until);
        for (mine, theirs) in self.tally.iter_mut().zip(&other.tally) {
            mine.add(theirs);
        }
        self.cells.add(&other.cells);
        for (code, count) in &other.codes {
            *self.codes.entry(code.clone()).or_default() += count;
        }
        self.verified.add(&other.verified);
        self.wrong += other.wrong;
        let room = KEPT.saturating_sub(self.discrepancies.len());
        self.discrepancies
            .extend(other.discrepancies.iter().take(room).cloned());
        self.reconnects += other.reconnects;
        self.left_out += other.left_out;
        self.put_off += other.put_off;
        self.absences.add(&other.absences);
    }

    /// Items of all verbs.
    pub fn total(&self) -> VerbTally {
        let mut total = VerbTally::default();
        for verb in &self.tally {
            total.add(verb);
        }
        total
    }

    /// Takes note of a wrong reply.
    pub fn wrong(&mut self, discrepancy: Discrepancy) {
        self.wrong += 1;
        if self.discrepancies.len() < KEPT {
            self.discrepancies.push(discrepancy);
        }
    }
}

/// What became of the items of one kind of reply, ready to be added again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    answered: Box<[(usize, u64)]>,
    items: VerbTally,
}

impl Sheet {
    /// Sums fates up.
    pub(crate) fn of(
        cells: &mut Cells,
        (agency, verb, day): (AgencyCode, Verb, Option<Day>),
        fates: &[Fate],
    ) -> Self {
        let mut items = VerbTally::default();
        let mut outcomes: BTreeMap<Outcome, u64> = BTreeMap::new();
        for fate in fates {
            items.note(*fate, 1);
            match fate {
                Fate::Answered(outcome) => *outcomes.entry(*outcome).or_default() += 1,
                Fate::Refused => *outcomes.entry(Outcome::Refused).or_default() += 1,
                Fate::Malformed | Fate::Unavailable { .. } => {}
            }
        }
        let answered = outcomes.into_iter().map(|(outcome, n)| {
            let cell = Cell {
                agency,
                verb,
                outcome,
                day,
            };
            (cells.place(cell), n)
        });
        Self {
            answered: answered.collect(),
            items,
        }
    }

    /// How many items it speaks of.
    pub(crate) const fn items(&self) -> u64 {
        self.items.answered + self.items.refused + self.items.malformed + self.items.unavailable
    }

    /// Whether the message was answered, be it with the failure that it had to get.
    pub(crate) const fn is_answered(&self) -> bool {
        self.items.unavailable == 0
    }

    /// Whether nothing of it can have been recorded, because it was turned away.
    pub(crate) const fn is_unrecorded(&self) -> bool {
        self.items.unavailable > 0
            && self.items.unavailable == self.items()
            && self.items.in_doubt == 0
    }

    /// Adds it once.
    pub(crate) fn add_to(&self, figures: &mut Figures, verb: Verb) {
        figures.tally[place(verb)].add(&self.items);
        for (at, n) in &self.answered {
            figures.cells.add_at(*at, *n);
        }
    }
}

/// One message's times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// From sending to the whole reply.
    pub(crate) service: Duration,
    /// From when it was due to the whole reply.
    pub(crate) corrected: Duration,
}
