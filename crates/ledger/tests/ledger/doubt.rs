//! A store that can say what became of a failed append: the ledger turns everybody away, finds
//! out, and goes on, whichever way it was.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::shelf::{Shelf, StillClock, config, keys, message, request_id};
use dancu_domain::{RecordError, Recorder as _, VolumeRow, Volumes as _};
use dancu_ledger::{BlockStoreError, Desk, Doubt, Ledger, LedgerFailure, audit};

type Writing = tokio::task::JoinHandle<Result<(), LedgerFailure>>;

fn sum(rows: &[VolumeRow]) -> u64 {
    rows.iter().map(|row| row.count).sum()
}

async fn in_time<T>(waiting: impl Future<Output = T>) -> T {
    let told = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    told.expect("everybody is told in time")
}

/// A ledger over this shelf with its writer at work, and a desk of it.
async fn begun(shelf: &Shelf, folder: &Path) -> (Ledger, Writing, Desk) {
    let opened = Ledger::open(shelf.clone(), StillClock::new(), keys(), config(folder));
    let (ledger, writer) = opened.await.unwrap();
    let writer = tokio::spawn(writer);
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    (ledger, writer, desk)
}

#[tokio::test]
async fn after_a_failed_append_that_can_be_resolved_the_ledger_goes_on_and_counts_once() {
    for stored in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf {
            fails_at: Some((3, stored)),
            resolves_after: Some(2),
            ..Shelf::default()
        };
        let opened = Ledger::open(
            shelf.clone(),
            StillClock::new(),
            keys(),
            config(folder.path()),
        );
        let (ledger, writer) = opened.await.unwrap();
        let writer = tokio::spawn(writer);
        let lanes: Vec<_> = (0..10)
            .map(|lane| {
                let (desk, bell) = ledger.desk();
                tokio::spawn(bell);
                tokio::spawn(async move {
                    let (mut receipts, mut refused) = (Vec::new(), 0);
                    for n in 0.. {
                        if receipts.len() == 200 {
                            break;
                        }
                        match in_time(desk.record(message(lane * 10_000 + n, 3))).await {
                            Ok(receipt) => receipts.push(receipt),
                            Err(error) => {
                                assert_eq!(error, RecordError::Unavailable);
                                refused += 1;
                                tokio::time::sleep(Duration::from_millis(2)).await;
                            }
                        }
                    }
                    (receipts, refused)
                })
            })
            .collect();
        let (mut receipts, mut refused) = (Vec::new(), 0);
        for lane in lanes {
            let (got, turned_away) = in_time(lane).await.unwrap();
            receipts.extend(got);
            refused += turned_away;
        }
        assert!(refused > 0, "nobody was turned away while it was in doubt");
        assert_eq!(*ledger.in_doubt().borrow(), Doubt::None);
        for receipt in &receipts {
            let found = audit::entries(&mut shelf.clone(), *receipt).await.unwrap();
            assert_eq!(found.len(), receipt.count as usize);
        }
        let entries: u64 = shelf.rows().blocks.iter().map(|b| u64::from(b.count)).sum();
        let acknowledged = 3 * receipts.len() as u64;
        assert_eq!(sum(&ledger.volumes(None, None).await.unwrap()), entries);
        assert_eq!(
            entries > acknowledged,
            stored,
            "only a stored block has entries beyond"
        );
        ledger.close().await;
        assert_eq!(writer.await.unwrap(), Ok(()));
        let path = folder.path().join("checkpoints");
        let public = keys().public_key();
        let report = audit::verify(&mut shelf.clone(), Some(&path), &public).await;
        assert!(report.unwrap().ok());
    }
}

#[tokio::test]
async fn while_it_is_in_doubt_nobody_waits_and_a_close_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        fails_at: Some((1, false)),
        resolves_after: Some(usize::MAX),
        ..Shelf::default()
    };
    let (ledger, writer, desk) = begun(&shelf, folder.path()).await;
    let mut doubt = ledger.in_doubt();
    for n in 0..3 {
        let told = in_time(desk.record(message(n, 1))).await;
        assert_eq!(told, Err(RecordError::Unavailable));
    }
    in_time(doubt.wait_for(|doubt| *doubt == Doubt::Append))
        .await
        .unwrap();
    let id = request_id("r");
    let slot = in_time(desk.begin_write(crate::shelf::agency("H26"), &id, [0; 32])).await;
    assert_eq!(slot.err(), Some(RecordError::Unavailable));
    in_time(ledger.close()).await;
    let failure = BlockStoreError::Failed("the disk is full".to_owned());
    assert_eq!(writer.await.unwrap(), Err(LedgerFailure::Append(failure)));
}

#[tokio::test]
async fn a_lease_that_was_lost_meanwhile_ends_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        lease_lost: true,
        resolves_after: Some(0),
        ..Shelf::default()
    };
    let (_ledger, writer, desk) = begun(&shelf, folder.path()).await;
    let told = in_time(desk.record(message(1, 1))).await;
    assert_eq!(told, Err(RecordError::Unavailable));
    let failure = LedgerFailure::Append(BlockStoreError::LeaseLost);
    assert_eq!(in_time(writer).await.unwrap(), Err(failure));
}

#[tokio::test]
async fn a_store_that_is_away_is_seen_while_nothing_is_appended() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    let (ledger, writer, desk) = begun(&shelf, folder.path()).await;
    let mut doubt = ledger.in_doubt();
    for round in 0..2 {
        shelf.silent.store(true, Ordering::Relaxed);
        let silence = doubt.wait_for(|doubt| *doubt == Doubt::Silence);
        drop(in_time(silence).await.unwrap());
        let told = in_time(desk.record(message(round, 1))).await;
        assert_eq!(told, Err(RecordError::Unavailable));
        let id = request_id("r");
        let slot = in_time(desk.begin_write(crate::shelf::agency("H26"), &id, [0; 32])).await;
        assert_eq!(slot.err(), Some(RecordError::Unavailable));
        shelf.silent.store(false, Ordering::Relaxed);
        drop(in_time(doubt.wait_for(|doubt| *doubt == Doubt::None)).await);
        in_time(desk.record(message(round, 1))).await.unwrap();
    }
    assert_eq!(shelf.rows().blocks.len(), 2, "to ask is no entry");
    in_time(ledger.close()).await;
    assert_eq!(writer.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_close_does_not_wait_for_a_store_that_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    shelf.silent.store(true, Ordering::Relaxed);
    let opened = Ledger::open(shelf, StillClock::new(), keys(), config(folder.path()));
    let (ledger, writer) = opened.await.unwrap();
    let writer = tokio::spawn(writer);
    let mut doubt = ledger.in_doubt();
    drop(in_time(doubt.wait_for(|doubt| *doubt == Doubt::Silence)).await);
    in_time(ledger.close()).await;
    assert_eq!(writer.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_writer_that_another_one_claimed_ends_while_nothing_is_appended() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        lease_lost: true,
        ..Shelf::default()
    };
    let opened = Ledger::open(shelf, StillClock::new(), keys(), config(folder.path()));
    let (_ledger, writer) = opened.await.unwrap();
    let failure = LedgerFailure::Lease(BlockStoreError::LeaseLost);
    assert_eq!(in_time(writer).await, Err(failure));
}
