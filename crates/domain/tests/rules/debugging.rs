//! `Debug` shows nothing personal.

use std::sync::Arc;

use dancu_domain::{
    Agreement, AttributeSet, AuthenticateResult, Candidates, ChangeEvent, Citizen, Claims,
    Decision, Freshness, IdKey, ItemRecord, LifeEvent, Lookup, LookupResult, NationId, Outcome,
    PersonalId, Place, Prior, Reading, ReconcileResult, Relative, Revision, Row,
    SocialInsuranceNumber, Source, SourceKey, Subject, Verdict, decide, match_claims,
};
use proptest::prelude::*;

use crate::changes::record;
use crate::people::{citizen, date, legacy, name, personal};

/// Everything that can be printed and speaks of this person, who is found by these claims.
fn printed(person: &Citizen) -> Vec<String> {
    let shared = Arc::new(person.clone());
    let claims = Claims {
        key: IdKey::Personal(person.personal_id),
        name: Some(person.name.clone()),
        birth: Some(person.birth),
    };
    let subject = Subject {
        dossier: None,
        claims: claims.clone(),
    };
    let row = Row {
        dossier: None,
        claims: claims.clone(),
        sex: Some(person.sex),
        legacy_id: person.legacy_id,
        current_residence: Some(person.current_residence.clone()),
        permanent_residence: None,
        marital_status: None,
        social_insurance: person.social_insurance,
        died_on: None,
    };
    let mut change = record(ChangeEvent::Residence {
        place: person.current_residence.clone(),
        since: date(2023, 5, 5),
    });
    change.personal_id = person.personal_id;
    change.name = person.name.clone();
    let event = LifeEvent {
        source: SourceKey::parse("s", "s").unwrap(),
        record_id: SourceKey::parse("r", "r").unwrap(),
        record_version: 1,
        personal_id: person.personal_id,
        name: person.name.clone(),
        birth: person.birth,
        event: change.event.clone(),
        digest: [0; 16],
    };
    let reading = Reading {
        candidates: vec![Candidates::one(Arc::clone(&shared))],
        revision: Revision {
            nation: NationId([0; 16]),
            number: 1,
        },
        source: Source::Memory,
    };
    let found = LookupResult::Found {
        citizen: Arc::clone(&shared),
        attributes: AttributeSet::all(),
        agreement: Agreement::Exact,
        deceased: false,
    };
    let differs = ReconcileResult::Differs {
        citizen: Arc::clone(&shared),
        differing: AttributeSet::all(),
        given: AttributeSet::all(),
    };
    let entry = ItemRecord {
        subject: Some(claims.key),
        outcome: Outcome::Found,
        given: AttributeSet::all(),
        dossier: None,
    };
    let lookup = Lookup {
        freshness: Freshness::MinimizeLatency,
        wanted: AttributeSet::all(),
        items: vec![Ok(subject.clone())],
    };
    let verdict = match_claims(std::slice::from_ref(&shared), &claims);
    assert!(matches!(verdict, Verdict::Match(..)));
    let decision = decide(Some(person), &change, Prior::default());
    assert!(matches!(decision, Decision::Apply(_)));
    let judged = AuthenticateResult::NoMatch(None);
    vec![
        format!("{person:?} {shared:#?} {:?}", person.name),
        format!("{claims:?} {subject:?} {row:#?} {event:?} {change:#?}"),
        format!("{reading:?} {found:?} {differs:?} {entry:?} {lookup:#?} {judged:?}"),
        format!("{verdict:?} {decision:#?}"),
        format!("{:?} {:?}", person.mother, person.current_residence),
        format!("{:?} {:?}", person.legacy_id, person.social_insurance),
    ]
}

fn in_full(digits: u64) -> Citizen {
    let full = |n: u64| PersonalId::from_digits(n % 1_000_000_000_000);
    let mut person = citizen();
    person.personal_id = full(digits).unwrap();
    person.legacy_id = Some(legacy(836_572_910));
    person.social_insurance = SocialInsuranceNumber::from_digits(7_418_529_630);
    person.name = name("Phùng Quỳnh Khuê");
    person.current_residence = Place::domestic(1, 271, 9_853, "Ngõ Quỳnh 46");
    person.mother = Some(Relative {
        name: name("Phùng Quỳnh Khuê"),
        personal_id: full(digits),
        nationality: *b"VN",
    });
    person
}

#[test]
fn a_number_shows_its_last_two_digits() {
    assert_eq!(
        format!("{:?}", personal(987_654_321_012)),
        "PersonalId(..12)"
    );
    assert_eq!(format!("{:?}", legacy(123_456_705)), "LegacyId(..05)");
    let insured = SocialInsuranceNumber::from_digits(1_234_567_809).unwrap();
    assert_eq!(format!("{insured:?}"), "SocialInsuranceNumber(..09)");
    assert_eq!(
        format!("{:?}", citizen()),
        "Citizen(PersonalId(..12), version 0)"
    );
    assert_eq!(
        format!("{:?}", name("Nguyễn Thị Hoà")),
        "PersonName(14 characters)"
    );
    assert_eq!(format!("{:?}", citizen().birth), "BirthDate(1990..)");
    assert_eq!(format!("{:?}", citizen().native_place), "Place(01, VN)");
}

proptest! {
    #[test]
    fn nothing_that_speaks_of_a_person_prints_their_digits_or_a_word_of_them(
        digits in 100_000_000_000_u64..1_000_000_000_000
    ) {
        let person = in_full(digits);
        let number = person.personal_id.text();
        for text in printed(&person) {
            for start in 0..5 {
                prop_assert!(!text.contains(&number[start..start + 6]), "{}", text);
            }
            for word in ["Ph", "ùng", "Quỳnh", "Khuê", "Ngõ", "271", "9853", "836", "741852"] {
                prop_assert!(!text.contains(word), "{} in {}", word, text);
            }
        }
    }
}
