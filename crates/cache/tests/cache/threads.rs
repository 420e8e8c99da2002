//! Readers on several threads while a writer and a follower run on others, and who wakes them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::support::{Chance, Model, NATION, Shared, TestClock, at_least, personal_key};
use dancu_cache::{Bounds, Cached, CoalesceConfig, Coalesced, Watermark, coalesced, follow};
use dancu_domain::{Freshness, Registry};
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

/// Passes a wake on, and counts those that come from another thread than its own.
struct Watched {
    own: ThreadId,
    from_elsewhere: Arc<AtomicUsize>,
    passed_on_to: Waker,
}

impl Wake for Watched {
    fn wake(self: Arc<Self>) {
        if thread::current().id() != self.own {
            self.from_elsewhere.fetch_add(1, Ordering::Relaxed);
        }
        self.passed_on_to.wake_by_ref();
    }
}

/// Reads everybody, each in a task of its own; returns how many were woken by another thread.
async fn read_all(list: Coalesced<Model>) -> usize {
    let from_elsewhere = Arc::new(AtomicUsize::new(0));
    let mut reads = JoinSet::new();
    for number in 0..NUMBERS {
        let (list, from_elsewhere) = (list.clone(), Arc::clone(&from_elsewhere));
        reads.spawn(async move {
            let keys = [personal_key(number)];
            let mut read = pin!(list.read(&keys, Freshness::MinimizeLatency));
            let ended = poll_fn(|context| {
                let waker = Waker::from(Arc::new(Watched {
                    own: thread::current().id(),
                    from_elsewhere: Arc::clone(&from_elsewhere),
                    passed_on_to: context.waker().clone(),
                }));
                read.as_mut().poll(&mut Context::from_waker(&waker))
            });
            ended.await.expect("no task panics");
        });
    }
    reads.join_all().await;
    from_elsewhere.load(Ordering::Relaxed)
}

#[tokio::test]
async fn who_waits_on_another_runtime_is_woken_from_within_it() {
    let model = Model::new(TestClock::start(), 1, 0, NUMBERS);
    let (list, driver) = coalesced(model, Watermark::new(NATION, 0), CoalesceConfig::default());
    tokio::spawn(driver);
    let front = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(read_all(list))
    });
    assert_eq!(front.await.unwrap(), 0);
}
