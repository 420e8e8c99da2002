//! By chance, over a real Redis that somebody empties and in which somebody copies values about:
//! no answer is older than its token, and every answer is the truth at its revision.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::support::Chance;
use crate::support::judging::{BOUNDS, run};
use crate::support::over_redis::{PATIENT, config, link, seal_keys, until_up};
use crate::support::redis_server::RedisServer;
use dancu_cache::{CacheConfig, CoalesceConfig, Shared, layered};
use tokio::task::JoinSet;

/// Puts old values back, copies them to other names, edits them, and empties Redis.
async fn meddle(url: String, mut chance: Chance) {
    let client = redis::Client::open(url).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let mut kept: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    loop {
        tokio::time::sleep(Duration::from_millis(chance.below(4))).await;
        let names: Vec<Vec<u8>> = redis::cmd("KEYS")
            .arg("dancu:c:*")
            .query_async(&mut redis)
            .await
            .unwrap();
        if names.is_empty() {
            continue;
        }
        let name = names[chance.below(names.len() as u64) as usize].clone();
        let value: Option<Vec<u8>> = redis::cmd("GET")
            .arg(&name)
            .query_async(&mut redis)
            .await
            .unwrap();
        let Some(mut value) = value else { continue };
        let (name, value) = match chance.below(12) {
            0 => {
                redis::cmd("FLUSHALL").exec_async(&mut redis).await.unwrap();
                continue;
            }
            1 => {
                let at = chance.below(value.len() as u64) as usize;
                value[at] ^= 1 << chance.below(8);
                (name, value)
            }
            2 => {
                let other = names[chance.below(names.len() as u64) as usize].clone();
                (other, value)
            }
            3..=7 if !kept.is_empty() => kept[chance.below(kept.len() as u64) as usize].clone(),
            _ => {
                kept.push((name, value));
                continue;
            }
        };
        redis::cmd("SET")
            .arg(name)
            .arg(value)
            .exec_async(&mut redis)
            .await
            .unwrap();
    }
}

async fn meddled(seed: u64, in_process: usize) {
    let server = RedisServer::start(&[]);
    let seal = seal_keys();
    let level = config(&seal);
    let shared = RefCell::new(Vec::new());
    let mut linked = JoinSet::new();
    let links: Vec<_> = (0..2)
        .map(|_| link(&server.url(), PATIENT, &mut linked))
        .collect();
    for link in &links {
        until_up(link).await;
    }
    let next = AtomicU64::new(0);
    let meddler = tokio::spawn(meddle(server.url(), Chance(seed)));
    let answered = run(seed, |model, watermark, clock, back| {
        let cache = CacheConfig {
            capacity: in_process,
            bounds: BOUNDS,
        };
        let coalesce = CoalesceConfig {
            max_keys: 8,
            ..CoalesceConfig::default()
        };
        let link = links[next.fetch_add(1, Ordering::Relaxed) as usize].clone();
        let (level, filling) =
            Shared::new(model, watermark.clone(), clock.clone(), link, level.clone());
        let level = Arc::new(level);
        shared.borrow_mut().push(level.clone());
        let (cached, driver) = layered(level, watermark, clock, cache, coalesce);
        back.spawn(driver);
        tokio::spawn(filling);
        cached
    })
    .await;
    assert!(!meddler.is_finished(), "the meddler failed");
    meddler.abort();
    assert!(
        answered > 150,
        "seed {seed}: {answered} answers are no test"
    );
    let counts: Vec<_> = shared.borrow().iter().map(|s| s.counters()).collect();
    let sum = |of: fn(&dancu_cache::SharedCounts) -> u64| counts.iter().map(of).sum::<u64>();
    assert!(
        sum(|c| c.hits) > 0,
        "seed {seed}: Redis was of no use: {counts:?}"
    );
    assert!(
        sum(|c| c.stale) > 0,
        "seed {seed}: nothing was overtaken: {counts:?}"
    );
}

#[tokio::test]
async fn two_instances_over_a_meddled_redis_never_serve_what_is_older_than_they_say() {
    // Four at a time: most of a run is waiting.
    for round in 0..6 {
        let each = |seed: u64| meddled(2_000 + round * 4 + seed, 4 + (seed as usize % 2) * 996);
        tokio::join!(each(0), each(1), each(2), each(3));
    }
}
