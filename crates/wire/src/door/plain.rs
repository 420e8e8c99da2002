//! Requests as they lie in their bytes: texts are borrowed, nothing is built.
//!
//! What is read here is what nearly every caller sends: known fields, each at most once, in their
//! shortest form. Anything else is not judged here but left to the general decoder, which knows
//! the rules of merging, of unknown fields and of errors.

use prost::Message as _;

use super::views::{Asked, BirthView, ClaimsView, Envelope, ItemView, Number};
use crate::pb;

/// Something that the general decoder must look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odd;

type Plain<T> = Result<T, Odd>;

/// The value of a field.
#[derive(Clone, Copy)]
enum Value<'a> {
    Int(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// An enum, or an int32 that is not negative.
    fn int(self) -> Plain<i32> {
        match self {
            Self::Int(n) => i32::try_from(n).map_err(|_| Odd),
            Self::Bytes(_) => Err(Odd),
        }
    }

    fn bytes(self) -> Plain<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Int(_) => Err(Odd),
        }
    }

    fn text(self) -> Plain<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Odd)
    }
}

/// The fields of one message. Of those numbered in `once`, none comes twice.
struct Fields<'a> {
    rest: &'a [u8],
    seen: u32,
    many: u32,
}

impl<'a> Fields<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            seen: 0,
            many: 0,
        }
    }

    /// The same, of a message in which one field may come as often as it likes.
    fn repeating(bytes: &'a [u8], field: u32) -> Self {
        Self {
            many: 1 << field,
            ..Self::of(bytes)
        }
    }

    /// The next field: its number, below 16, and its value.
    fn next(&mut self) -> Plain<Option<(u32, Value<'a>)>> {
        let Some((key, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.rest = rest;
        let field = u32::from(key >> 3);
        // Field 0 is none, and a key of several bytes belongs to none of ours.
        if field == 0 || *key >= 0x80 || self.seen & !self.many & 1 << field != 0 {
            return Err(Odd);
        }
        self.seen |= 1 << field;
        let value = match key & 7 {
            0 => Value::Int(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Odd)?;
                let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Odd)?;
                self.rest = rest;
                Value::Bytes(bytes)
            }
            _ => return Err(Odd),
        };
        Ok(Some((field, value)))
    }

    /// A varint of at most four bytes: lengths, enums, years.
    fn varint(&mut self) -> Plain<u64> {
        let mut value = 0;
        for (place, byte) in self.rest.iter().take(4).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if *byte < 0x80 {
                self.rest = &self.rest[place + 1..];
                return Ok(value);
            }
        }
        Err(Odd)
    }
}

/// Reads a LookupCitizenRequest or a BatchLookupCitizensRequest: they differ in how often field 5
/// may come.
pub(super) fn lookup(bytes: &[u8], batch: bool) -> Plain<Asked<'_>> {
    let mut fields = if batch {
        Fields::repeating(bytes, 5)
    } else {
        Fields::of(bytes)
    };
    let mut asked = Asked::with_room(bytes.len(), batch);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => asked.context = Some(envelope(value.bytes()?)?),
            2 => asked.freshness = Some(freshness(value.bytes()?)?),
            3 => asked.view = value.int()?,
            4 => {
                let mask = prost_types::FieldMask::decode(value.bytes()?);
                asked.mask = mask.map_err(|_| Odd)?.paths;
            }
            5 => asked.items.push(item(value.bytes()?)?),
            _ => return Err(Odd),
        }
    }
    Ok(asked)
}

/// Reads an AuthenticateCitizenRequest or a BatchAuthenticateCitizensRequest: they differ in how
/// often field 3 may come.
pub(super) fn authenticate(bytes: &[u8], batch: bool) -> Plain<Asked<'_>> {
    let mut fields = if batch {
        Fields::repeating(bytes, 3)
    } else {
        Fields::of(bytes)
    };
    let mut asked = Asked::with_room(bytes.len(), batch);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => asked.context = Some(envelope(value.bytes()?)?),
            2 => asked.freshness = Some(freshness(value.bytes()?)?),
            3 => asked.items.push(item(value.bytes()?)?),
            _ => return Err(Odd),
        }
    }
    Ok(asked)
}

/// The batch within a message of a stream: its field 1, and nothing else.
pub(super) fn batch(bytes: &[u8]) -> Plain<&[u8]> {
    let mut fields = Fields::of(bytes);
    match (fields.next()?, fields.next()?) {
        (Some((1, value)), None) => value.bytes(),
        _ => Err(Odd),
    }
}

fn envelope(bytes: &[u8]) -> Plain<Envelope<'_>> {
    let mut fields = Fields::of(bytes);
    let mut envelope = Envelope::default();
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => envelope.request_id = value.text()?,
            2 => envelope.officer = value.text()?,
            3 => envelope.procedure = value.text()?,
            4 => envelope.dossier = value.text()?,
            5 => envelope.purpose = value.int()?,
            6 => envelope.unit = value.text()?,
            _ => return Err(Odd),
        }
    }
    Ok(envelope)
}

fn freshness(bytes: &[u8]) -> Plain<pb::Freshness> {
    pb::Freshness::decode(bytes).map_err(|_| Odd)
}

fn item(bytes: &[u8]) -> Plain<ItemView<'_>> {
    let mut fields = Fields::of(bytes);
    let mut item = ItemView::default();
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => item.item_id = value.text()?,
            2 => item.dossier = value.text()?,
            3 => item.claims = Some(claims(value.bytes()?)?),
            _ => return Err(Odd),
        }
    }
    Ok(item)
}

fn claims(bytes: &[u8]) -> Plain<ClaimsView<'_>> {
    let mut fields = Fields::of(bytes);
    let mut claims = ClaimsView::default();
    while let Some((field, value)) = fields.next()? {
        match field {
            // Of two numbers the later one would count.
            1 | 2 if claims.number.is_some() => return Err(Odd),
            1 => claims.number = Some(Number::Personal(value.text()?)),
            2 => claims.number = Some(Number::Legacy(value.text()?)),
            3 => claims.full_name = value.text()?,
            4 => claims.birth = Some(birth(value.bytes()?)?),
            _ => return Err(Odd),
        }
    }
    Ok(claims)
}

fn birth(bytes: &[u8]) -> Plain<BirthView> {
    let mut fields = Fields::of(bytes);
    let mut birth = BirthView::default();
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => birth.year = value.int()?,
            2 => birth.month = value.int()?,
            3 => birth.day = value.int()?,
            _ => return Err(Odd),
        }
    }
    Ok(birth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(field: u8, text: &[u8]) -> Vec<u8> {
        let mut out = vec![field << 3 | 2, text.len() as u8];
        out.extend_from_slice(text);
        out
    }

    #[test]
    fn what_nearly_every_caller_sends_is_read_here() {
        let claims = [
            text(1, b"012345678903"),
            text(3, "Đặng Thị Hoà".as_bytes()),
            text(4, &[8, 0xc3, 0x0f, 16, 6, 24, 5]),
        ];
        let item = [text(1, b"i-1"), text(3, &claims.concat())].concat();
        let envelope = [text(1, b"r-1"), vec![5 << 3, 1]].concat();
        let message = [text(1, &envelope), text(5, &item), text(5, &item)].concat();
        assert!(lookup(&message, false).is_err());
        let asked = lookup(&message, true).expect("a plain message");
        let birth = BirthView {
            year: 1987,
            month: 6,
            day: 5,
        };
        assert_eq!(asked.items.len(), 2);
        assert_eq!(asked.items[0].item_id, "i-1");
        let claims = asked.items[1].claims.expect("claims");
        assert!(claims.birth == Some(birth) && claims.full_name == "Đặng Thị Hoà");
        assert!(matches!(
            claims.number,
            Some(Number::Personal("012345678903"))
        ));
        assert_eq!(asked.context.map(|context| context.purpose), Some(1));
        assert!(batch(&text(1, &message)).is_ok_and(|inner| inner == message));
    }

    #[test]
    fn whatever_is_out_of_the_ordinary_is_left_to_the_general_decoder() {
        for odd in [
            &[0x0a, 0x05][..],
            &[0x07],
            &[0x78, 0x01],
            &[0x18, 0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0x18, 0x01, 0x18, 0x01],
            &[0x82, 0x01, 0x00],
        ] {
            assert!(lookup(odd, true).is_err(), "{odd:?}");
        }
    }
}
