//! Protobuf by hand: fields are appended to the bytes of a frame as they come, so that no message has
//! to be built first.

/// Appends a varint.
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The wire types of varints, eight bytes, and what brings its length.
const VARINT: u32 = 0;
const FIXED: u32 = 1;
const BYTES: u32 = 2;

fn tag(out: &mut Vec<u8>, field: u32, wire: u32) {
    varint(out, u64::from(field << 3 | wire));
}

/// Appends a number, whatever it is: of a field that knows whether it is there.
pub(super) fn present(out: &mut Vec<u8>, field: u32, value: u64) {
    tag(out, field, VARINT);
    varint(out, value);
}

/// Appends a number, unless it is 0.
pub(super) fn number(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        present(out, field, value);
    }
}

/// Appends whether something is so, unless it is not.
pub(super) fn flag(out: &mut Vec<u8>, field: u32, value: bool) {
    number(out, field, value.into());
}

/// Appends eight bytes.
pub(super) fn fixed(out: &mut Vec<u8>, field: u32, value: u64) {
    tag(out, field, FIXED);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a text or what else has a length, unless it is empty.
pub(super) fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    if !value.is_empty() {
        tag(out, field, BYTES);
        varint(out, value.len() as u64);
        out.extend_from_slice(value);
    }
}

/// Appends a message that `write` appends.
pub(super) fn message(out: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    tag(out, field, BYTES);
    delimited(out, write);
}

/// Appends what `write` appends behind its length. Most messages are short: a length of one byte is
/// left room for, and what needs more is moved.
pub(super) fn delimited(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.push(0);
    write(out);
    let length = out.len() - at - 1;
    if length < 0x80 {
        out[at] = length as u8;
        return;
    }
    let mut prefix = Vec::with_capacity(10);
    varint(&mut prefix, length as u64);
    out.splice(at..=at, prefix);
}

/// The number that stands for one with a sign.
pub(super) const fn zigzag(value: i32) -> u64 {
    ((value << 1) ^ (value >> 31)) as u32 as u64
}
