//! Lists as JSON, the one form in which SQLite takes a batch as a parameter.
//!
//! Texts are codes of restricted alphabets ([`dancu_domain::SourceKey`],
//! [`dancu_domain::AgencyCode`]), none of which JSON would have to escape.

use std::fmt::Write as _;

use dancu_domain::LegacyId;

use crate::sheet::NewChange;

/// A list of integers.
pub(super) fn numbers(numbers: impl Iterator<Item = u64>) -> String {
    let mut out = String::with_capacity(14 * numbers.size_hint().0 + 2);
    list(&mut out, numbers, |out, number| {
        put(out, format_args!("{number}"));
    });
    out
}

/// The rows of [`super::statements::PUT_CHANGES`] and [`super::statements::PUT_EFFECTS`].
pub(super) fn changes(changes: &[NewChange]) -> String {
    let mut out = String::with_capacity(160 * changes.len() + 2);
    list(&mut out, changes.iter(), |out, change| {
        let (agency, source, record_id, record_version) = &change.key;
        put(
            out,
            format_args!("[{},{},", change.number, change.personal_id.digits()),
        );
        legacy(out, change.legacy_id);
        put(
            out,
            format_args!(
                ",{},\"{}\",\"{}\",\"{}\",{},\"",
                change.version,
                agency.text(),
                source.text(),
                record_id.text(),
                record_version.cast_signed(),
            ),
        );
        for byte in change.digest {
            put(out, format_args!("{byte:02x}"));
        }
        out.push_str("\"]");
    });
    out
}

/// Writes a list, each item by `item`.
pub(super) fn list<T>(
    out: &mut String,
    items: impl Iterator<Item = T>,
    mut item: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (at, value) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        item(out, value);
    }
    out.push(']');
}

/// Appends an old number, where there is one.
pub(super) fn legacy(out: &mut String, id: Option<LegacyId>) {
    match id {
        Some(id) => put(out, format_args!("{}", id.digits())),
        None => out.push_str("null"),
    }
}

/// Appends to a text.
pub(super) fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments)
        .expect("a string takes every write");
}
