//! Readers on several threads while a writer and a follower run on others.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dancu_cache::{Bounds, Cached, Watermark, follow};
use dancu_domain::Registry;
use support::{Chance, Model, NATION, Shared, TestClock, at_least, personal_key};
use tokio::task::JoinSet;

const NUMBERS: u64 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_on_other_threads_see_what_the_follower_noted() {
    let clock = TestClock::start();
    let model = Model::new(clock.clone(), 1, 0, NUMBERS);
    let watermark = Watermark::new(NATION, 0);
    let cached = Arc::new(Cached::new(
        Shared(model.clone()),
        watermark.clone(),
        1_000,
        clock.clone(),
        Bounds::default(),
    ));
    let over = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for seed in 0..3 {
        let (model, cached, over) = (model.clone(), cached.clone(), over.clone());
        readers.spawn(async move {
            let (mut chance, mut seen, mut reads) = (Chance(seed), 0, 0_u64);
            while !over.load(Ordering::Relaxed) {
                let keys: Vec<_> = (0..=chance.below(3))
                    .map(|_| personal_key(chance.below(NUMBERS)))
                    .collect();
                let reading = cached.read(&keys, at_least(seen)).await.unwrap();
                let number = reading.revision.number;
                assert!(number >= seen, "{number} is below the token {seen}");
                for (key, found) in keys.iter().zip(&reading.candidates) {
                    assert_eq!(
                        *found,
                        model.truth(*key, number),
                        "not the truth at {number}"
                    );
                }
                seen = number;
                reads += 1;
                tokio::task::yield_now().await;
            }
            reads
        });
    }
    let following = tokio::spawn({
        let (model, watermark, over) = (model.clone(), watermark.clone(), over.clone());
        let stop = async move {
            while !over.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        async move { follow(model, watermark, clock, Duration::from_millis(1), stop).await }
    });
    let mut chance = Chance(99);
    for _ in 0..1_500 {
        model.commit(chance.below(NUMBERS));
        tokio::time::sleep(Duration::from_micros(chance.below(300))).await;
    }
    over.store(true, Ordering::Relaxed);
    following.await.unwrap();
    let reads: u64 = readers.join_all().await.into_iter().sum();
    let counts = cached.counters();
    assert!(
        reads > 300 && counts.hits > 300,
        "{reads} reads, {counts:?}"
    );
    assert!(counts.stale > 0, "no value was ever refused: {counts:?}");
}
