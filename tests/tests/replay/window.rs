//! Parts of a recording at a pace: by time, by agency, and what lies outside.

use std::collections::BTreeMap;
use std::process::Stdio;

use super::wait_for;
use dancu_load::replay::{Entry, open};
use dancu_tests::recorded::{Recorded, number, record, replay, replaying};
use serde_json::Value;

/// When each message of a recording came, in microseconds, and of which agency it was.
fn messages(recorded: &Recorded) -> Vec<(u64, String)> {
    let mut list = Vec::new();
    for path in recorded.files() {
        let mut reader = open(&path).expect("the recording can be read");
        while let Some(entry) = reader.next().expect("the recording can be read") {
            if let Entry::Exchange(exchange) = entry {
                list.push((exchange.at_micros, exchange.agency));
            }
        }
    }
    list
}

#[test]
fn a_window_at_twice_its_pace_takes_half_its_time_and_leaves_the_rest_out() {
    let recorded = record();
    let all = messages(&recorded);
    let last = all.iter().map(|(at, _)| *at).max().expect("messages");
    // From a quarter of a second on, and no more than two seconds of it.
    let (from, until) = (250_000, last.min(2_250_000));
    let within = all.iter().filter(|(at, _)| (from..until).contains(at));
    let within: Vec<u64> = within.map(|(at, _)| *at).collect();
    let span = within.iter().max().expect("some") - within.iter().min().expect("some");
    let server = recorded.fresh("window");
    let until = format!("{}s", until as f64 / 1e6);
    let window = ["--from", "0.25s", "--until", &until, "--allow-differences"];
    let (code, report) = replay(
        &recorded,
        &server,
        &[&window[..], &["--speed", "2"]].concat(),
    );
    assert_eq!(code, Some(0), "{:#}", report["replay"]);
    assert_eq!(number(&report, "messages"), within.len() as u64);
    let left_out = (all.len() - within.len()) as u64;
    assert_eq!(number(&report, "left_out"), left_out);
    assert_eq!(number(&report, "unanswered"), 0);
    let elapsed = report["elapsed"].as_f64().expect("seconds");
    let due = span as f64 / 2e6;
    assert!(
        elapsed >= 0.95 * due,
        "{elapsed} s of a schedule of {due} s"
    );
    // A machine that stands still may take longer, and not as long as the recording at its own pace.
    let (_, report) = replay(
        &recorded,
        &server,
        &[&window[..], &["--speed", "0.5"]].concat(),
    );
    let slowly = report["elapsed"].as_f64().expect("seconds");
    assert!(
        slowly >= 0.95 * 4.0 * due,
        "{slowly} s, {elapsed} s at four times the pace"
    );
}

#[test]
fn only_the_messages_of_an_agency_are_asked_and_where_there_is_none_that_is_told() {
    let recorded = record();
    let mut by_agency: BTreeMap<String, u64> = BTreeMap::new();
    for (_, agency) in messages(&recorded) {
        *by_agency.entry(agency).or_default() += 1;
    }
    let most = by_agency.iter().max_by_key(|(_, count)| **count);
    let (agency, count) = most.expect("somebody asked");
    assert!(by_agency.len() > 1, "{by_agency:?}");
    let server = recorded.fresh("agency");
    let fast = ["--speed", "max", "--allow-differences"];
    let (code, report) = replay(
        &recorded,
        &server,
        &[&fast[..], &["--agency", agency]].concat(),
    );
    assert_eq!(code, Some(0), "{:#}", report["replay"]);
    assert_eq!(number(&report, "messages"), *count);
    let volumes = report["volumes"].as_array().expect("volumes");
    assert!(
        volumes
            .iter()
            .all(|volume| volume["agency"] == agency.as_str())
    );
    for nobodys in [&["--agency", "H99"][..], &["--from", "9000s"]] {
        let (code, report) = replay(&recorded, &server, &[&fast[..], nobodys].concat());
        assert_eq!(code, Some(2), "{nobodys:?}: {:#}", report["replay"]);
    }
}

#[test]
fn a_service_that_is_gone_ends_a_replay_which_goes_on_where_it_was() {
    let recorded = record();
    let server = recorded.fresh("gone");
    let position = recorded.folder.path().join("gone.position");
    let path = position.to_string_lossy().into_owned();
    let more = [
        "--speed",
        "max",
        "--resume",
        &path,
        "--connections",
        "1",
        "--calls",
        "2",
    ];
    let written = recorded.folder.path().join("gone.json");
    let json = written.to_string_lossy().into_owned();
    let html = recorded.folder.path().join("gone.html");
    let page = html.to_string_lossy().into_owned();
    let files = ["--json", &json, "--html", &page];
    let impatient = [&more[..], &["--patience", "2s"], &files].concat();
    let mut running = replaying(&recorded, &server, &impatient)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the replay can be started");
    let acknowledged = || {
        let text = std::fs::read_to_string(&position).unwrap_or_default();
        text.lines().count() as u64
    };
    wait_for(|| acknowledged() > 20);
    drop(server);
    let is_over = || running.try_wait().expect("it can be looked at").is_some();
    wait_for(is_over);
    let output = running.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("--resume"), "{said}");
    // What was measured until then is told, and the files that were asked for are written.
    let told: Value = serde_json::from_slice(&output.stdout).expect("the account is told");
    let written = std::fs::read(&written).expect("the account is written");
    let written: Value = serde_json::from_slice(&written).expect("it is JSON");
    for account in [&told, &written] {
        let answered = account["all"]["calls"]["answered"].as_u64();
        assert!(answered.is_some_and(|n| n > 0), "{account:#}");
        let warnings = account["warnings"].to_string();
        assert!(warnings.contains("--resume"), "{warnings}");
    }
    assert!(number(&told, "unanswered") > 0, "{told:#}");
    let page = std::fs::read_to_string(&html).expect("the page is written");
    assert!(page.contains("the service was away when the run ended"));
    assert!(
        acknowledged() < recorded.seen().messages,
        "it was over before"
    );
}
