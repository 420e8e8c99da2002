//! The client's own ledger: what it was told, to be held against what was recorded.

use std::sync::Mutex;

use dancu_domain::{Outcome, Verb};
use dancu_wire::pb::dancu::v1 as pb;

/// One acknowledged message: the receipt it came with and the outcomes that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The agency's code.
    pub agency: String,
    /// The verb.
    pub verb: Verb,
    /// Whose chain.
    pub writer: u32,
    /// The index of the first entry.
    pub first: u64,
    /// The outcomes, in item order, of items that have an entry.
    pub outcomes: Vec<Outcome>,
    /// For pushes that took effect: number, version, by item.
    pub effects: Vec<(u64, u32)>,
}

impl Acknowledged {
    /// What a header's receipt and these outcomes say; `None` if the receipt is missing or counts
    /// something else.
    pub fn new(
        agency: &str,
        verb: Verb,
        header: Option<&pb::AnswerHeader>,
        outcomes: Vec<Outcome>,
    ) -> Option<Self> {
        let receipt = header?.receipt.as_ref()?;
        (usize::try_from(receipt.count) == Ok(outcomes.len())).then(|| Self {
            agency: agency.to_owned(),
            verb,
            writer: receipt.writer,
            first: u64::try_from(receipt.first_index).unwrap_or(u64::MAX),
            outcomes,
            effects: Vec::new(),
        })
    }
}

/// What all callers of a run were told.
#[derive(Debug, Default)]
pub struct Witness(Mutex<Told>);

/// The tally of a run.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Every acknowledged message.
    pub acknowledged: Vec<Acknowledged>,
    /// Items whose call ended without an answer.
    pub unanswered: u64,
    /// Answers that were not what they should be, in words.
    pub wrong: Vec<String>,
}

impl Witness {
    /// Notes an answer.
    pub fn acknowledged(&self, message: Option<Acknowledged>) {
        let mut told = self.0.lock().expect("no caller panics with the lock");
        match message {
            Some(message) => told.acknowledged.push(message),
            None => told.wrong.push("an answer without its receipt".to_owned()),
        }
    }

    /// Notes items whose call failed.
    pub fn unanswered(&self, items: u64) {
        self.0
            .lock()
            .expect("no caller panics with the lock")
            .unanswered += items;
    }

    /// Notes an answer that was wrong.
    pub fn wrong(&self, what: String) {
        self.0
            .lock()
            .expect("no caller panics with the lock")
            .wrong
            .push(what);
    }

    /// Everything that was noted.
    pub fn told(&self) -> Told {
        self.0
            .lock()
            .expect("no caller panics with the lock")
            .clone()
    }
}

/// The outcome that a lookup's result carries, if it carries one.
pub fn lookup_outcome(result: &pb::LookupResult) -> Option<Outcome> {
    match result.outcome() {
        pb::LookupOutcome::Unspecified => None,
        pb::LookupOutcome::Found => Some(Outcome::Found),
        pb::LookupOutcome::NoMatch => Some(Outcome::NoMatch),
        pb::LookupOutcome::Deceased => Some(Outcome::Deceased),
        pb::LookupOutcome::Ambiguous => Some(Outcome::Ambiguous),
    }
}

/// The outcome that a verdict carries, if it carries one.
pub fn authentication_outcome(result: &pb::AuthenticationResult) -> Option<Outcome> {
    match result.outcome() {
        pb::AuthenticationOutcome::Unspecified => None,
        pb::AuthenticationOutcome::Match => Some(Outcome::Match),
        pb::AuthenticationOutcome::NoMatch => Some(Outcome::NoMatch),
        pb::AuthenticationOutcome::Deceased => Some(Outcome::Deceased),
        pb::AuthenticationOutcome::Ambiguous => Some(Outcome::Ambiguous),
    }
}

/// The outcome that a push result carries, if it carries one.
pub fn push_outcome(result: &pb::PushResult) -> Option<Outcome> {
    match result.outcome() {
        pb::PushOutcome::Unspecified => None,
        pb::PushOutcome::Applied => Some(Outcome::Applied),
        pb::PushOutcome::AlreadyApplied => Some(Outcome::AlreadyApplied),
        pb::PushOutcome::Stale => Some(Outcome::Stale),
        pb::PushOutcome::Conflict => Some(Outcome::Conflict),
        pb::PushOutcome::Rejected => Some(Outcome::Rejected),
        pb::PushOutcome::Invalid => Some(Outcome::Invalid),
    }
}
