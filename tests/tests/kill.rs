//! What was acknowledged survives kill -9, to the unit.

use dancu_tests::kill::{Plan, kill_loop};
use dancu_tests::stage;

#[test]
fn acknowledged_is_audited_is_counted_over_fifty_kills() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let plan = Plan {
        cycles: 50,
        seed: 1,
        citizens: 4_000,
    };
    let outcome = kill_loop(stage::binary(), folder.path(), plan, |_| {});
    assert!(
        outcome.balance.differences.is_empty(),
        "{:#?}",
        outcome.balance
    );
    assert_eq!(outcome.audit, None);
    assert!(
        outcome.balance.acknowledged > 1_000,
        "the callers were idle: {outcome:#?}"
    );
    assert!(
        outcome.in_flight * 10 >= outcome.kills * 8,
        "too few kills with calls in flight: {outcome:#?}"
    );
}
