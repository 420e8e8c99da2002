//! Personas: well-known people, one for each situation that a caller must handle.

use std::collections::HashMap;

use dancu_domain::{
    BirthDate, BloodType, Citizen, CivilDate, Claims, IdKey, LegacyId, MaritalStatus, Outcome,
    PersonName, PersonalId, Place, RelationToHead, Relative, Sex, SocialInsuranceNumber,
};

use crate::agencies::{date, word};
use crate::numbers::Mark;
use crate::tables::{number, sections};

const READ: &str = "the personas are part of the build, and a test reads all of them";

/// A well-known person, and what to ask about him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persona {
    /// The word by which he is called for.
    pub key: &'static str,
    /// The situation, in Vietnamese.
    pub title_vi: &'static str,
    /// The situation, in English.
    pub title_en: &'static str,
    /// What happens and why, in Vietnamese.
    pub note_vi: &'static str,
    /// What happens and why, in English.
    pub note_en: &'static str,
    /// The record.
    pub citizen: Citizen,
    /// What to claim, as the door reads it.
    pub claims: Claims,
    /// The name to claim as a caller writes it: it may be decomposed, or in capitals.
    pub claimed_name: &'static str,
    /// How a lookup of the claims ends, before anything is pushed.
    pub lookup: Outcome,
    /// How an authentication of the claims ends, before anything is pushed.
    pub authenticate: Outcome,
}

/// One section of the data file.
struct Section {
    key: &'static str,
    mark: Mark,
    fields: HashMap<&'static str, &'static str>,
}

impl Section {
    fn text(&self, field: &str) -> &'static str {
        self.fields.get(field).copied().unwrap_or("")
    }

    fn get(&self, field: &str) -> Option<&'static str> {
        self.fields.get(field).copied()
    }

    fn name(&self) -> PersonName {
        PersonName::parse(self.text("name"), "name").expect(READ)
    }

    fn personal_id(&self) -> PersonalId {
        self.mark
            .put_on(PersonalId::parse(self.text("number"), "number").expect(READ))
    }

    fn legacy_id(&self) -> Option<LegacyId> {
        self.get("legacy")
            .map(|text| LegacyId::parse(text, "legacy").expect(READ))
    }

    fn relative(&self) -> Relative {
        Relative {
            name: self.name(),
            personal_id: Some(self.personal_id()),
            nationality: *b"VN",
        }
    }
}

/// Every persona, in the order of the data file.
pub(crate) fn personas(mark: Mark) -> Vec<Persona> {
    let all: Vec<Section> = sections(include_str!("../data/personas.ini"))
        .into_iter()
        .map(|(key, fields)| Section {
            key,
            mark,
            fields: fields.into_iter().collect(),
        })
        .collect();
    all.iter().map(|section| persona(section, &all)).collect()
}

fn persona(section: &Section, all: &[Section]) -> Persona {
    let citizen = citizen(section, all);
    let claimed_name = section
        .get("claim_name")
        .unwrap_or_else(|| section.text("name"));
    let outcome = |field: &str, otherwise: Outcome| {
        section.get(field).map_or(otherwise, |text| {
            word(Outcome::ALL, Outcome::word, text).expect(READ)
        })
    };
    let key = match (section.get("claim_by"), citizen.legacy_id) {
        (Some("legacy"), Some(legacy)) => IdKey::Legacy(legacy),
        _ => IdKey::Personal(citizen.personal_id),
    };
    Persona {
        key: section.key,
        title_vi: section.text("title_vi"),
        title_en: section.text("title_en"),
        note_vi: section.text("note_vi"),
        note_en: section.text("note_en"),
        claims: Claims {
            key,
            name: Some(PersonName::parse(claimed_name, "claim_name").expect(READ)),
            birth: Some(section.get("claim_birth").map_or(citizen.birth, birth)),
        },
        claimed_name,
        lookup: outcome("lookup", Outcome::Found),
        authenticate: outcome("authenticate", Outcome::Match),
        citizen,
    }
}

fn citizen(section: &Section, all: &[Section]) -> Citizen {
    let relative = |field: &str| {
        let key = section.get(field)?;
        let other = all.iter().find(|other| other.key == key).expect(READ);
        Some(other.relative())
    };
    // Parents who are not on file are recorded by name alone.
    let by_name = |field: &str| {
        let name = PersonName::parse(section.get(field)?, field).expect(READ);
        Some(Relative {
            name,
            personal_id: None,
            nationality: *b"VN",
        })
    };
    let code = |field: &str| section.get(field).map_or(0, number::<u8>);
    let birth = birth(section.text("birth"));
    let home = home(section);
    Citizen {
        personal_id: section.personal_id(),
        legacy_id: section.legacy_id(),
        version: 0,
        name: section.name(),
        birth,
        sex: word(Sex::ALL, Sex::word, section.text("sex")).expect(READ),
        birth_registration: Place::domestic(home.province, home.district, home.commune, ""),
        native_place: Place::domestic(home.province, home.district, home.commune, ""),
        ethnicity: code("ethnicity").max(1),
        religion: code("religion"),
        nationality: *b"VN",
        marital_status: section
            .get("marital")
            .map_or(MaritalStatus::Single, |text| {
                word(MaritalStatus::ALL, MaritalStatus::word, text).expect(READ)
            }),
        permanent_residence: home.clone(),
        current_residence: home,
        resident_since: settled().max(birth.earliest()),
        blood_type: BloodType::O,
        father: relative("father").or_else(|| by_name("father_name")),
        mother: relative("mother").or_else(|| by_name("mother_name")),
        spouse: relative("spouse"),
        representative: relative("representative"),
        household: section.get("household").map_or(0, number),
        head: relative("head"),
        relation_to_head: section
            .get("relation")
            .map_or(RelationToHead::Unknown, |text| {
                word(RelationToHead::ALL, RelationToHead::word, text).expect(READ)
            }),
        died_on: section.get("died").and_then(date),
        missing_since: section.get("missing").and_then(date),
        social_insurance: section
            .get("insurance")
            .map(|text| SocialInsuranceNumber::parse(text, "insurance").expect(READ)),
        locked: section.get("locked") == Some("true"),
    }
}

/// A birth date of the data file: whole, or a year.
fn birth(text: &'static str) -> BirthDate {
    if text.len() == 4 {
        return BirthDate::Year(number(text));
    }
    BirthDate::Day(date(text).expect(READ))
}

/// Where a persona lives: the first commune of the province's first district.
fn home(section: &Section) -> Place {
    let province: u8 = section.get("province").map_or(0, number);
    let district = u16::from(province) * 10;
    let street = "Số 1 đường Hòa Bình";
    Place::domestic(province, district, u32::from(district) * 100 + 1, street)
}

/// Since when personas live there, unless they are younger.
fn settled() -> CivilDate {
    CivilDate::new(2015, 6, 1).expect("1 June 2015 is on the calendar")
}
