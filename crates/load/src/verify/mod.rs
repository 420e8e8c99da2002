//! Every reply against the citizen whom it must be about, at the version that it names.

mod push;
mod read;
mod reconcile;
mod record;

use std::sync::Arc;
use std::time::Duration;

use dancu_domain::{
    Agreement, AttributeSet, Citizen, Freshness, NoMatchCause, Outcome, Reason, Receipt, Verb,
    WriterId,
};
use dancu_wire::pb;
pub use push::push;
pub use read::{authenticate, lookup};
pub use reconcile::reconcile;
pub use record::difference;

use crate::ask::{About, End, Expect, Item, Message, Number};
use crate::callers::Standing;
use crate::claims;
use crate::draw::World;
use crate::receipts::Acknowledged;
use crate::report::Discrepancy;
use crate::tally::Fate;
use crate::told::Told;

/// What a reply came to.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// What became of each item, in order.
    pub fates: Vec<Fate>,
    /// Where the entries are, of an answered message.
    pub receipt: Option<Receipt>,
    /// What the entries must say, one for each item with an outcome.
    pub acknowledged: Vec<Acknowledged>,
    /// The revision under which each item of a push took effect, where it did.
    pub effects: Vec<Option<u64>>,
    /// How long the service asks to wait before it is asked again.
    pub wait: Option<Duration>,
    /// Everything that is wrong with the reply.
    pub wrong: Vec<Discrepancy>,
}

/// Judges a message that failed as a whole.
pub fn failure(message: &Message, told: &Told) -> Judged {
    let mut judge = Judge::new(message);
    judge.judged.fates = vec![told.fate(); message.items.len()];
    for (place, item) in message.items.iter().enumerate() {
        judge.silent(Some(place), told, item);
    }
    if told.excusable() {
        judge.judged.wait = told.wait;
        if told.lacks_delay() {
            judge.wrong(None, "status.retry_delay", "a delay");
        }
        return judge.judged;
    }
    // The one item of a unary call fails the call where it would have a status in a batch.
    let expected = match (message.end, message.items.as_slice()) {
        (End::Fails(reason, field), _) => Some((reason, field)),
        (End::Answered, [only]) => match only.expect {
            Expect::Malformed(reason, field) => Some((reason, Some(field))),
            _ => None,
        },
        (End::Answered, _) => None,
    };
    match expected {
        None => judge.wrong(None, "status", &format!("an answer, not {}", told.words())),
        Some((reason, field)) => {
            if let Some(wrong) = told.is(reason, field) {
                judge.wrong(None, wrong, reason.word());
            }
        }
    }
    judge.judged
}

/// One reply being judged.
struct Judge<'a> {
    message: &'a Message,
    judged: Judged,
}

impl<'a> Judge<'a> {
    fn new(message: &'a Message) -> Self {
        Self {
            message,
            judged: Judged::default(),
        }
    }

    fn wrong(&mut self, item: Option<usize>, field: &str, expected: &str) {
        self.judged.wrong.push(Discrepancy {
            verb: self.message.verb,
            request_id: self.message.request_id.clone(),
            item,
            citizen: item
                .and_then(|at| self.message.items.get(at))
                .and_then(|item| item.about.index()),
            field: field.to_owned(),
            expected: expected.to_owned(),
        });
    }

    /// Checks a condition on an item.
    fn check(&mut self, holds: bool, item: usize, field: &str, expected: &str) {
        if !holds {
            self.wrong(Some(item), field, expected);
        }
    }

    /// Takes note of an item of which an outcome was read.
    fn answered(&mut self, outcome: Outcome, given: AttributeSet) {
        self.judged.fates.push(Fate::Answered(outcome));
        self.judged
            .acknowledged
            .push(Acknowledged { outcome, given });
    }

    /// Checks that there are as many results as items; those that are missing stay in doubt.
    fn count(&mut self, results: usize) {
        let items = self.message.items.len();
        if results != items {
            self.wrong(None, "results", "one result an item");
        }
        if let End::Fails(reason, _) = self.message.end {
            self.wrong(None, "status", reason.word());
        }
    }

    /// Gives every item without a result its fate, and checks the header.
    fn close(&mut self, world: &World, header: Option<&pb::AnswerHeader>) {
        let missing = Fate::Unavailable { in_doubt: true };
        self.judged.fates.resize(self.message.items.len(), missing);
        let Some(header) = header else {
            self.wrong(None, "header", "a header");
            return;
        };
        if header.request_id != self.message.request_id {
            self.wrong(None, "header.request_id", "the request's own id");
        }
        let entries = self.judged.acknowledged.len();
        match &header.receipt {
            Some(receipt) if usize::try_from(receipt.count) == Ok(entries) => {
                self.judged.receipt = Some(Receipt {
                    writer: WriterId(receipt.writer),
                    first: receipt.first_index as u64,
                    count: receipt.count as u32,
                });
            }
            _ => self.wrong(
                None,
                "header.receipt",
                "an entry for each item with an outcome",
            ),
        }
        let least = match self.message.freshness {
            Freshness::AtLeast(token) => token.number,
            _ => 0,
        };
        let nation = world.nation_id.text();
        let fresh = header
            .revision
            .as_ref()
            .is_some_and(|r| r.nation == nation && r.number >= 0 && r.number as u64 >= least);
        if !fresh {
            self.wrong(
                None,
                "header.revision",
                "of this nation and at the token or later",
            );
        }
        let memory = i32::from(pb::Source::Memory);
        let registry = i32::from(pb::Source::Registry);
        let unspecified = header.source == 0;
        let redis = i32::from(pb::Source::Redis);
        if !(unspecified || [memory, redis, registry].contains(&header.source)) {
            self.wrong(None, "header.source", "memory, Redis or registry");
        }
        let fresh_read = self.message.freshness == Freshness::FullyConsistent;
        let answered = |fate: &Fate| matches!(fate, Fate::Answered(_));
        let mut each = self.message.items.iter().zip(&self.judged.fates);
        let matched =
            each.any(|(item, fate)| answered(fate) && matches!(item.expect, Expect::Person(_)));
        if matched
            && self.message.verb != Verb::Push
            && (unspecified || fresh_read && header.source == memory)
        {
            self.wrong(None, "header.source", "where it was read");
        }
    }

    /// Checks that nothing of what was sent is repeated in what was told.
    fn silent(&mut self, at: Option<usize>, told: &Told, item: &Item) {
        let number = match &item.claims.number {
            Number::Missing => "",
            Number::Personal(text) | Number::Legacy(text) => text,
        };
        if told.repeats(number) || told.repeats(&item.claims.name) {
            self.wrong(at, "status", "no value repeated");
        }
    }

    /// Checks an item's own status against the fault that it must tell. Any item may be one whose
    /// claims were not judged, because too many about its number failed.
    fn without_outcome(&mut self, at: usize, status: &pb::rpc::Status) {
        let item = &self.message.items[at];
        let told = Told::of_rpc(status);
        self.silent(Some(at), &told, item);
        if told.is(Reason::GuessLimitExceeded, None).is_none() {
            self.check(!told.lacks_delay(), at, "status.retry_delay", "a delay");
            self.judged.fates.push(told.fate());
            return;
        }
        match item.expect {
            Expect::Malformed(reason, field) => {
                if let Some(wrong) = told.is(reason, Some(field)) {
                    self.wrong(Some(at), wrong, reason.word());
                }
            }
            _ => self.wrong(Some(at), "status", "an outcome"),
        }
        self.judged.fates.push(told.fate());
    }

    /// The record that a reply with this version must be about; what is wrong with the version is
    /// noted.
    fn record(&mut self, world: &World, at: usize, version: i32) -> Option<Arc<Citizen>> {
        let item = &self.message.items[at];
        let Ok(version) = u32::try_from(version) else {
            self.wrong(Some(at), "version", "a version");
            return None;
        };
        if let About::Citizen(index, _) = item.about
            && !world.versions.read(index, version, item.floor)
        {
            self.wrong(Some(at), "version", "a version that can be in effect");
        }
        let record = world.people.at(&item.about, version);
        if record.is_none() {
            self.wrong(Some(at), "version", "a version that the record can have");
        }
        record
    }

    /// Checks that claims answered with NO_MATCH match at no version possible during the call.
    fn never(&mut self, world: &World, at: usize) {
        let item = &self.message.items[at];
        let (Some(_), Some(claims)) = (item.about.index(), claims::read(&item.claims)) else {
            return;
        };
        if !world.people.never_matches(&item.about, &claims) {
            self.wrong(Some(at), "outcome", "no match at any version possible");
        }
    }
}

/// The cause of a NO_MATCH that a caller is told: all of them with a debug key, and of an
/// authentication under a licence with `explain` the claim that failed.
fn told_cause(standing: &Standing, verb: Verb, cause: NoMatchCause) -> i32 {
    let (code, explained) = match cause {
        NoMatchCause::Unknown => (1, false),
        NoMatchCause::Locked => (2, false),
        NoMatchCause::Name => (3, true),
        NoMatchCause::Birth => (4, true),
    };
    if standing.debug || (explained && standing.explain && verb == Verb::Authenticate) {
        code
    } else {
        0
    }
}

const fn level(agreement: Agreement) -> i32 {
    match agreement {
        Agreement::Exact => 1,
        Agreement::TonePlacement => 2,
        Agreement::Unaccented => 3,
    }
}

#[cfg(test)]
mod tests;
