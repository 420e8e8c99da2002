//! Logs of somebody else's, imported and asked again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dancu_load::measure::Watch;
use dancu_load::replay::{ReplayPlan, Replayed, Speed, import, replay};
use dancu_tests::stage;
use dancu_tests::within::{self, Within};

/// A log as a recording of the nation that is served.
pub(super) fn imported(service: &Within, folder: &Path, log: &str) -> PathBuf {
    let path = folder.join("imported");
    let out = std::fs::File::create(&path).expect("a file can be made");
    import(log.as_bytes(), out, &service.nation, 9).expect("the log can be imported");
    path
}

pub(super) fn plan(service: &Within, recording: PathBuf, speed: Speed) -> ReplayPlan {
    ReplayPlan {
        speed,
        ..ReplayPlan::new(
            "log".to_owned(),
            service.running.grpc_addr(),
            vec![recording],
        )
    }
}

pub(super) fn lookup(at: u64) -> String {
    let rest = r#""verb": "lookup", "agency": "H26", "items": [{"persona": "deceased", "outcome": "DECEASED"}]}"#;
    format!("{{\"at\": {at}, {rest}\n")
}

/// Begins a replay, and stops it once `enough` came to pass.
pub(super) fn stopped(plan: ReplayPlan, enough: impl FnOnce()) -> Replayed {
    let watch = Arc::new(Watch::default());
    let seen = Arc::clone(&watch);
    let running = thread::spawn(move || replay(&plan, &seen));
    enough();
    watch.stop();
    let replayed = running.join().expect("it ends by itself");
    replayed.expect("it was only stopped")
}

#[test]
fn a_replay_that_is_stopped_waits_for_nothing_that_is_not_due_yet() {
    let service = within::start(640, |_| {});
    let folder = tempfile::tempdir().expect("a folder can be made");
    let log = [lookup(0), lookup(25), lookup(999_999_999)].concat();
    let path = imported(&service, folder.path(), &log);
    let slow = plan(&service, path, Speed::Times(1.0));
    let replayed = stopped(slow, || thread::sleep(Duration::from_secs(2)));
    let took = replayed.account.elapsed;
    assert!(took < 5.0, "{took}");
    assert!(replayed.account.stopped);
    assert_eq!(
        (replayed.sums.acknowledged, replayed.sums.unanswered),
        (1, 0)
    );
}

#[test]
fn a_replay_that_is_stopped_asks_nothing_again_of_a_service_that_is_gone() {
    let service = within::start(640, |_| {});
    let folder = tempfile::tempdir().expect("a folder can be made");
    let log = [lookup(0), lookup(3)].concat();
    let path = imported(&service, folder.path(), &log);
    let slow = plan(&service, path, Speed::Times(1.0));
    let replayed = stopped(slow, || {
        thread::sleep(Duration::from_secs(1));
        service.running.drain();
        thread::sleep(Duration::from_secs(4));
    });
    let took = replayed.account.elapsed;
    assert!(took < 8.0, "{took}");
    assert_eq!(
        (replayed.sums.acknowledged, replayed.sums.unanswered),
        (1, 1)
    );
}

#[test]
fn pushes_of_a_log_are_requests_of_their_own() {
    let service = within::start(640, |_| {});
    let folder = tempfile::tempdir().expect("a folder can be made");
    let living = (0..640).filter(|index| service.nation.events(*index) > 1);
    let push = |at: usize, index: u64, event: u32| {
        let rest = r#""verb": "push", "agency": "G01""#;
        format!(
            "{{\"at\": {at}, {rest}, \"items\": [{{\"citizen\": {index}, \"event\": {event}}}]}}\n"
        )
    };
    let log: Vec<String> = living
        .take(3)
        .enumerate()
        .flat_map(|(nth, index)| [push(nth, index, 1), push(nth + 10, index, 2)])
        .collect();
    assert_eq!(log.len(), 6);
    let path = imported(&service, folder.path(), &log.concat());
    let plan = plan(&service, path, Speed::Max);
    let replayed = replay(&plan, &Arc::default()).expect("it can be replayed");
    assert_eq!(replayed.sums.acknowledged, 6, "{:?}", replayed.sums);
    assert_eq!(
        replayed.sums.different, 0,
        "{:?}",
        replayed.sums.differences
    );
}

#[test]
fn empty_files_are_passed_over_and_told_and_nothing_but_empty_files_is_refused() {
    let service = within::start(640, |_| {});
    let folder = tempfile::tempdir().expect("a folder can be made");
    let whole = imported(&service, folder.path(), &lookup(0));
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").expect("a file can be made");
    let server = service.running.grpc_addr().to_string();
    let replayed = |files: &[&PathBuf]| {
        let output = Command::new(stage::binary())
            .args(["replay", "--speed", "max", "--output", "json"])
            .args(["--allow-differences", "--lang", "en", "--server", &server])
            .args(files)
            .output();
        let output = output.expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = serde_json::from_slice(&output.stdout).unwrap_or(serde_json::Value::Null);
        (output.status.code(), told, said)
    };
    for files in [[&whole, &empty], [&empty, &whole]] {
        let (code, report, said) = replayed(&files);
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(report["replay"]["acknowledged"], 1, "{report:#}");
        let warnings = report["warnings"].to_string();
        assert!(warnings.contains("1 of the files is empty"), "{warnings}");
    }
    let (code, _, said) = replayed(&[&empty]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("is empty"), "{said}");
}
