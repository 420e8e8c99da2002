//! The order of events does not matter.

use std::sync::Arc;

use dancu_domain::{ChangeFeed, ChangeRecord, Citizen, Registry};

use super::{Event, Fixture, Subject};

/// Three citizens' events, shuffled in many ways, doubled, and in batches of many sizes: each
/// citizen of a shuffle ends as the one of the first.
pub async fn any_order_of_events_ends_in_the_same_record<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let mut expected: Option<Citizen> = None;
    for shuffle in 0..30_u64 {
        let at = 150 + shuffle as usize;
        let mut chance = Chance(shuffle + 1);
        let mut records = events(&subject.fixture, at);
        records.extend(events(&subject.fixture, at));
        chance.shuffle(&mut records);
        while !records.is_empty() {
            let size = 1 + chance.below(5).min(records.len() - 1);
            let batch: Vec<ChangeRecord> = records.drain(..size).collect();
            subject.apply(batch).await;
        }
        let citizen = subject.now(at).await;
        assert!(citizen.version >= 2, "something took effect");
        match &expected {
            None => expected = Some(citizen),
            Some(first) => assert_same(first, &citizen),
        }
    }
}

/// The same with four writers at once, each of whom sends all of it.
pub async fn writers_that_interleave_end_in_the_same_record<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    subject.apply(events(&subject.fixture, 200)).await;
    let expected = subject.now(200).await;
    let subject = Arc::new(subject);
    let writers: Vec<_> = (1..=4_u64)
        .map(|writer| {
            let subject = Arc::clone(&subject);
            tokio::spawn(async move {
                let mut records: Vec<_> = (201..221)
                    .flat_map(|at| events(&subject.fixture, at))
                    .collect();
                Chance(writer).shuffle(&mut records);
                for batch in records.chunks(7) {
                    subject.apply(batch.to_vec()).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("the writer saw nothing wrong");
    }
    for at in 201..221 {
        assert_same(&expected, &subject.now(at).await);
    }
}

/// Moves in records of their own, moves as versions of one record, two moves on the last day, and
/// a death told twice.
fn events(fixture: &Fixture, at: usize) -> Vec<ChangeRecord> {
    let mut events: Vec<Event> = (1..=4_u16)
        .map(|n| Event::residence(format!("own-{at}-{n}"), n * 11))
        .collect();
    events.extend((1..=3_u16).map(|n| {
        let event = Event::residence(format!("grown-{at}"), n * 16);
        event.version(u64::from(n))
    }));
    events.push(Event::residence(format!("late-{at}"), 48).elsewhere());
    events.push(Event::residence(format!("death-{at}"), 50).death());
    events.push(Event::residence(format!("death-{at}-again"), 60).death());
    events
        .into_iter()
        .map(|event| fixture.event(at, event))
        .collect()
}

/// What events decide is the same; how many of them took effect may differ.
fn assert_same(a: &Citizen, b: &Citizen) {
    assert_eq!(a.current_residence, b.current_residence);
    assert_eq!(a.resident_since, b.resident_since);
    assert_eq!(a.died_on, b.died_on);
}

/// A little chance that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        // The generator of Knuth's MMIX; its upper bits are good enough for a shuffle.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}
