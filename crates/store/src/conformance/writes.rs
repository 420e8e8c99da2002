//! How records end, and what they leave behind.

use dancu_domain::{
    AgencyCode, BirthDate, ChangeEvent, ChangeFeed, ChangeOutcome, ChangeRecord, Citizen,
    Freshness, PersonName, PersonalId, Registry, Rejection,
};

use super::fixture::{digested, key};
use super::{Event, Subject};

impl<R: Registry, F: ChangeFeed> Subject<R, F> {
    /// Applies records that must not fail, and says how they ended.
    pub(super) async fn apply(&self, records: Vec<ChangeRecord>) -> Vec<ChangeOutcome> {
        let count = records.len();
        let applied = self.registry.apply(records).await;
        let applied = applied.expect("the registry is healthy");
        assert_eq!(applied.outcomes.len(), count);
        let head = self.feed.head().await.expect("the registry is healthy");
        assert!(applied.revision.number <= head.number);
        applied.outcomes
    }

    /// A citizen as he is now.
    pub(super) async fn now(&self, at: usize) -> Citizen {
        let keys = [self.fixture.key(at)];
        let reading = self.registry.read(&keys, Freshness::FullyConsistent).await;
        let reading = reading.expect("the registry is healthy");
        Citizen::clone(&reading.candidates[0].citizens()[0])
    }
}

fn applied(number: u64, version: u32) -> ChangeOutcome {
    ChangeOutcome::Applied { number, version }
}

fn again(number: u64, version: u32) -> ChangeOutcome {
    ChangeOutcome::AlreadyApplied { number, version }
}

/// Sent again, at once or later, an event says what it did and does nothing.
pub async fn an_event_takes_effect_once<R: Registry, F: ChangeFeed>(subject: Subject<R, F>) {
    let moved = subject.fixture.event(5, Event::residence("move", 10));
    let died = subject
        .fixture
        .event(5, Event::residence("death", 20).death());
    assert_eq!(subject.apply(vec![moved.clone()]).await, [applied(1, 1)]);
    assert_eq!(subject.apply(vec![died.clone()]).await, [applied(2, 2)]);
    let ended = subject
        .apply(vec![moved.clone(), died.clone(), moved.clone()])
        .await;
    assert_eq!(ended, [again(1, 1), again(2, 2), again(1, 1)]);
    let mut expected = subject.fixture.citizens[5].clone();
    let ChangeEvent::Residence { place, since } = moved.event else {
        unreachable!("the event is a change of residence")
    };
    expected.version = 2;
    expected.current_residence = place;
    expected.resident_since = since;
    expected.died_on = Some(died.event.on());
    assert_eq!(subject.now(5).await, expected);
    assert_eq!(subject.feed.head().await.expect("a head").number, 2);
}

/// What took effect is not changed under its key.
pub async fn the_same_key_with_another_content_is_a_conflict<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let first = subject.fixture.event(6, Event::residence("one", 10));
    let other = subject.fixture.event(6, Event::residence("one", 11));
    let stranger = subject.fixture.event(7, Event::residence("one", 10));
    assert_eq!(
        subject.apply(vec![first, other.clone()]).await,
        [applied(1, 1), ChangeOutcome::Conflict]
    );
    assert_eq!(
        subject.apply(vec![other, stranger]).await,
        [ChangeOutcome::Conflict; 2]
    );
    assert_eq!(subject.now(6).await.version, 1);
    assert_eq!(subject.now(7).await, subject.fixture.citizens[7]);
}

/// An earlier event of its kind undoes nothing, whatever the version of its record; a later one
/// takes effect, and what took effect is told for ever.
pub async fn an_earlier_event_is_stale<R: Registry, F: ChangeFeed>(subject: Subject<R, F>) {
    let event = |version, day| {
        let event = Event::residence("grows", day).version(version);
        subject.fixture.event(8, event)
    };
    let outcomes = subject.apply(vec![event(5, 50)]).await;
    assert_eq!(outcomes, [applied(1, 1)]);
    let outcomes = subject
        .apply(vec![event(4, 40), event(6, 49), event(7, 50)])
        .await;
    assert_eq!(outcomes, [ChangeOutcome::Stale; 3]);
    let outcomes = subject.apply(vec![event(4, 60), event(8, 70)]).await;
    assert_eq!(outcomes, [applied(2, 2), applied(3, 3)]);
    let outcomes = subject.apply(vec![event(6, 69), event(5, 50)]).await;
    assert_eq!(outcomes, [ChangeOutcome::Stale, again(1, 1)]);
}

/// Nobody there, other claims, a locked record, a day before birth.
pub async fn an_event_that_does_not_fit_its_citizen_is_rejected<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let right = subject.fixture.event(9, Event::residence("r", 10));
    let mut nobody = right.clone();
    nobody.personal_id = PersonalId::from_digits(5).expect("it is a number");
    let mut name = right.clone();
    name.name = PersonName::parse("Trần Khác", "name").expect("it is a name");
    let mut birth = right.clone();
    birth.birth = BirthDate::Year(1999);
    let mut early = right.clone();
    early.event = ChangeEvent::Death {
        on: dancu_domain::CivilDate::new(1900, 1, 1).expect("it is a day"),
    };
    let locked = subject.fixture.event(4, Event::residence("l", 10));
    let records = [nobody, name, birth, locked, early].map(digested);
    let no_match = ChangeOutcome::Rejected(Rejection::NoMatch);
    let before = ChangeOutcome::Rejected(Rejection::BeforeBirth);
    assert_eq!(
        subject.apply(records.to_vec()).await,
        [no_match, no_match, no_match, no_match, before]
    );
    assert_eq!(subject.feed.head().await.expect("a head").number, 0);
    // A rejected record leaves no effect behind that would stand in the way of the right one.
    assert_eq!(subject.apply(vec![right]).await, [applied(1, 1)]);
}

/// One batch is a sequence: effects, duplicates, conflicts and stale versions within it.
pub async fn later_records_of_a_batch_see_earlier_ones<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let event = |version, day| {
        let event = Event::residence("b", day).version(version);
        subject.fixture.event(11, event)
    };
    let beside = subject.fixture.event(12, Event::residence("c", 1));
    let records = vec![
        event(1, 10),
        event(1, 10),
        event(1, 11),
        beside,
        event(3, 30),
        event(2, 20),
        event(4, 30),
        event(5, 50),
    ];
    let expected = [
        applied(1, 1),
        again(1, 1),
        ChangeOutcome::Conflict,
        applied(2, 1),
        applied(3, 2),
        ChangeOutcome::Stale,
        ChangeOutcome::Stale,
        applied(4, 3),
    ];
    assert_eq!(subject.apply(records).await, expected);
    assert_eq!(subject.now(11).await.version, 3);
    assert_eq!(subject.now(12).await.version, 1);
}

/// Versions are unsigned over their whole range, each a key of its own.
pub async fn versions_span_their_whole_range<R: Registry, F: ChangeFeed>(subject: Subject<R, F>) {
    let event = |version, day| {
        let event = Event::residence("v", day).version(version);
        subject.fixture.event(13, event)
    };
    let half = 1 << 63;
    let versions = [(1, 0), (2, half - 1), (3, half), (4, u64::MAX)];
    for (number, version) in versions {
        let outcomes = subject.apply(vec![event(version, number)]).await;
        assert_eq!(outcomes, [applied(u64::from(number), u32::from(number))]);
    }
    for (number, version) in versions {
        let outcomes = subject.apply(vec![event(version, number)]).await;
        assert_eq!(outcomes, [again(u64::from(number), u32::from(number))]);
    }
}

/// The same record id of another agency, or in another of its databases, is another record.
pub async fn a_record_belongs_to_its_agency_and_source<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    let first = subject.fixture.event(14, Event::residence("same", 10));
    let mut agency = subject.fixture.event(14, Event::residence("same", 11));
    agency.agency = AgencyCode::parse("G02", "agency").expect("it is a code");
    let mut source = subject.fixture.event(14, Event::residence("same", 12));
    source.source = key("another");
    let outcomes = subject
        .apply(vec![first, agency.clone(), source.clone()])
        .await;
    assert_eq!(outcomes, [applied(1, 1), applied(2, 2), applied(3, 3)]);
    assert_eq!(
        subject.apply(vec![source, agency]).await,
        [again(3, 3), again(2, 2)]
    );
}

/// It is answered all the same.
pub async fn an_empty_batch_of_records_changes_nothing<R: Registry, F: ChangeFeed>(
    subject: Subject<R, F>,
) {
    assert_eq!(subject.apply(Vec::new()).await, []);
    assert_eq!(subject.feed.head().await.expect("a head").number, 0);
}
