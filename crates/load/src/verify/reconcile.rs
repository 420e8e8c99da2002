//! Reconciles.

use dancu_domain::{AttributeSet, Outcome, Verb};
use dancu_wire::{from_wire, pb};

use super::{Judge, Judged, difference, told_cause};
use crate::ask::{Body, Expect, Held, Message};
use crate::draw::World;
use crate::rows;
use crate::tally::Fate;

/// Judges the answer to a reconcile message.
pub fn reconcile(
    world: &World,
    message: &Message,
    answer: &pb::ReconcileCitizensResponse,
) -> Judged {
    let mut judge = Judge::new(message);
    judge.count(answer.results.len());
    for (at, result) in answer.results.iter().take(message.items.len()).enumerate() {
        judge.reconcile_result(world, at, result);
    }
    judge.close(world, answer.header.as_ref());
    judge.judged
}

impl Judge<'_> {
    fn reconcile_result(&mut self, world: &World, at: usize, result: &pb::ReconcileResult) {
        use pb::ReconcileOutcome as O;
        let item = &self.message.items[at];
        self.check(
            result.item_id == item.id,
            at,
            "item_id",
            "the item's own id",
        );
        let outcome = match O::try_from(result.outcome) {
            Ok(O::InStep) => Outcome::InStep,
            Ok(O::Differs) => Outcome::Differs,
            Ok(O::NoMatch) => Outcome::NoMatch,
            Ok(O::Ambiguous) => Outcome::Ambiguous,
            Ok(O::DuplicateInSource) => Outcome::DuplicateInSource,
            Ok(O::Invalid) => Outcome::Invalid,
            Ok(O::Unspecified) | Err(_) => {
                self.wrong(Some(at), "outcome", "an outcome");
                self.judged.fates.push(Fate::Unavailable { in_doubt: true });
                return;
            }
        };
        let mut given = AttributeSet::NONE;
        let mut bare = pb::ReconcileResult {
            item_id: item.id.clone(),
            ..Default::default()
        };
        match item.expect {
            Expect::Person(agreement) => {
                if let Some(record) = self.record(world, at, result.version) {
                    let nothing = Held::default();
                    let held = match &item.body {
                        Body::Row(held) => held.as_ref(),
                        _ => &nothing,
                    };
                    let differing = rows::differing(&record, held, agreement);
                    bare.version = result.version;
                    if differing.is_empty() {
                        bare.outcome = O::InStep.into();
                        self.check(*result == bare, at, "outcome", "IN_STEP and nothing else");
                    } else {
                        given = record.present(differing.and(self.message.standing.granted));
                        bare.outcome = O::Differs.into();
                        bare.differing = differing
                            .iter()
                            .map(|attribute| i32::from(attribute.code()) + 1)
                            .collect();
                        bare.registry.clone_from(&result.registry);
                        self.check(*result == bare, at, "differing", "what differs");
                        match &result.registry {
                            Some(got) => {
                                let field = difference(&record, given, got).unwrap_or_default();
                                self.check(field.is_empty(), at, field, "as recorded and granted");
                            }
                            None => self.wrong(Some(at), "registry", "the registry's values"),
                        }
                    }
                }
            }
            Expect::NoMatch(cause) => {
                bare.outcome = O::NoMatch.into();
                bare.cause = told_cause(&self.message.standing, Verb::Reconcile, cause);
                self.check(*result == bare, at, "outcome", "NO_MATCH and nothing else");
                self.never(world, at);
            }
            Expect::Ambiguous => {
                bare.outcome = O::Ambiguous.into();
                self.check(*result == bare, at, "outcome", "AMBIGUOUS and nothing else");
            }
            Expect::Duplicate => {
                bare.outcome = O::DuplicateInSource.into();
                self.check(
                    *result == bare,
                    at,
                    "outcome",
                    "DUPLICATE_IN_SOURCE and nothing else",
                );
            }
            Expect::Malformed(..) => {
                bare.outcome = O::Invalid.into();
                bare.invalid.clone_from(&result.invalid);
                self.check(*result == bare, at, "outcome", "INVALID and nothing else");
                self.invalid(at, result.invalid.as_ref());
            }
            _ => self.wrong(Some(at), "outcome", "no such item was sent"),
        }
        self.answered(outcome, given);
    }

    /// Checks the class and the field of a malformed record.
    pub(super) fn invalid(&mut self, at: usize, invalid: Option<&pb::InvalidRecord>) {
        let Expect::Malformed(reason, field) = self.message.items[at].expect else {
            return;
        };
        let Some(invalid) = invalid else {
            self.wrong(Some(at), "invalid", reason.word());
            return;
        };
        let told = pb::ErrorReason::try_from(invalid.reason)
            .ok()
            .and_then(from_wire);
        self.check(told == Some(reason), at, "invalid.reason", reason.word());
        self.check(invalid.field == field, at, "invalid.field", field);
    }
}
