//! Answers of lookups and authentications as bytes, the same that the general encoder makes of
//! the messages that [`super::read`] builds.

use dancu_domain::{
    Answer, AttributeSet, AuthenticateResult, Citizen, Failure, LookupResult, NationId, Reason,
    Receipt, Revision,
};
use prost::Message as _;

use super::pen::{Room, bytes, int, nested, number, text};
use super::read::{lookup_outcome, of_the_item, verdict_outcome};
use super::{cause, level, record, signed, source, version};
use crate::errors::{Lang, fault_status, withheld_status};
use crate::pb::rpc;

/// Room for a header, and for a result.
const HEADER_BYTES: usize = 128;
const RESULT_BYTES: usize = 256;

/// Writes the answer of LookupCitizen. An item without an outcome is the failure of the call.
pub fn write_lookup_citizen(
    out: &mut Vec<u8>,
    mut answer: Answer<LookupResult>,
    ids: Vec<String>,
) -> Result<(), Failure> {
    let item = answer.items.pop().ok_or(Failure::new(Reason::Internal))?;
    match item {
        LookupResult::Malformed(fault) => return Err(of_the_item(fault)),
        LookupResult::Withheld(wait) => return Err(Failure::withheld(wait)),
        _ => {}
    }
    out.reserve(HEADER_BYTES + RESULT_BYTES);
    let id = ids.first().map_or("", String::as_str);
    header(out, &answer);
    lookup_result(out, id, &item, Lang::default());
    Ok(())
}

/// Writes the answer of BatchLookupCitizens; items without an outcome have a status in `lang`.
pub fn write_batch_lookup_citizens(
    out: &mut Vec<u8>,
    answer: &Answer<LookupResult>,
    ids: &[String],
    lang: Lang,
) {
    out.reserve(HEADER_BYTES + RESULT_BYTES * answer.items.len());
    header(out, answer);
    for (item, id) in answer.items.iter().zip(each(ids)) {
        lookup_result(out, id, item, lang);
    }
}

/// Writes the answer of a message of StreamLookupCitizens.
pub fn write_stream_lookup_citizens(
    out: &mut Vec<u8>,
    answer: &Answer<LookupResult>,
    ids: &[String],
    lang: Lang,
) {
    let room = room(RESULT_BYTES * answer.items.len());
    nested(out, 1, room, |out| {
        write_batch_lookup_citizens(out, answer, ids, lang);
    });
}

/// Writes the answer of AuthenticateCitizen. An item without an outcome is the failure of the call.
pub fn write_authenticate_citizen(
    out: &mut Vec<u8>,
    mut answer: Answer<AuthenticateResult>,
    ids: Vec<String>,
) -> Result<(), Failure> {
    let item = answer.items.pop().ok_or(Failure::new(Reason::Internal))?;
    match item {
        AuthenticateResult::Malformed(fault) => return Err(of_the_item(fault)),
        AuthenticateResult::Withheld(wait) => return Err(Failure::withheld(wait)),
        _ => {}
    }
    out.reserve(HEADER_BYTES + VERDICT_BYTES);
    let id = ids.first().map_or("", String::as_str);
    header(out, &answer);
    authentication_result(out, id, &item, Lang::default());
    Ok(())
}

const VERDICT_BYTES: usize = 48;

/// Writes the answer of BatchAuthenticateCitizens; items without an outcome have a status in `lang`.
pub fn write_batch_authenticate_citizens(
    out: &mut Vec<u8>,
    answer: &Answer<AuthenticateResult>,
    ids: &[String],
    lang: Lang,
) {
    out.reserve(HEADER_BYTES + VERDICT_BYTES * answer.items.len());
    header(out, answer);
    for (item, id) in answer.items.iter().zip(each(ids)) {
        authentication_result(out, id, item, lang);
    }
}

/// Writes the answer of a message of StreamAuthenticateCitizens.
pub fn write_stream_authenticate_citizens(
    out: &mut Vec<u8>,
    answer: &Answer<AuthenticateResult>,
    ids: &[String],
    lang: Lang,
) {
    let room = room(VERDICT_BYTES * answer.items.len());
    nested(out, 1, room, |out| {
        write_batch_authenticate_citizens(out, answer, ids, lang);
    });
}

/// Writes the status that stands in the place of an answer of any stream.
pub fn write_stream_status(out: &mut Vec<u8>, status: &rpc::Status) {
    bytes(out, 2, &status.encode_to_vec());
}

/// Writes the answer of any other message of a stream.
pub fn write_stream_answer(out: &mut Vec<u8>, answer: &impl prost::Message) {
    let length = answer.encoded_len();
    out.reserve(length + 8);
    nested(out, 1, room(length), |out| write(out, answer));
}

/// Writes any other answer.
pub fn write(out: &mut Vec<u8>, answer: &impl prost::Message) {
    answer
        .encode(out)
        .expect("the buffer grows as it is written");
}

/// Each item's own id; ids that are missing are empty.
fn each(ids: &[String]) -> impl Iterator<Item = &str> {
    ids.iter().map(String::as_str).chain(std::iter::repeat(""))
}

fn room(bytes: usize) -> Room {
    match bytes {
        0..=127 => Room::Small,
        128..=16_383 => Room::Medium,
        _ => Room::Large,
    }
}

fn header<T>(out: &mut Vec<u8>, answer: &Answer<T>) {
    nested(out, 1, Room::Small, |out| {
        text(out, 1, answer.request_id.text());
        nested(out, 2, Room::Small, |out| revision(out, answer.revision));
        int(out, 3, source(answer.source).into());
        nested(out, 4, Room::Small, |out| receipt(out, answer.receipt));
    });
}

fn revision(out: &mut Vec<u8>, revision: Revision) {
    bytes(out, 1, &hexadecimal(revision.nation));
    number(out, 2, signed(revision.number).cast_unsigned());
}

/// The text of a nation's id.
fn hexadecimal(nation: NationId) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(nation.0) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

fn receipt(out: &mut Vec<u8>, receipt: Receipt) {
    number(out, 1, receipt.writer.0.into());
    number(out, 2, signed(receipt.first).cast_unsigned());
    int(out, 3, i32::try_from(receipt.count).unwrap_or(i32::MAX));
}

fn lookup_result(out: &mut Vec<u8>, id: &str, item: &LookupResult, lang: Lang) {
    nested(out, 2, Room::Medium, |out| {
        text(out, 1, id);
        int(out, 2, lookup_outcome(item).into());
        match item {
            LookupResult::Found {
                citizen,
                attributes,
                agreement,
                ..
            } => {
                nested(out, 3, Room::Medium, |out| {
                    self::citizen(out, citizen, *attributes);
                });
                int(out, 4, level(*agreement));
            }
            LookupResult::NoMatch(told) => int(out, 5, cause(*told)),
            LookupResult::Ambiguous => {}
            LookupResult::Malformed(fault) => {
                bytes(out, 6, &fault_status(fault, lang).encode_to_vec());
            }
            LookupResult::Withheld(wait) => {
                bytes(out, 6, &withheld_status(*wait, lang).encode_to_vec());
            }
        }
    });
}

fn authentication_result(out: &mut Vec<u8>, id: &str, item: &AuthenticateResult, lang: Lang) {
    nested(out, 2, Room::Small, |out| {
        text(out, 1, id);
        int(out, 2, verdict_outcome(item).into());
        match item {
            AuthenticateResult::Match {
                version: number,
                agreement,
                ..
            } => {
                int(out, 3, level(*agreement));
                int(out, 4, version(*number));
            }
            AuthenticateResult::NoMatch(told) => int(out, 5, cause(*told)),
            AuthenticateResult::Ambiguous => {}
            AuthenticateResult::Malformed(fault) => {
                bytes(out, 6, &fault_status(fault, lang).encode_to_vec());
            }
            AuthenticateResult::Withheld(wait) => {
                bytes(out, 6, &withheld_status(*wait, lang).encode_to_vec());
            }
        }
    });
}

/// Writes a record with the attributes of a set, and no other.
fn citizen(out: &mut Vec<u8>, citizen: &Citizen, attributes: AttributeSet) {
    int(out, 1, version(citizen.version));
    for attribute in attributes.iter() {
        record::give(out, citizen, attribute);
    }
}
