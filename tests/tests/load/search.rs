//! `dancu load --find-rate`: which rates held, and what is told of a search.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use dancu_tests::proxy::{Mode, Proxy};
use dancu_tests::within::start;
use serde_json::{Value, json};

use super::CITIZENS;
use super::command::{drive, driving, driving_at, object, text};

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
    let mut each = first.split("; ");
    let missed = each.find(|one| one.starts_with("missed<=1%: "));
    let missed = missed.unwrap_or_else(|| panic!("nothing of what was missed: {first}"));
    assert!(missed.ends_with(" did not hold"), "{first}");
    assert!(!said.contains("200000/s"), "{said}");
    // What was held to stands in the account.
    let thresholds = object(&output)["thresholds"].clone();
    let thresholds = thresholds.as_array().expect("thresholds");
    let names: Vec<&Value> = thresholds.iter().map(|one| &one["threshold"]).collect();
    assert_eq!(names, ["errors<50%", "missed<=1%", "overrun<=1%"]);
    // A run at one rate is held to what it is told and to nothing else.
    let output = drive(&service, &["--threshold", "errors<50%", "--output", "json"]);
    let thresholds = object(&output)["thresholds"].clone();
    assert_eq!(thresholds.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_rate_that_was_worked_off_after_its_time_did_not_hold() {
    let service = start(CITIZENS, |_| {});
    // One call at a time, each at least 20 ms on its way: 50 a second, however fast the machine is.
    let proxy = Proxy::before(service.running.grpc_addr());
    proxy.from_part(Mode::late(Duration::from_millis(20)));
    let more = [
        "--find-rate",
        "--rate",
        "80",
        "--time",
        "1s",
        "--patience",
        "30s",
        "--connections",
        "1",
        "--calls",
        "1",
        "--mix",
        "lookup=1",
        "--threshold",
        "errors<50%",
        "--output",
        "json",
    ];
    let output = driving_at(proxy.address(), &service, &more).output();
    let output = output.expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let tries: Vec<(f64, &str)> = said
        .lines()
        .filter_map(|line| line.split_once("/s: "))
        .filter_map(|(rate, rest)| Some((rate.parse().ok()?, rest)))
        .collect();
    assert!(tries.len() > 1, "{said}");
    let (first, rest) = tries[0];
    assert!(
        (first - 80.0).abs() < 1e-9 && rest.contains("missed<=1%: 0.000 %, held"),
        "{said}"
    );
    for (rate, rest) in tries {
        let held = rest.contains("overrun<=1%: ") && rest.ends_with(", held");
        assert!(!held || rate <= 51.0, "{said}");
    }
    // Nor does the rate that was answered stand in the account as what was asked.
    let rate = object(&output)["all"]["rate"].as_f64();
    assert!(rate.is_some_and(|rate| rate <= 51.0), "{rate:?}");
}
