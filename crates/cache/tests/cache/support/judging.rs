//! Callers that hold every answer against the truth at its revision.

use std::sync::Arc;
use std::time::Duration;

use dancu_cache::{Bounds, Cached, Watermark, follow};
use dancu_domain::{ChangeFeed, Clock, Freshness, IdKey, Reading, Registry, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Chance, Model, NATION, TestClock, at_least, change, legacy_key, personal_key};

/// People who are there, and people who may appear.
pub(crate) const PEOPLE: u64 = 6;
pub(crate) const NUMBERS: u64 = 10;
pub(crate) const BOUND_MS: i64 = 120;
/// The bounds that it is one of.
pub(crate) const BOUNDS: Bounds = Bounds {
    fresh_ms: BOUND_MS,
    away_ms: 2 * BOUND_MS,
};

/// What every caller holds an answer against.
struct Judge {
    model: Arc<Model>,
    clock: Arc<TestClock>,
    seed: u64,
}

/// What an answer must be at least.
struct Least {
    revision: u64,
    why: &'static str,
}

impl Judge {
    fn least(&self, freshness: Freshness, own: u64) -> Least {
        let now = self.clock.now();
        let (revision, why) = match freshness {
            Freshness::MinimizeLatency => {
                let behind = Timestamp(now.0 - BOUND_MS - 1);
                (
                    self.model.head_at(behind).max(own),
                    "the bound, or an own write",
                )
            }
            Freshness::AtLeast(token) => (token.number, "the token"),
            Freshness::FullyConsistent => (self.model.head_now(), "the head at the asking"),
        };
        Least { revision, why }
    }

    fn judge(&self, keys: &[IdKey], reading: &Reading, least: &Least) {
        let (seed, number) = (self.seed, reading.revision.number);
        assert_eq!(reading.revision.nation, NATION);
        assert!(
            number >= least.revision,
            "seed {seed}: answered at {number}, below {}: {}",
            least.revision,
            least.why
        );
        assert_eq!(reading.candidates.len(), keys.len(), "seed {seed}");
        for (position, key) in keys.iter().enumerate() {
            let truth = self.model.truth(*key, number);
            let versions = |of: &dancu_domain::Candidates| {
                let each = of
                    .citizens()
                    .iter()
                    .map(|c| (c.personal_id.digits() % 100, c.version));
                each.collect::<Vec<_>>()
            };
            assert_eq!(
                versions(&reading.candidates[position]),
                versions(&truth),
                "seed {seed}: position {position} is not the truth at {number}"
            );
        }
    }
}

fn some_keys(chance: &mut Chance) -> Vec<IdKey> {
    let count = if chance.below(3) == 0 {
        1
    } else {
        1 + chance.below(5)
    };
    let key = |chance: &mut Chance| {
        let index = chance.below(NUMBERS);
        if chance.below(4) == 0 {
            legacy_key(index)
        } else {
            personal_key(index)
        }
    };
    (0..count).map(|_| key(chance)).collect()
}

/// A caller that always sends the last revision it saw, or none, and sometimes gives up.
async fn call<R: Registry + ChangeFeed>(
    judge: Arc<Judge>,
    instances: Arc<[Cached<R>]>,
    mut chance: Chance,
) -> u64 {
    let mut seen = 0;
    let mut own = [0, 0];
    let mut answered = 0;
    for _ in 0..60 {
        sleep(Duration::from_millis(chance.below(8))).await;
        let which = chance.below(2) as usize;
        let instance = &instances[which];
        let patience = Duration::from_millis(if chance.below(8) == 0 {
            chance.below(20)
        } else {
            60_000
        });
        if chance.below(6) == 0 {
            let record = change(chance.below(NUMBERS));
            if let Ok(applied) = timeout(patience, instance.apply(vec![record])).await {
                let revision = applied
                    .expect("the model takes every record")
                    .revision
                    .number;
                own[which] = revision.max(own[which]);
                seen = revision.max(seen);
            }
            continue;
        }
        let keys = some_keys(&mut chance);
        let freshness = match chance.below(5) {
            0 => Freshness::FullyConsistent,
            1 => Freshness::MinimizeLatency,
            _ => at_least(seen),
        };
        let least = judge.least(freshness, own[which]);
        if let Ok(reading) = timeout(patience, instance.read(&keys, freshness)).await {
            let reading = reading.expect("the model is never away");
            judge.judge(&keys, &reading, &least);
            seen = reading.revision.number.max(seen);
            answered += 1;
        }
    }
    answered
}

/// Two instances over one registry, which somebody else writes to as well.
pub(crate) async fn run<R: Registry + ChangeFeed>(
    seed: u64,
    build: impl Fn(Arc<Model>, Arc<Watermark>, Arc<TestClock>, &mut JoinSet<()>) -> Cached<R>,
) -> u64 {
    let mut chance = Chance(seed);
    let clock = TestClock::start();
    let slow = 1 + chance.below(40);
    let model = Model::new(clock.clone(), chance.next(), slow, PEOPLE);
    let judge = Arc::new(Judge {
        model: model.clone(),
        clock: clock.clone(),
        seed,
    });
    let mut back = JoinSet::new();
    let stop = Arc::new(Notify::new());
    let mut instances = Vec::new();
    for _ in 0..2 {
        let watermark = Watermark::new(NATION, 0);
        instances.push(build(
            model.clone(),
            watermark.clone(),
            clock.clone(),
            &mut back,
        ));
        let every = Duration::from_millis(1 + chance.below(60));
        let (stop, clock) = (stop.clone(), clock.clone());
        let feed = model.clone();
        back.spawn(async move { follow(feed, watermark, clock, every, stop.notified()).await });
    }
    let instances: Arc<[Cached<R>]> = instances.into();
    let mut callers = JoinSet::new();
    for _ in 0..6 {
        callers.spawn(call(judge.clone(), instances.clone(), chance.fork()));
    }
    let (other, mut other_chance) = (model.clone(), chance.fork());
    callers.spawn(async move {
        for _ in 0..40 {
            sleep(Duration::from_millis(other_chance.below(12))).await;
            other.commit(other_chance.below(NUMBERS));
        }
        0
    });
    let answered = callers.join_all().await.into_iter().sum();
    let hits = instances.iter().map(|i| i.counters().hits).sum::<u64>();
    assert!(hits > 0, "seed {seed}: nothing was ever served from memory");
    drop(instances);
    stop.notify_waiters();
    timeout(Duration::from_mins(1), back.join_all())
        .await
        .expect("followers and drivers end");
    answered
}
