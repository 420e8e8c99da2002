//! The generated client speaks to the generated server over bodies in memory, through our codec.

use crate::samples;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use dancu_domain::{LookupResult, Reason};
use dancu_wire::codec::undecodable;
use dancu_wire::pb::authentication_service_client::AuthenticationServiceClient;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use dancu_wire::pb::lookup_service_server::{LookupService, LookupServiceServer};
use dancu_wire::{
    Lang, batch_lookup_citizens, batch_lookup_citizens_response, faults_of, lookup_citizen,
    lookup_citizen_response, pb, reason_of, status,
};
use prost::Message as _;
use tonic::{Code, Request, Response, Status, Streaming};

/// Polls until it is done: nothing here ever waits.
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the future waits for something");
}

/// Answers NO_MATCH to everybody who comes through the door.
struct Stranger;

type Replies = tonic::codegen::BoxStream<pb::StreamLookupCitizensResponse>;

#[tonic::async_trait]
impl LookupService for Stranger {
    async fn lookup_citizen(
        &self,
        request: Request<pb::LookupCitizenRequest>,
    ) -> Result<Response<pb::LookupCitizenResponse>, Status> {
        let told = |failure| status(&failure, Lang::Vi, None);
        let parsed = lookup_citizen(&samples::door(), request.into_inner()).map_err(told)?;
        let answer = samples::answer(vec![LookupResult::NoMatch(None)]);
        lookup_citizen_response(answer, parsed.ids)
            .map(Response::new)
            .map_err(told)
    }

    async fn batch_lookup_citizens(
        &self,
        request: Request<pb::BatchLookupCitizensRequest>,
    ) -> Result<Response<pb::BatchLookupCitizensResponse>, Status> {
        let parsed = batch_lookup_citizens(&samples::door(), request.into_inner())
            .map_err(|failure| status(&failure, Lang::Vi, None))?;
        let items = parsed.message.items.into_iter().map(|item| match item {
            Ok(_) => LookupResult::NoMatch(None),
            Err(fault) => LookupResult::Malformed(fault),
        });
        let answer = samples::answer(items.collect());
        Ok(Response::new(batch_lookup_citizens_response(
            answer,
            parsed.ids,
            Lang::Vi,
        )))
    }

    type StreamLookupCitizensStream = Replies;

    async fn stream_lookup_citizens(
        &self,
        _: Request<Streaming<pb::StreamLookupCitizensRequest>>,
    ) -> Result<Response<Replies>, Status> {
        Err(status(
            &dancu_domain::Failure::new(Reason::MethodUnknown),
            Lang::En,
            None,
        ))
    }
}

fn client() -> LookupServiceClient<LookupServiceServer<Stranger>> {
    LookupServiceClient::new(LookupServiceServer::new(Stranger))
}

fn one() -> pb::LookupCitizenRequest {
    pb::LookupCitizenRequest {
        context: Some(samples::context()),
        item: Some(samples::lookup_item("a")),
        ..Default::default()
    }
}

#[test]
fn a_call_and_its_answer_arrive_whole() {
    let answer = ready(client().lookup_citizen(one()))
        .expect("an answer")
        .into_inner();
    let result = answer.result.expect("a result");
    assert_eq!(result.item_id, "a");
    assert_eq!(result.outcome(), pb::LookupOutcome::NoMatch);
}

#[test]
fn messages_far_larger_than_the_buffers_arrive_whole() {
    let mut request = samples::lookup();
    request.items = (0..1_000)
        .map(|n| samples::lookup_item(&format!("item-{n}")))
        .collect();
    request.items[500].claims = None;
    let answer = ready(client().batch_lookup_citizens(request))
        .expect("an answer")
        .into_inner();
    assert_eq!(answer.results.len(), 1_000);
    assert_eq!(answer.results[999].item_id, "item-999");
    assert!(answer.results[500].status.is_some());
    let others = answer.results.iter().filter(|r| r.status.is_none());
    assert_eq!(others.count(), 999);
}

#[test]
fn a_failure_arrives_with_its_details() {
    let mut request = one();
    request.context.as_mut().expect("one").officer.clear();
    let told = ready(client().lookup_citizen(request)).expect_err("no officer");
    assert_eq!(told.code(), Code::InvalidArgument);
    assert_eq!(reason_of(&told), Some(Reason::FieldRequired));
    let details = pb::rpc::Status::decode(told.details()).expect("details");
    assert_eq!(faults_of(&details)[0].field, "context.officer");
}

/// The fields of two messages agree in number and not in type, so that what one client sends is
/// not what the server reads: the path is rewritten on its way.
#[derive(Clone)]
struct Misled(LookupServiceServer<Stranger>);

type Sent = tonic::codegen::http::Request<tonic::body::Body>;

impl tonic::codegen::Service<Sent> for Misled {
    type Response = tonic::codegen::http::Response<tonic::body::Body>;
    type Error = std::convert::Infallible;
    type Future = tonic::codegen::BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Sent) -> Self::Future {
        *request.uri_mut() = "/dancu.v1.LookupService/LookupCitizen"
            .parse()
            .expect("a path");
        self.0.call(request)
    }
}

#[test]
fn bytes_that_are_no_message_of_the_method_are_an_invalid_argument() {
    // Field 3 is an item there and a view here.
    let request = pb::AuthenticateCitizenRequest {
        item: Some(pb::AuthenticationItem::default()),
        ..Default::default()
    };
    let misled = Misled(LookupServiceServer::new(Stranger));
    let mut client = AuthenticationServiceClient::new(misled);
    let told = ready(client.authenticate_citizen(request)).expect_err("it is no lookup");
    assert_eq!(told.code(), Code::InvalidArgument);
    assert_eq!(reason_of(&told), Some(Reason::Undecodable));
    let details = pb::rpc::Status::decode(told.details()).expect("details");
    assert_eq!(faults_of(&details)[0].field, "view");
}

#[test]
fn the_field_at_which_decoding_stopped_is_named_and_nothing_of_the_bytes() {
    let mut bytes = samples::push().encode_to_vec();
    let name = samples::NAME.as_bytes();
    let at = bytes
        .windows(name.len())
        .position(|window| window == name)
        .expect("the name is there");
    bytes[at] = 0xff;
    let error = pb::PushChangesRequest::decode(bytes.as_slice()).expect_err("no UTF-8");
    let failure = undecodable(&error);
    assert_eq!(failure.reason, Reason::Undecodable);
    assert_eq!(failure.faults[0].field, "records.claims.full_name");
    for (bytes, field) in [
        (&[0x0a, 0x05][..], Some("context")),
        (&[0x0a, 0x02, 0x2d, 0x00], Some("context")),
        (&[0x00], None),
        (&[0xff; 12], None),
        (&[0x07], None),
    ] {
        let error = pb::LookupCitizenRequest::decode(bytes).expect_err("no message");
        let failure = undecodable(&error);
        assert_eq!(failure.reason, Reason::Undecodable);
        let named = failure.faults.first().map(|fault| fault.field.as_ref());
        let named = named.map(|path| path.split('.').next().unwrap_or(path));
        assert_eq!(named, field);
    }
}

#[test]
fn messages_with_people_in_them_print_nothing_of_them() {
    let printed = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        samples::lookup(),
        samples::authenticate(),
        samples::reconcile(),
        samples::push(),
        dancu_wire::citizen(&samples::citizen(), dancu_domain::AttributeSet::all()),
    );
    for canary in [
        samples::NUMBER,
        "012345678",
        "0123456789",
        "QUỲNH",
        "Quỳnh",
        "Ngõ Huyện",
        "1987",
        "1950",
    ] {
        assert!(!printed.contains(canary), "{canary} is printed");
    }
    assert!(printed.contains("can.bo-07"), "the rest still prints");
}
