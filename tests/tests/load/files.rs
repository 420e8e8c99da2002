//! The files that `dancu load` writes and reads again: what was there before, what is a link, and what
//! somebody has changed by hand.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use dancu_tests::stage;
use dancu_tests::within::start;
use serde_json::{Value, json};

use super::CITIZENS;
use super::command::{drive, driving, text};

/// A folder with the account of a short run in `base.json`.
fn folder() -> tempfile::TempDir {
    let service = start(CITIZENS, |_| {});
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let base = folder.path().join("base.json");
    let output = drive(&service, &["--time", "1s", "--json", text(&base)]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    folder
}

/// Writes that account anew, or what it is told, from within the folder.
fn merge(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(stage::binary())
        .args(["load", "--lang", "en"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the binary runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn is_account(path: &Path) -> bool {
    let bytes = fs::read(path).expect("it is there");
    serde_json::from_slice(&bytes).is_ok_and(|whole: Value| whole["form"] == json!(1))
}

#[test]
fn what_was_there_stays_as_it_was_but_for_what_is_written() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    // A link that leads nowhere yet stays one, and its other end is what is written.
    symlink("later.json", at("latest.json")).expect("it is made");
    let output = merge(
        folder.path(),
        &["--merge", "base.json", "--json", "latest.json"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(at("latest.json").is_symlink() && is_account(&at("later.json")));
    // A file that only its owner may read stays such a one, and its neighbours are nobody's business.
    fs::write(at("own.json"), "an earlier run").expect("it is written");
    fs::set_permissions(at("own.json"), fs::Permissions::from_mode(0o600)).expect("it is ours");
    fs::write(at("own.json.part"), "notes").expect("it is written");
    let before = fs::read_dir(folder.path()).expect("it is there").count();
    let output = merge(
        folder.path(),
        &["--merge", "base.json", "--json", "own.json"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(is_account(&at("own.json")));
    let mode = fs::metadata(at("own.json")).expect("it is there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    let notes = fs::read_to_string(at("own.json.part"));
    assert_eq!(notes.expect("it is there"), "notes");
    let after = fs::read_dir(folder.path()).expect("it is there").count();
    assert_eq!(before, after);
    // Where the command ends before it writes, a link that leads nowhere is there all the same.
    symlink("never.json", at("other.json")).expect("it is made");
    let arguments = ["--merge", "absent.json", "--json", "other.json"];
    let output = merge(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(at("other.json").is_symlink() && !at("never.json").exists());
}

#[test]
fn one_file_by_two_names_is_refused_before_anything_runs() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("there.out"), "an earlier run").expect("it is written");
    symlink("there.out", at("link.out")).expect("it is made");
    symlink("new.out", at("ahead.out")).expect("it is made");
    fs::hard_link(at("there.out"), at("twin.out")).expect("it is made");
    let pairs = [
        ("same.out", "same.out"),
        ("same.out", "./same.out"),
        ("there.out", "link.out"),
        ("there.out", "twin.out"),
        ("new.out", "ahead.out"),
    ];
    for (one, other) in pairs {
        let arguments = ["--merge", "base.json", "--csv", one, "--html", other];
        let output = merge(folder.path(), &arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{one}, {other}: {said}");
        assert!(said.contains("want a file each"), "{said}");
        assert!(output.stdout.is_empty());
    }
    let kept = fs::read_to_string(at("there.out")).expect("it is there");
    assert_eq!(kept, "an earlier run");
    assert!(!at("same.out").exists() && !at("new.out").exists());
    // What is no file takes any number of them.
    let null = ["--csv", "/dev/null", "--html", "/dev/null"];
    let output = merge(
        folder.path(),
        &[&["--merge", "base.json"], &null[..]].concat(),
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_file_that_no_run_can_have_written_is_refused() {
    let folder = folder();
    let base = fs::read(folder.path().join("base.json")).expect("it is there");
    let base: Value = serde_json::from_slice(&base).expect("the account is JSON");
    let but_the_last = |list: &Value| list.as_array().map(|list| list[..list.len() - 1].to_vec());
    let changes = [
        ("elapsed", json!(1e300)),
        ("elapsed", json!(-1.0)),
        ("measured", json!(1e300)),
        ("verbs", json!(but_the_last(&base["verbs"]))),
        ("runs", json!([])),
    ];
    for (what, change) in changes {
        let mut whole = base.clone();
        whole[what] = change;
        let path = folder.path().join("changed.json");
        fs::write(&path, whole.to_string()).expect("it is written");
        for other in [
            &["--merge", "changed.json"][..],
            &["--merge", "base.json", "--compare", "changed.json"],
        ] {
            let output = merge(folder.path(), &[other, &["--hdr", "log.hdr"]].concat());
            let said = said(&output);
            assert_eq!(output.status.code(), Some(2), "{what}: {said}");
            assert!(
                said.contains("changed.json") && said.contains(what),
                "{said}"
            );
            assert!(output.stdout.is_empty());
        }
    }
}

#[test]
fn a_second_signal_ends_what_waits_for_ever_after_the_run() {
    let service = start(CITIZENS, |_| {});
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let pipe = folder.path().join("seconds.csv");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    // Nobody reads.
    let mut child = driving(&service, &["--time", "1s", "--csv", text(&pipe)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    std::thread::sleep(Duration::from_secs(4));
    let pid = child.id().to_string();
    for _ in 0..2 {
        assert!(child.try_wait().expect("it is ours").is_none());
        let told = Command::new("kill").args(["-INT", &pid]).status();
        assert!(told.expect("kill runs").success());
        std::thread::sleep(Duration::from_millis(500));
    }
    for _ in 0..50 {
        if let Some(status) = child.try_wait().expect("it is ours") {
            assert_eq!(status.code(), Some(130));
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill().expect("it is ours");
    panic!("two signals did not end it");
}
