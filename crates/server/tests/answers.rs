//! The three ways of asking, over a real socket.

mod common;

use common::{Service, context, item, request};
use dancu_population::KeyState;
use dancu_wire::pb;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;

#[tokio::test]
async fn one_citizen_is_looked_up() {
    let service = Service::start();
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let mut client = LookupServiceClient::new(service.channel().await);
    let answer = client
        .lookup_citizen(request(
            &key,
            pb::LookupCitizenRequest {
                context: Some(context(&key, "r-1")),
                item: Some(item(&persona.claims)),
                ..Default::default()
            },
        ))
        .await
        .unwrap()
        .into_inner();
    let result = answer.result.unwrap();
    assert_eq!(result.outcome(), pb::LookupOutcome::Found);
    assert_eq!(result.item_id, "one");
    let header = answer.header.unwrap();
    assert_eq!(header.request_id, "r-1");
    let receipt = header.receipt.unwrap();
    assert_eq!((receipt.first_index, receipt.count), (0, 1));
    let report = service.running.drain();
    assert!(report.ledger_closed);
}
