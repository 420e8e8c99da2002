//! The real binary on a ledger that somebody edited: `audit verify` and the demo both end with 1.

use std::path::Path;
use std::process::{Command, Output};

use dancu_tests::stage;

fn dancu(data: &Path, arguments: &[&str]) -> Output {
    Command::new(stage::binary())
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
fn entries_without_checkpoints_are_told() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("dancu");
    assert!(demo(&data).status.success());
    std::fs::remove_file(data.join("checkpoints.log")).expect("the file is there");
    let told = dancu(&data, &["audit", "verify"]);
    assert_eq!(
        told.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&told.stdout)
    );
}
