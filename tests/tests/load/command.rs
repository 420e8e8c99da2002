//! `dancu load` as somebody at a terminal meets it: thresholds and exit codes, an earlier run beside
//! a later one.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use dancu_tests::stage;
use dancu_tests::within::{Within, start};
use serde_json::{Value, json};

use super::CITIZENS;

/// Runs it with these arguments.
fn load(arguments: &[&str]) -> Output {
    loading(arguments).output().expect("the binary runs")
}

fn loading(arguments: &[&str]) -> Command {
    let mut command = Command::new(stage::binary());
    command.arg("load").args(arguments).args(["--lang", "en"]);
    command
}

/// Drives a service for two seconds; `more` is said besides.
pub(super) fn drive(service: &Within, more: &[&str]) -> Output {
    driving(service, more).output().expect("the binary runs")
}

pub(super) fn driving(service: &Within, more: &[&str]) -> Command {
    driving_at(service.running.grpc_addr(), service, more)
}

/// The same at another address, which leads to the service.
pub(super) fn driving_at(at: SocketAddr, service: &Within, more: &[&str]) -> Command {
    let server = format!("http://{at}");
    let citizens = CITIZENS.to_string();
    let seed = service.nation.seed().to_string();
    let mut arguments = vec![
        "--server",
        &server,
        "--citizens",
        &citizens,
        "--seed",
        &seed,
    ];
    for (flag, usual) in [("--rate", "200"), ("--time", "2s"), ("--patience", "30s")] {
        if !more.contains(&flag) {
            arguments.extend([flag, usual]);
        }
    }
    arguments.extend(["--warm-up", "0s", "--stock", "256"]);
    arguments.push("--plain");
    arguments.extend(more);
    loading(&arguments)
}

pub(super) fn object(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {said}"))
}

#[test]
fn a_threshold_that_is_missed_ends_the_command_with_1() {
    let service = start(CITIZENS, |_| {});
    let held = ["--threshold", "p99(lookup)<30s", "--threshold", "wrong<1"];
    let output = drive(&service, &held);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("held") && !text.contains("MISSED"), "{text}");
    // Items by verb and outcome stand in the table.
    assert!(
        text.contains("FOUND") && text.contains("NO_MATCH"),
        "{text}"
    );

    let missed = [&held[..], &["--threshold", "p50<1us", "--output", "json"]].concat();
    let output = drive(&service, &missed);
    assert_eq!(output.status.code(), Some(1));
    let thresholds = object(&output)["thresholds"].clone();
    let held: Vec<&Value> = thresholds
        .as_array()
        .expect("thresholds")
        .iter()
        .map(|one| &one["held"])
        .collect();
    assert_eq!(held, [true, true, false]);

    let no_threshold = ["--threshold", "p99(lookup)<20"];
    let output = drive(&service, &no_threshold);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("--threshold") && said.contains("20ms"),
        "{said}"
    );
    assert!(!said.contains("<20\n") && !said.contains("<20`"), "{said}");
}

#[test]
fn a_run_stands_beside_an_earlier_one_in_text_and_as_json() {
    let service = start(CITIZENS, |_| {});
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let earlier = folder.path().join("earlier.json");
    let path = text(&earlier);
    let output = drive(&service, &["--json", path]);
    assert_eq!(output.status.code(), Some(0));

    // The run beside itself.
    let same = verdicts(&["--merge", path, "--compare", path]);
    assert!(same.len() >= 6, "{same:?}");
    assert!(
        same.iter().all(|(_, verdict)| verdict == "noise"),
        "{same:?}"
    );

    // Beside one that was ten times as fast, and whose messages were all missed.
    let mut changed: Value = serde_json::from_slice(&std::fs::read(&earlier).expect("it is there"))
        .expect("the account is JSON");
    changed["measured"] = json!(0.2);
    for verb in changed["verbs"].as_array_mut().expect("verbs") {
        verb["calls"]["missed"] = json!(1_000_000);
    }
    let other = folder.path().join("other.json");
    std::fs::write(&other, changed.to_string()).expect("it is written");
    let beside = verdicts(&["--merge", path, "--compare", text(&other)]);
    let of = |figure: &str| {
        let found = beside.iter().find(|(name, _)| name == figure);
        found.map(|(_, verdict)| verdict.as_str())
    };
    assert_eq!(of("rate(ALL)"), Some("worse"), "{beside:?}");
    assert_eq!(of("p99(ALL)"), Some("better"), "{beside:?}");
    let output = load(&["--merge", path, "--compare", text(&other)]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        shown.contains("WORSE") && shown.contains("better"),
        "{shown}"
    );

    // What can't be compared is told before anything runs.
    std::fs::write(&other, "{}").expect("it is written");
    let output = drive(&service, &["--compare", text(&other)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn the_file_of_the_earlier_run_may_be_the_one_that_is_written() {
    let service = start(CITIZENS, |_| {});
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let path = folder.path().join("kept.json");
    let kept = text(&path);
    assert_eq!(drive(&service, &["--json", kept]).status.code(), Some(0));
    let earlier: Value = serde_json::from_slice(&std::fs::read(&path).expect("it is there"))
        .expect("the account is JSON");
    let twice = ["--json", kept, "--compare", kept, "--rate", "100"];
    let output = drive(&service, &[&twice[..], &["--output", "json"]].concat());
    let whole = object(&output);
    let rate = whole["compared"].as_array().expect("a comparison").iter();
    let mut rate = rate.filter(|one| one["figure"] == "rate(ALL)");
    let rate = rate.next().expect("the rate is compared");
    // To the last digits but few: it is worked out again from what was read.
    let near = |one: &Value, other: &Value| {
        let (one, other) = (
            one.as_f64().expect("a rate"),
            other.as_f64().expect("a rate"),
        );
        assert!((one - other).abs() < 1e-6 * other, "{one}, {other}");
    };
    near(&rate["earlier"], &earlier["all"]["rate"]);
    near(&rate["now"], &whole["all"]["rate"]);
    // It was asked for half as many: that is told.
    assert!(
        whole["warnings"].to_string().contains("the rate"),
        "{whole:#}"
    );
    // Nobody is merged with himself.
    let merged = load(&["--merge", kept, kept]);
    assert_eq!(merged.status.code(), Some(2));
}

#[test]
fn a_signal_ends_a_run_and_what_was_measured_is_told() {
    let service = start(CITIZENS, |_| {});
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let path = folder.path().join("ended.json");
    let kept = text(&path).to_owned();
    for signal in ["-TERM", "-INT"] {
        let mut child = driving(&service, &["--time", "60s", "--json", &kept])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        std::thread::sleep(Duration::from_secs(3));
        assert!(!path.exists(), "it is written when all is known");
        let pid = child.id().to_string();
        let told = Command::new("kill").args([signal, &pid]).status();
        assert!(told.expect("kill runs").success());
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{signal}");
        let account: Value = serde_json::from_slice(&std::fs::read(&path).expect("it is there"))
            .expect("the account is JSON");
        assert_eq!(account["stopped"], json!(true));
        assert!(account["elapsed"].as_f64() < Some(50.0), "{account:#}");
        assert!(
            account["all"]["calls"]["answered"].as_u64() > Some(0),
            "{account:#}"
        );
        std::fs::remove_file(&path).expect("it goes");
    }
}

#[test]
fn a_signal_ends_a_run_at_once_also_where_nothing_is_due_or_nobody_is_in_time() {
    let service = start(CITIZENS, |_| {});
    let quiet = ["--rate", "0.05", "--arrivals", "constant"];
    for more in [&quiet[..], &["--patience", "0s"]] {
        let mut child = driving(&service, &[more, &["--time", "60s"]].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        std::thread::sleep(Duration::from_secs(3));
        let pid = child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.expect("kill runs").success());
        // Not after the 17 s until something is due, and not after the run.
        let mut ended = None;
        for _ in 0..30 {
            ended = ended.or(child.try_wait().expect("it is ours"));
            std::thread::sleep(Duration::from_millis(100));
        }
        if ended.is_none() {
            child.kill().expect("it is ours");
        }
        assert_eq!(ended.and_then(|status| status.code()), Some(0), "{more:?}");
    }
}

#[test]
fn a_service_that_is_gone_when_the_run_ends_ends_it_with_3() {
    let service = start(CITIZENS, |_| {});
    let more = [
        "--time",
        "6s",
        "--calls",
        "4",
        "--connections",
        "1",
        "--patience",
        "1s",
    ];
    let child = driving(&service, &more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    std::thread::sleep(Duration::from_secs(3));
    drop(service);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    // Of a second in which nobody answered no latency is told.
    assert!(said.contains("p50 -") && !said.contains("p50 0"), "{said}");
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        report.contains("the service was away when the run ended"),
        "{report}"
    );
}

#[test]
fn where_the_disk_is_full_the_figures_are_told_and_the_other_files_are_written() {
    let service = start(CITIZENS, |_| {});
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let csv = folder.path().join("seconds.csv");
    let output = drive(&service, &["--json", "/dev/full", "--csv", text(&csv)]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("write /dev/full"), "{said}");
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(report.contains("LOOKUP"), "{report}");
    let csv = std::fs::read_to_string(&csv).expect("it is there");
    assert!(csv.starts_with("second,seconds,verb,"), "{csv}");
}

#[test]
fn a_nation_that_is_not_the_services_is_told_before_anything_is_asked() {
    let service = start(CITIZENS, |_| {});
    let server = format!("http://{}", service.running.grpc_addr());
    let seed = service.nation.seed().to_string();
    let others: [&[&str]; 3] = [
        &["--citizens", "1280000", "--seed", &seed],
        &["--citizens", "64", "--seed", &seed],
        &["--real-looking-numbers", "--seed", &seed],
    ];
    for other in others {
        let output = load(&[&["--server", &server], other].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let has = format!("it has {} citizens", service.nation.len());
        assert!(said.contains(&has), "{said}");
        assert!(output.stdout.is_empty());
    }
}

/// Each figure of the comparison, and what its change is taken for.
fn verdicts(arguments: &[&str]) -> Vec<(String, String)> {
    let output = load(&[arguments, &["--output", "json"]].concat());
    assert_eq!(output.status.code(), Some(0));
    let whole = object(&output);
    let compared = whole["compared"].as_array().expect("a comparison").iter();
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    compared
        .map(|one| (word(&one["figure"]), word(&one["verdict"])))
        .collect()
}

pub(super) fn text(path: &Path) -> &str {
    path.to_str().expect("a folder of ours")
}
