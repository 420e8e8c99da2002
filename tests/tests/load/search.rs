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
    let search = &object(&output)["search"];
    let tried = search["tried"].as_array().map(Vec::len);
    assert_eq!(tried, Some(tries.len()), "{search}");
    assert!(search["lowest_that_did_not"].as_f64() <= Some(80.0));
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

#[test]
fn a_signal_ends_a_search_and_the_best_that_held_is_told_whole() {
    let service = start(CITIZENS, |_| {});
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let path = folder.path().join("best.json");
    let more = [
        "--find-rate",
        "--rate",
        "10",
        "--time",
        "3s",
        "--threshold",
        "errors<50%",
        "--threshold",
        "overrun<100%",
        "--json",
        text(&path),
    ];
    // Within the first try there is nothing but that try; later there is what held.
    for (after, schedule, warned) in [
        (None, "hold 10 3s", "the run was ended before its time"),
        (Some("20/s: "), "hold 20 3s", "the search was ended"),
    ] {
        let mut child = driving(&service, &more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let said = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut said = said.lines().map_while(Result::ok);
        match after {
            Some(after) => assert!(said.any(|line| line.starts_with(after))),
            // A line a second tells that the first try goes on.
            None => assert!(said.nth(1).is_some()),
        }
        let pid = child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.expect("kill runs").success());
        let rest: Vec<String> = said.collect();
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{rest:?}");
        let ended = "the search was ended before its time";
        assert!(rest.iter().any(|line| line.ends_with(ended)), "{rest:?}");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            shown.contains("errors<50%") && shown.contains(warned),
            "{shown}"
        );
        let written = std::fs::read(&path).expect("it is there");
        let account: Value = serde_json::from_slice(&written).expect("the account is JSON");
        assert_eq!(account["runs"][0]["schedule"], json!(schedule), "{rest:?}");
        std::fs::remove_file(&path).expect("it goes");
    }
}

#[test]
fn where_the_service_goes_the_search_tells_what_it_has_found() {
    let service = start(CITIZENS, |_| {});
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let path = folder.path().join("best.json");
    let more = [
        "--find-rate",
        "--rate",
        "10",
        "--time",
        "3s",
        "--patience",
        "1s",
        "--threshold",
        "errors<50%",
        "--threshold",
        "overrun<100%",
        "--json",
        text(&path),
    ];
    // Between two tries, and within the second.
    for within in [false, true] {
        let proxy = Proxy::before(service.running.grpc_addr());
        let mut child = driving_at(proxy.address(), &service, &more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let said = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut said = said.lines().map_while(Result::ok);
        assert!(said.any(|line| line.starts_with("10/s: ")));
        if within {
            // The second try is on its way once it tells a second.
            assert!(said.nth(1).is_some());
            std::thread::sleep(Duration::from_millis(500));
        }
        drop(proxy);
        let rest: Vec<String> = said.collect();
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(3), "{rest:?}");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(shown.contains("errors<50%"), "{shown}");
        let written = std::fs::read(&path).expect("it is there");
        let account: Value = serde_json::from_slice(&written).expect("the account is JSON");
        // What held before is told, or the try in which it went.
        let rate = if within { "hold 20 3s" } else { "hold 10 3s" };
        assert_eq!(account["runs"][0]["schedule"], json!(rate), "{rest:?}");
        let search = &account["search"];
        assert_eq!(search["highest_that_held"], json!(10.0), "{search}");
        assert_eq!(search["tried"], json!([{ "rate": 10.0, "held": true }]));
        assert_eq!(search["away_at"], json!(20.0));
        std::fs::remove_file(&path).expect("it goes");
    }
}
