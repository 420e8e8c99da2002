//! Replays that end before their time: while files are read, while nobody answers, and where what was
//! acknowledged cannot be kept any more.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use dancu_load::measure::Watch;
use dancu_load::replay::{ReplayPlan, Speed, replay};
use dancu_tests::{stage, within};
use serde_json::Value;

use super::imported::{imported, lookup, plan, stopped};

#[test]
fn a_replay_ends_at_once_while_files_are_read_and_before_anybody_answers() {
    let service = within::start(640, |_| {});
    let folder = tempfile::tempdir().expect("a folder can be made");
    let log: String = (0..20_000).map(|at| lookup(at / 100)).collect();
    let path = imported(&service, folder.path(), &log);
    // It takes the connection and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let plan = ReplayPlan {
        server: mute.local_addr().expect("it has an address"),
        ..plan(&service, path, Speed::Max)
    };
    let watch = Arc::new(Watch::default());
    watch.stop();
    let replayed = replay(&plan, &watch).expect("it was only stopped");
    assert!(replayed.account.stopped);
    assert_eq!(replayed.sums.messages, 0);
    let replayed = stopped(plan, || std::thread::sleep(Duration::from_millis(500)));
    let took = replayed.account.elapsed;
    assert!(took < 3.0, "{took}");
    let told = replayed.account.warnings.concat();
    assert!(told.contains("ended before its time"), "{told}");
}

#[test]
fn what_was_measured_is_told_where_the_position_cannot_be_kept_any_more() {
    let service = within::start(640, |_| {});
    let folder = tempfile::tempdir().expect("a folder can be made");
    let log: String = (0..2_000).map(|at| lookup(at / 100)).collect();
    let path = imported(&service, folder.path(), &log);
    let position = folder.path().join("position");
    // No file may be longer than a few blocks: the system says so as it does of a full disk.
    let limited = "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", limited])
        .arg(stage::binary())
        .arg("replay")
        .arg(&path)
        .args([
            "--server",
            &format!("http://{}", service.running.grpc_addr()),
        ])
        .args(["--speed", "max", "--output", "json", "--resume"])
        .arg(&position)
        .output()
        .expect("the replay can be started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("the account is told");
    let sums = &told["replay"];
    let number = |field: &str| sums[field].as_u64().expect("a number");
    assert!(number("acknowledged") > 100, "{sums:#}");
    assert!(number("unkept") > 0, "{sums:#}");
    let answered = told["all"]["calls"]["answered"].as_u64();
    let all = number("acknowledged") + number("unkept");
    assert_eq!(answered, Some(all), "{sums:#}");
    let warnings = told["warnings"].to_string();
    assert!(warnings.contains("--resume asks"), "{warnings}");
    // Every line is whole, and as many stand there as are said to.
    let text = std::fs::read_to_string(&position).expect("the file is there");
    assert!(text.ends_with('\n'), "a line was begun");
    assert_eq!(text.lines().count() as u64, 1 + number("acknowledged"));
}
