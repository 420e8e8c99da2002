//! What each agency may be given, written down by hand from the tables of agencies and licences,
//! and the fields of a record as the bytes of an answer hold them.

use std::collections::{BTreeMap, BTreeSet};

use dancu_domain::{Agency, AgencyKind, Attribute, AttributeSet};
use dancu_wire::pb::dancu::v1::Purpose;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// The numbers of fields of `Citizen`.
pub type Fields = BTreeSet<u32>;

/// The fields of `Citizen` beyond its version, by name, with the attribute that opens each.
pub const FIELDS: &[(u32, &str, Attribute)] = &[
    (2, "personal_number", Attribute::PersonalNumber),
    (3, "legacy_number", Attribute::LegacyNumber),
    (4, "full_name", Attribute::FullName),
    (5, "birth_date", Attribute::BirthDate),
    (6, "sex", Attribute::Sex),
    (7, "birth_registration", Attribute::BirthRegistration),
    (8, "native_place", Attribute::NativePlace),
    (9, "ethnicity", Attribute::Ethnicity),
    (10, "religion", Attribute::Religion),
    (11, "nationality", Attribute::Nationality),
    (12, "marital_status", Attribute::MaritalStatus),
    (13, "permanent_residence", Attribute::PermanentResidence),
    (14, "current_residence", Attribute::CurrentResidence),
    (15, "resident_since", Attribute::CurrentResidence),
    (16, "blood_type", Attribute::BloodType),
    (17, "father", Attribute::Father),
    (18, "mother", Attribute::Mother),
    (19, "spouse", Attribute::Spouse),
    (20, "representative", Attribute::Representative),
    (21, "head_of_household", Attribute::Household),
    (22, "relation_to_head", Attribute::Household),
    (23, "died_on", Attribute::Death),
    (24, "missing_since", Attribute::Death),
    (25, "social_insurance_number", Attribute::SocialInsurance),
];

const ETHNICITY: u32 = 9;
const RELIGION: u32 = 10;
const BLOOD_TYPE: u32 = 16;

/// Every field.
pub fn all() -> Fields {
    FIELDS.iter().map(|(number, ..)| *number).collect()
}

/// Numbers, name, birth date, sex, current residence.
pub fn basic() -> Fields {
    [2, 3, 4, 5, 6, 14, 15].into()
}

/// Every field but the three that need a grant of their own.
fn civil() -> Fields {
    let mut fields = all();
    fields.retain(|number| ![ETHNICITY, RELIGION, BLOOD_TYPE].contains(number));
    fields
}

/// What a lookup may give; `None` where the purpose is not licensed.
pub fn granted(agency: &Agency, purpose: Purpose) -> Option<Fields> {
    use AgencyKind::{HealthFacility, Ministry, Province};
    use Purpose::{AdministrativeProcedure, DataCleaning, HealthCheckIn};
    let with = |mut fields: Fields, more: &[u32]| {
        fields.extend(more);
        fields
    };
    Some(match (agency.code.text(), agency.kind, purpose) {
        ("G01", _, AdministrativeProcedure | DataCleaning) => all(),
        ("G03", _, DataCleaning) => with(basic(), &[23, 24, 25]),
        ("G04", _, AdministrativeProcedure) => with(civil(), &[BLOOD_TYPE]),
        ("G10", _, AdministrativeProcedure) => with(civil(), &[ETHNICITY, RELIGION]),
        (_, Ministry, AdministrativeProcedure)
        | (_, Province, AdministrativeProcedure | DataCleaning) => civil(),
        (_, HealthFacility, HealthCheckIn) => basic(),
        _ => return None,
    })
}

/// The fields of the attributes of these fields: some come in pairs.
pub fn with_their_pairs(fields: &Fields) -> Fields {
    let attributes = attributes(fields);
    FIELDS
        .iter()
        .filter(|(.., attribute)| attributes.has(*attribute))
        .map(|(number, ..)| *number)
        .collect()
}

/// The attributes that these fields belong to.
pub fn attributes(fields: &Fields) -> AttributeSet {
    let mut set = AttributeSet::NONE;
    for (number, _, attribute) in FIELDS {
        if fields.contains(number) {
            set.insert(*attribute);
        }
    }
    set
}

/// The fields of a message as they lie in its bytes: the value of each, repeated ones in order.
pub fn fields(mut bytes: &[u8]) -> BTreeMap<u32, Vec<Vec<u8>>> {
    let mut found: BTreeMap<u32, Vec<Vec<u8>>> = BTreeMap::new();
    while !bytes.is_empty() {
        let (number, kind) = decode_key(&mut bytes).expect("a field has a key");
        let value = if kind == WireType::LengthDelimited {
            let length = decode_varint(&mut bytes).expect("a length") as usize;
            let (value, rest) = bytes.split_at(length);
            bytes = rest;
            value.to_vec()
        } else {
            let before = bytes;
            skip_field(kind, number, &mut bytes, DecodeContext::default()).expect("a value");
            before[..before.len() - bytes.len()].to_vec()
        };
        found.entry(number).or_default().push(value);
    }
    found
}

/// The results of an answer, as bytes.
pub fn results(answer: &[u8]) -> Vec<Vec<u8>> {
    fields(answer).remove(&2).unwrap_or_default()
}

/// The fields of the record within a result of a lookup, without its version.
pub fn record(result: &[u8]) -> BTreeMap<u32, Vec<Vec<u8>>> {
    let mut citizen = fields(result).remove(&3).unwrap_or_default();
    let mut record = fields(&citizen.pop().unwrap_or_default());
    record.remove(&1);
    record
}
