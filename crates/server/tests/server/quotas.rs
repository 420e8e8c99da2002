//! How much an agency may ask for in a second.

use std::time::Duration;

use dancu_domain::Reason;
use dancu_population::KeyState;
use dancu_server::QuotaConfig;
use dancu_wire::pb;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use tonic::Code;

use crate::common::{Service, context, item, request};
use crate::ops;

#[tokio::test]
async fn who_has_used_up_a_second_is_told_the_limit_and_when_there_is_more() {
    let service = Service::with(|config| {
        config.cores = Some(1);
        config.quotas = QuotaConfig {
            items_per_second: Some(4),
            ..QuotaConfig::default()
        };
    });
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let mut client = LookupServiceClient::new(service.channel().await);
    let message = |id: &str, items: usize| {
        request(
            &key,
            pb::BatchLookupCitizensRequest {
                context: Some(context(&key, id)),
                items: vec![item(&persona.claims); items],
                ..Default::default()
            },
        )
    };
    // A message is let through while anything is at hand; what it takes beyond that is owed.
    client
        .batch_lookup_citizens(message("r-1", 9))
        .await
        .unwrap();
    let status = client
        .batch_lookup_citizens(message("r-2", 1))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(dancu_wire::reason_of(&status), Some(Reason::QuotaExceeded));
    let quota = dancu_wire::quota_of(&status).unwrap();
    assert_eq!(quota.limit, 4);
    let wait = quota.retry_after.unwrap();
    assert!(wait > Duration::from_secs(1), "{quota:?}");
    let (_, text) = ops::get(&service, "/metrics").await;
    assert!(text.contains("dancu_quota_items_total{result=\"refused\"} 1\n"));
    assert!(text.contains("dancu_failures_total{reason=\"QUOTA_EXCEEDED\"} 1\n"));
    tokio::time::sleep(wait + Duration::from_millis(500)).await;
    client
        .batch_lookup_citizens(message("r-3", 1))
        .await
        .unwrap();
}
