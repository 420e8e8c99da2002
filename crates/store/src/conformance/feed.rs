//! The changes in commit order.

use std::collections::BTreeMap;
use std::sync::Arc;

use dancu_domain::{ChangeFeed, ChangeNotice, ChangeOutcome, Freshness, Registry};

use super::{Event, Subject};

/// Eight writers at once: every number is given once, none is left out, and each stands beside
/// the citizen whom its batch was told it for.
pub async fn concurrent_writers_leave_a_feed_without_gaps<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let subject = Arc::new(subject);
    let writers: Vec<_> = (0..8_usize)
        .map(|writer| {
            let subject = Arc::clone(&subject);
            tokio::spawn(async move {
                let mut told = Vec::new();
                for turn in 1..=25_u16 {
                    let citizens: Vec<usize> = (0..4)
                        .map(|n| 20 + (writer * 31 + usize::from(turn) * 7 + n * 13) % 60)
                        .collect();
                    let records = citizens
                        .iter()
                        .map(|at| {
                            let id = format!("w{writer}-t{turn}-c{at}");
                            subject.fixture.event(*at, Event::residence(id, turn))
                        })
                        .collect();
                    for (at, outcome) in citizens.iter().zip(subject.apply(records).await) {
                        if let ChangeOutcome::Applied { number, version } = outcome {
                            told.push((number, (*at, version)));
                        }
                    }
                }
                told
            })
        })
        .collect();
    let mut told = BTreeMap::new();
    for writer in writers {
        for (number, what) in writer.await.expect("the writer saw nothing wrong") {
            assert_eq!(told.insert(number, what), None, "a number was given twice");
        }
    }
    let head = subject.feed.head().await.expect("a head").number;
    assert!(told.keys().copied().eq(1..=head), "a number is missing");
    let changes = subject.feed.changes(0, usize::MAX).await.expect("a feed");
    assert_eq!(changes.len() as u64, head);
    let mut versions = BTreeMap::new();
    for (notice, (number, (at, version))) in changes.iter().zip(&told) {
        let citizen = &subject.fixture.citizens[*at];
        assert_eq!(notice.number, *number);
        assert_eq!(notice.personal_id, citizen.personal_id);
        assert_eq!(notice.legacy_id, citizen.legacy_id);
        let last = versions.insert(*at, *version).unwrap_or(0);
        assert_eq!(*version, last + 1, "a citizen's changes are out of order");
    }
    for (at, version) in versions {
        let keys = [subject.fixture.key(at)];
        let reading = subject
            .registry
            .read(&keys, Freshness::FullyConsistent)
            .await;
        let reading = reading.expect("a reading");
        assert_eq!(reading.candidates[0].citizens()[0].version, version);
    }
}

/// A follower who comes back with the last number it saw misses nothing and sees nothing twice.
pub async fn the_feed_is_read_in_pages<R: Registry, F: ChangeFeed>(subject: Subject<R, F>) {
    let records = (0..23)
        .map(|at| {
            let event = Event::residence(format!("page-{at}"), 9);
            subject.fixture.event(30 + at, event)
        })
        .collect();
    subject.apply(records).await;
    let mut seen: Vec<ChangeNotice> = Vec::new();
    loop {
        let after = seen.last().map_or(0, |notice| notice.number);
        let page = subject.feed.changes(after, 5).await.expect("a page");
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 5);
        seen.extend(page);
    }
    assert!(seen.iter().map(|notice| notice.number).eq(1..=23));
    for (at, notice) in seen.iter().enumerate() {
        assert_eq!(
            notice.personal_id,
            subject.fixture.citizens[30 + at].personal_id
        );
    }
    let beyond = subject.feed.changes(u64::MAX, 5).await;
    assert_eq!(beyond, Ok(Vec::new()));
}
