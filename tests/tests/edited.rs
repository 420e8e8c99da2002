//! The real binary on data that somebody edited or lost: `audit verify` and the demo both end
//! with 1, and a start that would hide it is refused.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use dancu_tests::stage;

/// A command of the binary to its end. One that goes on serving where it should have been refused
/// is killed, and its exit code tells.
fn dancu(data: &Path, arguments: &[&str]) -> Output {
    Command::new("timeout")
        .args(["--signal=KILL", "300"])
        .arg(stage::binary())
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .expect("the binary runs")
}

fn demo(data: &Path) -> Output {
    dancu(data, &["demo", "--citizens", "2000", "--seconds", "1"])
}

/// Edits the ledger's file with another program than ours, its triggers taken away first.
fn edit(data: &Path, statement: &str) {
    let script = "import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for trigger in ('blocks_are_not_altered', 'blocks_are_not_removed'):
    db.execute('DROP TRIGGER IF EXISTS ' + trigger)
assert db.execute(sys.argv[2]).rowcount > 0, 'nothing was edited'";
    let edited = Command::new("python3")
        .args(["-c", script])
        .arg(data.join("ledger.db"))
        .arg(statement)
        .output()
        .expect("python3 runs");
    assert!(
        edited.status.success(),
        "{}",
        String::from_utf8_lossy(&edited.stderr)
    );
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("a folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().expect("a file has a name");
        std::fs::copy(&path, to.join(name)).expect("a file can be copied");
    }
}

#[test]
fn an_edited_ledger_is_told_by_the_binary() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let good = folder.path().join("good");
    let first = demo(&good);
    assert!(
        first.status.success(),
        "{}",
        String::from_utf8_lossy(&first.stdout)
    );
    assert!(dancu(&good, &["audit", "verify"]).status.success());
    let middle = "(SELECT first FROM blocks ORDER BY first LIMIT 1 OFFSET 3)";
    let next = "(SELECT first FROM blocks ORDER BY first LIMIT 1 OFFSET 4)";
    let edits = [
        (
            "flip",
            format!(
                "UPDATE blocks SET entries = CAST(substr(entries, 1, 40) || x'fe' || substr(entries, 42) AS BLOB) WHERE first = {middle}"
            ),
            "first bad block",
        ),
        (
            "hash",
            format!("UPDATE blocks SET hash = zeroblob(32) WHERE first = {middle}"),
            "first bad block",
        ),
        (
            "time",
            format!("UPDATE blocks SET at = at + 1 WHERE first = {middle}"),
            "first bad block",
        ),
        (
            "drop",
            format!("DELETE FROM blocks WHERE first = {middle}"),
            "first bad block",
        ),
        (
            "swap",
            format!(
                "UPDATE blocks SET entries = (SELECT entries FROM blocks WHERE first = {next}) WHERE first = {middle}"
            ),
            "first bad block",
        ),
        (
            "cut",
            format!("DELETE FROM blocks WHERE first > {middle}"),
            "first bad block",
        ),
        (
            "double",
            "UPDATE counts SET entry_count = entry_count * 2".to_owned(),
            "wrong count",
        ),
    ];
    for (name, statement, expected) in edits {
        let edited = folder.path().join(name);
        copy(&good, &edited);
        edit(&edited, &statement);
        let told = dancu(&edited, &["audit", "verify"]);
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(told.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(expected), "{name}: {said}");
    }
}

#[test]
fn a_doubled_count_fails_the_demo() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("dancu");
    assert!(demo(&data).status.success());
    edit(&data, "UPDATE counts SET entry_count = entry_count * 2");
    let told = demo(&data);
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(told.status.code(), Some(1), "{said}");
    assert!(said.contains("wrong count"), "{said}");
}

#[test]
fn an_altered_attribute_of_one_citizen_fails_the_demo() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("dancu");
    assert!(demo(&data).status.success());
    // The blood type of one citizen who is not locked: nobody but the police is given it, so
    // traffic alone would hardly ever meet it.
    let script = "import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
def varint(b, i):
    while b[i] & 0x80:
        i += 1
    return i + 1
for number, record in db.execute('SELECT personal_id, record FROM citizens ORDER BY personal_id LIMIT 50 OFFSET 700'):
    b = bytearray(record)
    flags = b[1] | b[2] << 8
    if flags & 16:
        continue
    i = varint(b, 3)
    if flags & 1:
        i = varint(b, i)
    i = varint(b, i)
    length, i = b[i], varint(b, i)
    i = varint(b, i + length) + 1
    b[i] = (b[i] & 15) | ((b[i] >> 4) % 4 + 1) << 4
    assert bytes(b) != record
    db.execute('UPDATE citizens SET record = ? WHERE personal_id = ?', (bytes(b), number))
    break
else:
    raise SystemExit('nothing was edited')";
    let edited = Command::new("python3")
        .args(["-c", script])
        .arg(data.join("registry.db"))
        .output()
        .expect("python3 runs");
    assert!(
        edited.status.success(),
        "{}",
        String::from_utf8_lossy(&edited.stderr)
    );
    let told = demo(&data);
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(told.status.code(), Some(1), "{said}");
    assert!(said.contains("blood_type"), "{said}");
}

/// A demo that runs, seen to have begun to drive.
#[expect(
    clippy::zombie_processes,
    reason = "whoever is given the child waits for it"
)]
fn driving(
    data: &Path,
    more: &[&str],
) -> (std::process::Child, BufReader<std::process::ChildStderr>) {
    let mut child = Command::new(stage::binary())
        .args(["demo", "--citizens", "2000"])
        .args(more)
        .arg("--data")
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stderr.take().expect("standard error is piped"));
    loop {
        let mut line = String::new();
        let read = lines.read_line(&mut line).expect("standard error is text");
        assert!(read > 0, "the demo ended before it drove");
        if line.starts_with("driving") {
            return (child, lines);
        }
    }
}

#[test]
fn entries_dropped_while_the_demo_runs_fail_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("dancu");
    let (mut child, mut errors) = driving(&data, &["--seconds", "4"]);
    std::thread::sleep(Duration::from_secs(2));
    edit(
        &data,
        "DELETE FROM blocks WHERE first = (SELECT first FROM blocks ORDER BY first LIMIT 1 OFFSET (SELECT count(*) / 2 FROM blocks))",
    );
    let mut said = String::new();
    let mut out = child.stdout.take().expect("standard output is piped");
    out.read_to_string(&mut said)
        .expect("standard output is text");
    let mut complaints = String::new();
    errors
        .read_to_string(&mut complaints)
        .expect("standard error is text");
    let ended = child.wait().expect("the demo ends");
    assert_eq!(ended.code(), Some(1), "{said}{complaints}");
    assert!(said.contains("does NOT add up"), "{said}");
    assert!(
        said.contains(": counted ") && said.contains("first bad block"),
        "{said}"
    );
}

#[test]
fn a_signal_ends_the_demo_with_the_sums_of_what_was_done() {
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let data = folder.path().join("dancu");
        let (mut child, _errors) = driving(&data, &["--seconds", "600", "--output", "json"]);
        std::thread::sleep(Duration::from_secs(1));
        let sent = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(child.id().to_string())
            .status();
        assert!(sent.expect("kill runs").success());
        let mut said = String::new();
        let mut out = child.stdout.take().expect("standard output is piped");
        out.read_to_string(&mut said)
            .expect("standard output is text");
        let ended = child.wait().expect("the demo ends");
        assert_eq!(ended.code(), Some(0), "{signal}: {said}");
        let sums: serde_json::Value = serde_json::from_str(&said).expect("one JSON object");
        assert_eq!(sums["adds_up"], true, "{signal}: {sums:#}");
        assert!(sums["answered"].as_u64() > Some(0), "{signal}: {sums:#}");
        assert_eq!(sums["counted"], sums["audited"], "{signal}");
        assert!(sums["seconds"].as_f64() < Some(300.0), "{signal}");
    }
}

#[test]
fn a_lost_file_of_checkpoints_is_told_and_begun_anew_only_on_demand() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("dancu");
    assert!(demo(&data).status.success());
    let file = data.join("checkpoints.log");
    std::fs::remove_file(&file).expect("the file is there");
    let verify = || {
        let told = dancu(&data, &["audit", "verify"]);
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        (told.status.code(), said)
    };
    let (code, said) = verify();
    assert_eq!(code, Some(1), "{said}");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--no-ops"];
    for refused in [demo(&data), dancu(&data, &serve)] {
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(3), "{said}");
        assert!(
            said.contains("the file of checkpoints is missing"),
            "{said}"
        );
        assert!(said.contains("--new-checkpoints"), "{said}");
        assert!(!file.exists(), "a refused start left a file");
    }
    let asked = dancu(&data, &["demo", "--seconds", "1", "--new-checkpoints"]);
    let said = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(asked.status.success(), "{said}");
    let (code, said) = verify();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("begun anew"), "{said}");
}

#[test]
fn a_ledger_is_not_taken_by_another_nation() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (ours, another) = (folder.path().join("ours"), folder.path().join("another"));
    assert!(demo(&ours).status.success());
    assert!(demo(&another).status.success());
    // Gone: a registry made anew would be another nation.
    std::fs::remove_file(ours.join("registry.db")).expect("the registry is there");
    let refused = demo(&ours);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(
        said.contains("not the registry that it belongs to"),
        "{said}"
    );
    assert!(!ours.join("registry.db").exists(), "one was made anew");
    // Another one of the same seed and size is another nation all the same.
    std::fs::copy(another.join("registry.db"), ours.join("registry.db")).expect("it is copied");
    let refused = demo(&ours);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("belongs to another nation"), "{said}");
}
