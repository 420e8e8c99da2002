//! Every part of every reply, altered.

use dancu_domain::{Failure, Reason, Verb};
use dancu_wire::{Lang, pb, rpc_status};

use super::stage::{Answer, Stage};
use super::{caught, wrong};
use crate::ask::{Expect, Item, Message};
use crate::told::Told;
use crate::verify::failure;

/// A way to alter a part of an answer.
type Alter<T> = fn(&mut T);

/// A message, its right answer, and the place of an item in it that is expected so.
macro_rules! one {
    ($stage:ident, $verb:ident, $expect:pat) => {{
        let found = $stage
            .messages(Verb::$verb, 11, 600)
            .into_iter()
            .find_map(|message| {
                let at = message
                    .items
                    .iter()
                    .position(|item: &Item| matches!(item.expect, $expect))?;
                let Ok(Answer::$verb(answer)) = $stage.answer(&message) else {
                    return None;
                };
                assert_eq!($stage.judge(&message, &answer.clone().into()).wrong, []);
                Some((message, answer, at))
            });
        found.expect("such an item is drawn")
    }};
}

#[test]
fn every_part_of_a_header_that_is_altered_is_caught() {
    let stage = Stage::new(640);
    let (message, right, _) = one!(stage, Lookup, Expect::Person(_));
    type Lookup = pb::BatchLookupCitizensResponse;
    let alter: [(&str, Alter<pb::AnswerHeader>); 5] = [
        ("header.request_id", |h| h.request_id.push('x')),
        ("header.receipt", |h| h.receipt.as_mut().unwrap().count += 1),
        ("header.revision", |h| {
            h.revision.as_mut().unwrap().nation = "00".repeat(16);
        }),
        ("header.revision", |h| h.revision = None),
        ("header.source", |h| h.source = 0),
    ];
    for (field, alter) in alter {
        caught(&stage, &message, &right, field, |a: &mut Lookup| {
            alter(a.header.as_mut().unwrap());
        });
    }
    caught(&stage, &message, &right, "header", |a| a.header = None);
    caught(&stage, &message, &right, "results", |a| {
        a.results.pop();
    });
}

#[test]
fn every_part_of_a_lookup_that_is_altered_is_caught() {
    let stage = Stage::new(640);
    let (message, right, at) = one!(stage, Lookup, Expect::Person(_));
    type Lookup = pb::BatchLookupCitizensResponse;
    let alter: [(&str, Alter<pb::LookupResult>); 8] = [
        ("item_id", |r| r.item_id.push('x')),
        ("outcome", |r| r.outcome = 2),
        ("outcome", |r| r.outcome = 0),
        ("outcome", |r| {
            r.outcome = if r.outcome == 1 { 3 } else { 1 }
        }),
        ("level", |r| r.level = r.level % 3 + 1),
        ("cause", |r| r.cause = 1),
        ("citizen", |r| r.citizen = None),
        ("version", |r| r.citizen.as_mut().unwrap().version = 60),
    ];
    for (field, alter) in alter {
        caught(&stage, &message, &right, field, |a: &mut Lookup| {
            alter(&mut a.results[at]);
        });
    }

    let (message, right, at) = one!(stage, Lookup, Expect::NoMatch(_));
    let alter: [fn(&mut pb::LookupResult); 4] = [
        |r| r.outcome = 1,
        |r| r.citizen = Some(pb::Citizen::default()),
        |r| r.cause = if r.cause == 0 { 3 } else { 0 },
        |r| r.level = 1,
    ];
    for alter in alter {
        caught(&stage, &message, &right, "outcome", |a: &mut Lookup| {
            alter(&mut a.results[at]);
        });
    }
}

#[test]
fn a_match_that_is_answered_with_no_match_is_caught() {
    let stage = Stage::new(640);
    let (mut message, _, at) = one!(stage, Lookup, Expect::Person(_));
    // The expectation itself is mistaken: the claims are true, and the reply denies it.
    message.items[at].expect = Expect::NoMatch(dancu_domain::NoMatchCause::Name);
    let Ok(Answer::Lookup(mut answer)) = stage.answer(&message) else {
        panic!("a lookup is answered");
    };
    answer.results[at] = pb::LookupResult {
        item_id: message.items[at].id.clone(),
        outcome: 2,
        cause: answer.results[at].cause,
        ..Default::default()
    };
    let judged = stage.judge(&message, &answer.into());
    let at_any_version = judged
        .wrong
        .iter()
        .any(|w| w.expected == "no match at any version possible");
    assert!(at_any_version, "{:?}", judged.wrong);
}

#[test]
fn a_malformed_item_must_be_told_its_own_fault() {
    let stage = Stage::new(640);
    let (mut message, right, at) = one!(stage, Lookup, Expect::Malformed(..));
    type Lookup = pb::BatchLookupCitizensResponse;
    caught(&stage, &message, &right, "status.code", |a: &mut Lookup| {
        a.results[at].status.as_mut().unwrap().code = 13;
    });
    caught(&stage, &message, &right, "status", |a: &mut Lookup| {
        a.results[at].status = None;
        a.results[at].outcome = 2;
    });
    let Expect::Malformed(reason, field) = message.items[at].expect else {
        panic!("a malformed item was asked for");
    };
    message.items[at].expect = Expect::Malformed(Reason::Undecodable, field);
    assert!(wrong(&stage.judge(&message, &right.clone().into())).contains(&"status.reason"));
    message.items[at].expect = Expect::Malformed(reason, "somewhere.else");
    assert!(wrong(&stage.judge(&message, &right.into())).contains(&"status.field"));
}

#[test]
fn every_part_of_an_authentication_that_is_altered_is_caught() {
    let stage = Stage::new(640);
    let (message, right, at) = one!(stage, Authenticate, Expect::Person(_));
    type Authenticate = pb::BatchAuthenticateCitizensResponse;
    let alter: [(&str, Alter<pb::AuthenticationResult>); 5] = [
        ("item_id", |r| r.item_id.push('x')),
        ("outcome", |r| r.outcome = 2),
        ("level", |r| r.level = r.level % 3 + 1),
        ("cause", |r| r.cause = 1),
        ("version", |r| r.version = -1),
    ];
    for (field, alter) in alter {
        caught(&stage, &message, &right, field, |a: &mut Authenticate| {
            alter(&mut a.results[at]);
        });
    }
    let (message, right, at) = one!(stage, Authenticate, Expect::NoMatch(_));
    caught(
        &stage,
        &message,
        &right,
        "outcome",
        |a: &mut Authenticate| {
            a.results[at].outcome = 1;
        },
    );
}

#[test]
fn every_part_of_a_reconcile_that_is_altered_is_caught() {
    let stage = Stage::new(640);
    type Reconcile = pb::ReconcileCitizensResponse;
    let (message, right, _) = one!(stage, Reconcile, Expect::Person(_));
    let outcome = |outcome: i32| {
        let place = right.results.iter().position(|r| r.outcome == outcome);
        place.expect("a row that ends so is in a message of many")
    };
    let (in_step, differs) = (outcome(1), outcome(2));
    let alter: [(&str, usize, Alter<pb::ReconcileResult>); 6] = [
        ("item_id", in_step, |r| r.item_id.push('x')),
        ("outcome", in_step, |r| r.outcome = 2),
        ("version", in_step, |r| r.version = 60),
        ("differing", differs, |r| r.differing.push(5)),
        ("registry", differs, |r| r.registry = None),
        ("version", differs, |r| {
            r.registry.as_mut().unwrap().version += 1;
        }),
    ];
    for (field, at, alter) in alter {
        caught(&stage, &message, &right, field, |a: &mut Reconcile| {
            alter(&mut a.results[at]);
        });
    }
    let (message, right, at) = one!(stage, Reconcile, Expect::Malformed(..));
    let alter: [(&str, Alter<pb::InvalidRecord>); 2] = [
        ("invalid.field", |i| i.field.push('x')),
        ("invalid.reason", |i| i.reason = 1),
    ];
    for (field, alter) in alter {
        caught(&stage, &message, &right, field, |a: &mut Reconcile| {
            alter(a.results[at].invalid.as_mut().unwrap());
        });
    }
}

/// A push of somebody's next event with its right answer, after the lookup that must come first.
fn applied(stage: &Stage) -> (Message, pb::PushChangesResponse, usize) {
    let mut draw = stage.draw(2);
    for _ in 0..50 {
        for message in draw.step(Verb::Push).messages {
            let Ok(answer) = stage.answer(&message) else {
                continue;
            };
            assert_eq!(stage.judge(&message, &answer).wrong, []);
            let at = message
                .items
                .iter()
                .position(|item| matches!(item.expect, Expect::Applied(_)));
            if let (Some(at), Answer::Push(answer)) = (at, answer) {
                return (message, answer, at);
            }
        }
    }
    panic!("no event was pushed");
}

#[test]
fn every_part_of_a_push_that_is_altered_is_caught() {
    let stage = Stage::new(640);
    let (message, right, at) = applied(&stage);
    type Push = pb::PushChangesResponse;
    let alter: [(&str, Alter<pb::PushResult>); 6] = [
        ("item_id", |r| r.item_id.push('x')),
        ("outcome", |r| r.outcome = 3),
        ("outcome", |r| r.version += 1),
        ("outcome", |r| r.rejection = 1),
        ("revision", |r| r.revision = None),
        ("revision", |r| {
            r.revision.as_mut().unwrap().number = 1 << 40;
        }),
    ];
    for (field, alter) in alter {
        caught(&stage, &message, &right, field, |a: &mut Push| {
            alter(&mut a.results[at]);
        });
    }
}

#[test]
fn a_version_that_went_back_behind_a_token_is_caught() {
    let stage = Stage::new(640);
    let (message, _, at) = applied(&stage);
    let about = message.items[at].about.clone();
    let index = about.index().unwrap();
    let span = stage.world.versions.span(index).unwrap();
    assert!(span.low > span.first, "the push was acknowledged");
    let strict = stage.world.versions.floor(index, true);
    assert!(!stage.world.versions.read(index, span.first, strict));
    assert!(stage.world.versions.read(index, span.low, strict));
}

#[test]
fn whoever_is_turned_away_must_be_told_when_to_come_again() {
    let stage = Stage::new(640);
    let message = stage.messages(Verb::Lookup, 11, 1).remove(0);
    let busy = Failure::new(Reason::Overloaded);
    let mut status = rpc_status(&busy, Lang::En);
    assert_eq!(failure(&message, &Told::of_rpc(&status)).wrong, []);
    status
        .details
        .retain(|detail| !detail.type_url.ends_with("RetryInfo"));
    let judged = failure(&message, &Told::of_rpc(&status));
    assert_eq!(judged.wrong[0].field, "status.retry_delay");
}
