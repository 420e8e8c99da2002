//! The table of writers lies outside the chain: whatever is edited there, nothing that was recorded
//! is lost, hidden or written over. The ledger goes on soundly or is not opened.

use std::path::Path;
use std::sync::Arc;

use super::file::{Editor, StillClock, keys, message, verified, with_ledger};
use dancu_domain::{NationId, Receipt, Recorder as _};
use dancu_ledger::{Ledger, LedgerConfig, audit};
use dancu_store::SqliteBlocks;

/// Two writers with three entries each; their receipts.
async fn recorded(folder: &Path) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    for (writer, n) in [("first", 1), ("second", 2)] {
        let receipt = with_ledger(folder, writer, |_, desk| async move {
            desk.record(message(n, 3)).await.unwrap()
        });
        receipts.push(receipt.await);
    }
    receipts
}

/// Opens the ledger as the first writer and records three entries more; `None` where it is refused.
async fn go_on(folder: &Path) -> Option<Receipt> {
    let store = SqliteBlocks::open(&folder.join("ledger.db")).await.unwrap();
    let mut config = LedgerConfig::new(NationId([44; 16]), folder.join("checkpoints"));
    "first".clone_into(&mut config.writer);
    let opened = Ledger::open(store, Arc::new(StillClock), keys(), config).await;
    let (ledger, task) = opened.ok()?;
    let task = tokio::spawn(task);
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    let receipt = desk.record(message(3, 3)).await.unwrap();
    ledger.close().await;
    task.await.unwrap().unwrap();
    Some(receipt)
}

#[tokio::test]
async fn no_edit_of_the_writers_hides_or_overwrites_an_entry() {
    // The edit, and whether the ledger can be gone on with.
    let edits = [
        ("UPDATE writers SET name = 'x' WHERE id = 1", true),
        ("DELETE FROM writers", true),
        ("DELETE FROM writers WHERE id = 1", true),
        ("DELETE FROM writers WHERE id = 2", true),
        (
            "UPDATE writers SET name = CASE id WHEN 1 THEN 'a' ELSE 'first' END",
            true,
        ),
        ("UPDATE writers SET id = 7 WHERE id = 1", true),
        (
            "INSERT INTO writers (id, name, epoch) VALUES (9, 'ghost', 1)",
            true,
        ),
        ("UPDATE writers SET epoch = 0", true),
        ("UPDATE writers SET epoch = 1000000", true),
        ("UPDATE writers SET epoch = -5", false),
        ("UPDATE writers SET epoch = 9223372036854775807", false),
        ("UPDATE writers SET id = 1099511627776 WHERE id = 1", false),
    ];
    for (edit, goes_on) in edits {
        let folder = tempfile::tempdir().unwrap();
        let mut receipts = recorded(folder.path()).await;
        let mut editor = Editor::open(folder.path()).await;
        assert!(editor.run(edit).await > 0, "{edit}");
        drop(editor);
        let before = verified(folder.path()).await;
        // What cannot be read is told; whatever can is whole.
        assert!(!before.ok() || before.entries == 6, "{edit}: {before:?}");
        let more = go_on(folder.path()).await;
        assert_eq!(more.is_some(), goes_on, "{edit}");
        receipts.extend(more);
        let path = folder.path().join("ledger.db");
        let mut store = SqliteBlocks::open_read_only(&path).await.unwrap();
        for receipt in &receipts {
            let found = audit::entries(&mut store, *receipt).await.unwrap();
            assert_eq!(found.len(), 3, "{edit}: {receipt:?}");
        }
        if goes_on {
            let after = verified(folder.path()).await;
            assert!(after.ok(), "{edit}: {after:?}");
            assert_eq!(after.entries, 9, "{edit}");
        }
    }
}
