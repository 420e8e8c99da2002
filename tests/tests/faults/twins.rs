//! The same push at two instances at the same moment, also while they are killed: one effect, one
//! entry, one count, the same answer; with another body it is refused and has no effect.

use dancu_tests::twins::{Plan, Seen, send_twins};

/// Holds what was seen against what was sent.
fn exactly_once(plan: &Plan, seen: &Seen) {
    assert!(seen.wrong.is_empty(), "{seen:#?}");
    assert_eq!(seen.pushed, plan.messages, "entries of pushes: {seen:#?}");
    assert!(seen.balance.differences.is_empty(), "{seen:#?}");
}

#[test]
fn twins_at_two_instances_are_answered_recorded_and_counted_once() {
    let plan = Plan {
        messages: 400,
        kills: 0,
        seed: 3,
    };
    let seen = send_twins(&plan);
    exactly_once(&plan, &seen);
}

#[test]
fn twins_at_two_instances_that_are_killed_in_between_are_recorded_once() {
    let plan = Plan {
        messages: 600,
        kills: 8,
        seed: 4,
    };
    let seen = send_twins(&plan);
    exactly_once(&plan, &seen);
    assert!(seen.cut > 0, "no call was cut by a kill: {seen:#?}");
}
