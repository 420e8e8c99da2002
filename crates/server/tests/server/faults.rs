//! What callers and operators see when a part is away.

use std::sync::atomic::Ordering;
use std::time::Duration;

use dancu_domain::Reason;
use dancu_population::KeyState;
use dancu_server::Stop;
use dancu_wire::pb;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use tonic::Code;

use crate::common::{Service, context, item, request};
use crate::{memory, ops};

fn message(service: &Service, id: &str) -> tonic::Request<pb::LookupCitizenRequest> {
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    request(
        &key,
        pb::LookupCitizenRequest {
            context: Some(context(&key, id)),
            item: Some(item(&persona.claims)),
            ..Default::default()
        },
    )
}

#[tokio::test]
async fn nothing_is_answered_once_the_ledger_fails_and_the_service_asks_to_be_ended() {
    let (service, trouble) = memory::start(|_| {});
    let mut client = LookupServiceClient::new(service.channel().await);
    client
        .lookup_citizen(message(&service, "r-1"))
        .await
        .unwrap();
    trouble.ledger_broken.store(true, Ordering::Relaxed);
    for id in ["r-2", "r-3"] {
        let status = client
            .lookup_citizen(message(&service, id))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(
            dancu_wire::reason_of(&status),
            Some(Reason::LedgerUnavailable)
        );
    }
    let (status, body) = ops::get(&service, "/readyz?verbose").await;
    assert_eq!(status, 503);
    assert!(body.contains("ledger: not ok: takes no entries\n"));
    let (stop, service) = tokio::task::spawn_blocking(move || (service.running.wait(), service))
        .await
        .unwrap();
    assert!(matches!(stop, Stop::Failed(_)));
    drop(service);
}

#[tokio::test]
async fn a_registry_that_is_away_is_not_serving_until_it_is_back() {
    let (service, trouble) = memory::start(|config| {
        config.times.directory_every = Duration::from_millis(50);
        config.times.directory_oldest = Duration::from_millis(200);
        config.times.freshness_bound = Duration::from_millis(200);
        config.times.registry_away = Duration::from_millis(400);
    });
    let mut client = LookupServiceClient::new(service.channel().await);
    let known = client
        .lookup_citizen(message(&service, "r-1"))
        .await
        .unwrap();
    let known = known.into_inner().header.unwrap().revision;
    trouble.registry_away.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    // Nor is what is remembered given to callers who ask for no more than that.
    let mut with_token = message(&service, "r-2");
    with_token.get_mut().freshness = known.map(|revision| pb::Freshness {
        requirement: Some(pb::freshness::Requirement::AtLeastAsFresh(revision)),
    });
    for asked in [message(&service, "r-2"), with_token] {
        let status = client.lookup_citizen(asked).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        let reason = dancu_wire::reason_of(&status);
        assert_eq!(reason, Some(Reason::RegistryUnavailable));
    }
    assert_eq!(ops::get(&service, "/readyz").await.0, 503);
    trouble.registry_away.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    client
        .lookup_citizen(message(&service, "r-3"))
        .await
        .unwrap();
    assert_eq!(ops::get(&service, "/readyz").await.0, 200);
}

#[tokio::test]
async fn a_read_that_stalls_is_given_up_after_its_time_and_not_before() {
    let deadline = Duration::from_secs(6);
    for read in [Duration::from_millis(300), Duration::from_mins(1)] {
        let (service, trouble) = memory::start(|config| config.times.registry_read = read);
        let mut client = LookupServiceClient::new(service.channel().await);
        trouble.read_ms.store(120_000, Ordering::Relaxed);
        let mut asked = message(&service, "r-1");
        asked.set_timeout(deadline);
        let status = client.lookup_citizen(asked).await.unwrap_err();
        let given_up = status.code() == Code::Unavailable;
        assert_eq!(given_up, read < deadline, "{read:?}: {status}");
    }
}
