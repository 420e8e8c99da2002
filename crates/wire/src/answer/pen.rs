//! Protobuf's encoding, written straight into a buffer: nothing is built first, nothing measured
//! twice.

/// A field of variable length: the number before it takes this many bytes at first, and what
/// follows is moved if that was wrong.
#[derive(Clone, Copy)]
pub(super) enum Room {
    /// Up to 127 bytes.
    Small,
    /// Up to 16,383.
    Medium,
    /// Up to 2,097,151.
    Large,
}

impl Room {
    /// For about so many bytes.
    pub(super) const fn of(bytes: usize) -> Self {
        match bytes {
            0..=127 => Self::Small,
            128..=16_383 => Self::Medium,
            _ => Self::Large,
        }
    }
}

const VARINT: u32 = 0;
const BYTES: u32 = 2;

/// Writes a varint.
pub(super) fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn key(out: &mut Vec<u8>, field: u32, kind: u32) {
    varint(out, u64::from(field << 3 | kind));
}

/// Writes a number or an enum; 0 is left out.
pub(super) fn number(out: &mut Vec<u8>, field: u32, n: u64) {
    if n != 0 {
        key(out, field, VARINT);
        varint(out, n);
    }
}

/// Writes a number that is never below 0, as an int32 or an enum has it.
pub(super) fn int(out: &mut Vec<u8>, field: u32, n: i32) {
    number(out, field, i64::from(n).cast_unsigned());
}

/// Writes a text; an empty one is left out.
pub(super) fn text(out: &mut Vec<u8>, field: u32, text: &str) {
    if !text.is_empty() {
        bytes(out, field, text.as_bytes());
    }
}

/// Writes bytes, also if there are none.
pub(super) fn bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    if field < 16 && bytes.len() < 128 {
        out.extend_from_slice(&[(field << 3 | BYTES) as u8, bytes.len() as u8]);
    } else {
        key(out, field, BYTES);
        varint(out, bytes.len() as u64);
    }
    out.extend_from_slice(bytes);
}

/// Writes a number as a text of `N` digits, with leading zeros.
pub(super) fn digits<const N: usize>(out: &mut Vec<u8>, field: u32, mut n: u64) {
    let mut text = [b'0'; N];
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
    }
    bytes(out, field, &text);
}

/// Writes what stands before a message within the message, at most eleven bytes; how many they are.
pub(super) fn opening(out: &mut [u8], field: u8, length: usize) -> usize {
    out[0] = field << 3 | BYTES as u8;
    let width = width(length);
    write_length(&mut out[1..=width], length);
    1 + width
}

/// Writes a message within the message; `write` writes its fields.
pub(super) fn nested(out: &mut Vec<u8>, field: u32, room: Room, write: impl FnOnce(&mut Vec<u8>)) {
    key(out, field, BYTES);
    let start = out.len();
    let room = match room {
        Room::Small => 1,
        Room::Medium => 2,
        Room::Large => 3,
    };
    out.extend_from_slice(&[0; 3][..room]);
    write(out);
    let length = out.len() - start - room;
    let needed = width(length);
    if needed != room {
        let end = out.len();
        if needed > room {
            out.resize(end + needed - room, 0);
        }
        out.copy_within(start + room..end, start + needed);
        out.truncate(start + needed + length);
    }
    write_length(&mut out[start..start + needed], length);
}

/// Writes a length into as many bytes as its varint takes.
fn write_length(out: &mut [u8], mut length: usize) {
    for byte in &mut *out {
        *byte = length as u8 & 0x7f | 0x80;
        length >>= 7;
    }
    if let Some(last) = out.last_mut() {
        *last &= 0x7f;
    }
}

/// How many bytes the varint of a length takes.
const fn width(length: usize) -> usize {
    let bits = usize::BITS - (length | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_message_has_its_length_before_it_whatever_room_was_left() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
            let content: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut expected = vec![b'x'];
            bytes(&mut expected, 17, &content);
            expected.push(b'y');
            for room in [Room::Small, Room::Medium, Room::Large] {
                let mut out = vec![b'x'];
                nested(&mut out, 17, room, |out| out.extend_from_slice(&content));
                out.push(b'y');
                assert!(out == expected, "{length}");
            }
        }
    }
}
