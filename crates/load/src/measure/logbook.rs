//! What one thread notes of a run as it goes: figures of the whole, and intervals handed over as
//! they are full.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dancu_domain::{AgencyCode, Outcome, Verb};

use super::figures::{Figures, Sheet};
use super::interval::Interval;
use super::watch::Watch;
use crate::clock::now;
use crate::mix::place;
use crate::tally::Fate;

/// Notes of a run whose messages are each sent once.
pub(crate) struct Logbook {
    pub(crate) figures: RefCell<Figures>,
    interval: RefCell<Interval>,
    watch: Arc<Watch>,
    began: Instant,
}

impl Logbook {
    pub(crate) fn new(began: Instant, watch: Arc<Watch>) -> Self {
        Self {
            figures: RefCell::default(),
            interval: RefCell::new(Interval::new(0)),
            watch,
            began,
        }
    }

    /// Whether the run was asked to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.watch.is_stopped()
    }

    /// Notes that a message went out.
    pub(crate) fn sent(&self, verb: Verb, items: u64, sent: Instant, due: Option<Instant>) {
        let mut figures = self.figures.borrow_mut();
        figures.tally[place(verb)].sent += items;
        if let Some(due) = due {
            figures.lag.note(sent.saturating_duration_since(due));
        }
        self.at(sent).verbs[place(verb)].sent += 1;
    }

    /// Notes how an attempt ended.
    pub(crate) fn code(&self, word: &str) {
        let mut figures = self.figures.borrow_mut();
        match figures.codes.get_mut(word) {
            Some(count) => *count += 1,
            None => drop(figures.codes.insert(word.to_owned(), 1)),
        }
    }

    /// Notes an answer: how its items ended, when it was due, sent and there, and how many of its
    /// items were wrong.
    pub(crate) fn answered(
        &self,
        (verb, agency): (Verb, &str),
        outcomes: &[Option<Outcome>],
        (due, sent, came): (Instant, Instant, Instant),
        wrong: u64,
    ) {
        let fates: Vec<Fate> = outcomes
            .iter()
            .map(|outcome| match outcome {
                Some(Outcome::Refused) => Fate::Refused,
                Some(outcome) => Fate::Answered(*outcome),
                None => Fate::Malformed,
            })
            .collect();
        let mut figures = self.figures.borrow_mut();
        if let Ok(agency) = AgencyCode::parse(agency, "agency") {
            let sheet = Sheet::of(&mut figures.cells, (agency, verb, None), &fates);
            sheet.add_to(&mut figures, verb);
        }
        figures.verified.in_full += 1;
        let items = outcomes.len() as u64;
        let service = came.saturating_duration_since(sent);
        let corrected = came.saturating_duration_since(due);
        let calls = &mut figures.calls[place(verb)];
        calls.answered += 1;
        calls.items += items;
        calls.service.note(service);
        calls.corrected.note(corrected);
        figures.absences.end(self.after(came));
        let mut interval = self.at(came);
        interval.verbs[place(verb)].answered += 1;
        interval.verbs[place(verb)].items += items;
        interval.service.note(service);
        interval.corrected.note(corrected);
        interval.wrong += wrong;
    }

    /// Notes a message that was sent then and not answered, and whether it found no connection in the
    /// end.
    pub(crate) fn unanswered(&self, verb: Verb, items: u64, sent: Instant, unreached: bool) {
        let mut figures = self.figures.borrow_mut();
        figures.tally[place(verb)].note(Fate::Unavailable { in_doubt: true }, items);
        figures.calls[place(verb)].failed += 1;
        if unreached {
            let (from, until) = (self.after(sent), self.after(now()));
            figures.absences.unreached.went_on(from, until);
        }
        let mut interval = self.at(now());
        let counts = &mut interval.verbs[place(verb)];
        counts.failed += 1;
        counts.unreached += u64::from(unreached);
    }

    /// How long after the beginning.
    fn after(&self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.began)
    }

    /// The interval of an instant; the one before is handed over.
    fn at(&self, instant: Instant) -> std::cell::RefMut<'_, Interval> {
        let second = self.after(instant).as_secs();
        let mut interval = self.interval.borrow_mut();
        if second > interval.second {
            self.watch.add(&interval);
            *interval = Interval::new(second);
        }
        interval
    }

    /// Hands over what has been gathered, although nothing happens.
    pub(crate) fn tick(&self) {
        drop(self.at(now()));
    }

    /// Hands over the last interval.
    pub(crate) fn close(&self) {
        let mut interval = self.interval.borrow_mut();
        self.watch.add(&interval);
        *interval = Interval::new(interval.second + 1);
    }
}
