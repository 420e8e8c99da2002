//! By chance, thousands of times: no answer is older than its token, and every answer is the
//! truth at the revision that it carries.

use crate::support::Shared;
use crate::support::judging::{BOUNDS, run};
use dancu_cache::{CacheConfig, Cached, CoalesceConfig, layered};

#[tokio::test(start_paused = true)]
async fn the_level_alone_never_serves_what_is_older_than_it_says() {
    for seed in 0..150 {
        let answered = run(seed, |model, watermark, clock, _| {
            Cached::new(Shared(model), watermark, 1_000, clock, BOUNDS)
        })
        .await;
        assert!(
            answered > 150,
            "seed {seed}: {answered} answers are no test"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_level_over_the_waiting_list_never_serves_what_is_older_than_it_says() {
    for seed in 1_000..1_150 {
        let answered = run(seed, |model, watermark, clock, back| {
            let cache = CacheConfig {
                capacity: 1_000,
                bounds: BOUNDS,
            };
            let coalesce = CoalesceConfig {
                max_keys: 8,
                ..CoalesceConfig::default()
            };
            let (cached, driver) = layered(model, watermark, clock, cache, coalesce);
            back.spawn(driver);
            cached
        })
        .await;
        assert!(
            answered > 150,
            "seed {seed}: {answered} answers are no test"
        );
    }
}
