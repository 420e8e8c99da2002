//! What is asked again: a message that ran out of patience, behind which nobody goes, and one that
//! found no connection for a while.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dancu_load::replay::{ReplayPlan, Replayed, Speed, replay};
use dancu_tests::within::{self, Within};

use super::imported::imported;

fn push(at: f64, index: u64, event: u32) -> String {
    let rest = r#""verb": "push", "agency": "G01""#;
    format!("{{\"at\": {at}, {rest}, \"items\": [{{\"citizen\": {index}, \"event\": {event}}}]}}\n")
}

fn lookup(at: f64) -> String {
    let rest = r#""verb": "lookup", "agency": "H26", "items": [{"persona": "deceased", "outcome": "DECEASED"}]}"#;
    format!("{{\"at\": {at}, {rest}\n")
}

/// Two events of one citizen, and reads of somebody else for two seconds.
fn log(service: &Within) -> String {
    let index = (0..640).find(|index| service.nation.events(*index) > 1);
    let index = index.expect("somebody has two events ahead");
    let reads = (0..20).map(|nth| lookup(0.1 * f64::from(nth)));
    let pushes = [push(0.0, index, 1), push(0.1, index, 2)];
    pushes.into_iter().chain(reads).collect()
}

fn again(service: &Within, recording: PathBuf, resume: &Path) -> Replayed {
    let plan = ReplayPlan {
        speed: Speed::Times(1.0),
        resume: Some(resume.to_owned()),
        deadline: Duration::from_millis(200),
        patience: Duration::from_millis(400),
        ..ReplayPlan::new(
            "behind".to_owned(),
            service.running.grpc_addr(),
            vec![recording],
        )
    };
    replay(&plan, &Arc::default()).expect("it can be replayed")
}

#[test]
fn nobody_goes_past_a_message_that_was_not_answered_and_a_resumed_replay_asks_both() {
    let service = within::start(640, |_| {});
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = imported(&service, folder.path(), &log(&service));
    let position = folder.path().join("position");
    service.writes.shut();
    let first = again(&service, path.clone(), &position);
    let told = &first.sums;
    assert!(!first.away, "{told:?}");
    assert_eq!((told.acknowledged, told.unanswered), (20, 1), "{told:?}");
    assert_eq!(told.held_back, 1, "{told:?}");
    // What was on its way takes effect now, and its answer is lost.
    service.writes.open();
    let second = again(&service, path, &position);
    let told = &second.sums;
    assert_eq!((told.before, told.acknowledged), (20, 22), "{told:?}");
    assert_eq!((told.unanswered, told.held_back), (0, 0), "{told:?}");
    assert_eq!(told.different, 0, "{:?}", told.differences);
}

#[test]
fn a_message_that_found_no_connection_for_a_while_is_not_said_to_have_never_left() {
    let service = within::start(640, |_| {});
    let folder = tempfile::tempdir().expect("a folder can be made");
    let log = [lookup(0.0), lookup(2.0), lookup(2.5)].concat();
    let path = imported(&service, folder.path(), &log);
    let address = service.running.grpc_addr();
    let plan = ReplayPlan::new("away".to_owned(), address, vec![path]);
    let replaying = std::thread::spawn(move || replay(&plan, &Arc::default()));
    std::thread::sleep(Duration::from_secs(1));
    service.running.drain();
    std::thread::sleep(Duration::from_secs(2));
    let _back = within::start(640, |config| config.listen = address);
    let replayed = replaying.join().expect("it ends by itself");
    let replayed = replayed.expect("it can be replayed");
    let told = &replayed.sums;
    assert_eq!((told.acknowledged, told.unanswered), (3, 0), "{told:?}");
    let attempts = &replayed.account.codes;
    assert!(
        attempts.keys().any(|code| code.contains("no connection")),
        "it was never away: {attempts:?}"
    );
    let warnings = replayed.account.warnings.concat();
    assert!(!warnings.contains("never left"), "{warnings}");
}
