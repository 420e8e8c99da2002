//! Bidirectional streams: several messages at once, answered in their order.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use dancu_domain::{ErrorClass, Failure, Fault, Reason, Recorder, Registry};
use dancu_wire::codec::MessageCodec;
use dancu_wire::errors::{Lang, rpc_status, status};
use futures::StreamExt as _;
use futures::future::Either;
use http::HeaderValue;
use tonic::Status;
use tower::service_fn;

use super::exchange::{Exchange, Stream};
use super::inbox::Inbox;
use super::inflow::Inflow;
use super::message::message;
use super::ticket::Told as _;
use crate::clock::instant;
use crate::core::Core;
use crate::log::{Line, Outcomes};

/// Whether a message that fails for this reason ends its stream: nothing that comes after it
/// could be answered either. Every other failure is answered in its place.
pub(crate) fn ends_a_stream(reason: Reason) -> bool {
    reason.class() == ErrorClass::Unauthenticated || reason == Reason::LedgerUnavailable
}

/// Answers a stream.
pub(crate) async fn stream<S: Stream, R: Registry, L: Recorder + Clone>(
    core: Arc<Core<R, L>>,
    lang: Lang,
    request: http::Request<Inflow>,
) -> http::Response<tonic::body::Body> {
    // That there is at most one was seen when the call was let in.
    let key = request.headers().get(http::header::AUTHORIZATION).cloned();
    let (most_in, most_out) = core.message_bytes;
    let answer = service_fn(
        move |request: tonic::Request<tonic::Streaming<S::Request>>| {
            let core = Arc::clone(&core);
            let key = key.clone();
            let (inbox, cut) = Inbox::new(request.into_inner(), core.phase.clone());
            let at_once = core.messages_per_stream;
            let last = async move {
                let drained = cut.load(Relaxed);
                drained.then(|| Err(status(&Failure::new(Reason::Draining), lang, None)))
            };
            let replies = inbox
                .map(move |received| match received {
                    Ok(request) => Either::Left(reply::<S, R, L>(
                        Arc::clone(&core),
                        key.clone(),
                        request,
                        lang,
                    )),
                    // Whatever ended the inbox ends the stream; the layer above completes its status.
                    Err(status) => Either::Right(std::future::ready(Err(status))),
                })
                .buffered(at_once)
                .chain(futures::stream::once(last).filter_map(std::future::ready));
            std::future::ready(Ok::<_, Status>(tonic::Response::new(replies)))
        },
    );
    tonic::server::Grpc::new(MessageCodec::<S::Response, S::Request>::default())
        .max_decoding_message_size(most_in)
        .max_encoding_message_size(most_out)
        .streaming(answer, request)
        .await
}

/// Answers one message of a stream. The caller is judged anew, by the directory of now.
async fn reply<S: Stream, R: Registry, L: Recorder + Clone>(
    core: Arc<Core<R, L>>,
    key: Option<HeaderValue>,
    request: S::Request,
    lang: Lang,
) -> Result<S::Response, Status> {
    let caller = core.doorman.authenticate(key.as_ref());
    let answered = match S::batch(request) {
        Some(batch) => message::<S::Batch, R, L>(&core, S::METHOD, caller, batch, lang).await,
        None => Err(empty::<S, R, L>(&core)),
    };
    match answered {
        Ok(answer) => Ok(S::reply(Ok(answer))),
        Err(failure) if ends_a_stream(failure.reason) => {
            Err(status(&failure, lang, Some(core.retry_after())))
        }
        Err(failure) => Ok(S::reply(Err(rpc_status(&failure, lang)))),
    }
}

/// A message without its batch.
fn empty<S: Stream, R: Registry, L: Recorder + Clone>(core: &Arc<Core<R, L>>) -> Failure {
    let line = Line {
        method: S::METHOD,
        agency: None,
        code: tonic::Code::InvalidArgument,
        reason: Some(Reason::FieldRequired),
        items: 0,
        outcomes: Outcomes::default(),
        took: std::time::Duration::ZERO,
        source: None,
        request: None,
    };
    core.tell(&line, instant());
    Fault::new("batch", Reason::FieldRequired).into()
}

/// Answers a unary call of a verb.
pub(crate) async fn unary<X: Exchange, R: Registry, L: Recorder + Clone>(
    core: Arc<Core<R, L>>,
    caller: Option<crate::credentials::Caller>,
    lang: Lang,
    request: http::Request<Inflow>,
) -> http::Response<tonic::body::Body> {
    let (most_in, most_out) = core.message_bytes;
    let mut caller = caller;
    let mut told = false;
    let mut response = {
        let told = &mut told;
        let answer = service_fn(|request: tonic::Request<X::Request>| {
            *told = true;
            let caller = caller.take().ok_or(Reason::CredentialMissing);
            let core = &core;
            async move {
                message::<X, R, L>(core, X::METHOD, caller, request.into_inner(), lang)
                    .await
                    .map(tonic::Response::new)
                    .map_err(|failure| status(&failure, lang, Some(core.retry_after())))
            }
        });
        tonic::server::Grpc::new(MessageCodec::<X::Response, X::Request>::default())
            .max_decoding_message_size(most_in)
            .max_encoding_message_size(most_out)
            .unary(answer, request)
            .await
    };
    if told {
        response.extensions_mut().insert(super::message::Told);
    }
    response
}
