//! The end of a service, and its next start.

use std::sync::atomic::Ordering;
use std::time::Duration;

use dancu_domain::Reason;
use dancu_population::KeyState;
use dancu_server::{StartError, quietly, start};
use dancu_wire::pb;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use tokio::net::TcpStream;
use tonic::Code;

use crate::common::{Service, config, context, item, request};
use crate::memory;

fn message(service: &Service) -> tonic::Request<pb::LookupCitizenRequest> {
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    request(
        &key,
        pb::LookupCitizenRequest {
            context: Some(context(&key, "r-1")),
            item: Some(item(&persona.claims)),
            ..Default::default()
        },
    )
}

#[tokio::test]
async fn what_is_in_flight_is_finished_and_then_nothing_is_taken() {
    let (service, trouble) = memory::start(|_| {});
    trouble.append_ms.store(700, Ordering::Relaxed);
    let address = service.running.grpc_addr();
    let mut client = LookupServiceClient::new(service.channel().await);
    let asked = message(&service);
    let call = tokio::spawn(async move { client.lookup_citizen(asked).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let drained = tokio::task::spawn_blocking(|| service.running.drain());
    call.await.unwrap().unwrap();
    let report = drained.await.unwrap();
    assert_eq!(report.cut, 0);
    assert!(report.ledger_closed);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_silent_peer_does_not_hold_the_drain_up() {
    let service = Service::start();
    let _silent = TcpStream::connect(service.running.grpc_addr())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let report = tokio::task::spawn_blocking(|| service.running.drain())
        .await
        .unwrap();
    assert!(report.took < Duration::from_secs(7), "{:?}", report.took);
    assert_eq!(report.cut, 0);
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_at_the_bound() {
    let (service, trouble) = memory::start(|_| {});
    trouble.read_ms.store(60_000, Ordering::Relaxed);
    let mut client = LookupServiceClient::new(service.channel().await);
    let asked = message(&service);
    let call = tokio::spawn(async move { client.lookup_citizen(asked).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let bound = Duration::from_secs(2);
    let report = tokio::task::spawn_blocking(move || service.running.drain_within(bound))
        .await
        .unwrap();
    assert!(report.took >= bound / 2, "{:?}", report.took);
    assert!(report.took <= bound, "{:?}", report.took);
    assert_eq!(report.cut, 1);
    call.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn an_open_stream_is_ended_in_good_order() {
    let service = Service::start();
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let (sender, receiver) = futures::channel::mpsc::unbounded();
    let mut client = LookupServiceClient::new(service.channel().await);
    sender
        .unbounded_send(pb::StreamLookupCitizensRequest {
            batch: Some(pb::BatchLookupCitizensRequest {
                context: Some(context(&key, "r-1")),
                items: vec![item(&persona.claims)],
                ..Default::default()
            }),
        })
        .unwrap();
    let mut replies = client
        .stream_lookup_citizens(request(&key, receiver))
        .await
        .unwrap()
        .into_inner();
    assert!(replies.message().await.unwrap().is_some());
    let drained = tokio::task::spawn_blocking(|| service.running.drain());
    let status = replies.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(dancu_wire::reason_of(&status), Some(Reason::Draining));
    assert_eq!(drained.await.unwrap().cut, 0);
}

#[tokio::test]
async fn a_stream_whose_messages_never_cease_is_ended_as_well() {
    let service = Service::start();
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let batch = pb::BatchLookupCitizensRequest {
        context: Some(context(&key, "r-1")),
        items: vec![item(&persona.claims); 20],
        ..Default::default()
    };
    let message = pb::StreamLookupCitizensRequest { batch: Some(batch) };
    let mut client = LookupServiceClient::new(service.channel().await);
    let mut replies = client
        .stream_lookup_citizens(request(&key, futures::stream::repeat(message)))
        .await
        .unwrap()
        .into_inner();
    assert!(replies.message().await.unwrap().is_some());
    let drained = tokio::task::spawn_blocking(|| service.running.drain());
    let status = loop {
        match replies.message().await {
            Ok(reply) => assert!(reply.is_some(), "it ended as if all had been answered"),
            Err(status) => break status,
        }
    };
    assert_eq!(dancu_wire::reason_of(&status), Some(Reason::Draining));
    assert_eq!(drained.await.unwrap().cut, 0);
}

#[test]
fn the_nation_is_found_again_and_another_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(config(dir.path()), quietly()).unwrap();
    let nation = first.nation();
    assert!(matches!(
        start(config(dir.path()), quietly()),
        Err(StartError::InUse(_))
    ));
    first.drain();

    let mut open = config(dir.path());
    (open.seed, open.citizens) = (None, None);
    let second = start(open, quietly()).unwrap();
    assert_eq!(second.nation(), nation);
    second.drain();

    let mut other = config(dir.path());
    other.seed = Some(8);
    let error = start(other, quietly()).unwrap_err();
    assert!(matches!(
        error,
        StartError::AnotherNation { found: (7, _), .. }
    ));
    let report = dancu_server::audit::verify(dir.path(), None).unwrap();
    assert!(report.ok());
    let (meta, keys) = dancu_server::audit::sandbox_keys(dir.path()).unwrap();
    assert_eq!(meta.nation, nation);
    assert!(!keys.is_empty());
}

#[test]
fn an_address_that_is_taken_is_told_before_a_nation_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = config(dir.path());
    config.listen = taken.local_addr().unwrap();
    let error = start(config, quietly()).unwrap_err();
    assert!(matches!(error, StartError::Listen { .. }));
    assert!(!dir.path().join("registry.db").exists());
}

#[test]
fn a_choice_that_cannot_be_followed_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.limits.items_per_message = 1_001;
    let error = start(config, quietly()).unwrap_err();
    let told = "limits.items_per_message must be from 1 to 1,000";
    assert_eq!(error.to_string(), told);
}
