//! The encoding of a push's answer, as the ledger keeps it for when the message is sent again.
//!
//! Version 1, integers little-endian: version (1 byte), nation (16), revision (8), source (1: 0
//! nothing was read, then 1 memory, 2 redis, 3 registry), number of results (4), the results.
//! A result is a tag (1) and what belongs to it: 1 applied and 2 already applied: change number
//! (8) and version of the citizen (4); 3 stale; 4 conflict; 5 rejected: code (1); 6 invalid: the
//! field and the word of the reason, each with its length (2) before it.

use dancu_domain::{
    ChangeOutcome, Fault, NationId, PushResult, Reason, Rejection, Revision, Source,
};

/// An answer to a push, without request id and receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PushAnswer {
    /// At which all effects of the message are seen.
    pub(crate) revision: Revision,
    /// What was asked for it.
    pub(crate) source: Option<Source>,
    /// One a life event, in order.
    pub(crate) results: Vec<PushResult>,
}

const VERSION: u8 = 1;

impl PushAnswer {
    /// The answer as bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(30 + 13 * self.results.len());
        out.push(VERSION);
        out.extend_from_slice(&self.revision.nation.0);
        out.extend_from_slice(&self.revision.number.to_le_bytes());
        out.push(match self.source {
            None => 0,
            Some(Source::Memory) => 1,
            Some(Source::Redis) => 2,
            Some(Source::Registry) => 3,
        });
        out.extend_from_slice(&(self.results.len() as u32).to_le_bytes());
        for result in &self.results {
            encode_result(&mut out, result);
        }
        out
    }

    /// Undoes [`PushAnswer::encode`]; `None` for anything that it does not make.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        if u8::from_le_bytes(take(&mut rest)?) != VERSION {
            return None;
        }
        let revision = Revision {
            nation: NationId(take(&mut rest)?),
            number: u64::from_le_bytes(take(&mut rest)?),
        };
        let source = match u8::from_le_bytes(take(&mut rest)?) {
            0 => None,
            1 => Some(Source::Memory),
            2 => Some(Source::Redis),
            3 => Some(Source::Registry),
            _ => return None,
        };
        let count = u32::from_le_bytes(take(&mut rest)?);
        let mut results = Vec::new();
        for _ in 0..count {
            results.push(decode_result(&mut rest)?);
        }
        rest.is_empty().then_some(Self {
            revision,
            source,
            results,
        })
    }
}

fn encode_result(out: &mut Vec<u8>, result: &PushResult) {
    let mut effect = |tag: u8, number: u64, version: u32| {
        out.push(tag);
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(&version.to_le_bytes());
    };
    match result {
        PushResult::Settled(ChangeOutcome::Applied { number, version }) => {
            effect(1, *number, *version);
        }
        PushResult::Settled(ChangeOutcome::AlreadyApplied { number, version }) => {
            effect(2, *number, *version);
        }
        PushResult::Settled(ChangeOutcome::Stale) => out.push(3),
        PushResult::Settled(ChangeOutcome::Conflict) => out.push(4),
        PushResult::Settled(ChangeOutcome::Rejected(why)) => out.extend([5, why.code()]),
        PushResult::Invalid(fault) => {
            out.push(6);
            encode_text(out, &fault.field);
            encode_text(out, fault.reason.word());
        }
    }
}

fn decode_result(rest: &mut &[u8]) -> Option<PushResult> {
    let tag = u8::from_le_bytes(take(rest)?);
    Some(PushResult::Settled(match tag {
        1 | 2 => {
            let number = u64::from_le_bytes(take(rest)?);
            let version = u32::from_le_bytes(take(rest)?);
            if tag == 1 {
                ChangeOutcome::Applied { number, version }
            } else {
                ChangeOutcome::AlreadyApplied { number, version }
            }
        }
        3 => ChangeOutcome::Stale,
        4 => ChangeOutcome::Conflict,
        5 => ChangeOutcome::Rejected(Rejection::from_code(u8::from_le_bytes(take(rest)?))?),
        6 => {
            let field = decode_text(rest)?;
            let word = decode_text(rest)?;
            let reason = Reason::ALL.iter().find(|reason| reason.word() == word)?;
            return Some(PushResult::Invalid(Fault::new(field, *reason)));
        }
        _ => return None,
    }))
}

/// Paths and words are far below 64 KiB; a longer one is cut at a character, never wrapped.
fn encode_text(out: &mut Vec<u8>, text: &str) {
    let text = &text[..text.floor_char_boundary(usize::from(u16::MAX))];
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn decode_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::from(u16::from_le_bytes(take(rest)?));
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    std::str::from_utf8(text).ok()
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*head)
}

#[cfg(test)]
mod tests;
