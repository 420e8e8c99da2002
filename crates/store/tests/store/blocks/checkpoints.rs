//! Whoever edits the counters or the checkpoints of a ledger is found.

use super::file::{
    Editor, FIRST, a_large_ledger, keys, message, verified, verify_with, with_ledger,
};
use dancu_domain::Recorder as _;
use dancu_ledger::LedgerKeys;
use dancu_ledger::audit::CheckpointFault;

const RAISE: &str = "UPDATE counts SET entry_count = entry_count + 1
    WHERE (writer, agency, verb, service, outcome, day) = (
        SELECT writer, agency, verb, service, outcome, day FROM counts
        ORDER BY writer, agency, verb, service, outcome, day LIMIT 1
    )";

const REMOVE: &str = "DELETE FROM counts
    WHERE (writer, agency, verb, service, outcome, day) = (
        SELECT writer, agency, verb, service, outcome, day FROM counts
        ORDER BY writer, agency, verb, service, outcome, day LIMIT 1
    )";

const INVENT: &str = "INSERT INTO counts VALUES (1, 19600, 'X', 1, 37, 1, 3)";

#[tokio::test]
async fn edited_counters_are_found() {
    for edit in [RAISE, REMOVE, INVENT] {
        let folder = a_large_ledger();
        let mut editor = Editor::open(folder.path()).await;
        let (agency, count) = editor.first_count().await;
        assert_eq!(editor.run(edit).await, 1);
        let report = verified(folder.path()).await;
        assert_eq!((report.first_bad, report.bad_checkpoint), (None, None));
        assert!(!report.counts_agree());
        let found = report.difference.unwrap();
        assert_eq!(found.writer, FIRST);
        let (agency, counted, entries) = match edit {
            RAISE => (agency.as_str(), count + 1, count),
            REMOVE => (agency.as_str(), 0, count),
            _ => ("X", 3, 0),
        };
        assert_eq!(found.key.agency.text(), agency);
        assert_eq!((found.counted, found.entries), (counted, entries));
    }
}

/// Edits the lines of the checkpoints; what the report says of the file.
async fn checkpoints_edited(edit: impl FnOnce(&mut Vec<String>)) -> Option<(u64, CheckpointFault)> {
    let folder = a_large_ledger();
    let path = folder.path().join("checkpoints");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    edit(&mut lines);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let report = verified(folder.path()).await;
    assert_eq!(report.first_bad, None, "the chains are as they were");
    report.bad_checkpoint.map(|bad| (bad.line, bad.why))
}

#[tokio::test]
async fn edited_checkpoints_are_found() {
    let number = |line: &mut String, from: &str, to: &str| {
        assert!(line.contains(from));
        *line = line.replacen(from, to, 1);
    };
    let signature = |line| Some((line, CheckpointFault::Signature));
    let chain = |line| Some((line, CheckpointFault::Chain));
    let told = checkpoints_edited(|lines| number(&mut lines[3], "sequence=3", "sequence=4"));
    assert_eq!(told.await, signature(4));
    let told = checkpoints_edited(|lines| number(&mut lines[5], ":50000:", ":49800:"));
    assert_eq!(told.await, signature(6));
    let told = checkpoints_edited(|lines| lines[2].truncate(200));
    assert_eq!(told.await, signature(3));
    let told = checkpoints_edited(|lines| drop(lines.remove(4)));
    assert_eq!(told.await, chain(5));
    let told = checkpoints_edited(|lines| drop(lines.remove(0)));
    assert_eq!(told.await, chain(1));
    let told = checkpoints_edited(|lines| lines.swap(4, 5));
    assert_eq!(told.await, chain(5));
    let told = checkpoints_edited(|lines| lines.insert(4, lines[3].clone()));
    assert_eq!(told.await, chain(5));
    let told = checkpoints_edited(|lines| lines.insert(0, String::new()));
    assert_eq!(told.await, signature(1));
}

#[tokio::test]
async fn checkpoints_of_another_key_are_not_believed() {
    let folder = a_large_ledger();
    let stranger = LedgerKeys {
        checkpoint: [34; 32],
        ..keys()
    };
    let path = folder.path().join("checkpoints");
    let report = verify_with(folder.path(), Some(path), stranger.public_key()).await;
    let told = report.bad_checkpoint.map(|bad| (bad.line, bad.why));
    assert_eq!(told, Some((1, CheckpointFault::Signature)));
}

#[tokio::test]
async fn counters_that_were_edited_before_they_were_signed_are_found() {
    let folder = a_large_ledger();
    let mut editor = Editor::open(folder.path()).await;
    editor.run(RAISE).await;
    drop(editor);
    with_ledger(folder.path(), "first", |_, desk| async move {
        desk.record(message(9_999, 3)).await.unwrap();
    })
    .await;
    let report = verified(folder.path()).await;
    let told = report.bad_checkpoint.map(|bad| bad.why);
    assert_eq!(told, Some(CheckpointFault::Totals));
    assert!(report.difference.is_some());
}

#[tokio::test]
async fn a_line_that_a_kill_cut_short_counts_for_nothing_and_is_written_over() {
    let folder = a_large_ledger();
    let path = folder.path().join("checkpoints");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("dancu-checkpoint-1 sequence=13 at=17");
    std::fs::write(&path, text).unwrap();
    let before = verified(folder.path()).await;
    assert!(before.ok(), "{before:?}");
    with_ledger(folder.path(), "first", |_, desk| async move {
        desk.record(message(9_999, 3)).await.unwrap();
    })
    .await;
    let after = verified(folder.path()).await;
    assert!(after.ok(), "{after:?}");
    assert_eq!(after.checkpoints, before.checkpoints + 2);
}
