//! The verification against the real verbs: right answers pass, altered ones are caught.

mod fields;
mod replies;
mod stage;

use std::collections::BTreeSet;

use dancu_domain::{AttributeSet, Outcome, Verb};
use prost::Message as _;

use self::stage::{Answer, Stage};
use super::Judged;
use crate::ask::End;
use crate::encode;
use crate::tally::Fate;

#[test]
fn whatever_the_service_answers_is_found_right() {
    let stage = Stage::new(1_280);
    let mut draw = stage.draw(3);
    let (mut outcomes, mut given) = (BTreeSet::new(), AttributeSet::NONE);
    for round in 0..400 {
        let step = draw.step(Verb::ALL[round % 4]);
        for message in step.messages {
            let answer = stage.answer(&message);
            let (End::Answered, Ok(answer)) = (message.end, &answer) else {
                assert!(message.end != End::Answered, "{}", message.request_id);
                continue;
            };
            let judged = stage.judge(&message, answer);
            assert_eq!(judged.wrong, [], "{message:?}");
            assert_eq!(judged.fates.len(), message.items.len());
            for entry in &judged.acknowledged {
                given = given.or(entry.given);
            }
            for fate in &judged.fates {
                outcomes.insert(match fate {
                    Fate::Answered(outcome) => outcome.word(),
                    _ => "malformed",
                });
            }
            for (item, effect) in message.items.into_iter().zip(judged.effects) {
                if let Some(revision) = effect {
                    let standing = message.standing.clone();
                    draw.register().acknowledge(item, standing, revision);
                }
            }
        }
    }
    let all = Outcome::ALL.iter().filter(|o| **o != Outcome::Refused);
    for outcome in all.map(|outcome| outcome.word()).chain(["malformed"]) {
        assert!(outcomes.contains(outcome), "{outcome} was never met");
    }
    let never = AttributeSet::all().without(given);
    assert!(never.is_empty(), "{never:?} were never given");
}

#[test]
fn the_same_seed_draws_the_same_messages() {
    let bytes = |seed| {
        let stage = Stage::new(640);
        let mut draw = stage.draw(seed);
        let mut bytes = Vec::new();
        for round in 0..80 {
            for message in draw.step(Verb::ALL[round % 4]).messages {
                bytes.extend(match message.verb {
                    Verb::Lookup => encode::lookup(&message).encode_to_vec(),
                    Verb::Authenticate => encode::authenticate(&message).encode_to_vec(),
                    Verb::Reconcile => encode::reconcile(&message).encode_to_vec(),
                    Verb::Push => encode::push(&message).encode_to_vec(),
                });
            }
        }
        bytes
    };
    let (one, again, other) = (bytes(5), bytes(5), bytes(6));
    assert!(one == again, "the same seed drew something else");
    assert!(one != other, "another seed drew the same");
}

#[test]
fn about_as_many_claims_are_mistaken_as_the_share_says() {
    use crate::ask::{About, Expect};
    let stage = Stage::new(640);
    let (mut mistaken, mut all) = (0, 0);
    for message in stage.messages(Verb::Reconcile, 9, 200) {
        for item in message.items {
            all += 1;
            let wrong = matches!(item.expect, Expect::NoMatch(_));
            mistaken += usize::from(wrong && !matches!(item.about, About::Nobody));
        }
    }
    let permille = mistaken * 1000 / all;
    assert!((160..190).contains(&permille), "{permille} of a thousand");
}

/// The names of the fields that are found wrong.
fn wrong(judged: &Judged) -> Vec<&str> {
    judged.wrong.iter().map(|w| w.field.as_str()).collect()
}

/// Alters a right answer, and checks that the field altered is found wrong.
fn caught<T>(
    stage: &Stage,
    message: &crate::ask::Message,
    right: &T,
    field: &str,
    alter: impl FnOnce(&mut T),
) where
    T: Clone + Into<Answer>,
{
    let mut altered = right.clone();
    alter(&mut altered);
    let judged = stage.judge(message, &altered.into());
    assert!(
        wrong(&judged).contains(&field),
        "{field}: {:?}",
        wrong(&judged)
    );
}

macro_rules! into_answer {
    ($($variant:ident, $message:ident;)*) => {$(
        impl From<dancu_wire::pb::$message> for Answer {
            fn from(answer: dancu_wire::pb::$message) -> Self {
                Self::$variant(answer)
            }
        }
    )*};
}

into_answer! {
    Lookup, BatchLookupCitizensResponse;
    Authenticate, BatchAuthenticateCitizensResponse;
    Reconcile, ReconcileCitizensResponse;
    Push, PushChangesResponse;
}
