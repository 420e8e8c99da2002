//! A registry over a server that stands still, with a replica, with a standby.

use std::time::Duration;

use super::database::{open, seeded};
use dancu_domain::{ChangeFeed as _, ChangeOutcome, Freshness, Registry as _, RegistryError};
use dancu_store::conformance::Event;
use dancu_store::conformance::parts::Parts;
use dancu_store::{
    Durability, PostgresBlocks, PostgresBlocksOptions, PostgresOptions, PostgresRegistry,
    PostgresSeeding, StoreError,
};

const NOW: Freshness = Freshness::FullyConsistent;

/// Stops or continues a server with all that belongs to it.
fn signal(parts: &Parts, name: &str) {
    let postmaster = parts.postgres_pid().to_string();
    let children = std::process::Command::new("ps")
        .args(["-o", "pid=", "--ppid", &postmaster])
        .output()
        .unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    let sent = std::process::Command::new("kill")
        .arg(format!("-{name}"))
        .arg(&postmaster)
        .args(children.split_whitespace())
        .status();
    sent.unwrap();
}

#[tokio::test]
async fn a_server_that_stands_still_is_away_within_the_bound_and_back_by_itself() {
    let parts = Parts::hold(&["--no-redis"]);
    let (url, fixture) = seeded(&parts).await;
    let registry = open(PostgresOptions::new(&url)).await;
    let keys = [fixture.key(10)];
    registry.read(&keys, NOW).await.unwrap();
    signal(&parts, "STOP");
    let begun = tokio::time::Instant::now();
    let record = fixture.event(10, Event::residence("r", 1));
    let reads = (0..20).map(|_| registry.read(&keys, NOW));
    let (reads, head, write) = futures::join!(
        futures::future::join_all(reads),
        registry.head(),
        registry.apply(vec![record.clone()])
    );
    let away = RegistryError::Unavailable;
    assert!(reads.iter().all(|read| read.as_ref().err() == Some(&away)));
    assert_eq!(head.err(), Some(away));
    assert_eq!(write.err(), Some(away));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "it took {took:?}");
    signal(&parts, "CONT");
    let back = async {
        while registry.read(&keys, NOW).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        loop {
            if let Ok(done) = registry.apply(vec![record.clone()]).await {
                break done.outcomes[0];
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(20), back).await;
    // The write that nobody answered may have taken place when the server went on.
    let once = matches!(
        outcome.expect("it is back"),
        ChangeOutcome::Applied { number: 1, .. } | ChangeOutcome::AlreadyApplied { number: 1, .. }
    );
    assert!(once);
    assert_eq!(registry.head().await.unwrap().number, 1);
}

#[tokio::test]
async fn a_replica_answers_only_what_it_has_got_to() {
    let parts = Parts::hold(&["--no-redis", "--replica"]);
    let (url, fixture) = seeded(&parts).await;
    assert_eq!(
        Durability::of(parts.postgres()).await.unwrap(),
        Durability::Asynchronous
    );
    let (replicas, _) = parts.replica().rsplit_once('/').unwrap();
    let (_, database) = url.rsplit_once('/').unwrap();
    let registry = open(PostgresOptions {
        replica: Some(format!("{replicas}/{database}")),
        ..PostgresOptions::new(&url)
    })
    .await;
    let latest = Freshness::MinimizeLatency;
    let keys = [fixture.key(10)];
    let by_replica = || registry.counters().replica_reads;
    let caught_up = async {
        while by_replica() == 0 {
            registry.read(&keys, latest).await.unwrap();
        }
    };
    let caught_up = tokio::time::timeout(Duration::from_secs(20), caught_up);
    caught_up.await.expect("the replica answers");
    registry.read(&keys, NOW).await.unwrap();
    let before = by_replica();
    registry.read(&keys, NOW).await.unwrap();
    assert_eq!(by_replica(), before, "the newest is asked of the primary");

    // A standby may be long out of date and cannot tell: it is a replica and no registry.
    let standby = PostgresOptions::new(format!("{replicas}/{database}"));
    let refused = PostgresRegistry::open(standby.clone()).await.err();
    assert!(
        matches!(refused, Some(StoreError::TakesNoChanges)),
        "{refused:?}"
    );
    let refused = PostgresSeeding::begin(&standby, &fixture.meta).await.err();
    assert!(
        matches!(refused, Some(StoreError::TakesNoChanges)),
        "{refused:?}"
    );

    // It stands still at revision 0: nothing that it has not seen is asked of it.
    let pause = "SELECT pg_wal_replay_pause()";
    Parts::sql_at(&parts.admin_of_replica(), pause);
    let record = fixture.event(10, Event::residence("r", 1));
    let token = registry.apply(vec![record]).await.unwrap().revision;
    for freshness in [latest, Freshness::AtLeast(token)] {
        let reading = registry.read(&keys, freshness).await.unwrap();
        assert_eq!(reading.revision.number, 1);
        assert_eq!(reading.candidates[0].citizens()[0].version, 1);
    }
    assert_eq!(by_replica(), before);
    assert!(registry.counters().replica_refused >= 2);
    Parts::sql_at(&parts.admin_of_replica(), "SELECT pg_wal_replay_resume()");
    let caught_up = async {
        while by_replica() == before {
            let reading = registry
                .read(&keys, Freshness::AtLeast(token))
                .await
                .unwrap();
            assert_eq!(reading.candidates[0].citizens()[0].version, 1);
        }
    };
    let caught_up = tokio::time::timeout(Duration::from_secs(20), caught_up);
    caught_up.await.expect("the replica answers again");
}

#[tokio::test]
async fn a_registry_that_takes_no_changes_any_more_answers_nothing_until_it_does_again() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let registry = open(PostgresOptions::new(&url)).await;
    let keys = [fixture.key(10)];
    registry.read(&keys, NOW).await.unwrap();
    let name = url.rsplit('/').next().unwrap();
    let read_only = |set: &str| {
        Parts::shared().sql(&format!("ALTER DATABASE {name} {set}"));
        let ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
        Parts::shared().sql(&format!("{ending} = '{name}'"));
    };
    read_only("SET default_transaction_read_only = on");
    for _ in 0..5 {
        assert!(registry.head().await.is_err());
        let read = registry.read(&keys, NOW).await;
        assert_eq!(read.err(), Some(RegistryError::Unavailable));
    }
    read_only("RESET default_transaction_read_only");
    let back = async {
        while registry.head().await.is_err() || registry.read(&keys, NOW).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let back = tokio::time::timeout(Duration::from_secs(20), back).await;
    back.expect("it takes changes again");
}

#[tokio::test]
async fn a_registry_and_a_ledger_are_not_put_into_one_database() {
    let (url, _) = seeded(Parts::shared()).await;
    let refused = PostgresBlocks::open(PostgresBlocksOptions::new(&url)).await;
    let said = refused.err().expect("it is refused").to_string();
    assert!(said.contains("holds a registry"), "{said}");
    let url = Parts::shared().fresh_database();
    let ledger = PostgresBlocks::open(PostgresBlocksOptions::new(&url)).await;
    ledger.expect("it is made").close().await.unwrap();
    let refused = PostgresRegistry::open(PostgresOptions::new(&url)).await;
    let refused = refused.err();
    assert!(
        matches!(refused, Some(StoreError::Mistaken { .. })),
        "{refused:?}"
    );
    let options = PostgresOptions::new(&url);
    let meta = dancu_store::conformance::Fixture::new().meta;
    let refused = PostgresSeeding::begin(&options, &meta).await.err();
    assert!(
        matches!(refused, Some(StoreError::Mistaken { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn commits_that_wait_for_a_standby_that_is_not_there_are_told() {
    let parts = Parts::hold(&["--no-redis"]);
    let standing = Durability::of(parts.postgres()).await;
    assert_eq!(standing.unwrap(), Durability::Alone);
    parts.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    parts.sql("SELECT pg_reload_conf()");
    let told = async {
        while Durability::of(parts.postgres()).await.unwrap() != Durability::Stalled {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(10), told).await;
    told.expect("no commit returns any more");
}

#[tokio::test]
async fn a_commit_that_a_standby_has_is_told_from_one_that_is_alone() {
    let standing = Durability::of(Parts::shared().postgres()).await;
    assert_eq!(standing.unwrap(), Durability::Alone);
    let parts = Parts::hold(&["--no-redis", "--standby"]);
    let standing = Durability::of(parts.postgres()).await;
    assert_eq!(standing.unwrap(), Durability::Synchronous);
}
