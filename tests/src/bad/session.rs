//! One connection that asks good and bad things, keeps its own count, and holds the service to it.

use bytes::{BufMut as _, Bytes, BytesMut};
use dancu_domain::{Outcome, Verb};
use dancu_population::{KeyState, SandboxKey};
use dancu_wire::Lang;
use dancu_wire::pb::dancu::v1::Purpose;
use tonic::Code;

use super::asked::Asked;
use super::heard::{Answer, Heard, heard};
use super::home::Home;
use super::line::{Extra, Line, Reply};
use super::people::{People, good_outcome};
use super::rpcs::{Form, RPCS, Rpc};
use super::tally::{Calls, Counts, Tally, since};
use crate::messages;

/// A connection and what it expects to have been counted.
pub struct Session<'a> {
    /// The service.
    pub home: &'a Home,
    /// The connection.
    pub line: Line,
    /// Who is asked about.
    pub people: People,
    before: Counts,
    counted: Tally,
    handled: Calls,
    next: u64,
}

/// A message behind its five bytes.
pub fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(5 + message.len());
    frame.put_u8(0);
    frame.put_u32(message.len() as u32);
    frame.put_slice(message);
    frame.freeze()
}

/// The header of a key.
pub fn bearer(key: &SandboxKey) -> Vec<u8> {
    format!("Bearer {}", key.key).into_bytes()
}

/// The header of a language.
pub fn language(lang: Lang) -> Vec<u8> {
    match lang {
        Lang::Vi => b"vi-VN, vi;q=0.9, en;q=0.5".to_vec(),
        Lang::En => b"en-GB, vi;q=0.2".to_vec(),
    }
}

impl<'a> Session<'a> {
    /// Opens a connection, and has the neighbours' events take effect.
    pub async fn open(home: &'a Home) -> Self {
        let mut session = Self {
            home,
            line: Line::connect(home.running.grpc_addr()).await,
            people: People::of(&home.nation),
            before: Counts::default(),
            counted: Tally::new(),
            handled: Calls::new(),
            next: 0,
        };
        let push = super::rpcs::rpc("/dancu.v1.SyncService/PushChanges").expect("push has a row");
        let message = session.good(push).encode(push);
        let reply = session.call(push, Lang::En, vec![framed(&message)]).await;
        let Heard::Answer(answer) = heard(push, &reply.messages[0]) else {
            panic!("a push of its own is answered")
        };
        for item in &answer.items {
            assert_eq!(item.outcome, Some(Outcome::Applied), "the neighbours move");
        }
        session.before = session.counts().await;
        session.handled.clear();
        session
    }

    /// A good message of the method about one neighbour, or both.
    pub fn good(&mut self, rpc: &Rpc) -> Asked {
        self.next += 1;
        let key = self.home.key(rpc.agency, KeyState::Valid);
        let id = format!("r-{}", self.next);
        let mut subjects = vec![self.people.left.subject(), self.people.right.subject()];
        match rpc.form {
            Form::One => subjects.truncate(1),
            Form::Totals => subjects.clear(),
            Form::Batch | Form::Stream => {}
        }
        Asked {
            context: Some(messages::context(&id, &key, rpc.purpose)),
            subjects,
            ..Asked::default()
        }
    }

    /// The headers of a call with the method's own key.
    pub fn extra(&self, rpc: &Rpc, lang: Lang) -> Extra {
        let key = self.home.key(rpc.agency, KeyState::Valid);
        vec![
            ("authorization", bearer(&key)),
            ("accept-language", language(lang)),
        ]
    }

    /// Makes a call with the method's own key.
    pub async fn call(&mut self, rpc: &Rpc, lang: Lang, body: Vec<Bytes>) -> Reply {
        let extra = self.extra(rpc, lang);
        self.call_with(rpc.path, &extra, body).await
    }

    /// Makes a call.
    pub async fn call_with(&mut self, path: &str, extra: &Extra, body: Vec<Bytes>) -> Reply {
        let reply = self.line.call(path, extra, body).await;
        let code = reply.code();
        let named = RPCS.iter().find(|rpc| rpc.path == path);
        let (service, method) = named.map_or(("unknown", "unknown"), Rpc::names);
        self.ended(service, method, code);
        assert!(self.line.is_open(), "the connection was closed");
        reply
    }

    /// Notes the end of a call.
    pub fn ended(&mut self, service: &str, method: &str, code: Code) {
        let code = match code {
            Code::Ok => "OK".to_owned(),
            code => format!("{code:?}"),
        };
        let key = (service.into(), method.into(), code);
        *self.handled.entry(key).or_default() += 1;
    }

    /// Notes items that must have been counted.
    pub fn counts_also(&mut self, verb: Verb, outcome: Outcome, items: u64) {
        *self.counted.entry((verb, outcome)).or_default() += items;
    }

    /// Holds the answer of [`Session::good`] against the nation, and expects its items counted.
    pub fn is_good(&mut self, what: &str, rpc: &Rpc, answer: &Answer) {
        let Some(verb) = rpc.verb else { return };
        let people = match rpc.form {
            Form::One => &[&self.people.left][..],
            _ => &[&self.people.left, &self.people.right],
        };
        assert_eq!(answer.items.len(), people.len(), "{what}");
        for (neighbour, item) in people.iter().zip(&answer.items) {
            neighbour.is_right(what, verb, item);
        }
        let items = people.len() as u64;
        has_receipt(what, answer, items);
        self.counts_also(verb, good_outcome(verb), items);
    }

    /// Asks something good on the same connection and holds the answer against the nation.
    pub async fn good_call(&mut self, what: &str, rpc: &Rpc) {
        let what = format!("{what}: the good call after it");
        let message = self.good(rpc).encode(rpc);
        let reply = self.call(rpc, Lang::En, vec![framed(&message)]).await;
        assert_eq!(reply.code(), Code::Ok, "{what}: {:?}", reply.status());
        assert_eq!(reply.messages.len(), 1, "{what}");
        match heard(rpc, &reply.messages[0]) {
            Heard::Answer(answer) => self.is_good(&what, rpc, &answer),
            Heard::InPlace(status) => panic!("{what}: {status:?}"),
        }
    }

    async fn counts(&mut self) -> Counts {
        let totals = super::rpcs::rpc("/dancu.v1.StatisticsService/GetVolumes");
        let totals = totals.expect("the totals have a row");
        assert_eq!(totals.purpose, Purpose::Statistics);
        let message = self.good(totals).encode(totals);
        let reply = self.call(totals, Lang::En, vec![framed(&message)]).await;
        assert_eq!(reply.code(), Code::Ok, "{:?}", reply.status());
        Counts::now(self.home, &reply.messages[0]).await
    }

    /// Holds the three counts of items and the count of calls against this session's own.
    pub async fn settle(mut self) {
        let now = self.counts().await;
        let counted = &self.counted;
        assert_eq!(
            &since(&self.before.volumes, &now.volumes),
            counted,
            "GetVolumes"
        );
        assert_eq!(
            &since(&self.before.audited, &now.audited),
            counted,
            "the blocks"
        );
        assert_eq!(
            &since(&self.before.answers, &now.answers),
            counted,
            "the metrics"
        );
        let handled = since(&self.before.handled, &now.handled);
        assert_eq!(handled, self.handled, "the calls");
    }
}

/// The receipt counts the items that have an entry.
pub fn has_receipt(what: &str, answer: &Answer, items: u64) {
    let receipt = answer.header.receipt.expect("an answer has a receipt");
    assert_eq!(receipt.count as u64, items, "{what}: the receipt");
    assert!(receipt.first_index >= 0, "{what}");
}

/// One call outside of any session, with the key's own officer and procedure.
pub async fn ask(
    line: &mut Line,
    rpc: &Rpc,
    key: &SandboxKey,
    mut asked: Asked,
    purpose: Purpose,
) -> Reply {
    asked.context = Some(messages::context("apart", key, purpose));
    let extra = vec![("authorization", bearer(key))];
    line.call(rpc.path, &extra, vec![framed(&asked.encode(rpc))])
        .await
}
