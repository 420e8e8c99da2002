//! No answer is older than the revision that its caller sends, on any instance, and without one no
//! older than the bound. A service whose caches do not ask whether the bucket changed is caught by
//! `stale --probes 200 --citizens 4000 --lanes 16`.

use dancu_tests::stale::{Plan, probe};

#[test]
fn no_answer_is_staler_than_its_token_nor_than_the_bound() {
    let plan = Plan {
        probes: 20_000,
        seed: 1,
        citizens: 4_000,
        lanes: 16,
    };
    let found = probe(plan, |_| {});
    assert!(found.clean(), "{found:#?}");
    assert_eq!(found.probes, plan.probes, "{found:#?}");
    assert_eq!(found.with_token, plan.probes * 3, "{found:#?}");
    assert!(found.beyond_bound > plan.probes, "{found:#?}");
    // The caches took part: a service that reads everything from the registry is never stale.
    let from = |source: &str| found.sources.get(source).copied().unwrap_or(0);
    let all: u64 = found.sources.values().sum();
    assert!(from("SOURCE_MEMORY") * 5 > all, "{found:#?}");
    assert!(from("SOURCE_REDIS") > 200, "{found:#?}");
}
