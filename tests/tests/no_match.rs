//! Who is absent, different or locked cannot be told apart, but by who may hear the cause.

use dancu_domain::Verb;
use dancu_population::KeyState;
use dancu_tests::bad::asked::{Asked, Subject};
use dancu_tests::bad::grants::{self, results};
use dancu_tests::bad::heard::{Heard, heard};
use dancu_tests::bad::home::{self, Home};
use dancu_tests::bad::line::{Line, Reply};
use dancu_tests::bad::people::{NAME, NUMBER, born, personas};
use dancu_tests::bad::rpcs::{self, Form, Rpc};
use dancu_tests::bad::session::ask;
use dancu_wire::pb::dancu::v1 as pb;
use pb::claims::Number;
use tonic::Code;

/// Claims that come to nothing: nobody has the number; name, birth date, both differ; locked,
/// with true claims and with false ones; an old number of nobody.
fn nobody(home: &Home) -> Vec<(&'static str, pb::NoMatchCause, Subject)> {
    use pb::NoMatchCause::{BirthDate, Locked, Name, UnknownNumber};
    let mut cases = Vec::new();
    let mut case = |what, cause, persona: &str, spoil: fn(&mut pb::Claims)| {
        let mut subject = personas(&home.nation, &[persona]).remove(0);
        "same".clone_into(&mut subject.id);
        spoil(subject.claims.as_mut().expect("somebody is claimed"));
        cases.push((what, cause, subject));
    };
    case("absent", UnknownNumber, "plain_match", |claims| {
        claims.number = Some(Number::PersonalNumber(NUMBER.to_owned()));
    });
    case("another name", Name, "plain_match", |claims| {
        NAME.clone_into(&mut claims.full_name);
    });
    case("another birth date", BirthDate, "plain_match", |claims| {
        claims.birth_date = Some(born(1985, 3, 15));
    });
    case("locked", Locked, "locked", |_| {});
    case("locked, another name", Locked, "locked", |claims| {
        NAME.clone_into(&mut claims.full_name);
    });
    case("dead, another name", Name, "deceased", |claims| {
        NAME.clone_into(&mut claims.full_name);
    });
    case(
        "an old number of nobody",
        UnknownNumber,
        "plain_match",
        |claims| {
            claims.number = Some(Number::LegacyNumber("987654321".to_owned()));
        },
    );
    cases
}

/// The reads: each method with items but the pushes.
fn reads() -> Vec<&'static Rpc> {
    let read = |rpc: &&Rpc| rpc.verb != Some(Verb::Push);
    rpcs::with_items().into_iter().filter(read).collect()
}

/// The bytes of a result, wherever the method puts it, and the length of the whole message.
fn result_of(rpc: &Rpc, reply: &Reply) -> (Vec<u8>, usize) {
    let message = &reply.messages[0];
    let answer = match rpc.form {
        Form::Stream => grants::fields(message)
            .remove(&1)
            .expect("an answer")
            .remove(0),
        _ => message.to_vec(),
    };
    let mut results = results(&answer);
    assert_eq!(results.len(), 1, "{}", rpc.path);
    (results.remove(0), message.len())
}

fn headers(reply: &Reply) -> Vec<String> {
    let mut lines: Vec<String> = reply
        .head
        .iter()
        .chain(&reply.tail)
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn absent_different_and_locked_have_the_same_bytes_for_an_ordinary_credential() {
    let home = home::start();
    let mut line = Line::connect(home.running.grpc_addr()).await;
    let key = home.key("H26", KeyState::Valid);
    for rpc in reads() {
        let mut told = Vec::new();
        // The first round fills the cache and the counters to the same width.
        for round in 0..2 {
            for (what, _, subject) in nobody(&home) {
                let asked = Asked {
                    subjects: vec![subject],
                    ..Asked::default()
                };
                let reply = ask(&mut line, rpc, &key, asked, rpc.purpose).await;
                assert_eq!(reply.code(), Code::Ok, "{what}: {:?}", reply.status());
                if round == 1 {
                    let (result, length) = result_of(rpc, &reply);
                    told.push((what, result, length, headers(&reply)));
                }
            }
        }
        for other in &told[1..] {
            let what = format!("{} {} and {}", rpc.path, told[0].0, other.0);
            assert_eq!(told[0].1, other.1, "{what}: the result");
            // A receipt's index may take a byte more as the ledger grows.
            assert!(told[0].2.abs_diff(other.2) <= 1, "{what}: the size");
            assert_eq!(told[0].3, other.3, "{what}: the headers");
        }
    }
}

#[tokio::test]
async fn the_true_cause_is_told_to_who_may_hear_it_and_to_nobody_else() {
    use pb::NoMatchCause::{BirthDate, Name, Unspecified};
    let home = home::start();
    let mut line = Line::connect(home.running.grpc_addr()).await;
    for rpc in reads() {
        let explained = rpc.verb == Some(Verb::Authenticate);
        for (agency, state) in [
            ("H26", KeyState::Valid),
            ("H26", KeyState::Debug),
            ("G02", KeyState::Valid),
            ("G01", KeyState::Valid),
        ] {
            let key = home.key(agency, state);
            for (what, cause, subject) in nobody(&home) {
                let what = format!("{} {agency} {state:?} {what}", rpc.path);
                let asked = Asked {
                    subjects: vec![subject],
                    ..Asked::default()
                };
                let reply = ask(&mut line, rpc, &key, asked, rpc.purpose).await;
                let Heard::Answer(answer) = heard(rpc, &reply.messages[0]) else {
                    panic!("{what}: answered")
                };
                let expected = match (agency, state, cause) {
                    (_, KeyState::Debug, cause) => cause,
                    ("G02", _, Name | BirthDate) if explained => cause,
                    _ => Unspecified,
                };
                assert_eq!(answer.items[0].cause, expected as i32, "{what}");
                assert!(answer.items[0].citizen.is_none(), "{what}");
                assert_eq!(answer.items[0].version, 0, "{what}");
            }
        }
    }
}
