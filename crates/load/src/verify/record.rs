//! A record in an answer, field by field against the citizen whom it must be about.

use dancu_domain::{
    Attribute, AttributeSet, BloodType, Citizen, CivilDate, LegacyId, MaritalStatus, PersonalId,
    Place, RelationToHead, Relative, Sex, SocialInsuranceNumber,
};
use dancu_wire::pb;

use crate::claims::{day_parts, parts};

/// The first field of `got` that is not what the citizen's record has with these attributes: a
/// value that differs, one that is missing, or one that was not to be given.
pub fn difference(
    citizen: &Citizen,
    attributes: AttributeSet,
    got: &pb::Citizen,
) -> Option<&'static str> {
    use Attribute as A;
    // A new field of the contract does not compile here before it is compared.
    let pb::Citizen {
        version,
        personal_number,
        legacy_number,
        full_name,
        birth_date,
        sex,
        birth_registration,
        native_place,
        ethnicity,
        religion,
        nationality,
        marital_status,
        permanent_residence,
        current_residence,
        resident_since,
        blood_type,
        father,
        mother,
        spouse,
        representative,
        head_of_household,
        relation_to_head,
        died_on,
        missing_since,
        social_insurance_number,
    } = got;
    let has = |attribute| attributes.has(attribute);
    let text = |attribute, value: &str, got: &str| got == if has(attribute) { value } else { "" };
    let code = |attribute, value: i32, got: i32| got == if has(attribute) { value } else { 0 };
    let place = |attribute, value: &Place, got: &Option<pb::Address>| match got {
        Some(got) => has(attribute) && same_place(value, got),
        None => !has(attribute),
    };
    let relative = |attribute, value: &Option<Relative>, got: &Option<pb::Relative>| match (
        value.as_ref().filter(|_| has(attribute)),
        got,
    ) {
        (Some(value), Some(got)) => same_relative(value, got),
        (None, None) => true,
        _ => false,
    };
    let day = |attribute, value: Option<CivilDate>, got: Option<pb::Date>| {
        got.map(date_parts) == value.filter(|_| has(attribute)).map(day_parts)
    };
    let legacy = citizen.legacy_id.map(LegacyId::text).unwrap_or_default();
    let insurance = citizen.social_insurance.map(SocialInsuranceNumber::text);
    let checks: [(&'static str, bool); 25] = [
        ("version", i64::from(*version) == i64::from(citizen.version)),
        (
            "personal_number",
            text(
                A::PersonalNumber,
                &citizen.personal_id.text(),
                personal_number,
            ),
        ),
        (
            "legacy_number",
            text(A::LegacyNumber, &legacy, legacy_number),
        ),
        (
            "full_name",
            text(A::FullName, citizen.name.text(), full_name),
        ),
        (
            "birth_date",
            birth_date.map(date_parts) == has(A::BirthDate).then(|| parts(citizen.birth)),
        ),
        ("sex", code(A::Sex, sex_code(citizen.sex), *sex)),
        (
            "birth_registration",
            place(
                A::BirthRegistration,
                &citizen.birth_registration,
                birth_registration,
            ),
        ),
        (
            "native_place",
            place(A::NativePlace, &citizen.native_place, native_place),
        ),
        (
            "ethnicity",
            code(A::Ethnicity, citizen.ethnicity.into(), *ethnicity),
        ),
        (
            "religion",
            code(A::Religion, citizen.religion.into(), *religion),
        ),
        (
            "nationality",
            text(A::Nationality, &letters(citizen.nationality), nationality),
        ),
        (
            "marital_status",
            code(
                A::MaritalStatus,
                marital_code(citizen.marital_status),
                *marital_status,
            ),
        ),
        (
            "permanent_residence",
            place(
                A::PermanentResidence,
                &citizen.permanent_residence,
                permanent_residence,
            ),
        ),
        (
            "current_residence",
            place(
                A::CurrentResidence,
                &citizen.current_residence,
                current_residence,
            ),
        ),
        (
            "resident_since",
            day(
                A::CurrentResidence,
                Some(citizen.resident_since),
                *resident_since,
            ),
        ),
        (
            "blood_type",
            code(A::BloodType, blood_code(citizen.blood_type), *blood_type),
        ),
        ("father", relative(A::Father, &citizen.father, father)),
        ("mother", relative(A::Mother, &citizen.mother, mother)),
        ("spouse", relative(A::Spouse, &citizen.spouse, spouse)),
        (
            "representative",
            relative(A::Representative, &citizen.representative, representative),
        ),
        (
            "head_of_household",
            relative(A::Household, &citizen.head, head_of_household),
        ),
        (
            "relation_to_head",
            code(
                A::Household,
                relation_code(citizen.relation_to_head),
                *relation_to_head,
            ),
        ),
        ("died_on", day(A::Death, citizen.died_on, *died_on)),
        (
            "missing_since",
            day(A::Death, citizen.missing_since, *missing_since),
        ),
        (
            "social_insurance_number",
            text(
                A::SocialInsurance,
                insurance.as_deref().unwrap_or_default(),
                social_insurance_number,
            ),
        ),
    ];
    let wrong = checks.into_iter().find(|(_, agrees)| !agrees);
    wrong.map(|(field, _)| field)
}

const fn date_parts(date: pb::Date) -> (i32, i32, i32) {
    (date.year, date.month, date.day)
}

fn same_place(place: &Place, got: &pb::Address) -> bool {
    let code = |number: u32, width: usize, got: &str| match number {
        0 => got.is_empty(),
        _ => got.len() == width && got.parse() == Ok(number),
    };
    code(place.province.into(), 2, &got.province)
        && code(place.district.into(), 3, &got.district)
        && code(place.commune, 5, &got.commune)
        && *place.detail.text() == *got.detail
        && place.country() == got.country
}

fn same_relative(relative: &Relative, got: &pb::Relative) -> bool {
    let number = relative
        .personal_id
        .map(PersonalId::text)
        .unwrap_or_default();
    relative.name.text() == got.full_name
        && number == got.personal_number
        && letters(relative.nationality) == got.nationality
}

fn letters(country: [u8; 2]) -> String {
    country.iter().map(|b| char::from(*b)).collect()
}

// The numbers of these enums as the contract has them.

const fn sex_code(sex: Sex) -> i32 {
    match sex {
        Sex::Unknown => 0,
        Sex::Male => 1,
        Sex::Female => 2,
    }
}

const fn marital_code(status: MaritalStatus) -> i32 {
    match status {
        MaritalStatus::Unknown => 0,
        MaritalStatus::Single => 1,
        MaritalStatus::Married => 2,
        MaritalStatus::Divorced => 3,
        MaritalStatus::Widowed => 4,
    }
}

const fn blood_code(blood: BloodType) -> i32 {
    match blood {
        BloodType::Unknown => 0,
        BloodType::A => 1,
        BloodType::B => 2,
        BloodType::Ab => 3,
        BloodType::O => 4,
    }
}

const fn relation_code(relation: RelationToHead) -> i32 {
    match relation {
        RelationToHead::Unknown => 0,
        RelationToHead::Head => 1,
        RelationToHead::Spouse => 2,
        RelationToHead::Child => 3,
        RelationToHead::Parent => 4,
        RelationToHead::Sibling => 5,
        RelationToHead::Grandchild => 6,
        RelationToHead::Other => 7,
    }
}
