//! A message made ready to be sent: its bytes, its headers, and what is known of its replies.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use dancu_domain::{Day, Verb};
use dancu_wire::{EVENT_DAY, pb};

use super::digest::Known;
use crate::ask::Message;
use crate::draw::{Draw, Shape};
use crate::encode;

/// A message made ready.
pub(crate) struct Ask {
    /// What it says, and what must come of it.
    pub(crate) message: Message,
    /// How it travels.
    pub(crate) shape: Shape,
    /// The same behind its five bytes of framing.
    pub(crate) body: Bytes,
    /// The headers of a call that carries it.
    pub(crate) head: Rc<http::Request<()>>,
    /// The simulated day, where there is one.
    pub(crate) day: Option<Day>,
    /// The day of a profile's calendar on which it falls, whether that is simulated or not.
    pub(crate) planned: Day,
    /// Replies that were found right.
    pub(crate) known: RefCell<Vec<Known>>,
    /// Of a push, and of the lookup before it: the lane whose events it speaks of.
    pub(crate) pusher: RefCell<Option<Draw>>,
}

impl Ask {
    /// Makes a message ready.
    pub(crate) fn new(message: Message, shape: Shape, day: Option<Day>, heads: &mut Heads) -> Self {
        Self {
            body: encoded(&message, shape),
            head: heads.of(&message, shape, day),
            message,
            shape,
            day,
            planned: day.unwrap_or(Day(0)),
            known: RefCell::default(),
            pusher: RefCell::default(),
        }
    }

    /// How many items it has.
    pub(crate) fn items(&self) -> u64 {
        self.message.items.len() as u64
    }
}

/// A verb, a shape, a bearer key and a day.
type Key = (Verb, u8, Option<String>, Option<Day>);

/// The headers of calls, made once for each method, key and day.
pub(crate) struct Heads {
    authority: String,
    language: &'static str,
    deadline: Duration,
    made: HashMap<Key, Rc<http::Request<()>>>,
}

impl Heads {
    pub(crate) fn new(authority: String, language: &'static str, deadline: Duration) -> Self {
        Self {
            authority,
            language,
            deadline,
            made: HashMap::new(),
        }
    }

    fn of(&mut self, message: &Message, shape: Shape, day: Option<Day>) -> Rc<http::Request<()>> {
        let key = (message.verb, shape as u8, message.key.clone(), day);
        if let Some(head) = self.made.get(&key) {
            return Rc::clone(head);
        }
        // The heads of days that are over would be kept for nothing.
        self.made
            .retain(|(verb, _, _, of), _| *of == day || *verb != message.verb);
        let path = path(message.verb, shape);
        let bearer = message.key.as_deref();
        let head = Rc::new(self.head(path, bearer, day));
        self.made.insert(key, Rc::clone(&head));
        head
    }

    /// The headers of a call of a method.
    pub(crate) fn head(
        &self,
        path: &str,
        bearer: Option<&str>,
        day: Option<Day>,
    ) -> http::Request<()> {
        let mut head = http::Request::post(format!("http://{}{path}", self.authority))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("accept-language", self.language)
            .header("grpc-timeout", format!("{}m", self.deadline.as_millis()));
        if let Some(bearer) = bearer {
            head = head.header("authorization", format!("Bearer {bearer}"));
        }
        if let Some(date) = day.and_then(Day::date) {
            head = head.header(EVENT_DAY, date.to_string());
        }
        head.body(()).expect("these headers are well formed")
    }
}

/// The path of a method. Syncs have no method for a single item.
const fn path(verb: Verb, shape: Shape) -> &'static str {
    match (verb, shape) {
        (Verb::Lookup, Shape::Unary) => "/dancu.v1.LookupService/LookupCitizen",
        (Verb::Lookup, Shape::Batch) => "/dancu.v1.LookupService/BatchLookupCitizens",
        (Verb::Lookup, Shape::Stream) => "/dancu.v1.LookupService/StreamLookupCitizens",
        (Verb::Authenticate, Shape::Unary) => "/dancu.v1.AuthenticationService/AuthenticateCitizen",
        (Verb::Authenticate, Shape::Batch) => {
            "/dancu.v1.AuthenticationService/BatchAuthenticateCitizens"
        }
        (Verb::Authenticate, Shape::Stream) => {
            "/dancu.v1.AuthenticationService/StreamAuthenticateCitizens"
        }
        (Verb::Reconcile, Shape::Stream) => "/dancu.v1.SyncService/StreamReconcileCitizens",
        (Verb::Reconcile, _) => "/dancu.v1.SyncService/ReconcileCitizens",
        (Verb::Push, Shape::Stream) => "/dancu.v1.SyncService/StreamPushChanges",
        (Verb::Push, _) => "/dancu.v1.SyncService/PushChanges",
    }
}

/// A message as it travels, behind its framing.
fn encoded(message: &Message, shape: Shape) -> Bytes {
    match (message.verb, shape) {
        (Verb::Lookup, Shape::Unary) => {
            let batch = encode::lookup(message);
            frame(&pb::LookupCitizenRequest {
                context: batch.context,
                freshness: batch.freshness,
                view: batch.view,
                read_mask: batch.read_mask,
                item: batch.items.into_iter().next(),
            })
        }
        (Verb::Lookup, Shape::Batch) => frame(&encode::lookup(message)),
        (Verb::Lookup, Shape::Stream) => frame(&pb::StreamLookupCitizensRequest {
            batch: Some(encode::lookup(message)),
        }),
        (Verb::Authenticate, Shape::Unary) => {
            let batch = encode::authenticate(message);
            frame(&pb::AuthenticateCitizenRequest {
                context: batch.context,
                freshness: batch.freshness,
                item: batch.items.into_iter().next(),
            })
        }
        (Verb::Authenticate, Shape::Batch) => frame(&encode::authenticate(message)),
        (Verb::Authenticate, Shape::Stream) => frame(&pb::StreamAuthenticateCitizensRequest {
            batch: Some(encode::authenticate(message)),
        }),
        (Verb::Reconcile, Shape::Stream) => frame(&pb::StreamReconcileCitizensRequest {
            batch: Some(encode::reconcile(message)),
        }),
        (Verb::Reconcile, _) => frame(&encode::reconcile(message)),
        (Verb::Push, Shape::Stream) => frame(&pb::StreamPushChangesRequest {
            batch: Some(encode::push(message)),
        }),
        (Verb::Push, _) => frame(&encode::push(message)),
    }
}

/// A message behind its five bytes of framing: not compressed, and its length.
pub(crate) fn frame(message: &impl prost::Message) -> Bytes {
    let length = message.encoded_len();
    let mut bytes = Vec::with_capacity(5 + length);
    bytes.push(0);
    bytes.extend_from_slice(&(length as u32).to_be_bytes());
    message
        .encode(&mut bytes)
        .expect("the buffer grows as it is written");
    bytes.into()
}
