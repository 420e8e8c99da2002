//! By chance: every waiter gets exactly its numbers, in order; the bounds hold; nobody is lost.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::{Chance, Model, NATION, TestClock, at_least, legacy_key, personal_key};
use dancu_cache::{CoalesceConfig, Watermark, coalesced};
use dancu_domain::{Freshness, Registry, RegistryError};
use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

#[derive(Clone, Debug)]
struct Ask {
    at_ms: u64,
    numbers: Vec<u64>,
    freshness: u8,
    /// Gives up after so long.
    patience_ms: Option<u64>,
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let ask = (
        0..60_u64,
        prop::collection::vec(0..40_u64, 0..9),
        0..3_u8,
        prop::option::weighted(0.3, 0..40_u64),
    );
    let ask = ask.prop_map(|(at_ms, numbers, freshness, patience_ms)| Ask {
        at_ms,
        numbers,
        freshness,
        patience_ms,
    });
    prop::collection::vec(ask, 1..120)
}

#[derive(Clone, Debug)]
struct Limits {
    max_keys: usize,
    max_waiting: usize,
    max_in_flight: usize,
    slow: u64,
}

fn limits() -> impl Strategy<Value = Limits> {
    (8..20_usize, 20..200_usize, 1..4_usize, 0..15_u64).prop_map(
        |(max_keys, max_waiting, max_in_flight, slow)| Limits {
            max_keys,
            max_waiting,
            max_in_flight,
            slow,
        },
    )
}

/// How many were answered, turned away, and gave up.
async fn run(asks: Vec<Ask>, limits: Limits, seed: u64) -> (u64, u64, u64) {
    let model = Model::new(TestClock::start(), seed, limits.slow, 30);
    let watermark = Watermark::new(NATION, 0);
    let config = CoalesceConfig {
        max_keys: limits.max_keys,
        max_waiting: limits.max_waiting,
        max_in_flight: limits.max_in_flight,
    };
    let (list, driver) = coalesced(model.clone(), watermark, config);
    let driver = tokio::spawn(driver);
    let mut callers = JoinSet::new();
    let mut all = 0;
    for ask in asks {
        all += 1;
        let (list, model) = (list.clone(), model.clone());
        callers.spawn(async move {
            sleep(Duration::from_millis(ask.at_ms)).await;
            let key = |number: &u64| match number % 3 {
                0 => legacy_key(*number),
                _ => personal_key(*number),
            };
            let keys: Vec<_> = ask.numbers.iter().map(key).collect();
            let freshness = match ask.freshness {
                0 => Freshness::MinimizeLatency,
                1 => at_least(0),
                _ => Freshness::FullyConsistent,
            };
            let head = model.head_now();
            // A minute is for ever: nothing takes a second here.
            let patience = Duration::from_millis(ask.patience_ms.unwrap_or(60_000));
            match timeout(patience, list.read(&keys, freshness)).await {
                Err(_) => {
                    assert!(ask.patience_ms.is_some(), "a waiter was lost");
                    (0, 0, 1)
                }
                Ok(Err(error)) => {
                    assert_eq!(error, RegistryError::Overloaded);
                    (0, 1, 0)
                }
                Ok(Ok(reading)) => {
                    let number = reading.revision.number;
                    assert_eq!(reading.candidates.len(), keys.len());
                    for (key, found) in keys.iter().zip(&reading.candidates) {
                        assert_eq!(*found, model.truth(*key, number), "another's answer");
                    }
                    assert!(ask.freshness < 2 || number >= head, "not fresh");
                    (1, 0, 0)
                }
            }
        });
    }
    let mut chance = Chance(seed);
    for _ in 0..30 {
        sleep(Duration::from_millis(chance.below(4))).await;
        model.commit(chance.below(40));
    }
    let ends = callers.join_all().await;
    let sum = |part: fn(&(u64, u64, u64)) -> u64| ends.iter().map(part).sum::<u64>();
    let (answered, shed, gone) = (sum(|e| e.0), sum(|e| e.1), sum(|e| e.2));
    assert_eq!(answered + shed + gone, all);
    assert!(model.most_keys.load(Ordering::Relaxed) <= limits.max_keys);
    assert!(model.most_under_way.load(Ordering::Relaxed) <= limits.max_in_flight);
    let counts = list.counters();
    assert_eq!((counts.shed, counts.failed), (shed, 0));
    assert!(counts.dropped <= gone && counts.asks <= all);
    assert!(counts.batches + counts.attached <= counts.asks);
    // Whoever has gone left nothing behind: there is room for as much as there ever was.
    let room = limits.max_waiting / limits.max_keys;
    let mut again = JoinSet::new();
    for batch in 0..room {
        let (list, max_keys) = (list.clone(), limits.max_keys as u64);
        again.spawn(async move {
            let first = 1_000 + batch as u64 * max_keys;
            let keys: Vec<_> = (first..first + max_keys).map(personal_key).collect();
            list.read(&keys, Freshness::FullyConsistent).await.is_ok()
        });
    }
    assert!(
        again.join_all().await.into_iter().all(|ok| ok),
        "room was lost"
    );
    drop(list);
    timeout(Duration::from_mins(1), driver)
        .await
        .expect("the driver ends")
        .expect("and does not panic");
    (answered, shed, gone)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn every_waiter_gets_its_own_answer_or_is_told(
        asks in asks(),
        limits in limits(),
        seed in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(asks, limits, seed));
    }
}

/// The same over threads, where a wake-up could be lost between two of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost_between_threads() {
    let model = Model::new(TestClock::start(), 1, 0, 1_000);
    let watermark = Watermark::new(NATION, 0);
    let config = CoalesceConfig {
        max_keys: 16,
        max_waiting: 10_000,
        max_in_flight: 2,
    };
    let (list, driver) = coalesced(model.clone(), watermark, config);
    let driver = tokio::spawn(driver);
    let mut callers = JoinSet::new();
    for seed in 0..16 {
        let (list, model) = (list.clone(), model.clone());
        callers.spawn(async move {
            let mut chance = Chance(seed);
            for _ in 0..2_000 {
                let key = [personal_key(chance.below(1_000))];
                let read = list.read(&key, Freshness::MinimizeLatency);
                if chance.below(10) == 0 {
                    // Given up at once, or soon after.
                    let patience = Duration::from_micros(chance.below(50));
                    let _ = timeout(patience, read).await;
                    continue;
                }
                let reading = timeout(Duration::from_secs(30), read).await;
                let reading = reading.expect("a waiter was lost").unwrap();
                assert_eq!(reading.candidates[0], model.truth(key[0], 0));
            }
        });
    }
    callers.join_all().await;
    drop(list);
    timeout(Duration::from_secs(30), driver)
        .await
        .expect("the driver ends")
        .unwrap();
}
