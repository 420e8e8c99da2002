//! The compact form in which a citizen's record is stored.
//!
//! The table has the record as one value beside the columns that it is found by, and no column an
//! attribute. Nothing is ever asked of the registry but the whole record of a number, so columns
//! would buy no statement; they would cost one value more a row and attribute on the way through
//! the driver, which is what a read of a thousand citizens spends its time on, and three times
//! the bytes. The form is guarded by its format byte instead of the schema.
//!
//! One byte of format, one of flags for what is there, then the fields in a fixed order: numbers
//! as base-128 varints, texts behind their length. A place that repeats the one before it is one
//! byte, as is a relative who was named already (a head of household is mostly a parent or the
//! spouse). The record is whole: it holds the key columns too, so that one value is all that a
//! read has to carry, and a record found under another number is noticed.

mod reader;

use dancu_domain::{Citizen, Place, Relative};

pub use reader::decode;

/// The format that is written; the only one that is read.
pub(crate) const FORMAT: u8 = 1;

/// Bits of the two bytes of flags.
pub(crate) mod flag {
    pub(crate) const LEGACY: u16 = 1;
    pub(crate) const DIED: u16 = 1 << 1;
    pub(crate) const MISSING: u16 = 1 << 2;
    pub(crate) const SOCIAL: u16 = 1 << 3;
    pub(crate) const LOCKED: u16 = 1 << 4;
    pub(crate) const FATHER: u16 = 1 << 5;
    pub(crate) const MOTHER: u16 = 1 << 6;
    pub(crate) const SPOUSE: u16 = 1 << 7;
    pub(crate) const REPRESENTATIVE: u16 = 1 << 8;
    pub(crate) const HEAD: u16 = 1 << 9;
    pub(crate) const FOREIGN: u16 = 1 << 10;
    pub(crate) const ALL: u16 = (1 << 11) - 1;
}

/// How a place is written.
pub(crate) mod place {
    pub(crate) const SAME: u8 = 0;
    pub(crate) const DOMESTIC: u8 = 1;
    pub(crate) const ABROAD: u8 = 2;
}

/// How a relative is written: 0 to 3 by two bits, 4 and above as the one named before.
pub(crate) mod relative {
    pub(crate) const NUMBERED: u8 = 1;
    pub(crate) const FOREIGN: u8 = 2;
    pub(crate) const NAMED_BEFORE: u8 = 4;
}

/// The country that is not written out.
pub(crate) const HOME: [u8; 2] = *b"VN";

/// Appends the record of a citizen to `out`.
pub fn encode(citizen: &Citizen, out: &mut Vec<u8>) {
    let c = citizen;
    let relatives = [
        (flag::FATHER, &c.father),
        (flag::MOTHER, &c.mother),
        (flag::SPOUSE, &c.spouse),
        (flag::REPRESENTATIVE, &c.representative),
        (flag::HEAD, &c.head),
    ];
    let mut flags = 0;
    let mut set = |bit, holds: bool| flags |= if holds { bit } else { 0 };
    set(flag::LEGACY, c.legacy_id.is_some());
    set(flag::DIED, c.died_on.is_some());
    set(flag::MISSING, c.missing_since.is_some());
    set(flag::SOCIAL, c.social_insurance.is_some());
    set(flag::LOCKED, c.locked);
    set(flag::FOREIGN, c.nationality != HOME);
    for (bit, relative) in relatives {
        set(bit, relative.is_some());
    }
    out.push(FORMAT);
    out.extend_from_slice(&flags.to_le_bytes());
    varint(c.personal_id.digits(), out);
    if let Some(legacy) = c.legacy_id {
        varint(u64::from(legacy.digits()), out);
    }
    varint(u64::from(c.version), out);
    text(c.name.text(), out);
    varint(u64::from(c.birth.packed()), out);
    out.push(c.sex.code() << 4 | c.marital_status.code());
    out.push(c.blood_type.code() << 4 | c.relation_to_head.code());
    out.push(c.ethnicity);
    out.push(c.religion);
    if c.nationality != HOME {
        out.extend_from_slice(&c.nationality);
    }
    let mut before = None;
    for place in [
        &c.native_place,
        &c.birth_registration,
        &c.permanent_residence,
        &c.current_residence,
    ] {
        encode_place(place, before, out);
        before = Some(place);
    }
    varint(u64::from(c.resident_since.packed()), out);
    let mut named: Vec<&Relative> = Vec::with_capacity(relatives.len());
    for relative in relatives.iter().filter_map(|(_, r)| r.as_ref()) {
        encode_relative(relative, &named, out);
        named.push(relative);
    }
    varint(c.household, out);
    for day in [c.died_on, c.missing_since].into_iter().flatten() {
        varint(u64::from(day.packed()), out);
    }
    if let Some(social) = c.social_insurance {
        varint(social.digits(), out);
    }
}

fn encode_place(place: &Place, before: Option<&Place>, out: &mut Vec<u8>) {
    if before == Some(place) {
        out.push(place::SAME);
        return;
    }
    if place.country == HOME {
        out.push(place::DOMESTIC);
    } else {
        out.push(place::ABROAD);
        out.extend_from_slice(&place.country);
    }
    out.push(place.province);
    varint(u64::from(place.district), out);
    varint(u64::from(place.commune), out);
    text(place.detail.text(), out);
}

fn encode_relative(relative: &Relative, named: &[&Relative], out: &mut Vec<u8>) {
    if let Some(at) = named.iter().position(|r| *r == relative) {
        out.push(relative::NAMED_BEFORE + at as u8);
        return;
    }
    let foreign = relative.nationality != HOME;
    let numbered = relative.personal_id.is_some();
    out.push(
        if numbered { relative::NUMBERED } else { 0 } | if foreign { relative::FOREIGN } else { 0 },
    );
    text(relative.name.text(), out);
    if let Some(id) = relative.personal_id {
        varint(id.digits(), out);
    }
    if foreign {
        out.extend_from_slice(&relative.nationality);
    }
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn text(text: &str, out: &mut Vec<u8>) {
    varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests;
