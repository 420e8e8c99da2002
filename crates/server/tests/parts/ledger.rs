//! A ledger whose database ends its connections.

use std::time::Duration;

use dancu_domain::Reason;
use dancu_population::KeyState;
use dancu_store::conformance::parts::Parts;

use crate::stage::{Stage, look_up, lookups, until_told};

#[tokio::test]
async fn a_lost_connection_of_the_ledger_is_resolved_and_nothing_is_counted_twice() {
    let stage = Stage::new();
    let service = stage.instance("main");
    let name = stage.ledger.rsplit('/').next().unwrap().to_owned();
    let ending =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    let (mut answered, mut unavailable) = (0_u64, 0_u64);
    for round in 0..60 {
        if round % 10 == 5 {
            let statement = ending.clone();
            tokio::task::spawn_blocking(move || Parts::shared().sql(&statement))
                .await
                .unwrap();
        }
        match look_up(&service, &format!("r-{round}"), None).await {
            Ok(_) => answered += 1,
            Err(status) => {
                let reason = dancu_wire::reason_of(&status);
                assert_eq!(reason, Some(Reason::LedgerUnavailable), "{status:?}");
                unavailable += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    assert!(
        answered >= 30,
        "{answered} answered, {unavailable} unavailable"
    );
    until_told(&service, "/readyz?verbose", "ledger: ok").await;
    let key = service.key(KeyState::Valid);
    let counted = lookups(&service, &key).await;
    assert!(
        (answered..=answered + unavailable).contains(&counted),
        "{counted} counted, {answered} answered, {unavailable} unavailable"
    );
    let (dir, ledger) = (service.dir, stage.ledger.clone());
    let report = tokio::task::spawn_blocking(move || service.running.drain());
    assert!(report.await.unwrap().ledger_closed);
    // Whoever opens it anew finds the same.
    let again = stage.try_instance("main", |config| dir.path().clone_into(&mut config.data));
    let again = again.unwrap();
    assert_eq!(lookups(&again, &key).await, counted, "{ledger}");
}
