//! A record as bytes, attribute by attribute: codes of attributes stand in the order of the
//! fields that they open.

use dancu_domain::{Attribute, Citizen, CivilDate, Place, Relative};

use super::citizen::{blood_type, marital_status, relation, sex};
use super::pen::{Room, bytes, digits, int, nested, text};

/// Writes what one attribute opens. Every attribute has its arm, so that a new one does not
/// compile before it is placed.
pub(super) fn give(out: &mut Vec<u8>, record: &Citizen, attribute: Attribute) {
    match attribute {
        Attribute::PersonalNumber => digits::<12>(out, 2, record.personal_id.digits()),
        Attribute::LegacyNumber => {
            if let Some(legacy) = record.legacy_id {
                digits::<9>(out, 3, legacy.digits().into());
            }
        }
        Attribute::FullName => text(out, 4, record.name.text()),
        Attribute::BirthDate => {
            let (year, month, day) = record.birth.parts();
            parts(out, 5, year, month, day);
        }
        Attribute::Sex => int(out, 6, sex(record.sex).into()),
        Attribute::BirthRegistration => place(out, 7, &record.birth_registration),
        Attribute::NativePlace => place(out, 8, &record.native_place),
        Attribute::Ethnicity => int(out, 9, record.ethnicity.into()),
        Attribute::Religion => int(out, 10, record.religion.into()),
        Attribute::Nationality => letters(out, 11, record.nationality),
        Attribute::MaritalStatus => {
            int(out, 12, marital_status(record.marital_status).into());
        }
        Attribute::PermanentResidence => place(out, 13, &record.permanent_residence),
        Attribute::CurrentResidence => {
            place(out, 14, &record.current_residence);
            date(out, 15, Some(record.resident_since));
        }
        Attribute::BloodType => int(out, 16, blood_type(record.blood_type).into()),
        Attribute::Father => relative(out, 17, record.father.as_ref()),
        Attribute::Mother => relative(out, 18, record.mother.as_ref()),
        Attribute::Spouse => relative(out, 19, record.spouse.as_ref()),
        Attribute::Representative => relative(out, 20, record.representative.as_ref()),
        Attribute::Household => {
            relative(out, 21, record.head.as_ref());
            int(out, 22, relation(record.relation_to_head).into());
        }
        Attribute::Death => {
            date(out, 23, record.died_on);
            date(out, 24, record.missing_since);
        }
        Attribute::SocialInsurance => {
            if let Some(number) = record.social_insurance {
                digits::<10>(out, 25, number.digits());
            }
        }
    }
}

fn date(out: &mut Vec<u8>, field: u32, date: Option<CivilDate>) {
    if let Some(date) = date {
        parts(out, field, date.year(), date.month(), date.day());
    }
}

fn parts(out: &mut Vec<u8>, field: u32, year: u16, month: u8, day: u8) {
    nested(out, field, Room::Small, |out| {
        int(out, 1, year.into());
        int(out, 2, month.into());
        int(out, 3, day.into());
    });
}

fn place(out: &mut Vec<u8>, field: u32, place: &Place) {
    nested(out, field, Room::Small, |out| {
        if place.province != 0 {
            unit::<2>(out, 1, place.province.into());
        }
        if place.district != 0 {
            unit::<3>(out, 2, place.district.into());
        }
        if place.commune != 0 {
            unit::<5>(out, 3, place.commune);
        }
        text(out, 4, place.detail.text());
        letters(out, 5, place.country);
    });
}

/// The code of an administrative unit. A province may be beyond its two digits in no table of
/// ours; were one, all of its digits would be written.
fn unit<const N: usize>(out: &mut Vec<u8>, field: u32, code: u32) {
    if code < 10_u32.pow(N as u32) {
        digits::<N>(out, field, code.into());
    } else {
        text(out, field, &code.to_string());
    }
}

fn relative(out: &mut Vec<u8>, field: u32, relative: Option<&Relative>) {
    let Some(relative) = relative else { return };
    nested(out, field, Room::Small, |out| {
        text(out, 1, relative.name.text());
        if let Some(id) = relative.personal_id {
            digits::<12>(out, 2, id.digits());
        }
        letters(out, 3, relative.nationality);
    });
}

/// The two letters of a country.
fn letters(out: &mut Vec<u8>, field: u32, country: [u8; 2]) {
    if country.is_ascii() {
        bytes(out, field, &country);
    } else {
        text(out, field, &super::citizen::letters(country));
    }
}
