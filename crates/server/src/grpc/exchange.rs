//! The methods of the verbs: which message of the wire is which message of the domain.

use dancu_domain::{Answer, Authenticate, Failure, Lookup, Push, Reconcile};
use dancu_wire::door::{self, Door, Parsed};
use dancu_wire::errors::Lang;
use dancu_wire::{answer, pb};
use prost::Message;

use super::asked::Asked;
use super::method::Method;

/// A request and its answer.
pub(crate) trait Exchange: Send + 'static {
    /// Which method.
    const METHOD: Method;
    /// What comes.
    type Request: Message + Default + 'static;
    /// What goes.
    type Response: Message + 'static;
    /// What is asked.
    type Asked: Asked;

    /// Reads the request.
    fn parse(door: &Door, request: Self::Request) -> Result<Parsed<Self::Asked>, Failure>;

    /// Writes the answer.
    fn answer(
        answer: Answer<<Self::Asked as Asked>::Result>,
        ids: Vec<String>,
        lang: Lang,
    ) -> Result<Self::Response, Failure>;
}

/// A stream of requests, each answered in its place.
pub(crate) trait Stream: Send + 'static {
    /// Which method.
    const METHOD: Method;
    /// What one message of the stream holds.
    type Batch: Exchange;
    /// What comes.
    type Request: Message + Default + 'static;
    /// What goes.
    type Response: Message + 'static;

    /// The batch within.
    fn batch(request: Self::Request) -> Option<<Self::Batch as Exchange>::Request>;

    /// The answer, or the status in its place.
    fn reply(
        answer: Result<<Self::Batch as Exchange>::Response, pb::rpc::Status>,
    ) -> Self::Response;
}

macro_rules! exchange {
    ($name:ident, $asked:ty, $request:ident => $response:ident, $parse:path,
     |$answer:ident, $ids:ident, $lang:ident| $write:expr) => {
        pub(crate) struct $name;

        impl Exchange for $name {
            const METHOD: Method = Method::$name;
            type Request = pb::$request;
            type Response = pb::$response;
            type Asked = $asked;

            fn parse(door: &Door, request: pb::$request) -> Result<Parsed<$asked>, Failure> {
                $parse(door, request)
            }

            fn answer(
                $answer: Answer<<$asked as Asked>::Result>,
                $ids: Vec<String>,
                $lang: Lang,
            ) -> Result<pb::$response, Failure> {
                $write
            }
        }
    };
}

macro_rules! stream {
    ($name:ident of $batch:ident, $request:ident => $response:ident, $reply:ident) => {
        pub(crate) struct $name;

        impl Stream for $name {
            const METHOD: Method = Method::$name;
            type Batch = $batch;
            type Request = pb::$request;
            type Response = pb::$response;

            fn batch(request: pb::$request) -> Option<<$batch as Exchange>::Request> {
                request.batch
            }

            fn reply(
                answer: Result<<$batch as Exchange>::Response, pb::rpc::Status>,
            ) -> pb::$response {
                pb::$response {
                    reply: Some(match answer {
                        Ok(answer) => pb::$reply::Reply::Answer(answer),
                        Err(status) => pb::$reply::Reply::Status(status),
                    }),
                }
            }
        }
    };
}

exchange!(LookupCitizen, Lookup, LookupCitizenRequest => LookupCitizenResponse,
    door::lookup_citizen,
    |answer, ids, _lang| answer::lookup_citizen_response(answer, ids));
exchange!(BatchLookupCitizens, Lookup, BatchLookupCitizensRequest => BatchLookupCitizensResponse,
    door::batch_lookup_citizens,
    |answer, ids, lang| Ok(answer::batch_lookup_citizens_response(answer, ids, lang)));
exchange!(AuthenticateCitizen, Authenticate,
    AuthenticateCitizenRequest => AuthenticateCitizenResponse,
    door::authenticate_citizen,
    |answer, ids, _lang| answer::authenticate_citizen_response(answer, ids));
exchange!(BatchAuthenticateCitizens, Authenticate,
    BatchAuthenticateCitizensRequest => BatchAuthenticateCitizensResponse,
    door::batch_authenticate_citizens,
    |answer, ids, lang| Ok(answer::batch_authenticate_citizens_response(answer, ids, lang)));
exchange!(ReconcileCitizens, Reconcile, ReconcileCitizensRequest => ReconcileCitizensResponse,
    door::reconcile_citizens,
    |answer, ids, _lang| Ok(answer::reconcile_citizens_response(answer, ids)));
exchange!(PushChanges, Push, PushChangesRequest => PushChangesResponse,
    door::push_changes,
    |answer, ids, _lang| Ok(answer::push_changes_response(answer, ids)));

stream!(StreamLookupCitizens of BatchLookupCitizens,
    StreamLookupCitizensRequest => StreamLookupCitizensResponse,
    stream_lookup_citizens_response);
stream!(StreamAuthenticateCitizens of BatchAuthenticateCitizens,
    StreamAuthenticateCitizensRequest => StreamAuthenticateCitizensResponse,
    stream_authenticate_citizens_response);
stream!(StreamReconcileCitizens of ReconcileCitizens,
    StreamReconcileCitizensRequest => StreamReconcileCitizensResponse,
    stream_reconcile_citizens_response);
stream!(StreamPushChanges of PushChanges,
    StreamPushChangesRequest => StreamPushChangesResponse,
    stream_push_changes_response);
