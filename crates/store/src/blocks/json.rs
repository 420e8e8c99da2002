//! Lists as JSON: the form in which one statement takes many rows.
//!
//! Every text here is an agency's code, of an alphabet that JSON takes as it is, or hexadecimal
//! digits.

use std::fmt::Write as _;

use dancu_domain::VolumeRow;
use dancu_ledger::{KeptKey, KeptRow};

/// Counts as `[agency, verb, service, outcome, day, count]`.
pub(super) fn counts(rows: &[VolumeRow]) -> String {
    list(rows, 40, |out, row| {
        let key = &row.key;
        let (verb, outcome) = (key.verb.code(), key.outcome.code());
        write!(
            out,
            "[\"{}\",{verb},{},{outcome},{},{}]",
            key.agency, key.service.0, key.day.0, row.count
        )
    })
}

/// Kept answers as `[agency, request, digest, body, first, count, at, seal]`.
pub(super) fn kept(rows: &[KeptRow]) -> String {
    list(rows, 320, |out, row| {
        let (agency, request) = &row.key;
        write!(out, "[\"{agency}\",{},\"", request.cast_signed())?;
        hex(out, &row.kept.answer.digest)?;
        out.push_str("\",\"");
        hex(out, &row.kept.answer.body)?;
        let receipt = &row.kept.receipt;
        let (first, count) = (receipt.first, receipt.count);
        write!(out, "\",{first},{count},{},\"", row.at.0)?;
        hex(out, &row.seal)?;
        out.push_str("\"]");
        Ok(())
    })
}

/// Keys of kept answers as `[agency, request]`.
pub(super) fn keys(keys: &[KeptKey]) -> String {
    list(keys, 32, |out, (agency, request)| {
        write!(out, "[\"{agency}\",{}]", request.cast_signed())
    })
}

fn hex(out: &mut String, bytes: &[u8]) -> std::fmt::Result {
    out.reserve(2 * bytes.len());
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
}

fn list<T>(
    rows: &[T],
    each: usize,
    mut put: impl FnMut(&mut String, &T) -> std::fmt::Result,
) -> String {
    let mut out = String::with_capacity(2 + each * rows.len());
    out.push('[');
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        put(&mut out, row).expect("a string takes every write");
    }
    out.push(']');
    out
}
