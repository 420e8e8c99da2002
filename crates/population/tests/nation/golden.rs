//! The golden record: a change of any citizen's record changes the digest, and must raise
//! `GENERATOR_VERSION`.

use std::fmt::Write as _;

use dancu_domain::{
    BirthDate, Citizen, CivilDate, MaritalStatus, PersonalId, Place, RelationToHead, Relative,
    SocialInsuranceNumber,
};
use dancu_population::{GENERATOR_VERSION, Nation};
use sha2::{Digest, Sha256};

/// SHA-256 over every field of the first 6,400 citizens of seed 1, their first two events, and
/// the personas.
const GOLDEN: &str = "950b1bcd2e38851598f79a6b1554e57416f113899f855567efe5a62cec84474c";

struct Fields(Sha256);

impl Fields {
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn day(&mut self, day: Option<CivilDate>) {
        self.number(u64::from(day.map_or(0, CivilDate::packed)));
    }

    fn place(&mut self, place: &Place) {
        self.number(u64::from(place.province));
        self.number(u64::from(place.district));
        self.number(u64::from(place.commune));
        self.text(place.detail.text());
        self.text(place.country());
    }

    fn relative(&mut self, relative: Option<&Relative>) {
        self.text(relative.map_or("", |r| r.name.text()));
        self.number(
            relative
                .and_then(|r| r.personal_id)
                .map_or(0, PersonalId::digits),
        );
        self.0.update(relative.map_or([0; 2], |r| r.nationality));
    }

    fn citizen(&mut self, citizen: &Citizen) {
        self.number(citizen.personal_id.digits());
        self.number(citizen.legacy_id.map_or(0, |id| u64::from(id.digits())));
        self.number(u64::from(citizen.version));
        self.text(citizen.name.text());
        self.number(u64::from(citizen.birth.packed()));
        self.number(u64::from(citizen.sex.code()));
        self.place(&citizen.birth_registration);
        self.place(&citizen.native_place);
        self.number(u64::from(citizen.ethnicity));
        self.number(u64::from(citizen.religion));
        self.0.update(citizen.nationality);
        self.number(u64::from(citizen.marital_status.code()));
        self.place(&citizen.permanent_residence);
        self.place(&citizen.current_residence);
        self.day(Some(citizen.resident_since));
        self.number(u64::from(citizen.blood_type.code()));
        self.relative(citizen.father.as_ref());
        self.relative(citizen.mother.as_ref());
        self.relative(citizen.spouse.as_ref());
        self.relative(citizen.representative.as_ref());
        self.number(citizen.household);
        self.relative(citizen.head.as_ref());
        self.number(u64::from(citizen.relation_to_head.code()));
        self.day(citizen.died_on);
        self.day(citizen.missing_since);
        self.number(
            citizen
                .social_insurance
                .map_or(0, SocialInsuranceNumber::digits),
        );
        self.number(u64::from(citizen.locked));
    }
}

#[test]
fn the_generator_makes_what_its_version_made() {
    assert_eq!(GENERATOR_VERSION, 1);
    let nation = Nation::new(1, 100_000);
    let mut fields = Fields(Sha256::new());
    for index in 0..6_400 {
        fields.citizen(&nation.citizen(index));
        if let Some(later) = nation.citizen_at(index, 2) {
            fields.citizen(&later);
        }
    }
    for persona in nation.personas() {
        fields.citizen(&persona.citizen);
    }
    let digest = fields
        .0
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
    assert_eq!(
        digest, GOLDEN,
        "the generator has changed: raise its version"
    );
}

#[test]
fn the_first_citizen_of_seed_1_is_spelled_out() {
    let citizen = Nation::new(1, 100_000).citizen(0);
    assert_eq!(citizen.personal_id.text(), "979086330476");
    assert_eq!(citizen.legacy_id.unwrap().text(), "970160275");
    assert_eq!(citizen.name.text(), "Lê Hữu Bình");
    assert_eq!(
        citizen.birth,
        BirthDate::Day(CivilDate::new(1986, 11, 12).unwrap())
    );
    assert_eq!(citizen.marital_status, MaritalStatus::Married);
    assert_eq!(citizen.relation_to_head, RelationToHead::Head);
    assert_eq!(
        citizen.permanent_residence.detail.text(),
        "Số 202 đường Bạch Đàn"
    );
    assert_eq!(citizen.household, 1_000);
}
