//! Lookups and authentications.

use dancu_domain::{AttributeSet, Outcome, Verb};
use dancu_wire::pb;

use super::{Judge, Judged, difference, level, told_cause};
use crate::ask::{Expect, Message};
use crate::draw::World;
use crate::tally::Fate;

/// Judges the answer to a lookup message.
pub fn lookup(
    world: &World,
    message: &Message,
    answer: &pb::BatchLookupCitizensResponse,
) -> Judged {
    let mut judge = Judge::new(message);
    judge.count(answer.results.len());
    for (at, result) in answer.results.iter().take(message.items.len()).enumerate() {
        judge.lookup_result(world, at, result);
    }
    judge.close(world, answer.header.as_ref());
    judge.judged
}

/// Judges the answer to an authentication message.
pub fn authenticate(
    world: &World,
    message: &Message,
    answer: &pb::BatchAuthenticateCitizensResponse,
) -> Judged {
    let mut judge = Judge::new(message);
    judge.count(answer.results.len());
    for (at, result) in answer.results.iter().take(message.items.len()).enumerate() {
        judge.authentication_result(world, at, result);
    }
    judge.close(world, answer.header.as_ref());
    judge.judged
}

impl Judge<'_> {
    fn lookup_result(&mut self, world: &World, at: usize, result: &pb::LookupResult) {
        use pb::LookupOutcome as O;
        let item = &self.message.items[at];
        self.check(
            result.item_id == item.id,
            at,
            "item_id",
            "the item's own id",
        );
        if let Some(status) = &result.status {
            self.check(result.outcome == 0, at, "outcome", "none beside a status");
            self.check(
                result.citizen.is_none(),
                at,
                "citizen",
                "none beside a status",
            );
            self.without_outcome(at, status);
            return;
        }
        let outcome = match O::try_from(result.outcome) {
            Ok(O::Found) => Outcome::Found,
            Ok(O::NoMatch) => Outcome::NoMatch,
            Ok(O::Deceased) => Outcome::Deceased,
            Ok(O::Ambiguous) => Outcome::Ambiguous,
            Ok(O::Unspecified) | Err(_) => {
                self.wrong(Some(at), "outcome", "an outcome or a status");
                self.judged.fates.push(Fate::Unavailable { in_doubt: true });
                return;
            }
        };
        let mut given = AttributeSet::NONE;
        // What a result without a record must be, to the byte.
        let mut bare = pb::LookupResult {
            item_id: item.id.clone(),
            ..Default::default()
        };
        match item.expect {
            Expect::Person(agreement) => {
                let granted = self.message.standing.granted;
                match &result.citizen {
                    Some(got) => {
                        if let Some(record) = self.record(world, at, got.version) {
                            let wanted = self.message.view.wanted().and(granted);
                            given = record.present(wanted);
                            let field = difference(&record, given, got).unwrap_or_default();
                            self.check(field.is_empty(), at, field, "as recorded and granted");
                            let expected = if record.died_on.is_some() {
                                Outcome::Deceased
                            } else {
                                Outcome::Found
                            };
                            self.check(outcome == expected, at, "outcome", expected.word());
                        }
                    }
                    None => self.wrong(Some(at), "citizen", "the record"),
                }
                self.check(
                    result.level == level(agreement),
                    at,
                    "level",
                    "as the name agrees",
                );
                self.check(result.cause == 0, at, "cause", "none with a match");
            }
            Expect::NoMatch(cause) => {
                bare.outcome = O::NoMatch.into();
                bare.cause = told_cause(&self.message.standing, Verb::Lookup, cause);
                self.check(*result == bare, at, "outcome", "NO_MATCH and nothing else");
                self.never(world, at);
            }
            Expect::Ambiguous => {
                bare.outcome = O::Ambiguous.into();
                self.check(*result == bare, at, "outcome", "AMBIGUOUS and nothing else");
            }
            _ => self.wrong(Some(at), "status", "a status"),
        }
        self.answered(outcome, given);
    }

    fn authentication_result(
        &mut self,
        world: &World,
        at: usize,
        result: &pb::AuthenticationResult,
    ) {
        use pb::AuthenticationOutcome as O;
        let item = &self.message.items[at];
        self.check(
            result.item_id == item.id,
            at,
            "item_id",
            "the item's own id",
        );
        if let Some(status) = &result.status {
            self.check(result.outcome == 0, at, "outcome", "none beside a status");
            self.without_outcome(at, status);
            return;
        }
        let outcome = match O::try_from(result.outcome) {
            Ok(O::Match) => Outcome::Match,
            Ok(O::NoMatch) => Outcome::NoMatch,
            Ok(O::Deceased) => Outcome::Deceased,
            Ok(O::Ambiguous) => Outcome::Ambiguous,
            Ok(O::Unspecified) | Err(_) => {
                self.wrong(Some(at), "outcome", "an outcome or a status");
                self.judged.fates.push(Fate::Unavailable { in_doubt: true });
                return;
            }
        };
        let mut bare = pb::AuthenticationResult {
            item_id: item.id.clone(),
            ..Default::default()
        };
        match item.expect {
            Expect::Person(agreement) => {
                if let Some(record) = self.record(world, at, result.version) {
                    let expected = if record.died_on.is_some() {
                        Outcome::Deceased
                    } else {
                        Outcome::Match
                    };
                    self.check(outcome == expected, at, "outcome", expected.word());
                }
                self.check(
                    result.level == level(agreement),
                    at,
                    "level",
                    "as the name agrees",
                );
                self.check(result.cause == 0, at, "cause", "none with a match");
            }
            Expect::NoMatch(cause) => {
                bare.outcome = O::NoMatch.into();
                bare.cause = told_cause(&self.message.standing, Verb::Authenticate, cause);
                self.check(*result == bare, at, "outcome", "NO_MATCH and nothing else");
                self.never(world, at);
            }
            Expect::Ambiguous => {
                bare.outcome = O::Ambiguous.into();
                self.check(*result == bare, at, "outcome", "AMBIGUOUS and nothing else");
            }
            _ => self.wrong(Some(at), "status", "a status"),
        }
        self.answered(outcome, AttributeSet::NONE);
    }
}
