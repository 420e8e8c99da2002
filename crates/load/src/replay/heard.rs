//! What came back, as far as a recording can be held against it: outcomes, versions, what differed.

use bytes::Bytes;
use dancu_domain::{Attribute, AttributeSet, Outcome, Revision, Verb};
use dancu_wire::pb;
use prost::Message as _;
use tonic::{Code, Status};

use crate::draw::Shape;
use crate::run::Heard;
use crate::told::Told;

/// How one item ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// The outcome; `None` of an item that was malformed and has none.
    pub(super) outcome: Option<Outcome>,
    /// The version of the record, where it was told.
    pub(super) version: u32,
    /// What differed, of a row.
    pub(super) differed: AttributeSet,
}

/// What came back of a message.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// One end for each item, and the revision of the header.
    Items(Vec<End>, Option<Revision>),
    /// It failed as a whole.
    Failed(Box<Told>),
}

impl Answer {
    /// The outcomes of its items, of which there were so many, for the account.
    pub(super) fn outcomes(&self, items: usize) -> Vec<Option<Outcome>> {
        match self {
            Self::Items(ends, _) => ends.iter().map(|end| end.outcome).collect(),
            Self::Failed(told) => {
                let refused = told.code == tonic::Code::PermissionDenied;
                vec![refused.then_some(Outcome::Refused); items]
            }
        }
    }
}

/// Reads a reply; `None` of bytes that are none.
pub(super) fn read(verb: Verb, shape: Shape, heard: &Heard) -> Option<Answer> {
    if let Some(headers) = &heard.status {
        let status = Status::from_header_map(headers);
        let status = status.unwrap_or_else(|| Status::new(Code::from_i32(heard.code), ""));
        return Some(Answer::Failed(Box::new(Told::of(&status))));
    }
    let body = heard.body.clone();
    match verb {
        Verb::Lookup => lookup(shape, body),
        Verb::Authenticate => authenticate(shape, body),
        Verb::Reconcile => reconcile(shape, body),
        Verb::Push => push(shape, body),
    }
}

macro_rules! streamed {
    ($body:expr, $reply:ident, $oneof:ident) => {
        match pb::$reply::decode($body).ok()?.reply? {
            pb::$oneof::Reply::Answer(answer) => answer,
            pb::$oneof::Reply::Status(status) => {
                return Some(Answer::Failed(Box::new(Told::of_rpc(&status))));
            }
        }
    };
}

fn items(header: Option<pb::AnswerHeader>, ends: Vec<End>) -> Answer {
    let revision = header.and_then(|header| header.revision);
    let revision = revision.and_then(|revision| {
        Some(Revision {
            nation: dancu_domain::NationId::parse(&revision.nation)?,
            number: u64::try_from(revision.number).ok()?,
        })
    });
    Answer::Items(ends, revision)
}

fn version(version: i32) -> u32 {
    u32::try_from(version).unwrap_or(0)
}

fn lookup(shape: Shape, body: Bytes) -> Option<Answer> {
    use pb::LookupOutcome as O;
    let (header, results) = match shape {
        Shape::Unary => {
            let answer = pb::LookupCitizenResponse::decode(body).ok()?;
            (answer.header, answer.result.into_iter().collect())
        }
        Shape::Batch => {
            let answer = pb::BatchLookupCitizensResponse::decode(body).ok()?;
            (answer.header, answer.results)
        }
        Shape::Stream => {
            let answer = streamed!(
                body,
                StreamLookupCitizensResponse,
                stream_lookup_citizens_response
            );
            (answer.header, answer.results)
        }
    };
    let end = |result: &pb::LookupResult| End {
        outcome: match result.outcome() {
            O::Unspecified => None,
            O::Found => Some(Outcome::Found),
            O::NoMatch => Some(Outcome::NoMatch),
            O::Deceased => Some(Outcome::Deceased),
            O::Ambiguous => Some(Outcome::Ambiguous),
        },
        version: result.citizen.as_ref().map_or(0, |c| version(c.version)),
        ..End::default()
    };
    Some(items(header, results.iter().map(end).collect()))
}

fn authenticate(shape: Shape, body: Bytes) -> Option<Answer> {
    use pb::AuthenticationOutcome as O;
    let (header, results) = match shape {
        Shape::Unary => {
            let answer = pb::AuthenticateCitizenResponse::decode(body).ok()?;
            (answer.header, answer.result.into_iter().collect())
        }
        Shape::Batch => {
            let answer = pb::BatchAuthenticateCitizensResponse::decode(body).ok()?;
            (answer.header, answer.results)
        }
        Shape::Stream => {
            let answer = streamed!(
                body,
                StreamAuthenticateCitizensResponse,
                stream_authenticate_citizens_response
            );
            (answer.header, answer.results)
        }
    };
    let end = |result: &pb::AuthenticationResult| End {
        outcome: match result.outcome() {
            O::Unspecified => None,
            O::Match => Some(Outcome::Match),
            O::NoMatch => Some(Outcome::NoMatch),
            O::Deceased => Some(Outcome::Deceased),
            O::Ambiguous => Some(Outcome::Ambiguous),
        },
        version: version(result.version),
        ..End::default()
    };
    Some(items(header, results.iter().map(end).collect()))
}

fn reconcile(shape: Shape, body: Bytes) -> Option<Answer> {
    use pb::ReconcileOutcome as O;
    let answer = match shape {
        Shape::Stream => streamed!(
            body,
            StreamReconcileCitizensResponse,
            stream_reconcile_citizens_response
        ),
        _ => pb::ReconcileCitizensResponse::decode(body).ok()?,
    };
    let end = |result: &pb::ReconcileResult| End {
        outcome: match result.outcome() {
            O::Unspecified => None,
            O::InStep => Some(Outcome::InStep),
            O::Differs => Some(Outcome::Differs),
            O::NoMatch => Some(Outcome::NoMatch),
            O::Ambiguous => Some(Outcome::Ambiguous),
            O::DuplicateInSource => Some(Outcome::DuplicateInSource),
            O::Invalid => Some(Outcome::Invalid),
        },
        version: version(result.version),
        differed: attributes(&result.differing),
    };
    let ends = answer.results.iter().map(end).collect();
    Some(items(answer.header, ends))
}

/// The contract counts attributes from 1, in the order of their codes.
fn attributes(named: &[i32]) -> AttributeSet {
    let mut set = AttributeSet::NONE;
    for value in named {
        let code = u8::try_from(value - 1).ok();
        if let Some(attribute) = code.and_then(Attribute::from_code) {
            set.insert(attribute);
        }
    }
    set
}

fn push(shape: Shape, body: Bytes) -> Option<Answer> {
    use pb::PushOutcome as O;
    let answer = match shape {
        Shape::Stream => streamed!(
            body,
            StreamPushChangesResponse,
            stream_push_changes_response
        ),
        _ => pb::PushChangesResponse::decode(body).ok()?,
    };
    let end = |result: &pb::PushResult| End {
        outcome: match result.outcome() {
            O::Unspecified => None,
            O::Applied => Some(Outcome::Applied),
            O::AlreadyApplied => Some(Outcome::AlreadyApplied),
            O::Stale => Some(Outcome::Stale),
            O::Conflict => Some(Outcome::Conflict),
            O::Rejected => Some(Outcome::Rejected),
            O::Invalid => Some(Outcome::Invalid),
        },
        version: version(result.version),
        ..End::default()
    };
    let ends = answer.results.iter().map(end).collect();
    Some(items(answer.header, ends))
}
