//! Made-up people and words for the tests.

use dancu_domain::{
    BirthDate, BloodType, Citizen, CivilDate, Fault, LegacyId, MaritalStatus, PersonName,
    PersonalId, Place, Reason, RelationToHead, Sex,
};

pub(crate) fn date(year: u16, month: u8, day: u8) -> CivilDate {
    CivilDate::new(year, month, day).unwrap()
}

pub(crate) fn name(text: &str) -> PersonName {
    PersonName::parse(text, "name").unwrap()
}

pub(crate) fn personal(digits: u64) -> PersonalId {
    PersonalId::from_digits(digits).unwrap()
}

pub(crate) fn legacy(digits: u32) -> LegacyId {
    LegacyId::from_digits(digits).unwrap()
}

/// The reason of a fault, which must name `field`.
pub(crate) fn reason_of<T>(result: Result<T, Fault>, field: &str) -> Option<Reason> {
    let fault = result.err()?;
    assert_eq!(fault.field, field);
    Some(fault.reason)
}

pub(crate) fn citizen() -> Citizen {
    let place = Place::domestic(1, 2, 3, "Ngõ 5");
    Citizen {
        personal_id: personal(987_654_321_012),
        legacy_id: None,
        version: 0,
        name: name("Nguyễn Thị Hoà"),
        birth: BirthDate::Day(date(1990, 2, 3)),
        sex: Sex::Female,
        birth_registration: place.clone(),
        native_place: place.clone(),
        ethnicity: 1,
        religion: 2,
        nationality: *b"VN",
        marital_status: MaritalStatus::Single,
        permanent_residence: place.clone(),
        current_residence: place,
        resident_since: date(2010, 1, 1),
        blood_type: BloodType::O,
        father: None,
        mother: None,
        spouse: None,
        representative: None,
        household: 0,
        head: None,
        relation_to_head: RelationToHead::Unknown,
        died_on: None,
        missing_since: None,
        social_insurance: None,
        locked: false,
    }
}
