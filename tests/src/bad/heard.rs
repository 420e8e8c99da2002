//! An answer of any method, in one form.

use dancu_domain::{Outcome, Verb};
use dancu_wire::pb;
use pb::dancu::v1;
use prost::Message;

use super::rpcs::{Form, Rpc};
use crate::witness::{authentication_outcome, lookup_outcome, push_outcome};

/// What stands in the place of a message.
#[derive(Clone, Debug)]
pub enum Heard {
    /// Its answer.
    Answer(Answer),
    /// A status, in a stream.
    InPlace(pb::rpc::Status),
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The header.
    pub header: v1::AnswerHeader,
    /// One an item.
    pub items: Vec<Item>,
}

/// What an item came to.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// Its own id.
    pub id: String,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why it has no outcome.
    pub status: Option<pb::rpc::Status>,
    /// What is wrong with it, where INVALID is its outcome: field and reason.
    pub invalid: Option<(String, v1::ErrorReason)>,
    /// The record that came with it.
    pub citizen: Option<v1::Citizen>,
    /// The version that came with it.
    pub version: i32,
    /// The true reason that came with it.
    pub cause: i32,
}

macro_rules! stream {
    ($reply:ident, $bytes:ident, $answer:ident) => {{
        use v1::$reply::Reply::{Answer as Whole, Status};
        let reply = v1::$answer::decode($bytes)
            .expect("an answer decodes")
            .reply;
        match reply.expect("a stream's answer holds one of two") {
            Whole(answer) => answer,
            Status(status) => return Heard::InPlace(status),
        }
    }};
}

macro_rules! whole {
    ($bytes:ident, $answer:ident) => {
        v1::$answer::decode($bytes).expect("an answer decodes")
    };
}

/// Reads an answer of the method.
pub fn heard(rpc: &Rpc, bytes: &[u8]) -> Heard {
    let (header, items) = match (rpc.verb, rpc.form) {
        (None, _) => (whole!(bytes, GetVolumesResponse).header, Vec::new()),
        (Some(Verb::Lookup), Form::One) => {
            let answer = whole!(bytes, LookupCitizenResponse);
            (
                answer.header,
                answer.result.into_iter().map(looked_up).collect(),
            )
        }
        (Some(Verb::Lookup), form) => {
            let answer = if form == Form::Stream {
                stream!(
                    stream_lookup_citizens_response,
                    bytes,
                    StreamLookupCitizensResponse
                )
            } else {
                whole!(bytes, BatchLookupCitizensResponse)
            };
            (
                answer.header,
                answer.results.into_iter().map(looked_up).collect(),
            )
        }
        (Some(Verb::Authenticate), Form::One) => {
            let answer = whole!(bytes, AuthenticateCitizenResponse);
            let items = answer.result.into_iter().map(authenticated).collect();
            (answer.header, items)
        }
        (Some(Verb::Authenticate), form) => {
            let answer = if form == Form::Stream {
                stream!(
                    stream_authenticate_citizens_response,
                    bytes,
                    StreamAuthenticateCitizensResponse
                )
            } else {
                whole!(bytes, BatchAuthenticateCitizensResponse)
            };
            let items = answer.results.into_iter().map(authenticated).collect();
            (answer.header, items)
        }
        (Some(Verb::Reconcile), form) => {
            let answer = if form == Form::Stream {
                stream!(
                    stream_reconcile_citizens_response,
                    bytes,
                    StreamReconcileCitizensResponse
                )
            } else {
                whole!(bytes, ReconcileCitizensResponse)
            };
            (
                answer.header,
                answer.results.into_iter().map(reconciled).collect(),
            )
        }
        (Some(Verb::Push), form) => {
            let answer = if form == Form::Stream {
                stream!(
                    stream_push_changes_response,
                    bytes,
                    StreamPushChangesResponse
                )
            } else {
                whole!(bytes, PushChangesResponse)
            };
            (
                answer.header,
                answer.results.into_iter().map(pushed).collect(),
            )
        }
    };
    Heard::Answer(Answer {
        header: header.expect("an answer has a header"),
        items,
    })
}

fn looked_up(result: v1::LookupResult) -> Item {
    Item {
        outcome: lookup_outcome(&result),
        id: result.item_id,
        status: result.status,
        version: result.citizen.as_ref().map_or(0, |c| c.version),
        citizen: result.citizen,
        cause: result.cause,
        ..Item::default()
    }
}

fn authenticated(result: v1::AuthenticationResult) -> Item {
    Item {
        outcome: authentication_outcome(&result),
        id: result.item_id,
        status: result.status,
        version: result.version,
        cause: result.cause,
        ..Item::default()
    }
}

fn reconciled(result: v1::ReconcileResult) -> Item {
    let name = result.outcome().as_str_name();
    let word = name.trim_start_matches("RECONCILE_OUTCOME_");
    Item {
        outcome: Outcome::ALL.iter().copied().find(|o| o.word() == word),
        id: result.item_id,
        invalid: result.invalid.map(invalid),
        version: result.version,
        citizen: result.registry,
        cause: result.cause,
        ..Item::default()
    }
}

fn pushed(result: v1::PushResult) -> Item {
    Item {
        outcome: push_outcome(&result),
        id: result.item_id,
        invalid: result.invalid.map(invalid),
        version: result.version,
        ..Item::default()
    }
}

fn invalid(record: v1::InvalidRecord) -> (String, v1::ErrorReason) {
    let reason = record.reason();
    (record.field, reason)
}
