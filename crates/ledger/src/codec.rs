//! The bytes of a block's entries.
//!
//! One version byte, then one message after another to the end. A message is its context once
//! and its items in columns. Integers are varints (seven bits a byte, lowest first, shortest
//! form) unless a width is given; texts stand behind one byte of length.
//!
//! | field | bytes |
//! | --- | --- |
//! | flags | 1: officer, procedure, dossier, unit are there; outcomes alike, given alike; items have dossiers; the caller named the day |
//! | hash of the request id | 8, little-endian |
//! | agency | text |
//! | officer, procedure, dossier, unit | text each, where flagged |
//! | purpose, verb | 1 each |
//! | service, granted bits, day (sign folded in) | varints |
//! | number of items | varint, at least 1 |
//! | pseudonyms | 8 an item, little-endian; 0 for an item without a subject |
//! | outcomes | 1 an item, or 1 when alike |
//! | given bits | a varint an item, or 1 when alike |
//! | dossiers of the items | text an item, empty for none, where flagged |
//!
//! So a message of one item without texts takes about 40 bytes, and an item in bulk 9 to 13.

use std::fmt;

use dancu_domain::{
    AgencyCode, AttributeSet, Day, Dossier, MessageRecord, OfficerId, Outcome, ProcedureCode,
    Purpose, ServiceCode, UnitCode, Verb, VolumeKey,
};

use crate::LedgerKeys;
use crate::bytes::{Bytes, put_short, put_varint, unzigzag, zigzag};

#[cfg(test)]
mod tests;

/// The version that this code writes, the first byte of every block's entries.
pub const CODEC_VERSION: u8 = 1;

const OFFICER: u8 = 1;
const PROCEDURE: u8 = 1 << 1;
const DOSSIER: u8 = 1 << 2;
const UNIT: u8 = 1 << 3;
const OUTCOMES_ALIKE: u8 = 1 << 4;
const GIVEN_ALIKE: u8 = 1 << 5;
const ITEM_DOSSIERS: u8 = 1 << 6;
const EVENT_DAY: u8 = 1 << 7;

/// Appends one message; it must have items.
pub(crate) fn put_message(
    out: &mut Vec<u8>,
    keys: &LedgerKeys,
    request: u64,
    day: Day,
    message: &MessageRecord,
) {
    let context = &message.context;
    let first = &message.items[0];
    let alike = |same: bool, flag: u8| if same { flag } else { 0 };
    let flags = alike(context.officer.is_some(), OFFICER)
        | alike(context.procedure.is_some(), PROCEDURE)
        | alike(context.dossier.is_some(), DOSSIER)
        | alike(context.unit.is_some(), UNIT)
        | alike(
            message.items.iter().all(|i| i.outcome == first.outcome),
            OUTCOMES_ALIKE,
        )
        | alike(
            message.items.iter().all(|i| i.given == first.given),
            GIVEN_ALIKE,
        )
        | alike(
            message.items.iter().any(|i| i.dossier.is_some()),
            ITEM_DOSSIERS,
        )
        | alike(context.event_day.is_some(), EVENT_DAY);
    out.reserve(64 + 14 * message.items.len());
    out.push(flags);
    out.extend_from_slice(&request.to_le_bytes());
    put_short(out, message.agency.text());
    let texts = [
        context.officer.as_ref().map(OfficerId::text),
        context.procedure.as_ref().map(ProcedureCode::text),
        context.dossier.as_ref().map(Dossier::text),
        context.unit.as_ref().map(UnitCode::text),
    ];
    for text in texts.into_iter().flatten() {
        put_short(out, text);
    }
    out.push(context.purpose.code());
    out.push(message.verb.code());
    put_varint(out, u64::from(message.service.0));
    put_varint(out, u64::from(message.granted.bits()));
    put_varint(out, zigzag(day.0));
    put_varint(out, message.items.len() as u64);
    for item in &message.items {
        let pseudonym = item.subject.map_or(0, |subject| keys.pseudonym(subject));
        out.extend_from_slice(&pseudonym.to_le_bytes());
    }
    if flags & OUTCOMES_ALIKE != 0 {
        out.push(first.outcome.code());
    } else {
        out.extend(message.items.iter().map(|item| item.outcome.code()));
    }
    if flags & GIVEN_ALIKE != 0 {
        put_varint(out, u64::from(first.given.bits()));
    } else {
        for item in &message.items {
            put_varint(out, u64::from(item.given.bits()));
        }
    }
    if flags & ITEM_DOSSIERS != 0 {
        for item in &message.items {
            put_short(out, item.dossier.as_ref().map_or("", Dossier::text));
        }
    }
}

/// Why entries could not be read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecodable {
    /// The version byte is missing or unknown.
    Version,
    /// A message ends too early, or a field of it holds what is never written.
    Message,
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "entries of an unknown version",
            Self::Message => "entries that are not a message",
        })
    }
}

impl std::error::Error for Undecodable {}

/// One message as it lies in the bytes.
#[derive(Clone, Copy)]
pub(crate) struct MessageView<'a> {
    pub(crate) request: u64,
    pub(crate) agency: AgencyCode,
    pub(crate) officer: Option<&'a str>,
    pub(crate) procedure: Option<&'a str>,
    pub(crate) dossier: Option<&'a str>,
    pub(crate) unit: Option<&'a str>,
    pub(crate) purpose: Purpose,
    pub(crate) verb: Verb,
    pub(crate) service: ServiceCode,
    pub(crate) granted: AttributeSet,
    pub(crate) day: Day,
    /// Whether the caller named the day; it says nothing of the recording then.
    pub(crate) event_day: bool,
    pseudonyms: &'a [u8],
    outcomes: &'a [u8],
    given: Given<'a>,
    dossiers: Option<Bytes<'a>>,
}

#[derive(Clone, Copy)]
enum Given<'a> {
    Alike(AttributeSet),
    Each(Bytes<'a>),
}

/// One item as it lies in the bytes.
#[derive(Clone, Copy)]
pub(crate) struct ItemView<'a> {
    pub(crate) pseudonym: Option<u64>,
    pub(crate) outcome: Outcome,
    pub(crate) given: AttributeSet,
    pub(crate) dossier: Option<&'a str>,
}

/// The messages of a block's entries.
pub(crate) fn messages(
    entries: &[u8],
) -> Result<impl Iterator<Item = Result<MessageView<'_>, Undecodable>>, Undecodable> {
    let mut bytes = Bytes(entries);
    if bytes.byte() != Some(CODEC_VERSION) {
        return Err(Undecodable::Version);
    }
    Ok(std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let message = message(&mut bytes).ok_or(Undecodable::Message);
        if message.is_err() {
            bytes = Bytes(&[]);
        }
        Some(message)
    }))
}

fn message<'a>(bytes: &mut Bytes<'a>) -> Option<MessageView<'a>> {
    let flags = bytes.byte()?;
    let request = u64::from_le_bytes(bytes.array()?);
    let agency = AgencyCode::parse(bytes.short()?, "agency").ok()?;
    let mut text = |flag| match flags & flag {
        0 => Some(None),
        _ => bytes.short().filter(|text| !text.is_empty()).map(Some),
    };
    let (officer, procedure) = (text(OFFICER)?, text(PROCEDURE)?);
    let (dossier, unit) = (text(DOSSIER)?, text(UNIT)?);
    let purpose = Purpose::from_code(bytes.byte()?)?;
    let verb = Verb::from_code(bytes.byte()?)?;
    let service = ServiceCode(u16::try_from(bytes.varint()?).ok()?);
    let granted = attributes(bytes)?;
    let day = Day(unzigzag(bytes.varint()?)?);
    let items = u32::try_from(bytes.varint()?).ok().filter(|n| *n > 0)? as usize;
    // One item is always like itself; a second form of the same would be a way to hide.
    if items == 1 && flags & (OUTCOMES_ALIKE | GIVEN_ALIKE) != OUTCOMES_ALIKE | GIVEN_ALIKE {
        return None;
    }
    let pseudonyms = bytes.take(items.checked_mul(8)?)?;
    let outcomes = bytes.take(if flags & OUTCOMES_ALIKE != 0 {
        1
    } else {
        items
    })?;
    if outcomes
        .iter()
        .any(|code| Outcome::from_code(*code).is_none())
    {
        return None;
    }
    let given = if flags & GIVEN_ALIKE != 0 {
        Given::Alike(attributes(bytes)?)
    } else {
        let each = *bytes;
        for _ in 0..items {
            attributes(bytes)?;
        }
        Given::Each(each)
    };
    let dossiers = (flags & ITEM_DOSSIERS != 0).then_some(*bytes);
    if dossiers.is_some() {
        for _ in 0..items {
            bytes.short()?;
        }
    }
    Some(MessageView {
        request,
        agency,
        officer,
        procedure,
        dossier,
        unit,
        purpose,
        verb,
        service,
        granted,
        day,
        event_day: flags & EVENT_DAY != 0,
        pseudonyms,
        outcomes,
        given,
        dossiers,
    })
}

/// Reads a set of attributes; bits that no attribute has are never written.
fn attributes(bytes: &mut Bytes<'_>) -> Option<AttributeSet> {
    let bits = u32::try_from(bytes.varint()?).ok()?;
    let set = AttributeSet::from_bits(bits);
    (set.bits() == bits).then_some(set)
}

impl<'a> MessageView<'a> {
    /// The key under which an item of this message is counted.
    pub(crate) fn key(&self, outcome: Outcome) -> VolumeKey {
        VolumeKey {
            agency: self.agency,
            verb: self.verb,
            service: self.service,
            outcome,
            day: self.day,
        }
    }

    /// The items in their order.
    pub(crate) fn items(&self) -> impl Iterator<Item = ItemView<'a>> {
        let (mut given, mut dossiers) = (self.given, self.dossiers);
        let outcomes = self.outcomes;
        let read = "the message was read through when it was taken apart";
        self.pseudonyms
            .chunks_exact(8)
            .enumerate()
            .map(move |(place, pseudonym)| {
                let pseudonym = u64::from_le_bytes(pseudonym.try_into().expect("chunks of eight"));
                let code = outcomes[if outcomes.len() == 1 { 0 } else { place }];
                ItemView {
                    pseudonym: (pseudonym != 0).then_some(pseudonym),
                    outcome: Outcome::from_code(code).expect(read),
                    given: match &mut given {
                        Given::Alike(set) => *set,
                        Given::Each(bytes) => attributes(bytes).expect(read),
                    },
                    dossier: dossiers
                        .as_mut()
                        .map(|bytes| bytes.short().expect(read))
                        .filter(|text| !text.is_empty()),
                }
            })
    }
}
