//! A record as it leaves: the attributes of a set, and no other.

use dancu_domain::{
    Attribute, AttributeSet, BirthDate, BloodType, Citizen, LegacyId, MaritalStatus, PersonalId,
    Place, RelationToHead, Relative, Sex, SocialInsuranceNumber,
};

use super::{date, version};
use crate::pb;

/// The record with these attributes. Its version is always there.
///
/// Every attribute has its arm, so that a new one does not compile before it is placed; what is
/// outside the set is never looked at.
pub fn citizen(record: &Citizen, attributes: AttributeSet) -> pb::Citizen {
    let mut out = pb::Citizen {
        version: version(record.version),
        ..Default::default()
    };
    for attribute in attributes.iter() {
        give(&mut out, record, attribute);
    }
    out
}

fn give(out: &mut pb::Citizen, record: &Citizen, attribute: Attribute) {
    match attribute {
        Attribute::PersonalNumber => out.personal_number = record.personal_id.text(),
        Attribute::LegacyNumber => {
            out.legacy_number = record.legacy_id.map(LegacyId::text).unwrap_or_default();
        }
        Attribute::FullName => record.name.text().clone_into(&mut out.full_name),
        Attribute::BirthDate => out.birth_date = Some(birth_date(record.birth)),
        Attribute::Sex => out.sex = sex(record.sex).into(),
        Attribute::BirthRegistration => {
            out.birth_registration = Some(address(&record.birth_registration));
        }
        Attribute::NativePlace => out.native_place = Some(address(&record.native_place)),
        Attribute::Ethnicity => out.ethnicity = i32::from(record.ethnicity),
        Attribute::Religion => out.religion = i32::from(record.religion),
        Attribute::Nationality => out.nationality = letters(record.nationality),
        Attribute::MaritalStatus => {
            out.marital_status = marital_status(record.marital_status).into();
        }
        Attribute::PermanentResidence => {
            out.permanent_residence = Some(address(&record.permanent_residence));
        }
        Attribute::CurrentResidence => {
            out.current_residence = Some(address(&record.current_residence));
            out.resident_since = Some(date(record.resident_since));
        }
        Attribute::BloodType => out.blood_type = blood_type(record.blood_type).into(),
        Attribute::Father => out.father = record.father.as_ref().map(relative),
        Attribute::Mother => out.mother = record.mother.as_ref().map(relative),
        Attribute::Spouse => out.spouse = record.spouse.as_ref().map(relative),
        Attribute::Representative => {
            out.representative = record.representative.as_ref().map(relative);
        }
        Attribute::Household => {
            out.head_of_household = record.head.as_ref().map(relative);
            out.relation_to_head = relation(record.relation_to_head).into();
        }
        Attribute::Death => {
            out.died_on = record.died_on.map(date);
            out.missing_since = record.missing_since.map(date);
        }
        Attribute::SocialInsurance => {
            out.social_insurance_number = record
                .social_insurance
                .map(SocialInsuranceNumber::text)
                .unwrap_or_default();
        }
    }
}

fn birth_date(birth: BirthDate) -> pb::Date {
    let (year, month, day) = birth.parts();
    pb::Date {
        year: i32::from(year),
        month: i32::from(month),
        day: i32::from(day),
    }
}

fn address(place: &Place) -> pb::Address {
    let code = |number: u32, width: usize| match number {
        0 => String::new(),
        _ => format!("{number:0width$}"),
    };
    pb::Address {
        province: code(u32::from(place.province), 2),
        district: code(u32::from(place.district), 3),
        commune: code(place.commune, 5),
        detail: place.detail.text().to_owned(),
        country: place.country().to_owned(),
    }
}

fn relative(relative: &Relative) -> pb::Relative {
    pb::Relative {
        full_name: relative.name.text().to_owned(),
        personal_number: relative
            .personal_id
            .map(PersonalId::text)
            .unwrap_or_default(),
        nationality: letters(relative.nationality),
    }
}

pub(super) fn letters(country: [u8; 2]) -> String {
    country.iter().map(|b| char::from(*b)).collect()
}

pub(super) const fn sex(sex: Sex) -> pb::Sex {
    match sex {
        Sex::Unknown => pb::Sex::Unspecified,
        Sex::Male => pb::Sex::Male,
        Sex::Female => pb::Sex::Female,
    }
}

pub(super) const fn marital_status(status: MaritalStatus) -> pb::MaritalStatus {
    match status {
        MaritalStatus::Unknown => pb::MaritalStatus::Unspecified,
        MaritalStatus::Single => pb::MaritalStatus::Single,
        MaritalStatus::Married => pb::MaritalStatus::Married,
        MaritalStatus::Divorced => pb::MaritalStatus::Divorced,
        MaritalStatus::Widowed => pb::MaritalStatus::Widowed,
    }
}

pub(super) const fn blood_type(blood: BloodType) -> pb::BloodType {
    match blood {
        BloodType::Unknown => pb::BloodType::Unspecified,
        BloodType::A => pb::BloodType::A,
        BloodType::B => pb::BloodType::B,
        BloodType::Ab => pb::BloodType::Ab,
        BloodType::O => pb::BloodType::O,
    }
}

pub(super) const fn relation(relation: RelationToHead) -> pb::RelationToHead {
    match relation {
        RelationToHead::Unknown => pb::RelationToHead::Unspecified,
        RelationToHead::Head => pb::RelationToHead::Head,
        RelationToHead::Spouse => pb::RelationToHead::Spouse,
        RelationToHead::Child => pb::RelationToHead::Child,
        RelationToHead::Parent => pb::RelationToHead::Parent,
        RelationToHead::Sibling => pb::RelationToHead::Sibling,
        RelationToHead::Grandchild => pb::RelationToHead::Grandchild,
        RelationToHead::Other => pb::RelationToHead::Other,
    }
}
