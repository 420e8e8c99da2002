//! The ledger in its file: several cores, a second program, a reader beside, slips.

use std::thread;

use super::file::{Editor, message, verified, with_ledger};
use dancu_domain::{Receipt, Recorder as _, Volumes as _, WriteSlot};
use dancu_ledger::{BlockStore as _, BlockStoreError, Desk, audit};
use dancu_store::SqliteBlocks;

/// Records messages `from..to` in 16 tasks of a runtime of its own.
fn front(
    desk: Desk,
    bell: impl Future<Output = ()> + Send + 'static,
    from: u64,
    to: u64,
) -> thread::JoinHandle<Vec<(u64, Receipt)>> {
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async move {
            tokio::spawn(bell);
            let lanes: Vec<_> = (0..16)
                .map(|lane| {
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        let mut told = Vec::new();
                        for n in (from..to).filter(|n| n % 16 == lane) {
                            told.push((n, desk.record(message(n, 1 + n % 3)).await.unwrap()));
                        }
                        told
                    })
                })
                .collect();
            let mut all = Vec::new();
            for lane in lanes {
                all.extend(lane.await.unwrap());
            }
            all
        })
    })
}

#[tokio::test]
async fn entries_of_several_cores_and_two_openings_are_found_by_their_receipts() {
    let folder = tempfile::tempdir().unwrap();
    let mut told = Vec::new();
    for round in 0..2_u64 {
        let more = with_ledger(folder.path(), "first", |ledger, _| async move {
            let fronts: Vec<_> = (0..3)
                .map(|core| {
                    let (desk, bell) = ledger.desk();
                    let from = round * 3_000 + core * 1_000;
                    front(desk, bell, from, from + 1_000)
                })
                .collect();
            let joined = tokio::task::spawn_blocking(|| {
                fronts
                    .into_iter()
                    .flat_map(|f| f.join().unwrap())
                    .collect::<Vec<_>>()
            });
            let told = joined.await.unwrap();
            let counted = ledger.volumes(None, None).await.unwrap();
            let entries: u64 = counted.iter().map(|row| row.count).sum();
            assert_eq!(entries, (round + 1) * 6_000, "counted as soon as told");
            told
        });
        told.extend(more.await);
    }
    told.sort_by_key(|(_, receipt)| receipt.first);
    let path = folder.path().join("ledger.db");
    let mut store = SqliteBlocks::open_read_only(&path).await.unwrap();
    let mut next = 0;
    for (n, receipt) in told {
        assert_eq!(receipt.first, next);
        next += u64::from(receipt.count);
        let entries = audit::entries(&mut store, receipt).await.unwrap();
        assert_eq!(entries.len() as u64, 1 + n % 3);
        let sent = message(n, 1 + n % 3);
        let request = super::file::keys().request_hash(&sent.context.request_id);
        for (entry, item) in entries.iter().zip(&sent.items) {
            assert_eq!((entry.request, entry.outcome), (request, item.outcome));
        }
    }
    assert_eq!(next, 12_000);
    let report = verified(folder.path()).await;
    assert!(report.ok(), "{report:?}");
}

#[tokio::test]
async fn a_second_program_is_refused_and_a_reader_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut first = SqliteBlocks::open(&path).await.unwrap();
    first.claim_writer("first").await.unwrap();
    let second = SqliteBlocks::open(&path).await.err();
    assert_eq!(second, Some(BlockStoreError::InUse));
    let mut reader = SqliteBlocks::open_read_only(&path).await.unwrap();
    assert_eq!(reader.heads().await.unwrap().len(), 1);
    let written = reader.claim_writer("first").await;
    assert!(matches!(written, Err(BlockStoreError::Failed(_))));
    drop(first);
    SqliteBlocks::open(&path).await.unwrap();
}

#[tokio::test]
async fn a_missing_file_and_a_later_schema_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    assert!(SqliteBlocks::open_read_only(&path).await.is_err());
    assert!(!path.exists());
    drop(SqliteBlocks::open(&path).await.unwrap());
    Editor::open(folder.path())
        .await
        .run("PRAGMA user_version = 99")
        .await;
    let words = BlockStoreError::Failed("open a ledger that a later build wrote".to_owned());
    assert_eq!(SqliteBlocks::open(&path).await.err(), Some(words.clone()));
    assert_eq!(SqliteBlocks::open_read_only(&path).await.err(), Some(words));
}

#[tokio::test]
async fn a_slip_that_would_alter_or_remove_a_block_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    with_ledger(folder.path(), "first", |_, desk| async move {
        desk.record(message(1, 3)).await.unwrap();
    })
    .await;
    let mut editor = Editor::open(folder.path()).await;
    for slip in ["UPDATE blocks SET at = 0", "DELETE FROM blocks"] {
        let stopped = editor.try_run(slip).await.unwrap_err().to_string();
        assert!(stopped.contains("blocks are not"), "{stopped}");
    }
    assert!(verified(folder.path()).await.ok());
}

#[tokio::test]
async fn kept_answers_outlive_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut sent = message(3, 2);
    sent.kept = Some(dancu_domain::KeptAnswer {
        digest: [7; 32],
        body: (0..=255).collect(),
    });
    let (agency, id) = (sent.agency, sent.context.request_id.clone());
    let answer = sent.kept.clone().unwrap();
    let receipt = with_ledger(folder.path(), "first", |_, desk| async move {
        desk.record(message(1, 3)).await.unwrap();
        desk.record(sent).await.unwrap()
    });
    let receipt = receipt.await;
    with_ledger(folder.path(), "first", |_, desk| async move {
        let slot = desk.begin_write(agency, &id, [7; 32]).await.unwrap();
        let WriteSlot::Kept(kept) = slot else {
            panic!("it was forgotten: {slot:?}");
        };
        assert_eq!((kept.answer, kept.receipt), (answer, receipt));
        let slot = desk.begin_write(agency, &id, [8; 32]).await.unwrap();
        assert!(matches!(slot, WriteSlot::Reused));
    })
    .await;
}

#[tokio::test]
async fn a_kept_answer_that_somebody_edited_in_the_file_is_taken_for_absent() {
    for edit in [
        "UPDATE kept SET first = first + 1",
        "UPDATE kept SET body = x'00'",
        "UPDATE kept SET digest = x'00'",
        "UPDATE kept SET entry_count = -1",
        "UPDATE kept SET seal = x''",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut sent = message(3, 2);
        sent.kept = Some(dancu_domain::KeptAnswer {
            digest: [7; 32],
            body: (0..=255).collect(),
        });
        let (agency, id) = (sent.agency, sent.context.request_id.clone());
        with_ledger(folder.path(), "first", |_, desk| async move {
            desk.record(sent).await.unwrap();
        })
        .await;
        let mut editor = Editor::open(folder.path()).await;
        assert_eq!(editor.run(edit).await, 1);
        drop(editor);
        with_ledger(folder.path(), "first", |ledger, desk| async move {
            let slot = desk.begin_write(agency, &id, [7; 32]).await.unwrap();
            assert!(matches!(slot, WriteSlot::Fresh(_)), "{edit}: {slot:?}");
            assert_eq!(ledger.counters().kept_edited, 1, "{edit}");
        })
        .await;
    }
}
