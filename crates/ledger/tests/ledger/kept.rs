//! Write messages happen once: repeats are told what the first was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use crate::shelf::{Shelf, StillClock, agency, config, keys, request_id, write_message};
use dancu_domain::{Kept, Receipt, RecordError, Recorder as _, WriteSlot};
use dancu_ledger::{Desk, KeptRow, Ledger, audit};

/// How a write message ended for its sender.
#[derive(Debug, PartialEq)]
enum Told {
    Done(Receipt),
    Again(Kept),
    Reused,
}

/// What a verb does with a write message, and how often it was carried out.
async fn write(desk: &Desk, id: &str, body: u8, carried_out: &AtomicUsize) -> Told {
    let request = request_id(id);
    let begun = desk.begin_write(agency("H26"), &request, [body; 32]);
    match begun.await.unwrap() {
        WriteSlot::Fresh(_guard) => {
            carried_out.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Told::Done(desk.record(write_message(id, body)).await.unwrap())
        }
        WriteSlot::Kept(kept) => Told::Again(kept),
        WriteSlot::Reused => Told::Reused,
    }
}

struct Given {
    shelf: Shelf,
    clock: Arc<StillClock>,
    ledger: Ledger,
    desk: Desk,
    _folder: tempfile::TempDir,
}

async fn given(shelf: Shelf) -> Given {
    let folder = tempfile::tempdir().unwrap();
    let clock = StillClock::new();
    let opened = Ledger::open(shelf.clone(), clock.clone(), keys(), config(folder.path()));
    let (ledger, writer) = opened.await.unwrap();
    tokio::spawn(writer);
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    Given {
        shelf,
        clock,
        ledger,
        desk,
        _folder: folder,
    }
}

async fn entries(given: &mut Given) -> u64 {
    let counts = audit::recount(&mut given.shelf).await.unwrap();
    counts.values().sum()
}

#[tokio::test]
async fn a_repeat_is_told_the_same_under_the_same_receipt() {
    let mut given = given(Shelf::default()).await;
    let times = AtomicUsize::new(0);
    // Something before it in the same batch, so that the receipt does not begin there.
    let (_, told) = tokio::join!(
        write(&given.desk, "other", 9, &times),
        write(&given.desk, "one", 1, &times)
    );
    let Told::Done(receipt) = told else {
        panic!("the first is new");
    };
    assert_eq!(given.shelf.rows().blocks.len(), 1);
    assert_eq!((receipt.first, receipt.count), (2, 2));
    let answer = write_message("one", 1).kept.unwrap();
    for _ in 0..3 {
        let again = Told::Again(Kept {
            answer: answer.clone(),
            receipt,
        });
        assert_eq!(write(&given.desk, "one", 1, &times).await, again);
    }
    assert_eq!(write(&given.desk, "one", 2, &times).await, Told::Reused);
    assert_eq!(times.load(Ordering::SeqCst), 2);
    // Another agency's request of the same name is another request.
    let id = request_id("one");
    let slot = given.desk.begin_write(agency("G05"), &id, [2; 32]);
    assert!(matches!(slot.await.unwrap(), WriteSlot::Fresh(_)));
    assert_eq!(entries(&mut given).await, 4);
}

#[tokio::test]
async fn of_many_at_once_exactly_one_is_carried_out() {
    let mut given = given(Shelf::default()).await;
    let times = Arc::new(AtomicUsize::new(0));
    let (other_desk, bell) = given.ledger.desk();
    tokio::spawn(bell);
    let writes: Vec<_> = (0..50)
        .map(|n| {
            let desk = if n % 2 == 0 { &given.desk } else { &other_desk }.clone();
            let times = Arc::clone(&times);
            tokio::spawn(async move { write(&desk, "one", 1, &times).await })
        })
        .collect();
    let (mut done, mut again) = (Vec::new(), Vec::new());
    for write in writes {
        match write.await.unwrap() {
            Told::Done(receipt) => done.push(receipt),
            Told::Again(kept) => again.push(kept.receipt),
            Told::Reused => panic!("it is the same body"),
        }
    }
    assert_eq!((done.len(), again.len()), (1, 49));
    assert!(again.iter().all(|receipt| *receipt == done[0]));
    assert_eq!(times.load(Ordering::SeqCst), 1);
    assert_eq!(entries(&mut given).await, 2);
}

#[tokio::test]
async fn a_guard_dropped_without_a_record_lets_the_next_one_through() {
    let given = given(Shelf::default()).await;
    let (desk, id) = (&given.desk, request_id("one"));
    let first = desk.begin_write(agency("H26"), &id, [1; 32]).await.unwrap();
    assert!(matches!(first, WriteSlot::Fresh(_)));
    let mut second = Box::pin(desk.begin_write(agency("H26"), &id, [1; 32]));
    let waited = tokio::time::timeout(Duration::from_millis(30), &mut second).await;
    assert!(waited.is_err(), "it did not wait for the first");
    drop(first);
    assert!(matches!(second.await.unwrap(), WriteSlot::Fresh(_)));
}

#[tokio::test]
async fn a_call_dropped_while_its_commit_is_under_way_is_not_carried_out_twice() {
    let mut given = given(Shelf::default()).await;
    let (desk, id) = (given.desk.clone(), request_id("one"));
    let slot = desk.begin_write(agency("H26"), &id, [1; 32]).await.unwrap();
    let mut record = Box::pin(desk.record(write_message("one", 1)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(record.as_mut().poll(&mut context).is_pending());
    // The caller hangs up: record and guard are gone, the entries are not, and the writer, who
    // answers questions before it commits, has not had its turn.
    drop(record);
    drop(slot);
    let times = AtomicUsize::new(0);
    let Told::Again(kept) = write(&desk, "one", 1, &times).await else {
        panic!("it was carried out again");
    };
    assert_eq!((kept.receipt.first, kept.receipt.count), (0, 2));
    assert_eq!(times.load(Ordering::SeqCst), 0);
    assert_eq!(entries(&mut given).await, 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_for_a_day_and_then_forgotten() {
    let given = given(Shelf::default()).await;
    let times = AtomicUsize::new(0);
    let day = 24 * 3_600_000;
    write(&given.desk, "one", 1, &times).await;
    given.clock.move_by(day - 1);
    let told = write(&given.desk, "one", 1, &times).await;
    assert!(matches!(told, Told::Again(_)));
    given.clock.move_by(1);
    let told = write(&given.desk, "one", 2, &times).await;
    let Told::Done(receipt) = told else {
        panic!("the first was kept for longer: {told:?}");
    };
    assert_eq!(receipt.first, 2);
    // The newer one took its place, and goes with the first purge after its day.
    assert_eq!(given.shelf.rows().kept.len(), 1);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(given.shelf.rows().kept.len(), 1);
    given.clock.move_by(day + 1);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(given.shelf.rows().kept.len(), 0);
}

#[tokio::test]
async fn an_edited_answer_is_alarmed_of_and_taken_for_absent() {
    let given = given(Shelf::default()).await;
    let times = AtomicUsize::new(0);
    write(&given.desk, "one", 1, &times).await;
    let edits: [fn(&mut KeptRow); 4] = [
        |row| row.kept.receipt.first += 1,
        |row| row.kept.answer.body[0] ^= 1,
        |row| row.at.0 += 1,
        |row| row.seal = [0; 32],
    ];
    for (place, edit) in edits.into_iter().enumerate() {
        given.shelf.rows().kept.values_mut().for_each(edit);
        let told = write(&given.desk, "one", 1, &times).await;
        let Told::Done(receipt) = told else {
            panic!("edit {place} was believed: {told:?}");
        };
        assert_eq!(receipt.first, 2 * (place as u64 + 1), "edit {place}");
        assert_eq!(given.ledger.counters().kept_edited, place as u64 + 1);
    }
    // Recorded anew, it is kept as it should be.
    let told = write(&given.desk, "one", 1, &times).await;
    assert!(matches!(told, Told::Again(_)), "{told:?}");
}

#[tokio::test]
async fn an_answer_kept_for_one_request_is_no_answer_to_another() {
    let given = given(Shelf::default()).await;
    let times = AtomicUsize::new(0);
    write(&given.desk, "one", 1, &times).await;
    write(&given.desk, "two", 1, &times).await;
    {
        let mut rows = given.shelf.rows();
        let keys: Vec<_> = rows.kept.keys().copied().collect();
        let one = rows.kept[&keys[0]].clone();
        let moved = KeptRow {
            key: keys[1],
            ..one
        };
        rows.kept.insert(keys[1], moved);
    }
    write(&given.desk, "one", 1, &times).await;
    write(&given.desk, "two", 1, &times).await;
    assert_eq!(times.load(Ordering::SeqCst), 3);
    assert_eq!(given.ledger.counters().kept_edited, 1);
}

#[tokio::test]
async fn too_many_questions_are_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.max_waiting_lookups = 1;
    let opened = Ledger::open(Shelf::default(), StillClock::new(), keys(), config);
    // The writer does not run, so questions stay where they are.
    let (ledger, _writer) = opened.await.unwrap();
    let (desk, _bell) = ledger.desk();
    let (one, two) = (request_id("one"), request_id("two"));
    let mut first = Box::pin(desk.begin_write(agency("H26"), &one, [1; 32]));
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    let second = desk.begin_write(agency("H26"), &two, [1; 32]).await;
    assert_eq!(second.err(), Some(RecordError::Overloaded));
}
