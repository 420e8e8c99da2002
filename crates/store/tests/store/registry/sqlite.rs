//! What a registry file does beyond the suite: it lasts, it gathers, it fails whole.

use std::sync::Arc;

use super::file::{beside, files, open, seeded};
use dancu_domain::{
    ChangeFeed as _, ChangeOutcome, Freshness, Registry as _, RegistryError, SourceKey,
};
use dancu_store::conformance::Event;
use dancu_store::{SqliteOptions, SqliteRegistry};

const NOW: Freshness = Freshness::FullyConsistent;

#[tokio::test]
async fn changes_survive_that_the_file_is_closed_and_opened() {
    let (folder, path, fixture) = seeded().await;
    let registry = open(&path).await;
    let records: Vec<_> = (5..25)
        .map(|at| fixture.event(at, Event::residence(format!("r-{at}"), 3)))
        .collect();
    let applied = registry.apply(records.clone()).await.unwrap();
    let keys: Vec<_> = (0..40).map(|at| fixture.key(at)).collect();
    let before = registry.read(&keys, NOW).await.unwrap();
    let changes = registry.changes(0, 100).await.unwrap();
    registry.close().await;
    assert_eq!(
        files(&folder),
        ["registry.db"],
        "the log was brought back into the file"
    );

    let opened = SqliteRegistry::open(&path).await.unwrap();
    let (registry, meta) = opened.unwrap();
    assert_eq!(meta, fixture.meta);
    let token = Freshness::AtLeast(applied.revision);
    let after = registry.read(&keys, token).await.unwrap();
    assert_eq!(after.candidates, before.candidates);
    assert_eq!(after.revision, applied.revision);
    assert_eq!(registry.changes(0, 100).await.unwrap(), changes);
    let again = registry.apply(records).await.unwrap();
    assert_eq!(again.revision, applied.revision);
    for (then, now) in applied.outcomes.iter().zip(again.outcomes) {
        let ChangeOutcome::Applied { number, version } = *then else {
            panic!("it was applied");
        };
        assert_eq!(now, ChangeOutcome::AlreadyApplied { number, version });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_at_the_same_time_share_commits() {
    let (_folder, path, fixture) = seeded().await;
    let registry = open(&path).await;
    let fixture = Arc::new(fixture);
    let writers: Vec<_> = (0..32)
        .map(|writer| {
            let (registry, fixture) = (registry.clone(), Arc::clone(&fixture));
            tokio::spawn(async move {
                for turn in 1..=10 {
                    let event = Event::residence(format!("{writer}-{turn}"), turn);
                    let record = fixture.event(10 + writer, event);
                    let applied = registry.apply(vec![record]).await.unwrap();
                    assert!(matches!(applied.outcomes[0], ChangeOutcome::Applied { .. }));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let counters = registry.counters();
    assert_eq!((counters.batches, counters.records), (320, 320));
    assert!(
        counters.commits * 4 <= counters.batches,
        "{} commits for {} batches",
        counters.commits,
        counters.batches
    );
    assert_eq!(registry.head().await.unwrap().number, 320);
}

#[tokio::test]
async fn a_transaction_that_fails_halfway_leaves_nothing_and_nobody_is_told_otherwise() {
    let (_folder, path, fixture) = seeded().await;
    let registry = open(&path).await;
    let mut other = beside(&path).await;
    // Citizens and changes are written by then.
    sqlx::query(
        "CREATE TRIGGER broken BEFORE INSERT ON effects BEGIN SELECT raise(ABORT, 'broken'); END",
    )
    .execute(&mut other)
    .await
    .unwrap();
    let record = fixture.event(8, Event::residence("r", 3));
    let failed = registry.apply(vec![record.clone()]).await;
    assert_eq!(failed.err(), Some(RegistryError::Unavailable));
    let keys = [fixture.key(8)];
    let reading = registry.read(&keys, NOW).await.unwrap();
    assert_eq!(*reading.candidates[0].citizens()[0], fixture.citizens[8]);
    assert_eq!(registry.changes(0, 10).await.unwrap(), []);
    sqlx::query("DROP TRIGGER broken")
        .execute(&mut other)
        .await
        .unwrap();
    let applied = registry.apply(vec![record]).await.unwrap();
    assert_eq!(
        applied.outcomes,
        [ChangeOutcome::Applied {
            number: 1,
            version: 1
        }]
    );
}

#[tokio::test]
async fn a_record_that_is_damaged_or_not_of_its_number_is_never_an_answer() {
    let (_folder, path, fixture) = seeded().await;
    let registry = open(&path).await;
    let mut other = beside(&path).await;
    let set = "UPDATE citizens SET record = ?2 WHERE personal_id = ?1";
    let id = |at: usize| fixture.citizens[at].personal_id.digits() as i64;
    sqlx::query(set)
        .bind(id(6))
        .bind(vec![0_u8; 40])
        .execute(&mut other)
        .await
        .unwrap();
    let record: Vec<u8> = sqlx::query_scalar("SELECT record FROM citizens WHERE personal_id = ?1")
        .bind(id(7))
        .fetch_one(&mut other)
        .await
        .unwrap();
    sqlx::query(set)
        .bind(id(8))
        .bind(record)
        .execute(&mut other)
        .await
        .unwrap();
    for at in [6, 8] {
        for key in [fixture.key(at), fixture.old_key(at)] {
            let reading = registry.read(&[fixture.key(5), key], NOW).await;
            assert_eq!(reading.err(), Some(RegistryError::Unavailable));
        }
    }
    let reading = registry
        .read(&[fixture.key(5), fixture.key(7)], NOW)
        .await
        .unwrap();
    assert_eq!(*reading.candidates[1].citizens()[0], fixture.citizens[7]);
}

#[tokio::test]
async fn what_is_in_the_file_is_answered_before_the_writer_has_said_that_it_is() {
    let (_folder, path, fixture) = seeded().await;
    let registry = open(&path).await;
    let record = fixture.event(5, Event::residence("r-1".to_owned(), 3));
    let applied = registry.apply(vec![record]).await.unwrap();
    // A commit that goes on with a checkpoint is in force, and its writer has told nobody.
    let mut writer = beside(&path).await;
    let change = "INSERT INTO changes SELECT number + 1, personal_id, legacy_id, version, agency, \
                  source FROM changes";
    sqlx::query(change).execute(&mut writer).await.unwrap();
    let feed = registry.changes(applied.revision.number, 9).await.unwrap();
    assert_eq!(feed.len(), 1, "whoever follows has seen it");
    let mut token = applied.revision;
    token.number += 1;
    let key = [fixture.key(5)];
    let reading = registry.read(&key, Freshness::AtLeast(token)).await;
    assert_eq!(reading.unwrap().revision, token);
    token.number += 1;
    let ahead = registry.read(&key, Freshness::AtLeast(token)).await;
    assert_eq!(ahead.unwrap_err(), RegistryError::RevisionAhead);
}

#[tokio::test]
async fn who_finds_the_queue_full_is_told_so_and_the_rest_is_served() {
    let (_folder, path, fixture) = seeded().await;
    let options = SqliteOptions {
        max_waiting_keys: 4,
        max_waiting_records: 4,
        ..SqliteOptions::default()
    };
    let (registry, _) = SqliteRegistry::open_with(&path, options)
        .await
        .unwrap()
        .unwrap();
    let keys = [fixture.key(0), fixture.key(1)];
    let reads = futures::future::join_all((0..6).map(|_| registry.read(&keys, NOW))).await;
    let shed = |error: Option<RegistryError>| error == Some(RegistryError::Overloaded);
    assert_eq!(reads.iter().filter(|r| r.is_ok()).count(), 2);
    assert_eq!(
        reads
            .into_iter()
            .filter(|r| shed(r.as_ref().err().copied()))
            .count(),
        4
    );
    let record = |n: usize| fixture.event(10 + n, Event::residence(format!("{n}"), 1));
    let writes = (0..6).map(|n| registry.apply(vec![record(n), record(n)]));
    let writes = futures::future::join_all(writes).await;
    assert_eq!(writes.iter().filter(|w| w.is_ok()).count(), 2);
    assert_eq!(
        writes
            .into_iter()
            .filter(|w| shed(w.as_ref().err().copied()))
            .count(),
        4
    );
    assert_eq!(registry.counters().shed, 8);
    // There is room again, and more than the whole room is let in when nobody else waits.
    let many: Vec<_> = (0..9).map(|at| fixture.key(at)).collect();
    registry.read(&many, NOW).await.unwrap();
    registry.apply((0..9).map(record).collect()).await.unwrap();
}

#[tokio::test]
async fn closing_carries_out_what_waits_and_then_refuses() {
    let (_folder, path, fixture) = seeded().await;
    let registry = open(&path).await;
    let record = |n: usize| fixture.event(10 + n, Event::residence(format!("{n}"), 1));
    let writes = futures::future::join_all((0..20).map(|n| registry.apply(vec![record(n)])));
    let (writes, ()) = futures::join!(writes, registry.close());
    assert!(writes.iter().all(Result::is_ok));
    let unavailable = Some(RegistryError::Unavailable);
    assert_eq!(registry.apply(vec![record(30)]).await.err(), unavailable);
    assert_eq!(
        registry.read(&[fixture.key(1)], NOW).await.err(),
        unavailable
    );
    assert_eq!(registry.head().await.err(), unavailable);
    registry.close().await;
    let registry = open(&path).await;
    assert_eq!(registry.head().await.unwrap().number, 20);
}

#[tokio::test]
async fn changes_of_other_sources_are_told() {
    let (_folder, path, fixture) = seeded().await;
    let registry = open(&path).await;
    let memory = fixture.in_memory();
    let source = |text| SourceKey::parse(text, "source").unwrap();
    let mut foreign = fixture.event(11, Event::residence("f", 1));
    foreign.source = source("another");
    let mut again = fixture.event(11, Event::residence("f", 2));
    again.source = source("another");
    let own = fixture.event(12, Event::residence("o", 1));
    let records = vec![own, foreign, again];
    registry.apply(records.clone()).await.unwrap();
    memory.apply(records).await.unwrap();
    for (asks, expected) in [("conformance", vec![11]), ("another", vec![12])] {
        let expected: Vec<_> = expected
            .iter()
            .map(|at| fixture.citizens[*at].personal_id)
            .collect();
        let told = registry.changed_by_others(&source(asks)).await.unwrap();
        assert_eq!(told, expected);
        assert_eq!(memory.changed_by_others(&source(asks)), expected);
    }
    assert_eq!(
        registry
            .changed_by_others(&source("nobody"))
            .await
            .unwrap()
            .len(),
        2
    );
}
