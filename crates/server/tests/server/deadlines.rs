//! Calls whose time runs out.

use std::sync::atomic::Ordering;
use std::time::Duration;

use dancu_domain::Reason;
use dancu_population::KeyState;
use dancu_wire::pb;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use tonic::Code;

use crate::common::{context, item, request};
use crate::{memory, ops, raw};

const LOOKUP: &str = "/dancu.v1.LookupService/LookupCitizen";
const STREAM: &str = "/dancu.v1.LookupService/StreamLookupCitizens";

fn message(service: &crate::common::Service) -> pb::LookupCitizenRequest {
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    pb::LookupCitizenRequest {
        context: Some(context(&key, "r-1")),
        item: Some(item(&persona.claims)),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_call_whose_time_runs_out_is_deadline_exceeded_and_its_work_is_stopped() {
    let (service, trouble) = memory::start(|_| {});
    trouble.append_ms.store(3_000, Ordering::Relaxed);
    let key = service.key(KeyState::Valid);
    let body = prost::Message::encode_to_vec(&message(&service));
    // By hand: the generated client enforces the time itself and says CANCELLED.
    let timeout = &[("grpc-timeout", "100m")];
    let address = service.running.grpc_addr();
    let answer = raw::by_hand(address, LOOKUP, &key, timeout, raw::framed(&body), false).await;
    assert_eq!(answer.code(), Code::DeadlineExceeded);
    assert_eq!(answer.reason(), Some(Reason::DeadlineExceeded));
    let metrics = ops::get(&service, "/metrics").await.1;
    assert!(metrics.contains("dancu_calls_in_flight 0\n"));
    assert!(metrics.contains(
        "grpc_server_handled_total{grpc_type=\"unary\",grpc_service=\"dancu.v1.LookupService\",\
         grpc_method=\"LookupCitizen\",grpc_code=\"DeadlineExceeded\"} 1\n"
    ));
}

#[tokio::test]
async fn a_call_without_a_deadline_gets_the_default_one() {
    let (service, trouble) = memory::start(|config| {
        config.times.default_deadline = Duration::from_millis(100);
    });
    trouble.append_ms.store(3_000, Ordering::Relaxed);
    let key = service.key(KeyState::Valid);
    let mut client = LookupServiceClient::new(service.channel().await);
    let asked = request(&key, message(&service));
    let status = client.lookup_citizen(asked).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn the_deadline_of_a_stream_cuts_its_answers() {
    let (service, _) = memory::start(|_| {});
    let key = service.key(KeyState::Valid);
    let timeout = &[("grpc-timeout", "100m")];
    let address = service.running.grpc_addr();
    // Not even a whole message: the stream stays open until it is cut.
    let answer = raw::by_hand(address, STREAM, &key, timeout, vec![0, 0], true).await;
    assert_eq!(answer.code(), Code::DeadlineExceeded);
    assert_eq!(answer.reason(), Some(Reason::DeadlineExceeded));
}
