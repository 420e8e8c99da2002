//! Bidirectional streams: several messages at once, answered in their order.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use dancu_domain::{ErrorClass, Failure, Reason, Recorder, Registry};
use dancu_wire::answer::write_stream_status;
use dancu_wire::codec::BytesCodec;
use dancu_wire::errors::{Lang, rpc_status, status};
use futures::StreamExt as _;
use futures::future::Either;
use http::HeaderValue;
use tonic::Status;
use tower::service_fn;

use super::dispatch::Heading;
use super::exchange::Exchange;
use super::inbox::Inbox;
use super::inflow::Inflow;
use super::message::{Read, message};
use crate::core::Core;

/// Whether a message that fails for this reason ends its stream: nothing that comes after it
/// could be answered either. Every other failure is answered in its place.
pub(crate) fn ends_a_stream(reason: Reason) -> bool {
    reason.class() == ErrorClass::Unauthenticated || reason == Reason::LedgerUnavailable
}

/// Answers a stream.
pub(crate) async fn stream<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: Arc<Core<R, L>>,
    heading: Heading,
    request: http::Request<Inflow>,
) -> http::Response<tonic::body::Body> {
    // That there is at most one was seen when the call was let in.
    let key = request.headers().get(http::header::AUTHORIZATION).cloned();
    let (most_in, most_out) = core.message_bytes;
    let lang = heading.lang;
    let answer = service_fn(
        move |request: tonic::Request<tonic::Streaming<bytes::Bytes>>| {
            let core = Arc::clone(&core);
            let key = key.clone();
            let door = core.door;
            // Bytes that are no message end the stream: nothing that comes behind them is read.
            let read = move |bytes: bytes::Bytes| {
                let read = Read::of::<X>(&door, &bytes);
                match read.undecodable() {
                    Some(failure) => Err(status(failure, Lang::En, None)),
                    None => Ok(read),
                }
            };
            let (at_once, phase) = (core.messages_per_stream, core.phase.clone());
            let (inbox, cut) = Inbox::new(request.into_inner(), read, at_once, phase);
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
                    Err(status) => Either::Right(std::future::ready(Err(status))),
                })
                .buffered(at_once)
                .chain(futures::stream::once(last).filter_map(std::future::ready));
            std::future::ready(Ok::<_, Status>(tonic::Response::new(replies)))
        },
    );
    tonic::server::Grpc::new(BytesCodec)
        .max_decoding_message_size(most_in)
        .max_encoding_message_size(most_out)
        .streaming(answer, request)
        .await
}

/// Answers one message of a stream. The caller is judged anew, by the directory of now.
async fn reply<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: Arc<Core<R, L>>,
    key: Option<HeaderValue>,
    read: Read<X::Asked>,
    heading: Heading,
) -> Result<Vec<u8>, Status> {
    let lang = heading.lang;
    let caller = core.doorman.authenticate(key.as_ref());
    match message::<X, R, L>(&core, caller, read, 0, heading).await {
        Ok(answer) => Ok(answer),
        Err(failure) if ends_a_stream(failure.reason) => {
            Err(status(&failure, lang, Some(core.retry_after())))
        }
        Err(failure) => {
            let mut out = Vec::new();
            write_stream_status(&mut out, &rpc_status(&failure, lang));
            Ok(out)
        }
    }
}
