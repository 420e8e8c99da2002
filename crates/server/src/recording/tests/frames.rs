use std::time::Duration;

use dancu_domain::{
    AgencyCode, AttributeSet, ChangeEvent, CivilDate, Day, Fault, IdKey, NationId, Outcome,
    PersonalId, Purpose, Reason,
};
use dancu_population::{GENERATOR_VERSION, Nation};
use dancu_store::RegistryMeta;
use dancu_wire::pb;
use dancu_wire::pb::recording::item::Subject;
use dancu_wire::pb::recording::{self as form, Exchange, Frame, Item, frame};
use prost::Message as _;

use crate::clock::instant;
use crate::grpc::method::Method;
use crate::recording::notes::{
    BirthNote, EventNote, FreshNote, ItemNote, Items, Manner, NameNote, Note, Page, Rare, RowNote,
};
use crate::recording::places::Places;
use crate::recording::sheet::Lost;
use crate::recording::told::Teller;

fn nation() -> Nation {
    Nation::new(3, 6_400)
}

fn teller(began: std::time::Instant) -> Teller {
    let nation = nation();
    let meta = RegistryMeta {
        nation: NationId([1; 16]),
        seed: nation.seed(),
        citizens: nation.len(),
        generator: GENERATOR_VERSION,
        reference_date: nation.reference_date(),
    };
    Teller::new(began, Places::new(&meta, [5; 16]))
}

fn note(began: std::time::Instant, method: Method, page: Page) -> Note {
    Note {
        at: began + Duration::from_micros(1_234_567),
        took: Duration::from_micros(890),
        manner: Manner {
            method,
            agency: AgencyCode::parse("H26", "agency").unwrap(),
            purpose: Purpose::DataCleaning,
            officer: true,
            has_procedure: true,
            procedure: Some(*b"1.004222"),
            dossier: false,
            freshness: FreshNote::AtLeast,
            wanted: AttributeSet::BASIC,
            event_day: Some(Day(-3)),
        },
        request: 0,
        reason: None,
        revision: 300,
        count: page.items.all().len() as u32,
        page,
    }
}

fn told(teller: &mut Teller, mut note: Note) -> Exchange {
    let mut bytes = Vec::new();
    teller.exchange(&mut note, &mut bytes);
    let mut rest = bytes.as_slice();
    let frame = Frame::decode_length_delimited(&mut rest).unwrap();
    assert!(rest.is_empty(), "a frame is as long as it says");
    match frame.frame {
        Some(frame::Frame::Exchange(exchange)) => exchange,
        other => panic!("{other:?}"),
    }
}

/// The note of an item about a citizen who was found.
fn found(key: IdKey, version: u32) -> ItemNote {
    let mut item = ItemNote::of(key, NameNote::Exact, BirthNote::Day, false);
    item.kind.outcome = Some(Outcome::Found);
    item.kind.version = version;
    item
}

/// The same in the form of the file.
fn written(subject: Subject, version: u32) -> Item {
    Item {
        subject: Some(subject),
        name: form::NameForm::Exact.into(),
        birth: form::BirthForm::Day.into(),
        outcome: pb::Outcome::Found.into(),
        version,
        ..Item::default()
    }
}

#[test]
fn a_frame_written_by_hand_is_what_the_form_says() {
    let began = instant();
    let mut teller = teller(began);
    let page = Page {
        items: Items::One(found(IdKey::Personal(nation().personal_id(0)), 2)),
        rows: Vec::new(),
        rare: Vec::new(),
    };
    let exchange = Exchange {
        at_micros: 1_234_567,
        took_micros: 890,
        verb: pb::Verb::Lookup.into(),
        shape: form::Shape::Unary.into(),
        agency: "H26".to_owned(),
        purpose: pb::Purpose::DataCleaning.into(),
        officer: true,
        procedure: "1.004222".to_owned(),
        has_procedure: true,
        dossier: false,
        freshness: form::Freshness::AtLeast.into(),
        wanted: AttributeSet::BASIC.bits(),
        revision: 300,
        // The first place is a 0 that must be there.
        items: vec![written(Subject::Citizen(0), 2)],
        count: 1,
        event_day: Some(-3),
        ..Exchange::default()
    };
    let first = note(began, Method::LookupCitizen, page);
    assert_eq!(told(&mut teller, first.clone()), exchange);
    assert_eq!(told(&mut teller, first.clone()), exchange, "and again");
    let mut other = first.clone();
    other.manner.event_day = None;
    other.manner.purpose = Purpose::HealthCheckIn;
    let told_other = told(&mut teller, other);
    assert_eq!(told_other.event_day, None);
    assert_eq!(told_other.purpose(), pb::Purpose::HealthCheckIn);
    let mut failed = first;
    failed.reason = Some(Reason::Overloaded);
    failed.page = Page::empty();
    let told_failed = told(&mut teller, failed);
    assert_eq!(
        told_failed.reason(),
        dancu_wire::to_wire(Reason::Overloaded)
    );
    assert!(told_failed.items.is_empty() && told_failed.list.is_none());
    assert_eq!(told_failed.count, 1);
}

#[test]
fn items_that_differ_in_the_citizen_only_are_columns_and_all_others_stand_as_a_whole() {
    let (began, nation) = (instant(), nation());
    let mut teller = teller(began);
    let persona = nation.personas()[3].citizen.personal_id;
    let nobodys = PersonalId::from_digits(901_085_000_999).unwrap();
    let key = |index| IdKey::Personal(nation.personal_id(index));
    let mut differing = found(key(900), 1);
    differing.kind.outcome = Some(Outcome::Differs);
    let items = vec![
        found(key(7), 0),
        found(key(300), 0),
        found(IdKey::Personal(persona), 0),
        differing,
        ItemNote::MALFORMED,
        found(IdKey::Personal(nobodys), 0),
        found(key(8), 1),
    ];
    let row = |differed| RowNote {
        held: AttributeSet::BASIC,
        differed,
    };
    let mut rows = vec![row(AttributeSet::NONE); items.len()];
    rows[3] = row(AttributeSet::BASIC);
    let fault = Fault::new("records[4].name", Reason::FieldTooLong);
    let page = Page {
        items: Items::Many(items),
        rows,
        rare: vec![(4, Rare::Fault(fault))],
    };
    let exchange = told(&mut teller, note(began, Method::ReconcileCitizens, page));
    assert!(exchange.items.is_empty());
    let list = exchange.list.unwrap();
    assert_eq!(list.kind, [1, 1, 0, 2, 0, 0, 3]);
    assert_eq!(list.citizens, [7, 300, 900, 8]);
    let rowed = |item: Item, differed: AttributeSet| Item {
        row: Some(form::Row {
            held: AttributeSet::BASIC.bits(),
            differed: differed.bits(),
        }),
        ..item
    };
    let kind = |outcome: pb::Outcome, version, differed| Item {
        subject: None,
        outcome: outcome.into(),
        ..rowed(written(Subject::Citizen(0), version), differed)
    };
    let none = AttributeSet::NONE;
    assert_eq!(
        list.kinds,
        [
            kind(pb::Outcome::Found, 0, none),
            kind(pb::Outcome::Differs, 1, AttributeSet::BASIC),
            kind(pb::Outcome::Found, 1, none),
        ]
    );
    let [of_persona, malformed, stranger] = &list.others[..] else {
        panic!("{:?}", list.others);
    };
    assert_eq!(*of_persona, rowed(written(Subject::Persona(3), 0), none));
    assert_eq!(
        (malformed.subject, &*malformed.field),
        (None, "records[4].name")
    );
    assert_eq!(malformed.fault(), dancu_wire::to_wire(Reason::FieldTooLong));
    assert!(matches!(stranger.subject, Some(Subject::Stranger(_))));
    // A list of one kind needs no column of kinds, and is longer than a length of one byte.
    let alike = (0..1_000).map(|index| found(key(index), 0)).collect();
    let page = Page {
        items: Items::Many(alike),
        rows: Vec::new(),
        rare: Vec::new(),
    };
    let exchange = told(&mut teller, note(began, Method::StreamLookupCitizens, page));
    let list = exchange.list.unwrap();
    assert!(list.kind.is_empty() && list.others.is_empty());
    assert_eq!(list.citizens, (0..1_000).collect::<Vec<_>>());
    assert_eq!((list.kinds.len(), exchange.count), (1, 1_000));
}

#[test]
fn events_and_gaps_are_told() {
    let (began, nation) = (instant(), nation());
    let mut teller = teller(began);
    let death = |on: &str| ChangeEvent::Death {
        on: CivilDate::from_iso(on).unwrap(),
    };
    let item = ItemNote::of(
        IdKey::Personal(nation.personal_id(5)),
        NameNote::Claimed,
        BirthNote::Year,
        false,
    );
    let event = EventNote {
        event: death("1950-02-03"),
        record: 77,
        version: 9,
    };
    let page = Page {
        items: Items::One(item),
        rows: Vec::new(),
        rare: vec![(0, Rare::Event(event))],
    };
    let mut pushed = note(began, Method::PushChanges, page);
    pushed.request = 55;
    let exchange = told(&mut teller, pushed);
    assert_eq!((exchange.request, exchange.verb()), (55, pb::Verb::Push));
    let event = exchange.items[0].event.unwrap();
    assert_eq!(
        (event.number, event.record, event.record_version),
        (0, 77, 9)
    );
    assert_eq!(event.kind(), form::EventKind::Death);
    assert!(event.day < 0);
    let lost = Lost {
        from: began,
        to: began + Duration::from_micros(70),
        messages: 8,
        items: 500,
    };
    let mut bytes = Vec::new();
    teller.gap(&lost, &mut bytes);
    let frame = Frame::decode_length_delimited(bytes.as_slice()).unwrap();
    let gap = form::Gap {
        from_micros: 0,
        to_micros: 70,
        messages: 8,
        items: 500,
    };
    assert_eq!(frame.frame, Some(frame::Frame::Gap(gap)));
}
