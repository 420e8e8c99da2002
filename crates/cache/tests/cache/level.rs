//! What is served from memory, and what is not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::{
    Model, NATION, Shared, TestClock, at, at_least, change, legacy_key, personal_key,
};
use dancu_cache::{Bounds, Cached, Watermark, follow};
use dancu_domain::{
    Candidates, Clock, Freshness, IdKey, NationId, Reading, Registry, RegistryError, Revision,
    Source,
};
use tokio::time::{advance, sleep, timeout};

const BOUNDS: Bounds = Bounds {
    fresh_ms: 1_000,
    away_ms: 2_000,
};
const ANY: Freshness = Freshness::MinimizeLatency;

struct House {
    model: Arc<Model>,
    watermark: Arc<Watermark>,
    clock: Arc<TestClock>,
    cached: Arc<Cached<Shared>>,
}

impl House {
    /// Four people; nothing follows by itself.
    fn build() -> Self {
        let clock = TestClock::start();
        let model = Model::new(clock.clone(), 1, 0, 4);
        let watermark = Watermark::new(NATION, 0);
        let cached = Cached::new(
            Shared(model.clone()),
            watermark.clone(),
            1_000,
            clock.clone(),
            BOUNDS,
        );
        Self {
            model,
            watermark,
            clock,
            cached: Arc::new(cached),
        }
    }

    async fn follow_for(&self, time: Duration) {
        let every = Duration::from_millis(10);
        follow(
            self.model.clone(),
            self.watermark.clone(),
            self.clock.clone(),
            every,
            sleep(time),
        )
        .await;
    }

    /// A house whose follower has just confirmed.
    async fn confirmed() -> Self {
        let house = Self::build();
        house.follow_for(Duration::from_millis(5)).await;
        house
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_read_is_answered_from_memory() {
    let house = House::confirmed().await;
    for (time, source) in [
        (1, Source::Registry),
        (2, Source::Memory),
        (3, Source::Memory),
    ] {
        let reading = house.cached.read(&[personal_key(1)], ANY).await.unwrap();
        assert_eq!(reading.source, source, "time {time}");
        assert_eq!(reading.candidates[0].citizens()[0].version, 0);
        assert_eq!(reading.revision, at(0));
    }
    assert_eq!(house.model.reads(), 1);
    let counts = house.cached.counters();
    assert_eq!((counts.hits, counts.misses), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_remembered_and_forgotten_when_somebody_appears() {
    let house = House::confirmed().await;
    for keys in [[personal_key(6)], [legacy_key(6)]] {
        for _ in 0..2 {
            let reading = house.cached.read(&keys, ANY).await.unwrap();
            assert!(reading.candidates[0].citizens().is_empty());
        }
    }
    assert_eq!(house.model.reads(), 2, "an absence was not remembered");
    assert_eq!(house.cached.counters().absent_hits, 2);
    house.model.commit(6);
    house.follow_for(Duration::from_millis(5)).await;
    for keys in [[personal_key(6)], [legacy_key(6)]] {
        let reading = house.cached.read(&keys, ANY).await.unwrap();
        assert_eq!(reading.candidates[0].citizens().len(), 1, "still absent");
        assert_eq!(reading.revision, at(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubled_number_gives_two_people_and_follows_both() {
    let house = House::confirmed().await;
    let versions = async || {
        let reading = house.cached.read(&[legacy_key(0)], ANY).await.unwrap();
        let citizens = reading.candidates[0].citizens();
        citizens.iter().map(|c| c.version).collect::<Vec<_>>()
    };
    assert_eq!(versions().await, [0, 0]);
    for (changed, expected) in [(0, [1, 0]), (1, [1, 1])] {
        house.cached.apply(vec![change(changed)]).await.unwrap();
        assert_eq!(versions().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_own_write_is_seen_by_the_next_read_without_a_token() {
    let house = House::confirmed().await;
    for written in 1..20 {
        let before = house
            .cached
            .read(&[personal_key(2), legacy_key(2)], ANY)
            .await;
        assert!(before.is_ok());
        let applied = house.cached.apply(vec![change(2)]).await.unwrap();
        assert_eq!(house.watermark.revision(), applied.revision.number);
        for key in [personal_key(2), legacy_key(2)] {
            let reading = house.cached.read(&[key], ANY).await.unwrap();
            assert_eq!(reading.candidates[0].citizens()[0].version, written);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_own_write_whose_change_cannot_be_read_is_not_hidden_by_memory() {
    let house = House::confirmed().await;
    let key = [personal_key(2)];
    house.cached.read(&key, ANY).await.unwrap();
    house.model.feed_away.store(true, Ordering::Relaxed);
    let applied = house.cached.apply(vec![change(2)]).await.unwrap();
    assert_eq!(applied.revision, at(1));
    for freshness in [ANY, at_least(1)] {
        let reading = house.cached.read(&key, freshness).await.unwrap();
        assert_eq!(reading.candidates[0].citizens()[0].version, 1);
        assert_eq!(reading.revision, at(1));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_confirmed_head_the_registry_is_asked() {
    let house = House::build();
    let key = [personal_key(1)];
    for reads in 1..4 {
        house.cached.read(&key, ANY).await.unwrap();
        assert_eq!(house.model.reads(), reads);
    }
    // The first read all, the others asked how far it is.
    assert_eq!(house.cached.counters().bypassed, 1);
    assert_eq!(house.cached.counters().hits, 2);
    house.follow_for(Duration::from_millis(5)).await;
    house.cached.read(&key, ANY).await.unwrap();
    assert_eq!(house.model.reads(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_went_away_is_not_hidden_for_longer_than_the_bound() {
    let house = House::confirmed().await;
    let key = [personal_key(1)];
    house.cached.read(&key, ANY).await.unwrap();
    house.model.away.store(true, Ordering::Relaxed);
    house.model.feed_away.store(true, Ordering::Relaxed);
    advance(Duration::from_millis(900)).await;
    assert!(house.cached.read(&key, ANY).await.is_ok());
    house.follow_for(Duration::from_millis(200)).await;
    let gone = house.cached.read(&key, ANY).await;
    assert_eq!(gone.unwrap_err(), RegistryError::Unavailable);
    // Whoever asks for an old revision is answered truly from what is kept, until the registry
    // counts as away.
    assert!(house.cached.read(&key, at_least(0)).await.is_ok());
    advance(Duration::from_millis(850)).await;
    assert!(house.cached.read(&key, at_least(0)).await.is_ok());
    advance(Duration::from_millis(100)).await;
    let gone = house.cached.read(&key, at_least(0)).await;
    assert_eq!(gone.unwrap_err(), RegistryError::Unavailable);
    let both = [personal_key(1), personal_key(2)];
    let gone = house.cached.read(&both, at_least(0)).await;
    assert_eq!(gone.unwrap_err(), RegistryError::Unavailable);
    let consistent = house.cached.read(&key, Freshness::FullyConsistent).await;
    assert_eq!(consistent.unwrap_err(), RegistryError::Unavailable);
    // Back, it is what confirms that lets memory answer again.
    house.model.away.store(false, Ordering::Relaxed);
    house.model.feed_away.store(false, Ordering::Relaxed);
    let reads = house.model.reads();
    house.cached.read(&key, at_least(0)).await.unwrap();
    assert_eq!(house.model.reads(), reads + 1);
    house.follow_for(Duration::from_millis(5)).await;
    house.cached.read(&key, at_least(0)).await.unwrap();
    assert_eq!(house.model.reads(), reads + 1);
}

#[tokio::test(start_paused = true)]
async fn as_of_now_only_those_who_changed_are_read_again() {
    let house = House::confirmed().await;
    const NOW: Freshness = Freshness::FullyConsistent;
    let keys: Vec<IdKey> = (0..4).map(personal_key).collect();
    let first = house.cached.read(&keys, NOW).await.unwrap();
    assert_eq!((first.source, house.model.reads()), (Source::Registry, 1));
    // Nobody follows: the watermark does not know of it, and nobody was told.
    house.model.commit(3);
    let reading = house.cached.read(&keys, NOW).await.unwrap();
    assert_eq!(
        (reading.source, reading.revision),
        (Source::Registry, at(1))
    );
    let versions = |reading: &Reading| -> Vec<u32> {
        let of = |candidates: &Candidates| candidates.citizens()[0].version;
        reading.candidates.iter().map(of).collect()
    };
    let changed: Vec<u32> = (0..4).map(|n| u32::from(n == 3)).collect();
    assert_eq!(versions(&reading), changed);
    // How far it is, and the one.
    assert_eq!(house.model.reads(), 3);
    let again = house.cached.read(&keys, NOW).await.unwrap();
    assert_eq!((versions(&again), house.model.reads()), (changed, 4));
    // Where changes cannot be told, everybody is read.
    house.model.feed_away.store(true, Ordering::Relaxed);
    house.model.commit(2);
    let unseen = house.cached.read(&keys, NOW).await.unwrap();
    assert_eq!(versions(&unseen)[2], 1);
    house.model.away.store(true, Ordering::Relaxed);
    let gone = house.cached.read(&keys, NOW).await;
    assert_eq!(gone.unwrap_err(), RegistryError::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_another_nation_asks_nobody() {
    let house = House::confirmed().await;
    let token = Freshness::AtLeast(Revision {
        nation: NationId([8; 16]),
        number: 0,
    });
    let refused = house.cached.read(&[personal_key(1)], token).await;
    assert_eq!(refused.unwrap_err(), RegistryError::AnotherNation);
    assert_eq!(house.model.reads(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_token_beyond_the_watermark_reads_through_and_beyond_the_head_is_told() {
    let house = House::confirmed().await;
    let key = [personal_key(1)];
    house.cached.read(&key, ANY).await.unwrap();
    house.model.commit(1);
    let reading = house.cached.read(&key, at_least(1)).await.unwrap();
    assert_eq!(reading.candidates[0].citizens()[0].version, 1);
    let ahead = timeout(Duration::from_secs(5), house.cached.read(&key, at_least(9))).await;
    let ahead = ahead.expect("the wait is bounded");
    assert_eq!(ahead.unwrap_err(), RegistryError::RevisionAhead);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_numbers_that_nobody_has_pushes_nobody_out() {
    let house = House::confirmed().await;
    let everybody: Vec<_> = (0..4).map(personal_key).collect();
    house.cached.read(&everybody, ANY).await.unwrap();
    for first in (100..100_000).step_by(1_000) {
        let flood: Vec<_> = (first..first + 1_000).map(personal_key).collect();
        house.cached.read(&flood, ANY).await.unwrap();
    }
    let reading = house.cached.read(&everybody, ANY).await.unwrap();
    assert_eq!(reading.source, Source::Memory);
    let (people, absent) = house.cached.level().len();
    assert_eq!(people, 4);
    assert!(absent <= 2_048, "{absent} absences are kept");
}

#[tokio::test(start_paused = true)]
async fn a_nation_of_the_very_capacity_fits() {
    for people in [100, 1_000, 10_000] {
        let clock = TestClock::start();
        let model = Model::new(clock.clone(), 1, 0, people);
        let watermark = Watermark::new(NATION, 0);
        watermark.confirm(0, clock.now());
        let cached = Cached::new(Shared(model), watermark, people as usize, clock, BOUNDS);
        let keys: Vec<_> = (0..people).map(personal_key).collect();
        for _ in 0..2 {
            cached.read(&keys, ANY).await.unwrap();
        }
        assert_eq!(cached.counters().hits, people);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_somebody_else_is_neither_given_nor_kept() {
    let house = House::confirmed().await;
    house.model.crossed.store(true, Ordering::Relaxed);
    let keys = [personal_key(0), personal_key(1)];
    let crossed = house.cached.read(&keys, ANY).await;
    assert_eq!(crossed.unwrap_err(), RegistryError::Unavailable);
    assert_eq!(house.cached.counters().crossed, 1);
    assert!(house.cached.level().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_mixture_of_kept_and_read_is_put_together_in_order() {
    let house = House::confirmed().await;
    let kept = [personal_key(3), personal_key(1)];
    house.cached.read(&kept, ANY).await.unwrap();
    let keys: Vec<_> = [0, 1, 9, 2, 3, 1].map(personal_key).to_vec();
    let reading = house.cached.read(&keys, ANY).await.unwrap();
    assert_eq!(house.model.reads(), 2);
    assert_eq!(reading.source, Source::Registry);
    let truth: Vec<_> = keys.iter().map(|k| house.model.truth(*k, 0)).collect();
    assert_eq!(reading.candidates, truth);
}

#[tokio::test(start_paused = true)]
async fn who_changed_between_kept_and_read_parts_is_read_again_and_nobody_else() {
    let house = House::confirmed().await;
    let kept = [personal_key(0), personal_key(2)];
    house.cached.read(&kept, ANY).await.unwrap();
    house.model.commit(0);
    let keys = [0, 1, 2].map(personal_key);
    let reading = house.cached.read(&keys, ANY).await.unwrap();
    assert_eq!(reading.revision, at(1));
    let truth = keys.map(|key| house.model.truth(key, 1));
    assert_eq!(reading.candidates, truth);
    assert_eq!(reading.candidates[0].citizens()[0].version, 1);
    assert_eq!(house.cached.counters().reread, 0);
    assert_eq!(house.model.reads(), 3);
    assert_eq!(house.model.most_keys.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn where_the_changes_cannot_be_noted_the_whole_batch_is_read_again() {
    let house = House::confirmed().await;
    house.cached.read(&[personal_key(0)], ANY).await.unwrap();
    house.model.commit(0);
    house.model.feed_away.store(true, Ordering::Relaxed);
    let keys = [personal_key(0), personal_key(1)];
    let reading = house.cached.read(&keys, ANY).await.unwrap();
    assert_eq!(reading.revision, at(1));
    assert_eq!(reading.candidates[0].citizens()[0].version, 1);
    assert_eq!(house.cached.counters().reread, 1);
}
