//! Callers who leave.

use std::sync::Arc;
use std::time::Duration;

use dancu_domain::{ChangeFeed, ChangeOutcome, Freshness, Registry};
use futures::FutureExt as _;

use super::{Event, Subject};

/// Hundreds of reads are dropped after their first poll or a moment later; the next is right, and
/// so is the next write: nothing was left open.
pub async fn a_dropped_read_leaves_the_registry_healthy<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let fixture = &subject.fixture;
    let keys: Vec<_> = (0..fixture.citizens.len())
        .map(|at| fixture.key(at))
        .collect();
    for turn in 0..400_u64 {
        let freshness = if turn % 2 == 0 {
            Freshness::MinimizeLatency
        } else {
            Freshness::FullyConsistent
        };
        let read = subject.registry.read(&keys, freshness);
        if turn % 3 == 0 {
            drop(read.now_or_never());
        } else {
            let moment = Duration::from_micros(turn * 17 % 1_500);
            drop(tokio::time::timeout(moment, read).await);
        }
    }
    let record = fixture.event(40, Event::residence("after", 3));
    let outcomes = subject.apply(vec![record]).await;
    assert_eq!(
        outcomes,
        [ChangeOutcome::Applied {
            number: 1,
            version: 1
        }]
    );
    let reading = subject
        .registry
        .read(&keys, Freshness::FullyConsistent)
        .await;
    let reading = reading.expect("a reading");
    assert_eq!(reading.revision.number, 1);
    assert!(reading.candidates.iter().all(|c| c.citizens().len() == 1));
}

/// A write that was polled once is carried out although its caller left at once.
pub async fn a_dropped_write_takes_effect_exactly_once<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let records: Vec<_> = (0..50)
        .map(|at| {
            let event = Event::residence(format!("left-{at}"), 4);
            subject.fixture.event(50 + at, event)
        })
        .collect();
    for record in &records {
        drop(subject.registry.apply(vec![record.clone()]).now_or_never());
    }
    let mut head = 0;
    for _ in 0..500 {
        head = subject.feed.head().await.expect("a head").number;
        if head == 50 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(head, 50, "a write was lost");
    for outcome in subject.apply(records).await {
        assert!(
            matches!(outcome, ChangeOutcome::AlreadyApplied { version: 1, .. }),
            "it had not taken effect: {outcome:?}"
        );
    }
    assert_eq!(subject.feed.head().await.expect("a head").number, 50);
}

/// Callers of both kinds leave at every moment that a clock of microseconds finds, while others
/// stay: who stayed was told the truth, and who left is found to have written once or not at all.
pub async fn calls_dropped_at_any_time_lose_and_double_nothing<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let subject = Arc::new(subject);
    let callers: Vec<_> = (0..6_usize)
        .map(|caller| {
            let subject = Arc::clone(&subject);
            tokio::spawn(async move {
                let at = 100 + caller;
                let keys = [subject.fixture.key(at), subject.fixture.old_key(at + 6)];
                let mut acknowledged = Vec::new();
                for turn in 1..=60_u16 {
                    let id = format!("caller-{caller}-{turn}");
                    let record = subject.fixture.event(at, Event::residence(id, turn));
                    let moment = Duration::from_micros(u64::from(turn) * 97 % 3_000);
                    let write = subject.registry.apply(vec![record.clone()]);
                    if let Ok(applied) = tokio::time::timeout(moment, write).await {
                        acknowledged.push((record, applied.expect("a write")));
                    }
                    let read = subject.registry.read(&keys, Freshness::FullyConsistent);
                    drop(tokio::time::timeout(moment / 2, read).await);
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = Vec::new();
    for caller in callers {
        acknowledged.extend(caller.await.expect("the caller saw nothing wrong"));
    }
    // A write of one's own is behind all that waits, in the queue of a writer that keeps order.
    let record = subject.fixture.event(120, Event::residence("last", 9));
    let applied = subject.registry.apply(vec![record]).await;
    let head = applied.expect("the registry is healthy").revision.number;
    let changes = subject.feed.changes(0, usize::MAX).await.expect("a feed");
    assert_eq!(changes.len() as u64, head);
    for (record, applied) in acknowledged {
        if let ChangeOutcome::Applied { number, .. } = applied.outcomes[0] {
            let notice = changes[number as usize - 1];
            assert_eq!(notice.personal_id, record.personal_id);
            let outcome = subject.apply(vec![record]).await[0];
            assert!(
                matches!(outcome, ChangeOutcome::AlreadyApplied { number: n, .. } if n == number)
            );
        }
    }
    for caller in 0..6 {
        let citizen = subject.now(100 + caller).await;
        let own = changes
            .iter()
            .filter(|c| c.personal_id == citizen.personal_id);
        assert_eq!(own.count(), citizen.version as usize);
    }
}
