//! How fresh an answer is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dancu_domain::{ChangeFeed, Freshness, NationId, Registry, RegistryError, Revision};

use super::{Event, Subject};

/// Nothing has changed yet.
pub async fn a_new_nation_is_at_revision_zero<R: Registry, F: ChangeFeed>(subject: Subject<R, F>) {
    let start = Revision {
        nation: subject.fixture.meta.nation,
        number: 0,
    };
    assert_eq!(subject.feed.head().await, Ok(start));
    for freshness in [
        Freshness::MinimizeLatency,
        Freshness::FullyConsistent,
        Freshness::AtLeast(start),
    ] {
        let keys = [subject.fixture.key(0)];
        let reading = subject.registry.read(&keys, freshness).await;
        assert_eq!(reading.expect("a reading").revision, start);
    }
}

/// Even one that asks for nothing.
pub async fn a_token_of_another_nation_is_refused<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    for number in [0, 1, u64::MAX] {
        let token = Revision {
            nation: NationId([9; 16]),
            number,
        };
        let keys = [subject.fixture.key(0)];
        let read = subject.registry.read(&keys, Freshness::AtLeast(token));
        assert_eq!(read.await.err(), Some(RegistryError::AnotherNation));
    }
}

/// The wait is for a moment, not for ever.
pub async fn a_token_beyond_the_head_is_refused_after_a_bounded_wait<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    for number in [1, 1_000_000, u64::MAX] {
        let token = Revision {
            nation: subject.fixture.meta.nation,
            number,
        };
        let keys = [subject.fixture.key(0)];
        let read = subject.registry.read(&keys, Freshness::AtLeast(token));
        let read = tokio::time::timeout(Duration::from_secs(5), read).await;
        assert_eq!(
            read.expect("a bounded wait").err(),
            Some(RegistryError::RevisionAhead)
        );
    }
}

/// A reader who comes a little before the writer is answered at the writer's revision.
pub async fn a_token_that_is_reached_meanwhile_is_answered<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let keys = [subject.fixture.key(5)];
    let token = Revision {
        nation: subject.fixture.meta.nation,
        number: 1,
    };
    let record = subject.fixture.event(5, Event::residence("soon", 10));
    let (reading, applied) = tokio::join!(
        subject.registry.read(&keys, Freshness::AtLeast(token)),
        async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            subject.registry.apply(vec![record]).await
        }
    );
    applied.expect("it is applied");
    let reading = reading.expect("a reading");
    assert_eq!(reading.revision.number, 1);
    assert_eq!(reading.candidates[0].citizens()[0].version, 1);
}

/// Read your write, with the number read and remembered before.
pub async fn what_was_written_is_read_at_its_revision<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    for turn in 1..=40_u16 {
        let at = 10 + usize::from(turn % 3);
        let keys = [subject.fixture.key(at), subject.fixture.old_key(at)];
        let before = subject.registry.read(&keys, Freshness::MinimizeLatency);
        let before = before.await.expect("a reading").candidates[0].citizens()[0].version;
        let event = Event::residence(format!("turn-{turn}"), turn);
        let on = event.on();
        let record = subject.fixture.event(at, event);
        let applied = subject.registry.apply(vec![record]).await;
        let token = applied.expect("it is applied").revision;
        for freshness in [Freshness::AtLeast(token), Freshness::FullyConsistent] {
            let reading = subject.registry.read(&keys, freshness).await;
            let reading = reading.expect("a reading");
            assert!(reading.revision.number >= token.number);
            for candidates in &reading.candidates {
                let citizen = &candidates.citizens()[0];
                assert_eq!(citizen.resident_since, on);
                assert!(citizen.version > before);
            }
        }
    }
}

/// A reader who sends his last token sees neither revisions nor versions go back, whoever writes.
pub async fn the_revision_never_goes_back<R: Registry, F: ChangeFeed>(subject: Subject<R, F>) {
    let subject = Arc::new(subject);
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (subject, stop) = (Arc::clone(&subject), Arc::clone(&stop));
            tokio::spawn(async move {
                let keys = [subject.fixture.key(20), subject.fixture.old_key(20)];
                let (mut token, mut version, mut reads) = (None, 0, 0);
                while !stop.load(Ordering::Relaxed) {
                    let freshness = token.map_or(Freshness::MinimizeLatency, Freshness::AtLeast);
                    let reading = subject.registry.read(&keys, freshness).await;
                    let reading = reading.expect("a reading");
                    let last = token.map_or(0, |token: Revision| token.number);
                    assert!(reading.revision.number >= last, "the revision went back");
                    for candidates in &reading.candidates {
                        let seen = candidates.citizens()[0].version;
                        assert!(seen >= version, "a version went back");
                        assert!(
                            u64::from(seen) <= reading.revision.number,
                            "a version is newer than the revision beside it"
                        );
                    }
                    version = reading.candidates[0].citizens()[0].version;
                    token = Some(reading.revision);
                    reads += 1;
                    // A reading from memory never waits, and would keep its thread to itself.
                    tokio::task::yield_now().await;
                }
                reads
            })
        })
        .collect();
    for day in 1..=60 {
        let record = subject
            .fixture
            .event(20, Event::residence(format!("d{day}"), day));
        let applied = subject.registry.apply(vec![record]).await;
        applied.expect("it is applied");
        // The reference is done in no time: let the readers look in between.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.expect("the reader saw nothing wrong") > 0);
    }
}
