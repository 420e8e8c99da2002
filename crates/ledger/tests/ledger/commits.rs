//! Entries, receipts and counts, under all that threads and callers do to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use crate::shelf::{Shelf, StillClock, config, keys, message, outcome, subject};
use dancu_domain::{Receipt, RecordError, Recorder as _, VolumeKey, VolumeRow, Volumes as _};
use dancu_ledger::{Desk, Ledger, LedgerFailure, audit};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Opens a ledger whose writer runs on a thread of its own, as in the service.
fn open_apart(
    shelf: Shelf,
    folder: &std::path::Path,
) -> (Ledger, thread::JoinHandle<Result<(), LedgerFailure>>) {
    let config = config(folder);
    let (send, receive) = std::sync::mpsc::channel();
    let back = thread::spawn(move || {
        runtime().block_on(async {
            let opened = Ledger::open(shelf, StillClock::new(), keys(), config).await;
            let (ledger, writer) = opened.unwrap();
            send.send(ledger).unwrap();
            writer.await
        })
    });
    (receive.recv().unwrap(), back)
}

/// Runs `work` on a front runtime of its own, with a desk and its bell.
fn front<T: Send + 'static, F: Future<Output = T>>(
    ledger: &Ledger,
    work: impl FnOnce(Desk) -> F + Send + 'static,
) -> thread::JoinHandle<T> {
    let (desk, bell) = ledger.desk();
    thread::spawn(move || {
        runtime().block_on(async move {
            tokio::spawn(bell);
            work(desk).await
        })
    })
}

fn by_key(rows: Vec<VolumeRow>) -> BTreeMap<VolumeKey, u64> {
    rows.into_iter().map(|row| (row.key, row.count)).collect()
}

/// Records messages `from..to` in so many tasks; gives what each was told.
async fn record_all(
    desk: Desk,
    from: u64,
    to: u64,
    tasks: u64,
) -> Vec<(u64, Result<Receipt, RecordError>)> {
    let lanes: Vec<_> = (0..tasks)
        .map(|lane| {
            let desk = desk.clone();
            tokio::spawn(async move {
                let mut told = Vec::new();
                for n in (from..to).filter(|n| n % tasks == lane) {
                    told.push((n, desk.record(message(n, 1 + n % 4)).await));
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
}

/// Checks that the entries of a receipt are those of message `n`.
async fn assert_found(shelf: &mut Shelf, n: u64, receipt: Receipt) {
    assert_eq!(u64::from(receipt.count), 1 + n % 4);
    let entries = audit::entries(shelf, receipt).await.unwrap();
    assert_eq!(entries.len(), receipt.count as usize);
    for (place, entry) in (0..).zip(&entries) {
        assert_eq!(entry.index, receipt.first + place);
        assert_eq!(entry.pseudonym, Some(keys().pseudonym(subject(n, place))));
        assert_eq!(entry.outcome, outcome(n, place));
        assert_eq!(
            entry.request,
            keys().request_hash(&message(n, 1).context.request_id)
        );
    }
}

#[test]
fn ten_thousand_messages_from_three_cores_get_receipts_without_gap_or_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    let (ledger, back) = open_apart(shelf.clone(), folder.path());
    let fronts: Vec<_> = (0..3)
        .map(|core| {
            let (from, to) = (core * 3_400, (core + 1) * 3_400);
            front(&ledger, move |desk| record_all(desk, from, to, 64))
        })
        .collect();
    let told: Vec<_> = fronts.into_iter().flat_map(|f| f.join().unwrap()).collect();
    assert_eq!(told.len(), 10_200);
    runtime().block_on(ledger.close());
    assert_eq!(back.join().unwrap(), Ok(()));

    let mut receipts: Vec<_> = told.iter().map(|(n, told)| (*n, told.unwrap())).collect();
    receipts.sort_by_key(|(_, receipt)| receipt.first);
    let mut next = 0;
    for (_, receipt) in &receipts {
        assert_eq!(receipt.first, next);
        next += u64::from(receipt.count);
    }
    let counters = ledger.counters();
    assert_eq!(counters.entries, next);
    assert_eq!(counters.messages, 10_200);
    assert_eq!(counters.waiting, 0);
    assert!(counters.commits < 5_000, "{} commits", counters.commits);

    runtime().block_on(async {
        let mut shelf = shelf;
        for (n, receipt) in receipts {
            assert_found(&mut shelf, n, receipt).await;
        }
        let counted = by_key(ledger.volumes(None, None).await.unwrap());
        assert_eq!(counted.values().sum::<u64>(), next);
        assert_eq!(counted, audit::recount(&mut shelf).await.unwrap());
        let path = folder.path().join("checkpoints");
        let report = audit::verify(&mut shelf, Some(&path), &keys().public_key()).await;
        let report = report.unwrap();
        assert!(report.ok(), "{report:?}");
        assert_eq!((report.entries, report.checkpoints), (next, 2));
    });
}

/// Counts how often it was woken.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Counter {
    fn woken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_commit_wakes_a_desk_once_and_the_desk_wakes_its_waiters() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Ledger::open(
        Shelf::default(),
        StillClock::new(),
        keys(),
        config(folder.path()),
    );
    let (ledger, writer) = opened.await.unwrap();
    let (desk, bell) = ledger.desk();
    let mut bell = Box::pin(bell);
    let (rung, waiter) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
    let (rung_waker, waker) = (Waker::from(rung.clone()), Waker::from(waiter.clone()));
    let mut rung_context = Context::from_waker(&rung_waker);
    assert!(bell.as_mut().poll(&mut rung_context).is_pending());

    let mut records: Vec<_> = (0..100)
        .map(|n| Box::pin(desk.record(message(n, 1))))
        .collect();
    let mut context = Context::from_waker(&waker);
    for record in &mut records {
        assert!(record.as_mut().poll(&mut context).is_pending());
    }
    let writer = tokio::spawn(writer);
    while ledger.counters().entries < 100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ledger.counters().commits, 1);
    assert_eq!((rung.woken(), waiter.woken()), (1, 0));
    assert!(bell.as_mut().poll(&mut rung_context).is_pending());
    assert_eq!((rung.woken(), waiter.woken()), (1, 100));
    for (n, record) in (0..).zip(&mut records) {
        let Poll::Ready(Ok(receipt)) = record.as_mut().poll(&mut context) else {
            panic!("record {n} has no receipt");
        };
        assert_eq!((receipt.first, receipt.count), (n, 1));
    }
    ledger.close().await;
    assert_eq!(writer.await.unwrap(), Ok(()));
    assert!(bell.as_mut().poll(&mut rung_context).is_ready());
}

#[tokio::test]
async fn what_gathers_during_a_commit_is_the_next_block() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let shelf = Shelf {
        gate: Some(Arc::clone(&gate)),
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
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    let record = |n| {
        let desk = desk.clone();
        tokio::spawn(async move { desk.record(message(n, 1)).await })
    };
    let first = record(0);
    // The first is in the writer's hands by now; the others gather.
    while ledger.counters().waiting < 1 {
        tokio::task::yield_now().await;
    }
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let others: Vec<_> = (1..50).map(record).collect();
    while ledger.counters().waiting < 50 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(10);
    assert_eq!(first.await.unwrap().unwrap().first, 0);
    for other in others {
        other.await.unwrap().unwrap();
    }
    let counts: Vec<_> = shelf
        .rows()
        .blocks
        .iter()
        .map(|block| block.count)
        .collect();
    assert_eq!(counts, [1, 49]);
    // A count is there by the time its entry is acknowledged.
    let counted = by_key(desk.volumes(None, None).await.unwrap());
    assert_eq!(counted.values().sum::<u64>(), 50);
    ledger.close().await;
    assert_eq!(writer.await.unwrap(), Ok(()));
}

#[test]
fn dropped_requests_leave_their_entries_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    let (ledger, back) = open_apart(shelf.clone(), folder.path());
    let fronts: Vec<_> = (0..2_u64)
        .map(|core| {
            front(&ledger, move |desk| async move {
                let (mut begun, mut answered) = (0_u64, Vec::new());
                for n in core * 1_000..(core + 1) * 1_000 {
                    let mut record = Box::pin(desk.record(message(n, 1 + n % 4)));
                    // Dropped after none, one, a few, or all the polls that it takes.
                    let mut polls = [0, 1, 2, 5, usize::MAX][(n * 31 % 5) as usize];
                    begun += if polls > 0 { 1 + n % 4 } else { 0 };
                    let ended = std::future::poll_fn(|context| {
                        if polls == 0 {
                            return Poll::Ready(None);
                        }
                        polls -= 1;
                        if polls > 0 && polls < 10 {
                            context.waker().wake_by_ref();
                        }
                        match record.as_mut().poll(context) {
                            Poll::Pending if polls == 0 => Poll::Ready(None),
                            other => other.map(Some),
                        }
                    });
                    answered.extend(ended.await.map(|receipt| (n, receipt.unwrap())));
                }
                (begun, answered)
            })
        })
        .collect();
    let told: Vec<_> = fronts.into_iter().map(|f| f.join().unwrap()).collect();
    runtime().block_on(ledger.close());
    assert_eq!(back.join().unwrap(), Ok(()));
    runtime().block_on(async {
        let mut shelf = shelf;
        let begun: u64 = told.iter().map(|(begun, _)| begun).sum();
        let counted = audit::recount(&mut shelf).await.unwrap();
        assert_eq!(counted.values().sum::<u64>(), begun);
        assert_eq!(by_key(ledger.volumes(None, None).await.unwrap()), counted);
        let answered: Vec<_> = told
            .into_iter()
            .flat_map(|(_, answered)| answered)
            .collect();
        assert!(answered.len() >= 400);
        for (n, receipt) in answered {
            assert_found(&mut shelf, n, receipt).await;
        }
    });
}

#[tokio::test]
async fn a_dropped_request_leaves_no_waker_behind() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Ledger::open(
        Shelf::default(),
        StillClock::new(),
        keys(),
        config(folder.path()),
    );
    // The writer never runs, so the batch stays where it is.
    let (ledger, _writer) = opened.await.unwrap();
    let (desk, _bell) = ledger.desk();
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(counter.clone());
    let before = Arc::strong_count(&counter);
    let mut record = Box::pin(desk.record(message(1, 1)));
    let mut context = Context::from_waker(&waker);
    assert!(record.as_mut().poll(&mut context).is_pending());
    assert!(record.as_mut().poll(&mut context).is_pending());
    assert_eq!(Arc::strong_count(&counter), before + 1);
    drop(record);
    assert_eq!(Arc::strong_count(&counter), before);
    assert_eq!(ledger.counters().waiting, 1);
}

#[tokio::test]
async fn a_message_without_items_is_answered_at_once_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    let opened = Ledger::open(
        shelf.clone(),
        StillClock::new(),
        keys(),
        config(folder.path()),
    );
    let (ledger, _writer) = opened.await.unwrap();
    let (desk, _bell) = ledger.desk();
    let receipt = desk.record(message(1, 0)).await.unwrap();
    assert_eq!((receipt.writer, receipt.count), (ledger.writer(), 0));
    assert_eq!(shelf.rows().appends, 0);
}
