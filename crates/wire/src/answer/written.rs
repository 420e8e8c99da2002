//! Results of lookups and authentications as bytes, and the header of any answer: the same that
//! the general encoder makes of the messages that [`super::read`] builds.

use dancu_domain::{
    Answer, AttributeSet, AuthenticateResult, Citizen, Failure, LookupResult, NationId, Receipt,
    Revision,
};
use prost::Message as _;

use super::pen::{Room, bytes, int, nested, number, text};
use super::read::{lookup_outcome, of_the_item, verdict_outcome};
use super::{cause, level, record, signed, source, version};
use crate::errors::{Lang, fault_status, withheld_status};

/// A result that becomes bytes without a message in between.
pub trait InBytes {
    /// About how many.
    const BYTES: usize;

    /// Writes the result of the item with this id.
    fn write(&self, out: &mut Vec<u8>, id: &str, lang: Lang);

    /// Why it has no outcome, where it has none: the failure of a call about this item alone.
    fn unanswered(&self) -> Option<Failure>;
}

impl InBytes for LookupResult {
    const BYTES: usize = 256;

    fn write(&self, out: &mut Vec<u8>, id: &str, lang: Lang) {
        lookup_result(out, id, self, lang);
    }

    fn unanswered(&self) -> Option<Failure> {
        match self {
            Self::Malformed(fault) => Some(of_the_item(fault.clone())),
            Self::Withheld(wait) => Some(Failure::withheld(*wait)),
            Self::Found { .. } | Self::NoMatch(_) | Self::Ambiguous => None,
        }
    }
}

impl InBytes for AuthenticateResult {
    const BYTES: usize = 48;

    fn write(&self, out: &mut Vec<u8>, id: &str, lang: Lang) {
        authentication_result(out, id, self, lang);
    }

    fn unanswered(&self) -> Option<Failure> {
        match self {
            Self::Malformed(fault) => Some(of_the_item(fault.clone())),
            Self::Withheld(wait) => Some(Failure::withheld(*wait)),
            Self::Match { .. } | Self::NoMatch(_) | Self::Ambiguous => None,
        }
    }
}

/// Writes the header of an answer.
pub(super) fn header<T>(out: &mut Vec<u8>, answer: &Answer<T>) {
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
