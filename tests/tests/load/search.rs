//! `dancu load --find-rate`: which rates held, and what is told of a search.

use dancu_tests::within::start;
use serde_json::Value;

use super::CITIZENS;
use super::command::{drive, object};

#[test]
fn a_rate_that_nobody_could_ask_did_not_hold_whatever_the_threshold_says() {
    let service = start(CITIZENS, |_| {});
    // One call at a time: of a hundred thousand slots nearly all are missed, and nothing fails.
    let more = [
        "--find-rate",
        "--rate",
        "100000",
        "--time",
        "1s",
        "--patience",
        "100ms",
        "--connections",
        "1",
        "--calls",
        "1",
        "--threshold",
        "errors<50%",
        "--output",
        "json",
    ];
    let output = drive(&service, &more);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = said.lines().find(|line| line.starts_with("100000/s: "));
    let first = first.unwrap_or_else(|| panic!("no first try: {said}"));
    assert!(first.contains("errors<50%: 0.000 %, held"), "{first}");
    assert!(first.contains("missed<=1%: "), "{first}");
    assert!(first.ends_with(" did not hold"), "{first}");
    assert!(!said.contains("200000/s"), "{said}");
    // What was held to stands in the account.
    let thresholds = object(&output)["thresholds"].clone();
    let thresholds = thresholds.as_array().expect("thresholds");
    let names: Vec<&Value> = thresholds.iter().map(|one| &one["threshold"]).collect();
    assert_eq!(names, ["errors<50%", "missed<=1%"]);
    // A run at one rate is held to what it is told and to nothing else.
    let output = drive(&service, &["--threshold", "errors<50%", "--output", "json"]);
    let thresholds = object(&output)["thresholds"].clone();
    assert_eq!(thresholds.as_array().map(Vec::len), Some(1));
}
