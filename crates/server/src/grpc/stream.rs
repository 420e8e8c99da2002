//! Bidirectional streams: several messages at once, answered in their order.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use dancu_domain::{ErrorClass, Failure, Reason, Recorder, Registry};
use dancu_wire::answer::stream_status;
use dancu_wire::codec::BytesDecoder;
use dancu_wire::errors::{Lang, rpc_status, status};
use futures::StreamExt as _;
use futures::future::Either;
use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use tonic::{Status, Streaming};

use super::dispatch::Heading;
use super::exchange::Exchange;
use super::inbox::Inbox;
use super::inflow::Inflow;
use super::message::{Read, message};
use super::streamed::Streamed;
use crate::core::Core;

/// Whether a message that fails for this reason ends its stream: nothing that comes after it
/// could be answered either. Every other failure is answered in its place.
pub(crate) fn ends_a_stream(reason: Reason) -> bool {
    reason.class() == ErrorClass::Unauthenticated || reason == Reason::LedgerUnavailable
}

/// Answers a stream.
pub(crate) fn stream<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: Arc<Core<R, L>>,
    heading: Heading,
    request: http::Request<Inflow>,
) -> http::Response<tonic::body::Body> {
    let (head, body) = request.into_parts();
    // That there is at most one was seen when the call was let in.
    let key = head.headers.get(AUTHORIZATION).cloned();
    let lang = heading.lang;
    let door = core.door;
    // Bytes that are no message end the stream: nothing that comes behind them is read.
    let read = move |bytes: Bytes| {
        let read = Read::of::<X>(&door, &bytes);
        match read.undecodable() {
            Some(failure) => Err(status(failure, Lang::En, None)),
            None => Ok(read),
        }
    };
    let (at_once, phase) = (core.messages_per_stream, core.phase.clone());
    let messages = Streaming::new_request(BytesDecoder, body, None, Some(core.message_bytes.0));
    let (inbox, cut) = Inbox::new(messages, read, at_once, phase);
    let last = async move {
        let drained = cut.load(Relaxed);
        drained.then(|| Err(status(&Failure::new(Reason::Draining), lang, None)))
    };
    let replies = inbox
        .map(move |received| match received {
            Ok(read) => {
                let (core, key) = (Arc::clone(&core), key.clone());
                Either::Left(reply::<X, R, L>(core, key, read, heading))
            }
            // Whatever ended the inbox ends the stream; the layer above completes its status.
            Err(status) => Either::Right(ready(Err(status))),
        })
        .buffered(at_once)
        .chain(futures::stream::once(last).filter_map(ready));
    let mut response =
        http::Response::new(tonic::body::Body::new(Streamed::new(Box::pin(replies))));
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Answers one message of a stream. The caller is judged anew, by the directory of now.
async fn reply<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: Arc<Core<R, L>>,
    key: Option<HeaderValue>,
    read: Read<X::Asked>,
    heading: Heading,
) -> Result<Bytes, Status> {
    let lang = heading.lang;
    let caller = core.doorman.authenticate(key.as_ref());
    let answered = message::<X, R, L>(&core, caller, read, heading).await;
    answered.or_else(|failure| {
        if ends_a_stream(failure.reason) {
            return Err(status(&failure, lang, Some(core.retry_after())));
        }
        let told = stream_status(&rpc_status(&failure, lang));
        told.map_err(|failure| status(&failure, lang, None))
    })
}
