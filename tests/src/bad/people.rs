//! Two neighbours who are told the truth, and somebody made up between them.

use dancu_domain::{ChangeEvent, Citizen, Outcome, Verb};
use dancu_population::Nation;
use dancu_wire::pb::dancu::v1 as pb;
use dancu_wire::pb::google::r#type::Date;
use prost::Message as _;

use super::asked::Subject;
use super::heard::Item;
use crate::messages;

/// The made-up number.
pub const NUMBER: &str = "987654321098";
/// The made-up name.
pub const NAME: &str = "Trương Quỳnh Zxywq";
/// The made-up dossier.
pub const DOSSIER: &str = "H26-231012-97531";

/// The neighbours: alive, not locked, and about to move.
#[derive(Clone)]
pub struct People {
    /// Who stands before the bad item.
    pub left: Neighbour,
    /// Who stands after it.
    pub right: Neighbour,
}

/// A citizen and his next event.
#[derive(Clone)]
pub struct Neighbour {
    id: &'static str,
    /// The record before the event.
    pub citizen: Citizen,
    change: pb::ChangeRecord,
}

impl People {
    /// Two of the nation.
    pub fn of(nation: &Nation) -> Self {
        let mut movable = (0..nation.len()).filter_map(|index| {
            let citizen = nation.citizen(index);
            assert_ne!(
                citizen.personal_id.text(),
                NUMBER,
                "somebody has the made-up number"
            );
            let ChangeEvent::Residence { place, since } = nation.event(index, 0)? else {
                return None;
            };
            let free = !citizen.locked && citizen.died_on.is_none();
            let made_up = citizen.birth.parts() == (1987, 6, 5);
            (free && !made_up).then(|| (citizen, residence(&place, messages::date(since))))
        });
        let mut next = |id: &'static str| {
            let (citizen, event) = movable.next().expect("somebody moves");
            Neighbour {
                id,
                citizen,
                change: change(id, event),
            }
        };
        Self {
            left: next("left"),
            right: next("right"),
        }
    }
}

fn residence(place: &dancu_domain::Place, since: Date) -> pb::change_record::Event {
    pb::change_record::Event::ResidenceChange(pb::ResidenceChange {
        residence: Some(messages::address(place)),
        since: Some(since),
    })
}

fn change(id: &str, event: pb::change_record::Event) -> pb::ChangeRecord {
    pb::ChangeRecord {
        source: "tests".to_owned(),
        record_id: id.to_owned(),
        record_version: 1,
        event: Some(event),
        ..Default::default()
    }
}

/// The outcome of a true item, once the neighbours' events have taken effect.
pub fn good_outcome(verb: Verb) -> Outcome {
    match verb {
        Verb::Lookup => Outcome::Found,
        Verb::Authenticate => Outcome::Match,
        Verb::Reconcile => Outcome::InStep,
        Verb::Push => Outcome::AlreadyApplied,
    }
}

impl Neighbour {
    /// What is asked about him.
    pub fn subject(&self) -> Subject {
        Subject {
            id: self.id.to_owned(),
            claims: Some(messages::claims(&self.citizen)),
            change: self.change.clone(),
            ..Subject::default()
        }
    }

    /// Whether he was told the truth, at the version that his event made.
    pub fn is_right(&self, what: &str, verb: Verb, item: &Item) {
        assert_eq!(item.id, self.id, "{what}: another one's place");
        assert_eq!(
            item.outcome,
            Some(good_outcome(verb)),
            "{what}: {}",
            self.id
        );
        assert_eq!(item.version, 1, "{what}: {}", self.id);
        assert!(item.status.is_none() && item.invalid.is_none(), "{what}");
        if verb == Verb::Lookup {
            let found = item.citizen.as_ref().expect("somebody found has a record");
            assert_eq!(
                found.personal_number,
                self.citizen.personal_id.text(),
                "{what}"
            );
            assert_eq!(found.full_name, self.citizen.name.text(), "{what}");
        }
    }
}

/// Somebody who is well formed and made up, recognisable in every value.
pub fn made_up() -> Subject {
    let address = pb::Address {
        province: "01".to_owned(),
        district: "010".to_owned(),
        commune: "01001".to_owned(),
        detail: "97 Zxywq".to_owned(),
        country: String::new(),
    };
    let since = Date {
        year: 2022,
        month: 3,
        day: 4,
    };
    let event = pb::change_record::Event::ResidenceChange(pb::ResidenceChange {
        residence: Some(address.clone()),
        since: Some(since),
    });
    Subject {
        id: "middle".to_owned(),
        dossier: DOSSIER.to_owned(),
        claims: Some(pb::Claims {
            number: Some(pb::claims::Number::PersonalNumber(NUMBER.to_owned())),
            full_name: NAME.to_owned(),
            birth_date: Some(Date {
                year: 1987,
                month: 6,
                day: 5,
            }),
        }),
        row: pb::ReconcileRecord {
            legacy_number: "987650123".to_owned(),
            current_residence: Some(address),
            social_insurance_number: "9876501234".to_owned(),
            ..Default::default()
        },
        change: change("Zxywq-97", event),
    }
}

/// Everything of the made-up person that must never come back.
pub fn planted() -> Vec<Vec<u8>> {
    let birth = Date {
        year: 1987,
        month: 6,
        day: 5,
    };
    let texts = [NUMBER, "Quỳnh", "Zxywq", DOSSIER, "987650123", "1987-06-05"];
    texts
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .chain([birth.encode_to_vec()])
        .collect()
}

/// A birth date as far as the contract carries it, for a claim.
pub fn born(year: i32, month: i32, day: i32) -> Date {
    Date { year, month, day }
}

/// The personas of these keys, with true claims.
pub fn personas(nation: &Nation, wanted: &[&str]) -> Vec<Subject> {
    let all = nation.personas();
    wanted
        .iter()
        .map(|key| {
            let persona = all.iter().find(|p| p.key == *key).expect("a persona");
            Subject {
                claims: Some(messages::claims(&persona.citizen)),
                ..Subject::default()
            }
        })
        .collect()
}
