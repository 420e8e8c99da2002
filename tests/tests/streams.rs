//! Streams: answers in the order of the messages, a bad message answered in its place, bytes that
//! are no message at the end of what was answered, and receipts that find their entries.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dancu_domain::{Outcome, Reason, Receipt, Verb, WriterId};
use dancu_ledger::audit;
use dancu_population::KeyState;
use dancu_tests::bad::asked::{Asked, Subject};
use dancu_tests::bad::heard::{Answer, Heard, heard};
use dancu_tests::bad::home::{self, Home};
use dancu_tests::bad::line::Line;
use dancu_tests::bad::people::{People, made_up};
use dancu_tests::bad::refusal::Refusal;
use dancu_tests::bad::rpcs::{self, Rpc};
use dancu_tests::bad::session::{Session, bearer, framed};
use dancu_tests::callers::key;
use dancu_tests::within;
use dancu_tests::{messages, within::until};
use dancu_wire::Lang;
use dancu_wire::pb::dancu::v1::{Purpose, claims::Number};
use tonic::Code;

const MESSAGES: u64 = 60;

/// How an item about nobody ends.
fn nobody(verb: Verb) -> Outcome {
    match verb {
        Verb::Push => Outcome::Rejected,
        Verb::Lookup | Verb::Authenticate | Verb::Reconcile => Outcome::NoMatch,
    }
}

/// The `item`th stranger of the `message`th message.
fn somebody(message: u64, item: u64) -> Subject {
    let mut subject = made_up();
    subject.dossier.clear();
    subject.id = format!("{message}.{item}");
    subject.row = Default::default();
    subject.change.record_id = subject.id.clone();
    let number = format!("{:012}", 987_654_000_000 + message * 1_000 + item);
    let claims = subject.claims.as_mut().expect("somebody is claimed");
    claims.number = Some(Number::PersonalNumber(number));
    subject
}

/// Sizes that jump, so that later messages are ready before earlier ones.
fn items_of(message: u64) -> u64 {
    1 + message * 61 % 97
}

async fn finds_its_entries(home: &Home, answer: &Answer, rpc: &Rpc) -> (u64, u64) {
    let told = answer.header.receipt.expect("an answer has a receipt");
    let receipt = Receipt {
        writer: WriterId(told.writer),
        first: told.first_index as u64,
        count: told.count as u32,
    };
    let mut blocks = home.blocks.clone();
    let entries = audit::entries(&mut blocks, receipt)
        .await
        .expect("the blocks decode");
    let outcomes: Vec<_> = entries.iter().map(|entry| Some(entry.outcome)).collect();
    let expected: Vec<_> = answer.items.iter().map(|item| item.outcome).collect();
    assert_eq!(outcomes, expected, "{}", rpc.path);
    let indices: Vec<u64> = entries.iter().map(|entry| entry.index).collect();
    let consecutive: Vec<u64> = (receipt.first..receipt.first + expected.len() as u64).collect();
    assert_eq!(indices, consecutive, "{}", rpc.path);
    let requests: BTreeSet<u64> = entries.iter().map(|entry| entry.request).collect();
    assert_eq!(requests.len(), 1, "{}: entries of one message", rpc.path);
    assert!(entries.iter().all(|entry| Some(entry.verb) == rpc.verb));
    (receipt.first, requests.into_iter().sum())
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_messages_with_receipts_that_find_their_entries() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    for rpc in rpcs::streams() {
        let verb = rpc.verb.expect("a stream has a verb");
        let mut ids = Vec::new();
        let mut body = Vec::new();
        for n in 0..MESSAGES {
            let mut asked = session.good(rpc);
            asked.subjects = (0..items_of(n)).map(|item| somebody(n, item)).collect();
            ids.push(asked.context().request_id.clone());
            body.push(framed(&asked.encode(rpc)));
            session.counts_also(verb, nobody(verb), items_of(n));
        }
        let reply = session.call(rpc, Lang::En, body).await;
        assert_eq!(reply.code(), Code::Ok, "{:?}", reply.status());
        assert_eq!(reply.messages.len() as u64, MESSAGES, "{}", rpc.path);
        let mut taken = BTreeSet::new();
        let mut requests = BTreeSet::new();
        for (n, message) in reply.messages.iter().enumerate() {
            let Heard::Answer(answer) = heard(rpc, message) else {
                panic!("{}: message {n} is good", rpc.path)
            };
            assert_eq!(answer.header.request_id, ids[n], "{}: the order", rpc.path);
            assert_eq!(
                answer.items.len() as u64,
                items_of(n as u64),
                "{}",
                rpc.path
            );
            for (item, told) in answer.items.iter().enumerate() {
                assert_eq!(told.id, format!("{n}.{item}"), "{}: the order", rpc.path);
                assert_eq!(told.outcome, Some(nobody(verb)), "{}", rpc.path);
            }
            let (first, request) = finds_its_entries(&home, &answer, rpc).await;
            for index in first..first + items_of(n as u64) {
                assert!(
                    taken.insert(index),
                    "{}: an entry of two messages",
                    rpc.path
                );
            }
            assert!(
                requests.insert(request),
                "{}: two messages in one",
                rpc.path
            );
        }
    }
    session.settle().await;
}

#[tokio::test]
async fn bad_messages_are_answered_in_their_place_and_the_stream_goes_on() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    for rpc in rpcs::streams() {
        let verb = rpc.verb.expect("a stream has a verb");
        let mut good = || session.good(rpc);
        let mut nameless = good();
        nameless.context().request_id.clear();
        let mut denied = good();
        denied.context().officer = "ZZ-1".into();
        let mut empty = good();
        empty.subjects.clear();
        let body = [
            good(),
            Asked::default(),
            good(),
            nameless,
            denied,
            empty,
            good(),
        ];
        let body = body.iter().enumerate().map(|(n, asked)| match n {
            // A message of the stream without its batch.
            1 => framed(&[]),
            _ => framed(&asked.encode(rpc)),
        });
        let body: Vec<Bytes> = body.collect();
        session.counts_also(verb, Outcome::Refused, 2);
        let reply = session.call(rpc, Lang::Vi, body).await;
        assert_eq!(reply.code(), Code::Ok, "{:?}", reply.status());
        assert_eq!(reply.messages.len(), 7, "{}", rpc.path);
        for (n, message) in reply.messages.iter().enumerate() {
            let what = format!("{} message {n}", rpc.path);
            let refusal = match n {
                1 => Refusal::of_field(Reason::FieldRequired, "batch"),
                3 => Refusal::of_field(Reason::FieldRequired, "context.request_id"),
                4 => Refusal::of_call(Code::PermissionDenied, Reason::OfficerNotAuthorised),
                5 => Refusal::of_field(Reason::ItemsRequired, rpc.list()),
                _ => {
                    let Heard::Answer(answer) = heard(rpc, message) else {
                        panic!("{what} is good")
                    };
                    session.is_good(&what, rpc, &answer);
                    continue;
                }
            };
            let Heard::InPlace(status) = heard(rpc, message) else {
                panic!("{what} is bad")
            };
            refusal.holds(&what, &status, Lang::Vi);
        }
    }
    session.settle().await;
}

#[tokio::test]
async fn bytes_that_are_no_message_end_the_stream_after_the_earlier_answers() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    for rpc in rpcs::streams() {
        for whole in [true, false] {
            let mut good = || framed(&session.good(rpc).encode(rpc));
            let mut parts = vec![good(), good(), good(), framed(&[0xff; 24]), good()];
            if whole {
                parts = vec![parts.concat().into()];
            }
            let reply = session.call(rpc, Lang::Vi, parts).await;
            assert_eq!(reply.messages.len(), 3, "{}: the earlier answers", rpc.path);
            for message in &reply.messages {
                let Heard::Answer(answer) = heard(rpc, message) else {
                    panic!("{}: it is good", rpc.path)
                };
                session.is_good(rpc.path, rpc, &answer);
            }
            let end = Refusal::of_call(Code::InvalidArgument, Reason::Undecodable);
            end.ends(rpc.path, &reply, Lang::Vi);
            session.good_call("a stream that ended badly", rpc).await;
        }
    }
    session.settle().await;
}

#[tokio::test]
async fn a_stream_is_a_conversation_until_its_caller_ends_it() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    for rpc in rpcs::streams() {
        let nothing = session.call(rpc, Lang::En, Vec::new()).await;
        assert_eq!(nothing.code(), Code::Ok, "{}: nothing asked", rpc.path);
        assert!(nothing.messages.is_empty(), "{}", rpc.path);
        let extra = session.extra(rpc, Lang::En);
        let mut talk = session.line.open(rpc.path, &extra).await;
        for _ in 0..5 {
            let message = framed(&session.good(rpc).encode(rpc));
            // In two parts, cut within the message.
            let middle = message.len() / 2;
            talk.say(message.slice(..middle));
            tokio::task::yield_now().await;
            talk.say(message.slice(middle..));
            let told = talk
                .hear()
                .await
                .expect("a message is answered before the next");
            let Heard::Answer(answer) = heard(rpc, &told) else {
                panic!("{}: it is good", rpc.path)
            };
            session.is_good(rpc.path, rpc, &answer);
        }
        // The caller's side is closed while an answer is still to come.
        talk.say(framed(&session.good(rpc).encode(rpc)));
        talk.done();
        let reply = talk.end().await;
        assert_eq!(reply.messages.len(), 6, "{}: the last answer", rpc.path);
        let Heard::Answer(answer) = heard(rpc, &reply.messages[5]) else {
            panic!("{}: it is good", rpc.path)
        };
        session.is_good(rpc.path, rpc, &answer);
        assert_eq!(reply.code(), Code::Ok, "{:?}", reply.status());
        let (service, method) = rpc.names();
        session.ended(service, method, Code::Ok);
    }
    session.settle().await;
}

#[tokio::test]
async fn a_message_that_waits_holds_back_the_answers_of_later_ones() {
    let within = within::start(1, |_| {});
    let rpc = rpcs::rpc("/dancu.v1.LookupService/StreamLookupCitizens").expect("it has a row");
    let key = key(&within.nation, "H26");
    assert_eq!(key.state, KeyState::Valid);
    let asked = |id: &str, subjects| Asked {
        context: Some(messages::context(
            id,
            &key,
            Purpose::AdministrativeProcedure,
        )),
        subjects,
        ..Asked::default()
    };
    let slow = asked("slow", vec![People::of(&within.nation).left.subject()]);
    let quick = asked("quick", Vec::new());
    let mut line = Line::connect(within.running.grpc_addr()).await;
    let extra = vec![("authorization", bearer(&key))];
    let mut talk = line.open(rpc.path, &extra).await;
    within.reads.shut();
    talk.say(framed(&slow.encode(rpc)));
    talk.say(framed(&quick.encode(rpc)));
    talk.done();
    let reads = Arc::clone(&within.reads);
    until("the first message waits for the registry", || {
        reads.waiting() > 0
    })
    .await;
    let early = tokio::time::timeout(Duration::from_millis(300), talk.hear()).await;
    assert!(
        early.is_err(),
        "the second answer overtook the first: {early:?}"
    );
    within.reads.open();
    let first = talk.hear().await.expect("the first answer");
    assert!(matches!(heard(rpc, &first), Heard::Answer(a) if a.header.request_id == "slow"));
    let second = talk.hear().await.expect("the second answer");
    assert!(matches!(heard(rpc, &second), Heard::InPlace(_)));
    assert_eq!(talk.end().await.code(), Code::Ok);
}
