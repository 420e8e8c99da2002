//! Entries under a day that their caller named: counted under it, marked, and with the true time of
//! their recording beside it.

use std::collections::BTreeMap;

use crate::shelf::{Shelf, StillClock, agency, config, keys, message, request_id, write_message};
use dancu_domain::{Day, Recorder as _, Timestamp, Volumes as _, WriteSlot};
use dancu_ledger::{Ledger, audit};

#[tokio::test]
async fn messages_of_one_block_lie_on_their_own_days_and_counts_recount_and_chain_agree() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    let clock = StillClock::new();
    let now = Timestamp(clock.0.load(std::sync::atomic::Ordering::Relaxed));
    let opened = Ledger::open(shelf.clone(), clock, keys(), config(folder.path()));
    let (ledger, writer) = opened.await.unwrap();
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    // All of them gather before the writer runs, so that they make one block.
    let days = [
        None,
        Some(Day(19_358)),
        Some(Day(19_630)),
        Some(Day(-1)),
        Some(now.day()),
    ];
    let records: Vec<_> = (0..50)
        .map(|n| {
            let mut message = message(n, 1 + n % 3);
            message.context.event_day = days[n as usize % days.len()];
            let desk = desk.clone();
            tokio::spawn(async move { desk.record(message).await })
        })
        .collect();
    tokio::task::yield_now().await;
    let writer = tokio::spawn(writer);
    let mut items: BTreeMap<Day, u64> = BTreeMap::new();
    let mut named = 0;
    let mut shelf = shelf;
    for (n, record) in records.into_iter().enumerate() {
        let receipt = record.await.unwrap().unwrap();
        let day = days[n % days.len()];
        let entries = audit::entries(&mut shelf, receipt).await.unwrap();
        for entry in &entries {
            assert_eq!(entry.day, day.unwrap_or(now.day()));
            assert_eq!(entry.event_day, day.is_some());
            assert_eq!(entry.at, now, "when it was recorded");
        }
        *items.entry(day.unwrap_or(now.day())).or_default() += u64::from(receipt.count);
        named += u64::from(receipt.count) * u64::from(day.is_some());
    }
    assert_eq!(ledger.counters().commits, 1);
    ledger.close().await;
    writer.await.unwrap().unwrap();

    let counted = ledger.volumes(None, None).await.unwrap();
    let mut by_day: BTreeMap<Day, u64> = BTreeMap::new();
    for row in &counted {
        *by_day.entry(row.key.day).or_default() += row.count;
    }
    assert_eq!(by_day, items);
    let one = ledger.volumes(Some(Day(19_358)), Some(Day(19_358))).await;
    let one: u64 = one.unwrap().iter().map(|row| row.count).sum();
    assert_eq!(one, items[&Day(19_358)]);
    let counted: BTreeMap<_, _> = counted
        .into_iter()
        .map(|row| (row.key, row.count))
        .collect();
    assert_eq!(counted, audit::recount(&mut shelf).await.unwrap());
    let path = folder.path().join("checkpoints");
    let report = audit::verify(&mut shelf, Some(&path), &keys().public_key()).await;
    let report = report.unwrap();
    assert!(report.ok(), "{report:?}");
    assert_eq!(report.event_days, named);
}

#[tokio::test]
async fn an_answer_is_kept_and_forgotten_by_the_wall_clock_whatever_the_event_day() {
    let folder = tempfile::tempdir().unwrap();
    let clock = StillClock::new();
    let config = config(folder.path());
    let keep = config.keep_answers_ms;
    let opened = Ledger::open(Shelf::default(), clock.clone(), keys(), config);
    let (ledger, writer) = opened.await.unwrap();
    let (desk, bell) = ledger.desk();
    tokio::spawn(bell);
    let writer = tokio::spawn(writer);
    // A day long ago, and one that is far ahead.
    for (n, day) in [(1, Day(10_000)), (2, Day(80_000))] {
        let mut message = write_message(&format!("w-{n}"), n);
        message.context.event_day = Some(day);
        let id = message.context.request_id.clone();
        let digest = message.kept.as_ref().unwrap().digest;
        let slot = desk.begin_write(agency("H26"), &id, digest).await.unwrap();
        assert!(matches!(slot, WriteSlot::Fresh(_)));
        let receipt = desk.record(message).await.unwrap();
        drop(slot);
        clock.move_by(keep / 2);
        let slot = desk.begin_write(agency("H26"), &id, digest).await.unwrap();
        let WriteSlot::Kept(kept) = slot else {
            panic!("the answer is kept")
        };
        assert_eq!(kept.receipt, receipt);
    }
    clock.move_by(keep / 2 + 1);
    let first = desk
        .begin_write(agency("H26"), &request_id("w-1"), [1; 32])
        .await;
    assert!(matches!(first.unwrap(), WriteSlot::Fresh(_)));
    ledger.close().await;
    writer.await.unwrap().unwrap();
}
