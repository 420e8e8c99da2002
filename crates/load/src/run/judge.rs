//! A reply read whole and held against the population.

use dancu_domain::Verb;
use dancu_wire::pb;
use prost::Message as _;

use super::ask::Ask;
use super::digest::Parts;
use crate::draw::{Shape, World};
use crate::told::Told;
use crate::verify::{self, Judged};

/// An answer, or the status in its place in a stream.
type Reply<T> = Option<Result<T, pb::rpc::Status>>;

macro_rules! in_stream {
    ($body:expr, $reply:ident, $oneof:ident) => {
        pb::$reply::decode($body)
            .ok()
            .and_then(|reply| reply.reply)
            .map(|reply| match reply {
                pb::$oneof::Reply::Answer(answer) => Ok(answer),
                pb::$oneof::Reply::Status(status) => Err(status),
            })
    };
}

/// Reads a reply and judges it; `None` of bytes that are no reply.
pub(crate) fn judge(world: &World, ask: &Ask, body: &[u8]) -> Option<Judged> {
    let message = &ask.message;
    Some(match message.verb {
        Verb::Lookup => {
            let reply: Reply<pb::BatchLookupCitizensResponse> = match ask.shape {
                Shape::Unary => pb::LookupCitizenResponse::decode(body).ok().map(|answer| {
                    Ok(pb::BatchLookupCitizensResponse {
                        header: answer.header,
                        results: answer.result.into_iter().collect(),
                    })
                }),
                Shape::Batch => whole(body),
                Shape::Stream => in_stream!(
                    body,
                    StreamLookupCitizensResponse,
                    stream_lookup_citizens_response
                ),
            };
            settle(ask, reply?, |answer| {
                verify::lookup(world, message, &answer)
            })
        }
        Verb::Authenticate => {
            let reply: Reply<pb::BatchAuthenticateCitizensResponse> = match ask.shape {
                Shape::Unary => pb::AuthenticateCitizenResponse::decode(body)
                    .ok()
                    .map(|answer| {
                        Ok(pb::BatchAuthenticateCitizensResponse {
                            header: answer.header,
                            results: answer.result.into_iter().collect(),
                        })
                    }),
                Shape::Batch => whole(body),
                Shape::Stream => in_stream!(
                    body,
                    StreamAuthenticateCitizensResponse,
                    stream_authenticate_citizens_response
                ),
            };
            settle(ask, reply?, |answer| {
                verify::authenticate(world, message, &answer)
            })
        }
        Verb::Reconcile => {
            let reply: Reply<pb::ReconcileCitizensResponse> = match ask.shape {
                Shape::Stream => in_stream!(
                    body,
                    StreamReconcileCitizensResponse,
                    stream_reconcile_citizens_response
                ),
                _ => whole(body),
            };
            settle(ask, reply?, |answer| {
                verify::reconcile(world, message, &answer)
            })
        }
        Verb::Push => {
            let reply: Reply<pb::PushChangesResponse> = match ask.shape {
                Shape::Stream => in_stream!(
                    body,
                    StreamPushChangesResponse,
                    stream_push_changes_response
                ),
                _ => whole(body),
            };
            settle(ask, reply?, |answer| verify::push(world, message, &answer))
        }
    })
}

/// An answer taken apart without reading its results.
pub(crate) fn parts(shape: Shape, body: &[u8]) -> Option<Parts<'_>> {
    match shape {
        Shape::Stream => Parts::of_stream(body),
        _ => Parts::of(body),
    }
}

fn whole<T: prost::Message + Default>(body: &[u8]) -> Reply<T> {
    T::decode(body).ok().map(Ok)
}

fn settle<T>(
    ask: &Ask,
    reply: Result<T, pb::rpc::Status>,
    answered: impl FnOnce(T) -> Judged,
) -> Judged {
    match reply {
        Ok(answer) => answered(answer),
        Err(status) => verify::failure(&ask.message, &Told::of_rpc(&status)),
    }
}
