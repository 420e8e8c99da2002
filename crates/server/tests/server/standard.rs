//! Health and reflection.

use dancu_domain::Reason;
use dancu_wire::pb::health::HealthCheckRequest;
use dancu_wire::pb::health::health_check_response::ServingStatus;
use dancu_wire::pb::health::health_client::HealthClient;
use tonic::Code;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1alpha;

use crate::common::Service;

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn health_is_told_of_the_whole_and_of_each_service() {
    let service = Service::start();
    let mut client = HealthClient::new(service.channel().await);
    for name in ["", "dancu.v1.LookupService", "grpc.health.v1.Health"] {
        let answer = client.check(of(name)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{name}");
    }
    let unknown = client.check(of("no.such.Service")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let reason = dancu_wire::reason_of(&unknown);
    assert_eq!(reason, Some(Reason::ServiceUnknown));
    let watched = client.watch(of("no.such.Service")).await.unwrap();
    let first = watched.into_inner().message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::ServiceUnknown);
}

#[tokio::test]
async fn a_watch_of_health_hears_of_the_drain_and_does_not_hold_it_up() {
    let service = Service::start();
    let mut client = HealthClient::new(service.channel().await);
    let mut watch = client.watch(of("")).await.unwrap().into_inner();
    let first = watch.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::Serving);
    let drained = tokio::task::spawn_blocking(|| service.running.drain());
    let second = watch.message().await.unwrap().unwrap();
    assert_eq!(second.status(), ServingStatus::NotServing);
    assert!(watch.message().await.unwrap().is_none());
    let report = drained.await.unwrap();
    assert_eq!(report.cut, 0);
}

fn assert_lists_all(names: Vec<String>) {
    for name in [
        "dancu.v1.LookupService",
        "dancu.v1.AuthenticationService",
        "dancu.v1.SyncService",
        "dancu.v1.StatisticsService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ] {
        assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
    }
}

#[tokio::test]
async fn a_symbol_that_is_not_here_is_told_with_a_reason() {
    let service = Service::start();
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol("no.such.Thing".into())),
    };
    let mut answers = ServerReflectionClient::new(service.channel().await)
        .server_reflection_info(futures::stream::iter([ask]))
        .await
        .unwrap()
        .into_inner();
    let status = answers.message().await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let reason = dancu_wire::reason_of(&status);
    assert_eq!(reason, Some(Reason::ServiceUnknown));
}

#[tokio::test]
async fn every_service_is_reflected_in_both_versions() {
    let service = Service::start();
    let channel = service.channel().await;
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(channel.clone())
        .server_reflection_info(futures::stream::iter([ask]))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("no list");
    };
    let names: Vec<_> = list.service.into_iter().map(|s| s.name).collect();
    assert_lists_all(names);
    let ask = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::ListServices(String::new()),
        ),
    };
    let mut answers =
        v1alpha::server_reflection_client::ServerReflectionClient::new(channel.clone())
            .server_reflection_info(futures::stream::iter([ask]))
            .await
            .unwrap()
            .into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        answer.message_response
    else {
        panic!("no list");
    };
    assert_lists_all(list.service.into_iter().map(|s| s.name).collect());

    let ask = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
                "dancu.v1.LookupService".to_owned(),
            ),
        ),
    };
    let mut answers = v1alpha::server_reflection_client::ServerReflectionClient::new(channel)
        .server_reflection_info(futures::stream::iter([ask]))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    assert!(matches!(
        answer.message_response,
        Some(v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(_))
    ));
}

#[tokio::test]
async fn an_open_reflection_does_not_hold_the_drain_up() {
    let service = Service::start();
    let mut client = ServerReflectionClient::new(service.channel().await);
    let forever = futures::stream::pending::<ServerReflectionRequest>();
    let mut answers = client
        .server_reflection_info(forever)
        .await
        .unwrap()
        .into_inner();
    let drained = tokio::task::spawn_blocking(|| service.running.drain());
    let status = answers.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(drained.await.unwrap().cut, 0);
}
