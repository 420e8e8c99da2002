//! Write messages that another instance is at work on, has taken over, or has answered.

use std::sync::Arc;
use std::time::Duration;

use crate::shelf::{Shelf, StillClock, agency, config, keys, message, request_id, write_message};
use dancu_domain::{Receipt, RecordError, Recorder as _, VolumeRow, Volumes as _, WriteSlot};
use dancu_ledger::{Desk, KeptKey, Ledger, WriteGuard, audit};
use tokio::sync::Semaphore;

struct Given {
    shelf: Shelf,
    ledger: Ledger,
    desk: Desk,
    folder: tempfile::TempDir,
}

async fn given(shelf: Shelf) -> Given {
    let folder = tempfile::tempdir().unwrap();
    let clock = StillClock::new();
    let opened = Ledger::open(shelf.clone(), clock, keys(), config(folder.path()));
    let (ledger, writer) = opened.await.unwrap();
    tokio::spawn(writer);
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    Given {
        shelf,
        ledger,
        desk,
        folder,
    }
}

impl Given {
    /// Begins a write message; its guard, and the key of its claim.
    async fn begin(&self, id: &str, body: u8) -> (WriteGuard, KeptKey) {
        let before = self.shelf.rows().claims.clone();
        let request = request_id(id);
        let begun = self.desk.begin_write(agency("H26"), &request, [body; 32]);
        let WriteSlot::Fresh(guard) = begun.await.unwrap() else {
            panic!("{id} is new");
        };
        let rows = self.shelf.rows();
        let key = rows.claims.difference(&before).copied().next();
        (guard, key.unwrap())
    }

    async fn verified(mut self, entries: u64) {
        let counted: &[VolumeRow] = &self.ledger.volumes(None, None).await.unwrap();
        assert_eq!(counted.iter().map(|row| row.count).sum::<u64>(), entries);
        let recounted = audit::recount(&mut self.shelf).await.unwrap();
        assert_eq!(recounted.values().sum::<u64>(), entries);
        self.ledger.close().await;
        let path = self.folder.path().join("checkpoints");
        let public = keys().public_key();
        let report = audit::verify(&mut self.shelf, Some(&path), &public).await;
        assert!(report.unwrap().ok());
    }
}

/// Waits until it holds; on a busy machine that may be a while.
async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to that");
}

#[tokio::test]
async fn messages_that_were_taken_over_leave_the_block_and_the_others_are_recorded() {
    // Which of five messages are lost, the last of which is a reading without a claim.
    for lost in 0..16_u8 {
        let gate = Arc::new(Semaphore::new(0));
        let given = given(Shelf {
            gate: Some(Arc::clone(&gate)),
            ..Shelf::default()
        })
        .await;
        let mut begun = Vec::new();
        for place in 0..4 {
            begun.push(given.begin(&format!("r{place}"), place).await);
        }
        // The first of them is in a block of its own, which stands at the gate.
        let mut recording = Vec::new();
        for place in 0..4 {
            let desk = given.desk.clone();
            let sent = write_message(&format!("r{place}"), place);
            recording.push(tokio::spawn(async move { desk.record(sent).await }));
        }
        let desk = given.desk.clone();
        recording.push(tokio::spawn(
            async move { desk.record(message(9, 3)).await },
        ));
        tokio::task::yield_now().await;
        for (place, (_, key)) in begun.iter().enumerate() {
            if lost & 1 << place != 0 {
                let mut rows = given.shelf.rows();
                rows.claims.remove(key);
                rows.elsewhere.insert(*key);
            }
        }
        gate.add_permits(100);
        let mut next = 0;
        for (place, told) in recording.into_iter().enumerate() {
            let told = told.await.unwrap();
            if lost & 1 << place != 0 {
                assert_eq!(told, Err(RecordError::TakenOver), "{lost:b}: {place}");
                continue;
            }
            let receipt = told.unwrap();
            let count = if place < 4 { 2 } else { 3 };
            assert_eq!((receipt.first, receipt.count), (next, count), "{lost:b}");
            let found = audit::entries(&mut given.shelf.clone(), receipt).await;
            let found = found.unwrap();
            let sent = if place < 4 {
                write_message("r", place as u8)
            } else {
                message(9, 3)
            };
            assert!(
                found
                    .iter()
                    .zip(&sent.items)
                    .all(|(f, s)| f.outcome == s.outcome)
            );
            next += u64::from(count);
        }
        let kept: Vec<Receipt> = {
            let rows = given.shelf.rows();
            rows.kept.values().map(|row| row.kept.receipt).collect()
        };
        assert_eq!(kept.len() as u32, 4 - (lost & 15).count_ones());
        given.verified(next).await;
    }
}

#[tokio::test]
async fn a_claim_that_got_lost_is_made_again_and_nobody_hears_of_it() {
    let given = given(Shelf::default()).await;
    let (guard, key) = given.begin("one", 1).await;
    given.shelf.rows().claims.remove(&key);
    let receipt = given.desk.record(write_message("one", 1)).await.unwrap();
    assert_eq!((receipt.first, receipt.count), (0, 2));
    drop(guard);
    given.verified(2).await;
}

#[tokio::test]
async fn a_message_that_another_instance_is_at_work_on_waits() {
    let given = given(Shelf::default()).await;
    let (guard, key) = given.begin("one", 1).await;
    drop(guard);
    until(|| given.shelf.rows().claims.is_empty()).await;
    given.shelf.rows().elsewhere.insert(key);
    let id = request_id("one");
    let begin = || given.desk.begin_write(agency("H26"), &id, [1; 32]);
    let mut waiting = Box::pin(begin());
    let waited = tokio::time::timeout(Duration::from_millis(150), &mut waiting).await;
    assert!(waited.is_err(), "it did not wait");
    assert_eq!(given.shelf.rows().claims.len(), 0);
    // Gone, it leaves nothing behind; and the next one waits as well, until the other is gone.
    drop(waiting);
    let mut waiting = Box::pin(begin());
    let waited = tokio::time::timeout(Duration::from_millis(50), &mut waiting).await;
    assert!(waited.is_err(), "it did not wait");
    given.shelf.rows().elsewhere.clear();
    assert!(matches!(waiting.await.unwrap(), WriteSlot::Fresh(_)));
}

#[tokio::test]
async fn whatever_ends_without_an_answer_leaves_no_claim() {
    let given = given(Shelf::default()).await;
    // A message that failed.
    drop(given.begin("one", 1).await);
    // Calls that hang up at any time.
    for turn in 0..50 {
        let id = request_id(&format!("two-{}", turn % 5));
        let mut begun = Box::pin(given.desk.begin_write(agency("H26"), &id, [1; 32]));
        for _ in 0..turn % 7 {
            tokio::select! {
                biased;
                _ = &mut begun => break,
                () = tokio::task::yield_now() => {}
            }
        }
    }
    until(|| given.shelf.rows().claims.is_empty()).await;
    // One that goes on while another one of its key has just hung up keeps its own.
    let (guard, key) = given.begin("three", 1).await;
    drop(guard);
    let id = request_id("three");
    let begin = || given.desk.begin_write(agency("H26"), &id, [1; 32]);
    for _ in 0..50 {
        let mut begun = Box::pin(begin());
        tokio::select! {
            biased;
            _ = &mut begun => {}
            () = tokio::task::yield_now() => {}
        }
        drop(begun);
        let slot = begin().await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(given.shelf.rows().claims.contains(&key));
        drop(slot);
    }
    until(|| given.shelf.rows().claims.is_empty()).await;
}
