//! What is told, and what is not, when the ledger fails, ends, or has too much to do.

use std::sync::Arc;
use std::time::Duration;

use crate::shelf::{Shelf, StillClock, config, keys, message, request_id};
use dancu_domain::{Receipt, RecordError, Recorder as _, VolumeRow, Volumes as _};
use dancu_ledger::{BlockStoreError, Ledger, LedgerConfig, LedgerFailure, OpenError, audit};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

type Writer = JoinHandle<Result<(), LedgerFailure>>;

async fn open(shelf: &Shelf, config: LedgerConfig) -> (Ledger, Writer) {
    let opened = Ledger::open(shelf.clone(), StillClock::new(), keys(), config);
    let (ledger, writer) = opened.await.unwrap();
    (ledger, tokio::spawn(writer))
}

/// Whoever is forgotten would wait for ever.
async fn in_time<T>(waiting: impl Future<Output = T>) -> T {
    let told = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    told.expect("everybody is told in time")
}

fn sum(rows: &[VolumeRow]) -> u64 {
    rows.iter().map(|row| row.count).sum()
}

/// Ten desks of one thread record until the ledger has failed for each.
async fn record_until_failure(ledger: &Ledger) -> (Vec<Receipt>, Vec<RecordError>) {
    let lanes: Vec<_> = (0..10)
        .map(|lane| {
            let (desk, bell) = ledger.desk();
            tokio::spawn(bell);
            tokio::spawn(async move {
                let mut told = Vec::new();
                for n in 0..1_000 {
                    match desk.record(message(lane * 1_000 + n, 3)).await {
                        Ok(receipt) => told.push(receipt),
                        Err(error) => return (told, Some(error)),
                    }
                }
                (told, None)
            })
        })
        .collect();
    let (mut receipts, mut errors) = (Vec::new(), Vec::new());
    for lane in lanes {
        let (told, error) = in_time(lane).await.unwrap();
        receipts.extend(told);
        errors.extend(error);
    }
    (receipts, errors)
}

#[tokio::test]
async fn after_a_failed_append_nothing_is_acknowledged_that_is_not_stored() {
    for (at, stored) in [(1, false), (1, true), (7, false), (7, true)] {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = Shelf {
            fails_at: Some((at, stored)),
            ..Shelf::default()
        };
        let (ledger, writer) = open(&shelf, config(folder.path())).await;
        let (receipts, errors) = record_until_failure(&ledger).await;
        assert_eq!(errors, [RecordError::Unavailable; 10]);
        let failure = BlockStoreError::Failed("the disk is full".to_owned());
        assert_eq!(writer.await.unwrap(), Err(LedgerFailure::Append(failure)));
        assert!(!ledger.counters().serving);
        for receipt in &receipts {
            let found = audit::entries(&mut shelf, *receipt).await.unwrap();
            assert_eq!(found.len(), receipt.count as usize);
        }
        // What was acknowledged is counted; what is in doubt is not.
        let entries = 3 * receipts.len() as u64;
        assert_eq!(sum(&ledger.volumes(None, None).await.unwrap()), entries);
        assert_eq!(shelf.rows().appends, at);

        // It stays so, on old desks and on new ones.
        let (desk, bell) = ledger.desk();
        bell.await;
        let told = desk.record(message(1, 1)).await;
        assert_eq!(told, Err(RecordError::Unavailable));
        let id = request_id("r");
        let slot = desk.begin_write(crate::shelf::agency("H26"), &id, [0; 32]);
        assert_eq!(slot.await.err(), Some(RecordError::Unavailable));
        ledger.close().await;

        // Opened again, the store's head is the truth.
        shelf.fails_at = None;
        let (ledger, writer) = open(&shelf, config(folder.path())).await;
        let (desk, bell) = ledger.desk();
        tokio::spawn(bell);
        let kept = entries
            + if stored {
                shelf.rows().blocks.last().map_or(0, |b| u64::from(b.count))
            } else {
                0
            };
        assert_eq!(desk.record(message(1, 1)).await.unwrap().first, kept);
        ledger.close().await;
        assert_eq!(writer.await.unwrap(), Ok(()));
        let path = folder.path().join("checkpoints");
        let report = audit::verify(&mut shelf, Some(&path), &keys().public_key()).await;
        assert!(report.unwrap().ok());
    }
}

#[tokio::test]
async fn a_lost_lease_ends_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        lease_lost: true,
        ..Shelf::default()
    };
    let (ledger, writer) = open(&shelf, config(folder.path())).await;
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    let told = in_time(desk.record(message(1, 1))).await;
    assert_eq!(told, Err(RecordError::Unavailable));
    let failure = LedgerFailure::Append(BlockStoreError::LeaseLost);
    assert_eq!(writer.await.unwrap(), Err(failure));
}

#[tokio::test]
async fn whoever_waits_is_turned_away_when_the_writer_task_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        gate: Some(Arc::new(Semaphore::new(0))),
        ..Shelf::default()
    };
    let (ledger, writer) = open(&shelf, config(folder.path())).await;
    let (desk, bell) = ledger.desk();
    let bell = tokio::spawn(bell);
    let record = |n| {
        let desk = desk.clone();
        tokio::spawn(async move { desk.record(message(n, 1)).await })
    };
    // One is stuck in the append, one in the buffer.
    let first = record(1);
    while ledger.counters().waiting < 1 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(5)).await;
    let second = record(2);
    while ledger.counters().waiting < 2 {
        tokio::task::yield_now().await;
    }
    writer.abort();
    let told = async { (first.await.unwrap(), second.await.unwrap()) };
    let unavailable = Err(RecordError::Unavailable);
    assert_eq!(in_time(told).await, (unavailable, unavailable));
    bell.await.unwrap();
    ledger.close().await;
}

#[tokio::test]
async fn closing_commits_what_waits_and_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    let (ledger, writer) = open(&shelf, config(folder.path())).await;
    let (desk, bell) = ledger.desk();
    let bell = tokio::spawn(bell);
    let waiting: Vec<_> = (0..100)
        .map(|n| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.record(message(n, 2)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    ledger.close().await;
    assert_eq!(writer.await.unwrap(), Ok(()));
    let mut acknowledged = 0;
    for record in waiting {
        acknowledged += record.await.unwrap().map_or(0, |receipt| receipt.count);
    }
    assert_eq!(acknowledged, 200);
    assert_eq!(
        shelf.rows().blocks.iter().map(|b| b.count).sum::<u32>(),
        200
    );
    let told = desk.record(message(1, 1)).await;
    assert_eq!(told, Err(RecordError::Unavailable));
    bell.await.unwrap();
}

#[tokio::test]
async fn too_much_waiting_is_turned_away_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let shelf = Shelf {
        gate: Some(Arc::clone(&gate)),
        ..Shelf::default()
    };
    let config = LedgerConfig {
        max_waiting_entries: 10,
        ..config(folder.path())
    };
    let (ledger, writer) = open(&shelf, config).await;
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    let records: Vec<_> = (0..9)
        .map(|n| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.record(message(n, 4)).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    // Two of four fit, whether they gather or are in the writer's hands already.
    assert_eq!(ledger.counters().waiting, 8);
    assert_eq!(ledger.counters().shed, 7);
    gate.add_permits(100);
    let mut told = Vec::new();
    for record in records {
        told.push(record.await.unwrap());
    }
    assert_eq!(told.iter().filter(|told| told.is_ok()).count(), 2);
    let shed = Err(RecordError::Overloaded);
    assert_eq!(told.iter().filter(|told| **told == shed).count(), 7);
    // One that is larger than the bound passes when nothing else waits.
    assert_eq!(desk.record(message(1, 40)).await.unwrap().count, 40);
    ledger.close().await;
    assert_eq!(writer.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_block_stays_within_its_bytes_and_every_desk_gets_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let shelf = Shelf {
        gate: Some(Arc::clone(&gate)),
        ..Shelf::default()
    };
    let config = LedgerConfig {
        max_block_bytes: 1_500,
        ..config(folder.path())
    };
    let (ledger, writer) = open(&shelf, config).await;
    let records: Vec<_> = (0..8)
        .map(|n| {
            let (desk, bell) = ledger.desk();
            tokio::spawn(bell);
            tokio::spawn(async move { desk.record(message(n, 60)).await })
        })
        .collect();
    while ledger.counters().waiting < 480 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(100);
    for record in records {
        assert_eq!(record.await.unwrap().unwrap().count, 60);
    }
    ledger.close().await;
    assert_eq!(writer.await.unwrap(), Ok(()));
    let rows = shelf.rows();
    assert!(rows.blocks.iter().all(|block| block.entries.len() <= 1_501));
    assert!(rows.blocks.len() >= 4, "{} blocks", rows.blocks.len());
}

#[tokio::test]
async fn a_ledger_that_lost_what_a_checkpoint_vouches_for_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    let (ledger, _writer) = open(&shelf, config(folder.path())).await;
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    desk.record(message(1, 3)).await.unwrap();
    desk.record(message(2, 3)).await.unwrap();
    ledger.close().await;
    shelf.rows().blocks.pop();
    let mut config = config(folder.path());
    for new_checkpoints in [false, true] {
        config.new_checkpoints = new_checkpoints;
        let opened = Ledger::open(shelf.clone(), StillClock::new(), keys(), config.clone());
        let Err(OpenError::Behind { stored, signed, .. }) = opened.await.map(drop) else {
            panic!("the ledger was opened");
        };
        assert_eq!((stored, signed), (3, 6));
    }
    // Whoever knows of the loss puts the file aside and begins another one.
    let file = folder.path().join("checkpoints");
    std::fs::rename(&file, folder.path().join("evidence")).unwrap();
    open(&shelf, config).await;
    assert!(file.exists());
}
