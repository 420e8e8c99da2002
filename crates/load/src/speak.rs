//! The four verbs as calls: their messages, their methods, and who judges their answers.

use std::future::Future;

use dancu_domain::Verb;
use dancu_wire::pb;
use dancu_wire::pb::authentication_service_client::AuthenticationServiceClient;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use dancu_wire::pb::sync_service_client::SyncServiceClient;
use tokio_stream::Stream;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};

use crate::ask::Message;
use crate::draw::World;
use crate::encode;
use crate::verify::{self, Judged};

/// The largest answer taken: a thousand whole records.
const ANSWER_BYTES: usize = 16 << 20;

/// A verb, as it is spoken over the wire. Unary calls, batches and messages of streams all come
/// down to the same request and the same answer.
pub(crate) trait Spoken: Send + Sync + 'static {
    /// A message.
    type Request: Clone + Send + 'static;
    /// Its answer.
    type Answer: Clone + PartialEq + Send + 'static;
    /// A message of a stream.
    type StreamRequest: Send + 'static;
    /// Its reply.
    type StreamReply: Send + 'static;

    /// The verb.
    const VERB: Verb;

    /// The message as it goes out.
    fn request(message: &Message) -> Self::Request;
    /// A call with the only item of a message; a batch where the verb has no such method.
    fn unary(
        channel: Channel,
        request: Request<Self::Request>,
    ) -> impl Future<Output = Result<Self::Answer, Status>> + Send;
    /// A call with a whole message.
    fn batch(
        channel: Channel,
        request: Request<Self::Request>,
    ) -> impl Future<Output = Result<Self::Answer, Status>> + Send;
    /// A stream of messages.
    fn stream<S: Stream<Item = Self::StreamRequest> + Send + 'static>(
        channel: Channel,
        requests: Request<S>,
    ) -> impl Future<Output = Result<Streaming<Self::StreamReply>, Status>> + Send;
    /// A message in its place in a stream.
    fn wrap(request: Self::Request) -> Self::StreamRequest;
    /// The answer in its place in a stream, or the status that stands there; `None` of an empty
    /// reply.
    fn unwrap(reply: Self::StreamReply) -> Option<Result<Self::Answer, pb::rpc::Status>>;
    /// Holds the answer against what must come back.
    fn judge(world: &World, message: &Message, answer: &Self::Answer) -> Judged;
}

macro_rules! spoken {
    ($verb:ident, $module:ident, $client:ident, $request:ident, $answer:ident,
     $stream_request:ident, $stream_reply:ident, $reply:ident, $batch:ident, $stream:ident,
     |$channel:ident, $call:ident| $unary:expr) => {
        /// The verb's calls.
        pub(crate) struct $verb;

        impl Spoken for $verb {
            type Request = pb::$request;
            type Answer = pb::$answer;
            type StreamRequest = pb::$stream_request;
            type StreamReply = pb::$stream_reply;

            const VERB: Verb = Verb::$verb;

            fn request(message: &Message) -> Self::Request {
                encode::$module(message)
            }

            async fn unary(
                $channel: Channel,
                $call: Request<Self::Request>,
            ) -> Result<Self::Answer, Status> {
                $unary
            }

            async fn batch(
                channel: Channel,
                request: Request<Self::Request>,
            ) -> Result<Self::Answer, Status> {
                let mut calls = $client::new(channel).max_decoding_message_size(ANSWER_BYTES);
                calls.$batch(request).await.map(tonic::Response::into_inner)
            }

            async fn stream<S: Stream<Item = Self::StreamRequest> + Send + 'static>(
                channel: Channel,
                requests: Request<S>,
            ) -> Result<Streaming<Self::StreamReply>, Status> {
                let mut calls = $client::new(channel).max_decoding_message_size(ANSWER_BYTES);
                calls
                    .$stream(requests)
                    .await
                    .map(tonic::Response::into_inner)
            }

            fn wrap(request: Self::Request) -> Self::StreamRequest {
                pb::$stream_request {
                    batch: Some(request),
                }
            }

            fn unwrap(reply: Self::StreamReply) -> Option<Result<Self::Answer, pb::rpc::Status>> {
                match reply.reply? {
                    pb::$reply::Reply::Answer(answer) => Some(Ok(answer)),
                    pb::$reply::Reply::Status(status) => Some(Err(status)),
                }
            }

            fn judge(world: &World, message: &Message, answer: &Self::Answer) -> Judged {
                verify::$module(world, message, answer)
            }
        }
    };
}

spoken!(
    Lookup,
    lookup,
    LookupServiceClient,
    BatchLookupCitizensRequest,
    BatchLookupCitizensResponse,
    StreamLookupCitizensRequest,
    StreamLookupCitizensResponse,
    stream_lookup_citizens_response,
    batch_lookup_citizens,
    stream_lookup_citizens,
    |channel, call| {
        let call = call.map(|batch| pb::LookupCitizenRequest {
            context: batch.context,
            freshness: batch.freshness,
            view: batch.view,
            read_mask: batch.read_mask,
            item: batch.items.into_iter().next(),
        });
        let answer = LookupServiceClient::new(channel)
            .lookup_citizen(call)
            .await?;
        let answer = answer.into_inner();
        Ok(pb::BatchLookupCitizensResponse {
            header: answer.header,
            results: answer.result.into_iter().collect(),
        })
    }
);

spoken!(
    Authenticate,
    authenticate,
    AuthenticationServiceClient,
    BatchAuthenticateCitizensRequest,
    BatchAuthenticateCitizensResponse,
    StreamAuthenticateCitizensRequest,
    StreamAuthenticateCitizensResponse,
    stream_authenticate_citizens_response,
    batch_authenticate_citizens,
    stream_authenticate_citizens,
    |channel, call| {
        let call = call.map(|batch| pb::AuthenticateCitizenRequest {
            context: batch.context,
            freshness: batch.freshness,
            item: batch.items.into_iter().next(),
        });
        let mut calls = AuthenticationServiceClient::new(channel);
        let answer = calls.authenticate_citizen(call).await?.into_inner();
        Ok(pb::BatchAuthenticateCitizensResponse {
            header: answer.header,
            results: answer.result.into_iter().collect(),
        })
    }
);

spoken!(
    Reconcile,
    reconcile,
    SyncServiceClient,
    ReconcileCitizensRequest,
    ReconcileCitizensResponse,
    StreamReconcileCitizensRequest,
    StreamReconcileCitizensResponse,
    stream_reconcile_citizens_response,
    reconcile_citizens,
    stream_reconcile_citizens,
    |channel, call| Self::batch(channel, call).await
);

spoken!(
    Push,
    push,
    SyncServiceClient,
    PushChangesRequest,
    PushChangesResponse,
    StreamPushChangesRequest,
    StreamPushChangesResponse,
    stream_push_changes_response,
    push_changes,
    stream_push_changes,
    |channel, call| Self::batch(channel, call).await
);
