//! Pushes.

use dancu_domain::{AttributeSet, Outcome, Rejection};
use dancu_wire::pb;

use super::{Judge, Judged};
use crate::ask::{Expect, Message};
use crate::draw::World;
use crate::tally::Fate;

/// Judges the answer to a push message, and takes note of the versions that it made.
pub fn push(world: &World, message: &Message, answer: &pb::PushChangesResponse) -> Judged {
    let mut judge = Judge::new(message);
    judge.count(answer.results.len());
    let revision = answer.header.as_ref().and_then(|h| h.revision.as_ref());
    let head = revision.map_or(0, |r| r.number);
    for (at, result) in answer.results.iter().take(message.items.len()).enumerate() {
        judge.push_result(world, at, result, head);
    }
    judge.close(world, answer.header.as_ref());
    judge.judged
}

impl Judge<'_> {
    fn push_result(&mut self, world: &World, at: usize, result: &pb::PushResult, head: i64) {
        use pb::PushOutcome as O;
        let item = &self.message.items[at];
        self.check(
            result.item_id == item.id,
            at,
            "item_id",
            "the item's own id",
        );
        let outcome = match O::try_from(result.outcome) {
            Ok(O::Applied) => Outcome::Applied,
            Ok(O::AlreadyApplied) => Outcome::AlreadyApplied,
            Ok(O::Stale) => Outcome::Stale,
            Ok(O::Conflict) => Outcome::Conflict,
            Ok(O::Rejected) => Outcome::Rejected,
            Ok(O::Invalid) => Outcome::Invalid,
            Ok(O::Unspecified) | Err(_) => {
                self.wrong(Some(at), "outcome", "an outcome");
                self.judged.fates.push(Fate::Unavailable { in_doubt: true });
                self.judged.effects.push(None);
                return;
            }
        };
        let mut bare = pb::PushResult {
            item_id: item.id.clone(),
            ..Default::default()
        };
        let mut effect = None;
        match item.expect {
            Expect::Applied(version) => {
                bare.outcome = O::Applied.into();
                bare.version = version as i32;
                bare.revision.clone_from(&result.revision);
                self.check(
                    *result == bare,
                    at,
                    "outcome",
                    "APPLIED, making the next version",
                );
                let number = self.revision(world, at, result.revision.as_ref(), head);
                if let (Some(number), Some(index), Outcome::Applied) =
                    (number, item.about.index(), outcome)
                {
                    world.versions.pushed(index, version, number);
                    effect = Some(number);
                }
            }
            Expect::AlreadyApplied(revision, version) => {
                bare.outcome = O::AlreadyApplied.into();
                bare.version = version as i32;
                bare.revision.clone_from(&result.revision);
                self.check(
                    *result == bare,
                    at,
                    "outcome",
                    "ALREADY_APPLIED as it was then",
                );
                let number = self.revision(world, at, result.revision.as_ref(), head);
                self.check(
                    number == Some(revision),
                    at,
                    "revision",
                    "that of its effect",
                );
            }
            Expect::Stale => {
                bare.outcome = O::Stale.into();
                self.check(*result == bare, at, "outcome", "STALE and nothing else");
            }
            Expect::Conflict => {
                bare.outcome = O::Conflict.into();
                self.check(*result == bare, at, "outcome", "CONFLICT and nothing else");
            }
            Expect::Rejected(why) => {
                bare.outcome = O::Rejected.into();
                bare.rejection = match why {
                    Rejection::NoMatch => pb::Rejection::NoMatch,
                    Rejection::NotTheAuthority => pb::Rejection::NotTheAuthority,
                    Rejection::BeforeBirth => pb::Rejection::BeforeBirth,
                }
                .into();
                self.check(*result == bare, at, "outcome", "REJECTED for that reason");
            }
            Expect::Malformed(..) => {
                bare.outcome = O::Invalid.into();
                bare.invalid.clone_from(&result.invalid);
                self.check(*result == bare, at, "outcome", "INVALID and nothing else");
                self.invalid(at, result.invalid.as_ref());
            }
            _ => self.wrong(Some(at), "outcome", "no such item was sent"),
        }
        self.judged.effects.push(effect);
        self.answered(outcome, AttributeSet::NONE);
    }

    /// The revision of an effect: of this nation, and not beyond that of the answer.
    fn revision(
        &mut self,
        world: &World,
        at: usize,
        revision: Option<&pb::Revision>,
        head: i64,
    ) -> Option<u64> {
        let Some(revision) = revision else {
            self.wrong(Some(at), "revision", "a revision");
            return None;
        };
        let sound = revision.nation == world.nation_id.text() && revision.number > 0;
        self.check(sound, at, "revision", "of this nation");
        self.check(
            revision.number <= head,
            at,
            "revision",
            "not beyond the answer's",
        );
        u64::try_from(revision.number).ok()
    }
}
