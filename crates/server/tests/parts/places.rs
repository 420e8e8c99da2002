//! Every combination of places.

use dancu_server::{LedgerPlace, RegistryPlace, StartError};

use crate::stage::{Stage, look_up, page, until_told};

#[tokio::test]
async fn registry_and_ledger_may_lie_in_files_and_in_databases_each() {
    for (registry_in_file, ledger_in_file) in
        [(true, true), (true, false), (false, true), (false, false)]
    {
        let stage = Stage::new();
        let service = stage.try_instance("main", |config| {
            if registry_in_file {
                config.registry = RegistryPlace::File;
            }
            if ledger_in_file {
                config.ledger = LedgerPlace::File;
            }
        });
        let service = service.unwrap();
        look_up(&service, "r-1", None).await.unwrap();
        let standby = |in_file: bool| {
            if in_file {
                "none: no database server"
            } else {
                "none: alone, a failover is not promised"
            }
        };
        for line in [
            "registry: ok".to_owned(),
            "ledger: ok".to_owned(),
            "redis: ok".to_owned(),
            "live_volumes: ok".to_owned(),
            format!("registry_standby: {}", standby(registry_in_file)),
            format!("ledger_standby: {}", standby(ledger_in_file)),
            "ready".to_owned(),
        ] {
            until_told(&service, "/readyz?verbose", &line).await;
        }
        let text = page(&service, "/metrics").await;
        assert!(text.contains("dancu_cache{cache=\"used\"} 1\n"), "{text}");
        let report = tokio::task::spawn_blocking(move || service.running.drain());
        assert!(report.await.unwrap().ledger_closed);
    }
}

#[tokio::test]
async fn new_keys_are_not_made_for_a_ledger_that_is_used() {
    let stage = Stage::new();
    let service = stage.instance("main");
    look_up(&service, "r-1", None).await.unwrap();
    drop(service);
    let other = tempfile::tempdir().unwrap();
    let refused = stage.try_instance("other", |config| {
        config.keys = Some(other.path().join("keys"));
    });
    assert!(matches!(refused, Err(StartError::KeysMissing)));
    assert!(!other.path().join("keys").exists());
}
