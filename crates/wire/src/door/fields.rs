//! The fields of an item: claims, dates, addresses, small enums. Paths are relative to the item.

use dancu_domain::{
    BirthDate, CivilDate, Claims, Detail, Fault, IdKey, LegacyId, MaritalStatus, PersonName,
    PersonalId, Place, Reason, Sex,
};

use super::Door;
use super::views::{BirthView, ClaimsView, Number};
use crate::pb;

/// The most characters that the detail of an address may have.
const DETAIL_MAX: usize = 200;

/// Reads claims; name and birth date may be missing.
pub(super) fn claims(door: &Door, claims: Option<ClaimsView<'_>>) -> Result<Claims, Fault> {
    let claims = claims.ok_or_else(|| Fault::new("claims", Reason::FieldRequired))?;
    let key = match claims.number {
        None => Err(Fault::new("claims.number", Reason::FieldRequired)),
        Some(Number::Personal(text)) => {
            PersonalId::parse(text, "claims.personal_number").map(IdKey::Personal)
        }
        Some(Number::Legacy(text)) => {
            LegacyId::parse(text, "claims.legacy_number").map(IdKey::Legacy)
        }
    }?;
    let name = if claims.full_name.is_empty() {
        None
    } else {
        Some(PersonName::parse(claims.full_name, "claims.full_name")?)
    };
    let birth = claims
        .birth
        .map(|date| birth_date(door, date))
        .transpose()?;
    Ok(Claims { key, name, birth })
}

/// Reads claims of which name and birth date must be there.
pub(super) fn whole_claims(door: &Door, wire: Option<ClaimsView<'_>>) -> Result<Claims, Fault> {
    let claims = claims(door, wire)?;
    if claims.name.is_none() {
        return Err(Fault::new("claims.full_name", Reason::FieldRequired));
    }
    if claims.birth.is_none() {
        return Err(Fault::new("claims.birth_date", Reason::FieldRequired));
    }
    Ok(claims)
}

fn birth_date(door: &Door, date: BirthView) -> Result<BirthDate, Fault> {
    let field = "claims.birth_date";
    let birth = BirthDate::from_parts(date.year, date.month, date.day, field)?;
    if birth.earliest() > door.today {
        return Err(Fault::new(field, Reason::DateInFuture));
    }
    Ok(birth)
}

/// Reads the day of an event: whole, and at most one year after the reference date.
pub(super) fn event_day(
    door: &Door,
    date: Option<pb::Date>,
    field: &str,
) -> Result<CivilDate, Fault> {
    let date = date.ok_or_else(|| Fault::new(field, Reason::FieldRequired))?;
    let day = CivilDate::from_parts(date.year, date.month, date.day, field)?;
    if day > door.last_event_day() {
        return Err(Fault::new(field, Reason::DateInFuture));
    }
    Ok(day)
}

/// Reads an address. At home the province must be there and be one of the nation's, and a smaller
/// unit only within a larger one; abroad there are no codes.
pub(super) fn place(door: &Door, address: pb::Address, field: &str) -> Result<Place, Fault> {
    let wrong = |part: &str, reason| Fault::new(&format!("{field}.{part}"), reason);
    let country =
        country(&address.country).ok_or_else(|| wrong("country", Reason::FieldInvalid))?;
    let codes = [
        ("province", &address.province, 2),
        ("district", &address.district, 3),
        ("commune", &address.commune, 5),
    ];
    let mut numbers = [0_u32; 3];
    for (number, (part, text, length)) in numbers.iter_mut().zip(codes) {
        *number = unit(text, length).map_err(|reason| wrong(part, reason))?;
    }
    let [province, district, commune] = numbers;
    if country != *b"VN" {
        if let Some((part, ..)) = codes.iter().find(|(_, text, _)| !text.is_empty()) {
            return Err(wrong(part, Reason::FieldInvalid));
        }
    } else if province == 0 {
        return Err(wrong("province", Reason::FieldRequired));
    } else if !u8::try_from(province).is_ok_and(|code| door.provinces.has(code)) {
        return Err(wrong("province", Reason::FieldInvalid));
    } else if commune != 0 && district == 0 {
        return Err(wrong("district", Reason::FieldRequired));
    }
    detail(&address.detail).map_err(|reason| wrong("detail", reason))?;
    Ok(Place {
        province: u8::try_from(province).expect("two digits fit into eight bits"),
        district: u16::try_from(district).expect("three digits fit into sixteen bits"),
        commune,
        detail: Detail::new(address.detail),
        country,
    })
}

/// The code of an administrative unit, all of its digits; 0 where it is left out.
fn unit(text: &str, length: usize) -> Result<u32, Reason> {
    if text.is_empty() {
        return Ok(0);
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::NumberNotDigits);
    }
    if text.len() != length {
        return Err(Reason::NumberLength);
    }
    match text.bytes().fold(0, |n, b| n * 10 + u32::from(b - b'0')) {
        0 => Err(Reason::FieldInvalid),
        code => Ok(code),
    }
}

fn country(text: &str) -> Option<[u8; 2]> {
    match text.as_bytes() {
        [] => Some(*b"VN"),
        [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some([*a, *b]),
        _ => None,
    }
}

/// Refuses a detail that is too long, or that holds control characters or characters that steer
/// how the text around them is shown.
fn detail(text: &str) -> Result<(), Reason> {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    // A character has at most four bytes: what is longer need not be counted.
    if text.len() > DETAIL_MAX * 4 || text.chars().count() > DETAIL_MAX {
        return Err(Reason::FieldTooLong);
    }
    if text.chars().any(steers) {
        return Err(Reason::FieldInvalid);
    }
    Ok(())
}

/// Reads a sex; `None` where the row holds none.
pub(super) fn sex(wire: i32, field: &str) -> Result<Option<Sex>, Fault> {
    match pb::Sex::try_from(wire) {
        Ok(pb::Sex::Unspecified) => Ok(None),
        Ok(pb::Sex::Male) => Ok(Some(Sex::Male)),
        Ok(pb::Sex::Female) => Ok(Some(Sex::Female)),
        Err(_) => Err(Fault::new(field, Reason::EnumInvalid)),
    }
}

/// Reads a marital status; `None` where the row holds none.
pub(super) fn marital_status(wire: i32, field: &str) -> Result<Option<MaritalStatus>, Fault> {
    match pb::MaritalStatus::try_from(wire) {
        Ok(pb::MaritalStatus::Unspecified) => Ok(None),
        Ok(pb::MaritalStatus::Single) => Ok(Some(MaritalStatus::Single)),
        Ok(pb::MaritalStatus::Married) => Ok(Some(MaritalStatus::Married)),
        Ok(pb::MaritalStatus::Divorced) => Ok(Some(MaritalStatus::Divorced)),
        Ok(pb::MaritalStatus::Widowed) => Ok(Some(MaritalStatus::Widowed)),
        Err(_) => Err(Fault::new(field, Reason::EnumInvalid)),
    }
}
