//! Replies known by their digest: what was found right once is right again.

use crate::measure::Sheet;

/// A reply that was read whole and found right.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The digest of everything but the answer header, which differs from answer to answer.
    pub(crate) digest: u64,
    /// How many entries the receipt must count.
    pub(crate) entries: u64,
    /// What became of the items.
    pub(crate) sheet: Sheet,
}

/// An answer taken apart into its header and the rest, without reading the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// The request's own id as it was echoed.
    pub(crate) request_id: &'a [u8],
    /// The nation of the revision, in hexadecimal digits.
    pub(crate) nation: &'a [u8],
    /// How many entries the receipt counts.
    pub(crate) entries: u64,
    /// Everything that comes after the header.
    pub(crate) results: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Takes an answer apart, as unary calls and batches have it: the header in field 1 at the
    /// beginning. `None` of anything else, which is not wrong, but must be read whole.
    pub(crate) fn of(answer: &'a [u8]) -> Option<Self> {
        let (header, results) = delimited(answer, 1)?;
        let mut parts = Self {
            request_id: &[],
            nation: &[],
            entries: 0,
            results,
        };
        let mut rest = header;
        while !rest.is_empty() {
            let (field, value, after) = field(rest)?;
            rest = after;
            match (field, value) {
                (1, Value::Bytes(id)) => parts.request_id = id,
                (2, Value::Bytes(revision)) => parts.nation = delimited(revision, 1)?.0,
                (4, Value::Bytes(receipt)) => parts.entries = number(receipt, 3)?,
                _ => {}
            }
        }
        Some(parts)
    }

    /// The same of a reply in a stream: the answer in field 1 and nothing after it.
    pub(crate) fn of_stream(reply: &'a [u8]) -> Option<Self> {
        match delimited(reply, 1)? {
            (answer, []) => Self::of(answer),
            _ => None,
        }
    }
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The field that begins here, and what comes after it.
fn field(bytes: &[u8]) -> Option<(u64, Value<'_>, &[u8])> {
    let (tag, rest) = varint(bytes)?;
    match tag & 7 {
        0 => {
            let (number, rest) = varint(rest)?;
            Some((tag >> 3, Value::Number(number), rest))
        }
        2 => {
            let (length, rest) = varint(rest)?;
            let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            Some((tag >> 3, Value::Bytes(value), rest))
        }
        _ => None,
    }
}

/// The length-delimited field with this number, where it stands first, and what comes after it.
fn delimited(bytes: &[u8], wanted: u64) -> Option<(&[u8], &[u8])> {
    match field(bytes)? {
        (number, Value::Bytes(value), rest) if number == wanted => Some((value, rest)),
        _ => None,
    }
}

/// The number in a field of a message; 0 where it is left out.
fn number(mut bytes: &[u8], wanted: u64) -> Option<u64> {
    while !bytes.is_empty() {
        let (number, value, rest) = field(bytes)?;
        bytes = rest;
        if let (true, Value::Number(value)) = (number == wanted, value) {
            return Some(value);
        }
    }
    Some(0)
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (place, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[place + 1..]));
        }
    }
    None
}

/// A digest of 64 bits, by folded multiplication. It tells altered replies apart; it withstands
/// nobody who alters them on purpose to get past it.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
    const SECOND: u64 = 0xd134_2543_de82_ef95;
    let fold = |a: u64, b: u64| {
        let wide = u128::from(a) * u128::from(b);
        (wide as u64) ^ ((wide >> 64) as u64)
    };
    let word = |chunk: &[u8]| {
        let mut padded = [0; 8];
        padded[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(padded)
    };
    let mut sum = fold(bytes.len() as u64 ^ FIRST, SECOND);
    let mut chunks = bytes.chunks_exact(16);
    for chunk in &mut chunks {
        sum = fold(word(&chunk[..8]) ^ FIRST, word(&chunk[8..]) ^ sum) ^ sum.rotate_left(23);
    }
    let rest = chunks.remainder();
    let (one, two) = rest.split_at(rest.len().min(8));
    fold(
        word(one) ^ FIRST ^ sum,
        word(two) ^ SECOND ^ sum.rotate_left(32),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use dancu_wire::pb;
    use prost::Message as _;

    fn answer() -> pb::LookupCitizenResponse {
        pb::LookupCitizenResponse {
            header: Some(pb::AnswerHeader {
                request_id: "d-run-7".into(),
                revision: Some(pb::Revision {
                    nation: "07".repeat(16),
                    number: 900,
                }),
                source: pb::Source::Memory.into(),
                receipt: Some(pb::Receipt {
                    writer: 1,
                    first_index: 123_456,
                    count: 3,
                }),
            }),
            result: Some(pb::LookupResult {
                outcome: 1,
                ..Default::default()
            }),
        }
    }

    #[test]
    fn an_answer_comes_apart_into_what_differs_and_what_does_not() {
        let bytes = answer().encode_to_vec();
        let parts = Parts::of(&bytes).unwrap();
        assert_eq!(parts.request_id, b"d-run-7");
        assert_eq!(parts.nation, "07".repeat(16).as_bytes());
        assert_eq!(parts.entries, 3);
        let mut later = answer();
        later
            .header
            .as_mut()
            .unwrap()
            .receipt
            .as_mut()
            .unwrap()
            .first_index = 9;
        let later = later.encode_to_vec();
        assert_eq!(
            digest(Parts::of(&later).unwrap().results),
            digest(parts.results)
        );
        let reply = pb::StreamLookupCitizensRequest::default().encode_to_vec();
        assert_eq!(Parts::of_stream(&reply), None);
    }

    #[test]
    fn every_bit_of_the_results_changes_the_digest() {
        for length in [0, 1, 7, 8, 9, 15, 16, 17, 40, 229] {
            let bytes: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let whole = digest(&bytes);
            for bit in 0..8 * length {
                let mut altered = bytes.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(digest(&altered), whole, "bit {bit} of {length}");
            }
            let mut longer = bytes.clone();
            longer.push(0);
            assert_ne!(digest(&longer), whole);
        }
    }

    #[test]
    fn cut_and_strange_bytes_are_nothing() {
        let bytes = answer().encode_to_vec();
        for end in 0..20 {
            assert_eq!(Parts::of(&bytes[..end]), None);
        }
        assert_eq!(Parts::of(&[0x12, 0]), None);
        assert_eq!(Parts::of(&[0xff; 12]), None);
    }
}
