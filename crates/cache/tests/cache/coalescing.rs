//! The waiting list: one query for many, nobody lost, nobody held up by another.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::{Model, NATION, TestClock, at, at_least, change, person, personal_key};
use dancu_cache::{CacheConfig, CoalesceConfig, Coalesced, Watermark, coalesced, follow, layered};
use dancu_domain::{ChangeFeed, ChangeNotice, Freshness, Registry, RegistryError, Source};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

const ANY: Freshness = Freshness::MinimizeLatency;

struct House {
    model: Arc<Model>,
    watermark: Arc<Watermark>,
    list: Coalesced<Model>,
    driver: JoinHandle<()>,
}

/// A registry whose every step takes up to `slow` milliseconds, behind a waiting list.
fn house(slow: u64, config: CoalesceConfig) -> House {
    let model = Model::new(TestClock::start(), 5, slow, 2_000);
    let watermark = Watermark::new(NATION, 0);
    let (list, driver) = coalesced(model.clone(), watermark.clone(), config);
    House {
        model,
        watermark,
        list,
        driver: tokio::spawn(driver),
    }
}

fn one_in_flight(max_waiting: usize) -> CoalesceConfig {
    CoalesceConfig {
        max_keys: 10,
        max_waiting,
        max_in_flight: 1,
    }
}

fn read(list: &Coalesced<Model>, index: u64, freshness: Freshness) -> JoinHandle<ReadEnd> {
    let list = list.clone();
    tokio::spawn(async move {
        let keys = [personal_key(index)];
        let ended = timeout(Duration::from_mins(1), list.read(&keys, freshness)).await;
        ended.expect("a waiter was lost")
    })
}

type ReadEnd = Result<dancu_domain::Reading, RegistryError>;

#[tokio::test(start_paused = true)]
async fn sixty_four_misses_on_one_number_are_one_query() {
    let house = house(50, CoalesceConfig::default());
    let mut reads = Vec::new();
    for position in 0..64 {
        reads.push(read(&house.list, 1, ANY));
        if position % 8 == 0 {
            // Some come when the query is under way already.
            tokio::task::yield_now().await;
        }
    }
    for ended in reads {
        let reading = ended.await.unwrap().unwrap();
        assert_eq!(reading.candidates[0].citizens()[0].version, 0);
    }
    assert_eq!(house.model.reads(), 1);
    let counts = house.list.counters();
    assert_eq!((counts.asks, counts.batches, counts.keys), (64, 1, 1));
    assert!(counts.attached > 0);
}

#[tokio::test(start_paused = true)]
async fn misses_on_many_numbers_are_few_queries() {
    let house = house(50, CoalesceConfig::default());
    let reads: Vec<_> = (0..1_500).map(|i| read(&house.list, i, ANY)).collect();
    for ended in reads {
        ended.await.unwrap().unwrap();
    }
    assert_eq!(house.list.counters().keys, 1_500);
    assert_eq!(house.model.reads(), 2);
    assert_eq!(house.model.most_keys.load(Ordering::Relaxed), 1_000);
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_a_fresh_read_gets_one_that_starts_after_the_ask() {
    for (freshness, queries) in [(Freshness::FullyConsistent, 2), (at_least(1), 2), (ANY, 1)] {
        let house = house(50, CoalesceConfig::default());
        let first = read(&house.list, 1, ANY);
        sleep(Duration::from_micros(1)).await;
        assert_eq!(house.model.reads(), 1, "the first is under way");
        house.model.commit(1);
        let second = read(&house.list, 1, freshness);
        first.await.unwrap().unwrap();
        let reading = second.await.unwrap().unwrap();
        assert_eq!(house.model.reads(), queries, "{freshness:?}");
        if queries == 2 {
            assert_eq!(reading.revision, at(1));
            assert_eq!(reading.candidates[0].citizens()[0].version, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_that_began_before_a_noted_change_is_not_joined() {
    let house = house(50, CoalesceConfig::default());
    let first = read(&house.list, 1, ANY);
    sleep(Duration::from_micros(1)).await;
    assert!(house.watermark.note(&ChangeNotice {
        number: house.model.commit(1),
        personal_id: person(1),
        legacy_id: None,
    }));
    let reading = read(&house.list, 1, ANY).await.unwrap().unwrap();
    assert_eq!(reading.revision, at(1));
    first.await.unwrap().unwrap();
    assert_eq!(house.model.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_the_future_delay_nobody_else() {
    let house = house(1, CoalesceConfig::default());
    let future: Vec<_> = (0..40)
        .map(|i| read(&house.list, i, at_least(1_000 + i)))
        .collect();
    for index in 0..20 {
        let key = [personal_key(index)];
        let reading = timeout(Duration::from_millis(8), house.list.read(&key, ANY));
        assert!(reading.await.expect("it was held up").is_ok());
    }
    for ended in future {
        let ended = timeout(Duration::from_secs(20), ended)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(ended.unwrap_err(), RegistryError::RevisionAhead);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_just_beyond_the_head_is_waited_for() {
    let house = house(0, CoalesceConfig::default());
    let waiting = read(&house.list, 1, at_least(1));
    sleep(Duration::from_millis(20)).await;
    house.model.commit(1);
    let reading = waiting.await.unwrap().unwrap();
    assert_eq!(reading.revision, at(1));
}

#[tokio::test(start_paused = true)]
async fn a_failed_query_fails_those_who_waited_for_it_and_the_next_goes_on() {
    let house = house(5, one_in_flight(100));
    for fault in [&house.model.away, &house.model.panics, &house.model.crossed] {
        fault.store(true, Ordering::Relaxed);
        let list = house.list.clone();
        let failing =
            tokio::spawn(async move { list.read(&[personal_key(1), personal_key(2)], ANY).await });
        sleep(Duration::from_micros(1)).await;
        let behind = read(&house.list, 3, ANY);
        assert_eq!(
            failing.await.unwrap().unwrap_err(),
            RegistryError::Unavailable
        );
        fault.store(false, Ordering::Relaxed);
        assert!(behind.await.unwrap().is_ok());
    }
    let counts = house.list.counters();
    assert_eq!((counts.failed, counts.crossed), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_full_list_turns_away_and_takes_in_again() {
    let house = house(20, one_in_flight(30));
    let waiting: Vec<_> = (0..30).map(|i| read(&house.list, i, ANY)).collect();
    sleep(Duration::from_micros(1)).await;
    let turned_away = house.list.read(&[personal_key(50)], ANY).await;
    assert_eq!(turned_away.unwrap_err(), RegistryError::Overloaded);
    for ended in waiting {
        assert!(ended.await.unwrap().is_ok());
    }
    assert!(house.list.read(&[personal_key(50)], ANY).await.is_ok());
    assert_eq!(house.list.counters().shed, 1);
    assert_eq!(house.model.most_keys.load(Ordering::Relaxed), 10);
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_away_frees_the_place() {
    let house = house(20, one_in_flight(30));
    let first = read(&house.list, 99, ANY);
    sleep(Duration::from_micros(1)).await;
    for _ in 0..100 {
        let waiting: Vec<_> = (0..29).map(|i| read(&house.list, i, ANY)).collect();
        tokio::task::yield_now().await;
        for gone in waiting {
            gone.abort();
            assert!(gone.await.unwrap_err().is_cancelled());
        }
    }
    assert!(first.await.unwrap().is_ok());
    assert!(house.list.read(&[personal_key(5)], ANY).await.is_ok());
    let counts = house.list.counters();
    assert_eq!((counts.dropped, counts.shed, counts.batches), (2_900, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn more_numbers_than_a_batch_holds_are_refused() {
    let house = house(0, one_in_flight(100));
    let keys: Vec<_> = (0..11).map(personal_key).collect();
    let refused = house.list.read(&keys, ANY).await;
    assert_eq!(refused.unwrap_err(), RegistryError::Overloaded);
    assert!(house.list.read(&keys[..10], ANY).await.is_ok());
    assert_eq!(house.list.read(&[], ANY).await.unwrap().candidates.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn when_the_driver_stops_nobody_hangs() {
    let house = house(20, one_in_flight(100));
    let mut waiting: Vec<_> = (0..25).map(|i| read(&house.list, i, ANY)).collect();
    let list = house.list.clone();
    let write = tokio::spawn(async move { list.apply(vec![change(1)]).await });
    sleep(Duration::from_micros(1)).await;
    house.driver.abort();
    waiting.push(read(&house.list, 30, ANY));
    for ended in waiting {
        let ended = timeout(Duration::from_secs(20), ended)
            .await
            .expect("it hangs");
        assert_eq!(ended.unwrap().unwrap_err(), RegistryError::Unavailable);
    }
    let write = timeout(Duration::from_secs(20), write)
        .await
        .expect("it hangs");
    assert_eq!(write.unwrap().unwrap_err(), RegistryError::Unavailable);
    assert_eq!(
        house.list.head().await.unwrap_err(),
        RegistryError::Unavailable
    );
    let late = house.list.read(&[personal_key(1)], ANY).await;
    assert_eq!(late.unwrap_err(), RegistryError::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_was_never_started_leaves_nobody_waiting() {
    let model = Model::new(TestClock::start(), 5, 0, 10);
    let watermark = Watermark::new(NATION, 0);
    let (list, driver) = coalesced(model, watermark, CoalesceConfig::default());
    let waiting = read(&list, 1, ANY);
    tokio::task::yield_now().await;
    drop(driver);
    assert_eq!(
        waiting.await.unwrap().unwrap_err(),
        RegistryError::Unavailable
    );
}

#[tokio::test(start_paused = true)]
async fn the_driver_ends_when_nobody_can_ask_any_more() {
    let house = house(20, CoalesceConfig::default());
    let clone = house.list.clone();
    let last = read(&house.list, 1, ANY);
    drop(house.list);
    assert!(clone.read(&[personal_key(2)], ANY).await.is_ok());
    assert!(!house.driver.is_finished());
    drop(clone);
    assert!(last.await.unwrap().is_ok());
    timeout(Duration::from_secs(20), house.driver)
        .await
        .expect("it goes on")
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_caller_has_gone_is_done_and_noted() {
    let house = house(20, CoalesceConfig::default());
    let gone = timeout(Duration::from_millis(1), house.list.apply(vec![change(1)])).await;
    assert!(gone.is_err());
    sleep(Duration::from_millis(200)).await;
    assert_eq!(house.model.head_now(), 1);
    assert_eq!(house.watermark.revision(), 1);
}

#[tokio::test(start_paused = true)]
async fn writes_wait_within_the_bound_too() {
    let house = house(20, one_in_flight(3));
    let mut writes = JoinSet::new();
    for _ in 0..5 {
        let list = house.list.clone();
        writes.spawn(async move { list.apply(vec![change(1)]).await.map(|_| ()) });
    }
    let ends = writes.join_all().await;
    let refused = ends
        .iter()
        .filter(|e| **e == Err(RegistryError::Overloaded));
    assert_eq!(refused.count(), 2);
    assert_eq!(ends.iter().filter(|e| e.is_ok()).count(), 3);
    assert!(house.list.apply(vec![change(1)]).await.is_ok());
    assert_eq!(house.watermark.revision(), 4);
    assert_eq!(house.list.changes(1, 10).await.unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_for_somebody_who_has_gone_is_kept() {
    let clock = TestClock::start();
    let model = Model::new(clock.clone(), 5, 20, 10);
    let watermark = Watermark::new(NATION, 0);
    let (cached, driver) = layered(
        model.clone(),
        watermark.clone(),
        clock.clone(),
        CacheConfig::default(),
        CoalesceConfig::default(),
    );
    let driver = tokio::spawn(driver);
    let every = Duration::from_millis(10);
    let following = follow(
        model.clone(),
        watermark,
        clock,
        every,
        sleep(Duration::from_secs(1)),
    );
    let following = tokio::spawn(following);
    sleep(Duration::from_millis(100)).await;
    let gone = timeout(
        Duration::from_millis(1),
        cached.read(&[personal_key(1)], ANY),
    )
    .await;
    assert!(gone.is_err());
    sleep(Duration::from_millis(100)).await;
    let reading = cached.read(&[personal_key(1)], ANY).await.unwrap();
    assert_eq!((reading.source, model.reads()), (Source::Memory, 1));
    following.await.unwrap();
    drop(cached);
    driver.await.unwrap();
}
