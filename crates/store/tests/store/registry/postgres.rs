//! What a registry in PostgreSQL does beyond the suite: several write, connections are lost, a
//! commit is not heard of.

use std::sync::Arc;
use std::time::Duration;

use super::database::{open, seeded};
use crate::cut_wire::{Cut, Wire};
use dancu_domain::{
    ChangeFeed as _, ChangeOutcome, Freshness, Registry as _, RegistryError, SourceKey,
};
use dancu_store::conformance::Event;
use dancu_store::conformance::parts::Parts;
use dancu_store::{PostgresOptions, PostgresRegistry, StoreError};

const NOW: Freshness = Freshness::FullyConsistent;

fn applied(number: u64, version: u32) -> ChangeOutcome {
    ChangeOutcome::Applied { number, version }
}

#[tokio::test]
async fn where_there_is_no_complete_nation_none_is_opened() {
    let url = Parts::shared().fresh_database();
    let opened = PostgresRegistry::open(PostgresOptions::new(url)).await;
    assert!(matches!(opened, Err(StoreError::NoNation)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_write_at_once_number_their_changes_in_one_order() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let fixture = Arc::new(fixture);
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(open(PostgresOptions::new(&url)).await);
    }
    let follower = instances[0].clone();
    let writers: Vec<_> = (0..12_usize)
        .map(|writer| {
            let (registry, fixture) = (instances[writer % 3].clone(), Arc::clone(&fixture));
            tokio::spawn(async move {
                for turn in 1..=20 {
                    let event = Event::residence(format!("{writer}-{turn}"), turn);
                    let record = fixture.event(10 + writer, event);
                    let done = registry.apply(vec![record]).await.unwrap();
                    assert!(matches!(done.outcomes[0], ChangeOutcome::Applied { .. }));
                }
            })
        })
        .collect();
    // Nobody who follows while they write ever sees a number before the one in front of it.
    let following = async {
        let mut seen = 0;
        while seen < 240 {
            for change in follower.changes(seen, 100).await.unwrap() {
                seen += 1;
                assert_eq!(change.number, seen, "a change was skipped");
            }
        }
    };
    let followed = tokio::time::timeout(Duration::from_mins(1), following).await;
    followed.expect("every change is numbered and told");
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(follower.head().await.unwrap().number, 240);
}

#[tokio::test]
async fn a_commit_of_which_nobody_heard_is_looked_for() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let wire = Wire::to(&url).await;
    let registry = open(PostgresOptions::new(&wire.url)).await;
    let other = open(PostgresOptions::new(&url)).await;
    let mut number = 0;
    for (turn, after) in [true, false, true].into_iter().enumerate() {
        let events = [10, 11, 10].map(|at| {
            let id = format!("{turn}-{at}-{number}");
            number += 1;
            fixture.event(at, Event::residence(id, 10 + number as u16))
        });
        let cut = if after { Cut::After } else { Cut::Before };
        wire.cut_at(b"\nCOMMIT", cut);
        let done = registry.apply(events.to_vec()).await.unwrap();
        assert!(wire.was_cut());
        let base = turn as u64 * 3;
        let version = turn as u32 * 2;
        let beside = turn as u32 + 1;
        let expected = [
            applied(base + 1, version + 1),
            applied(base + 2, beside),
            applied(base + 3, version + 2),
        ];
        assert_eq!(done.outcomes, expected, "the caller is told what it did");
        assert_eq!(done.revision.number, base + 3);
        assert_eq!(other.head().await.unwrap().number, base + 3);
        assert_eq!(
            registry.changes(0, 100).await.unwrap().len() as u64,
            base + 3
        );
    }
    assert!(registry.counters().retries >= 3);
}

#[tokio::test]
async fn a_lost_commit_that_another_overtook_is_carried_out_behind_it() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let wire = Wire::to(&url).await;
    let registry = open(PostgresOptions::new(&wire.url)).await;
    let other = open(PostgresOptions::new(&url)).await;
    wire.cut_at(b"\nCOMMIT", Cut::Before);
    let first = fixture.event(10, Event::residence("first", 10));
    let second = fixture.event(10, Event::residence("second", 20));
    let (first, second) = futures::join!(registry.apply(vec![first]), async {
        while !wire.was_cut() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        other.apply(vec![second]).await
    });
    let outcomes = [first.unwrap().outcomes[0], second.unwrap().outcomes[0]];
    let changes = registry.changes(0, 10).await.unwrap();
    let numbers: Vec<u64> = changes.iter().map(|change| change.number).collect();
    let numbered = outcomes.map(|outcome| match outcome {
        ChangeOutcome::Applied { number, .. } => Some(number),
        ChangeOutcome::Stale => None,
        outcome => panic!("{outcome:?}"),
    });
    let mut told: Vec<u64> = numbered.into_iter().flatten().collect();
    told.sort_unstable();
    assert_eq!(numbers, told);
}

#[tokio::test]
async fn a_commit_that_hangs_on_the_way_is_told_as_away_and_takes_effect_once() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let wire = Wire::to(&url).await;
    let registry = open(PostgresOptions::new(&wire.url)).await;
    let (release, released) = tokio::sync::oneshot::channel();
    wire.cut_at(b"\nCOMMIT", Cut::Hold(released));
    let record = fixture.event(10, Event::residence("r", 1));
    let begun = tokio::time::Instant::now();
    let away = registry.apply(vec![record.clone()]).await;
    assert_eq!(away.err(), Some(RegistryError::Unavailable));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(6), "it took {took:?}");
    assert_eq!(registry.head().await.unwrap().number, 0);
    release.send(()).unwrap();
    let again = registry.apply(vec![record]).await.unwrap();
    let once = ChangeOutcome::AlreadyApplied {
        number: 1,
        version: 1,
    };
    assert_eq!(again.outcomes, [once]);
}

#[tokio::test]
async fn connections_that_an_operator_ends_fail_nobody() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let registry = open(PostgresOptions::new(&url)).await;
    let name = url.rsplit('/').next().unwrap();
    let keys = [fixture.key(10), fixture.old_key(11)];
    for turn in 1..=5 {
        registry.read(&keys, NOW).await.unwrap();
        Parts::shared().sql(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ));
        for _ in 0..6 {
            registry.read(&keys, NOW).await.unwrap();
        }
        let record = fixture.event(10, Event::residence(format!("{turn}"), turn));
        let done = registry.apply(vec![record]).await.unwrap();
        assert_eq!(done.outcomes, [applied(u64::from(turn), u32::from(turn))]);
    }
}

#[tokio::test]
async fn a_change_of_another_instance_wakes_the_follower() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let writer = open(PostgresOptions::new(&url)).await;
    let follower = open(PostgresOptions::new(&url)).await;
    // It is woken once when it begins to listen.
    let woken = tokio::time::timeout(Duration::from_secs(30), follower.woken()).await;
    woken.expect("it listens");
    let record = fixture.event(10, Event::residence("r", 1));
    let (woken, written) = futures::join!(
        tokio::time::timeout(Duration::from_secs(30), follower.woken()),
        writer.apply(vec![record])
    );
    written.unwrap();
    woken.expect("it is woken");
    assert_eq!(follower.changes(0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_finds_the_queue_full_is_told_so() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let registry = open(PostgresOptions {
        max_waiting_keys: 4,
        max_waiting_records: 4,
        ..PostgresOptions::new(&url)
    })
    .await;
    let keys = [fixture.key(0), fixture.key(1)];
    let reads = futures::future::join_all((0..6).map(|_| registry.read(&keys, NOW))).await;
    let shed = reads.iter().filter_map(|read| read.as_ref().err());
    assert!(
        shed.clone()
            .all(|error| *error == RegistryError::Overloaded)
    );
    assert_eq!(shed.count(), 4);
    let record = |n: usize| fixture.event(10 + n, Event::residence(format!("{n}"), 1));
    let writes = (0..6).map(|n| registry.apply(vec![record(n), record(n)]));
    let writes = futures::future::join_all(writes).await;
    let shed = writes.iter().filter_map(|write| write.as_ref().err());
    assert_eq!(shed.collect::<Vec<_>>(), [&RegistryError::Overloaded; 4]);
    registry.read(&keys, NOW).await.unwrap();
}

#[tokio::test]
async fn closing_carries_out_what_waits_and_then_refuses() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let registry = open(PostgresOptions::new(&url)).await;
    let record = |n: usize| fixture.event(10 + n, Event::residence(format!("{n}"), 1));
    let writes = futures::future::join_all((0..20).map(|n| registry.apply(vec![record(n)])));
    let (writes, ()) = futures::join!(writes, registry.close());
    assert!(writes.iter().all(Result::is_ok));
    let unavailable = Some(RegistryError::Unavailable);
    assert_eq!(registry.apply(vec![record(30)]).await.err(), unavailable);
    let read = registry.read(&[fixture.key(1)], NOW).await;
    assert_eq!(read.err(), unavailable);
    let registry = open(PostgresOptions::new(&url)).await;
    assert_eq!(registry.head().await.unwrap().number, 20);
}

#[tokio::test]
async fn a_record_that_is_damaged_or_not_of_its_number_is_never_an_answer() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let registry = open(PostgresOptions::new(&url)).await;
    let id = |at: usize| fixture.citizens[at].personal_id.digits();
    let parts = Parts::shared();
    parts.sql_in(
        &url,
        &format!(
            "UPDATE citizens SET record = '\\x00' WHERE personal_id = {}",
            id(6)
        ),
    );
    parts.sql_in(
        &url,
        &format!(
            "UPDATE citizens SET record = (SELECT record FROM citizens WHERE personal_id = {})
             WHERE personal_id = {}",
            id(7),
            id(8)
        ),
    );
    for at in [6, 8] {
        for key in [fixture.key(at), fixture.old_key(at)] {
            let reading = registry.read(&[fixture.key(5), key], NOW).await;
            assert_eq!(reading.err(), Some(RegistryError::Unavailable));
        }
    }
    let reading = registry.read(&[fixture.key(7)], NOW).await.unwrap();
    assert_eq!(*reading.candidates[0].citizens()[0], fixture.citizens[7]);
}

#[tokio::test]
async fn changes_of_other_sources_are_told() {
    let (url, fixture) = seeded(Parts::shared()).await;
    let registry = open(PostgresOptions::new(&url)).await;
    let source = |text| SourceKey::parse(text, "source").unwrap();
    let mut foreign = fixture.event(11, Event::residence("f", 1));
    foreign.source = source("another");
    let own = fixture.event(12, Event::residence("o", 1));
    registry.apply(vec![own, foreign]).await.unwrap();
    for (asks, expected) in [("conformance", 11), ("another", 12)] {
        let told = registry.changed_by_others(&source(asks)).await.unwrap();
        assert_eq!(told, [fixture.citizens[expected].personal_id]);
    }
}
