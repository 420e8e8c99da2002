//! What was acknowledged survives kill -9 of instances and of the parts, to the unit.

use dancu_tests::kill_parts::{Plan, kill_loop};

#[test]
fn acknowledged_is_audited_is_counted_over_all_writers_over_fifty_kills() {
    let plan = Plan {
        cycles: 50,
        seed: 1,
        citizens: 2_000,
    };
    let outcome = kill_loop(plan, |_| {});
    assert!(outcome.balance.differences.is_empty(), "{outcome:#?}");
    assert!(
        outcome.balance.acknowledged > 2_000,
        "the callers were idle: {outcome:#?}"
    );
    assert!(
        outcome.in_flight * 10 >= plan.cycles * 8,
        "too few kills with calls in flight: {outcome:#?}"
    );
    assert_eq!(outcome.live, outcome.balance.counted, "{outcome:#?}");
    assert_eq!(outcome.kills.len(), 4, "{outcome:#?}");
}
