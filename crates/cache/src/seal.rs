//! Values that can be opened under the one name they were sealed for, and names that tell nobody.
//!
//! # Names
//!
//! A value is found under a keyed hash of its number and nation (SipHash-2-4, 128 bits). The key
//! of the names is apart from the keys that seal and stays when those rotate, so that a rotation
//! loses nothing; another key of the names is another, empty cache.
//!
//! # Values
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | format |
//! | 4 | which key |
//! | 16 | nonce |
//! | 8, 8 | `read_at`, `as_of`, little-endian |
//! | n + 16 | the sealed content and its tag |
//!
//! Everything before the content is bound by the seal, and so are the nation and the number, which
//! are not in the value at all: under another number or in another nation it does not open. So an
//! edited, truncated, swapped or foreign value is told apart from every true one. A true value of
//! the same number, kept aside and put back after a change, does open: it says when it was read,
//! and the rule of the [watermark](crate::Watermark) refuses it like any other that a change has
//! overtaken.
//!
//! The cipher is XChaCha20-Poly1305. Its nonce is a keyed hash of everything that is sealed, so
//! that no chance is needed: equal contents are sealed to equal bytes, and different ones meet in
//! a nonce as rarely as 128 bits do. The keys for both are drawn from the sealing key by the same
//! cipher.
//!
//! # Rotation
//!
//! Values are sealed with the current key and opened with any key that is named. To rotate several
//! instances without a miss: name the new key beside the current one everywhere, then make it the
//! current one and name the old one beside it, and drop the old one when its values have expired.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use dancu_domain::{IdKey, NationId};
use siphasher::sip128::SipHasher24;

/// The secrets of the shared level; the same for every instance. `Debug` shows none of them.
#[derive(Clone)]
pub struct SealKeys {
    /// Of the names; it does not rotate with the others.
    pub names: [u8; 16],
    /// Seals, and opens.
    pub current: [u8; 32],
    /// Open as well: keys that were the current one, or are to be.
    pub previous: Vec<[u8; 32]>,
}

/// When a value was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The watermark, of whoever read it, before the query.
    pub(crate) read_at: u64,
    /// The revision at which it was the truth.
    pub(crate) as_of: u64,
}

/// A value that was not sealed for this number, in this nation, by a key that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forged;

/// The keys, ready for use.
pub(crate) struct Seals {
    nation: NationId,
    names: SipHasher24,
    current: Sealer,
    previous: Vec<Sealer>,
}

struct Sealer {
    mark: [u8; MARK],
    cipher: XChaCha20Poly1305,
    nonces: SipHasher24,
}

const FORMAT: u8 = 1;
const MARK: usize = 4;
const NONCE: usize = 16;
/// Where the nonce begins, where the stamp does, and where the content does.
const NONCE_AT: usize = 1 + MARK;
const STAMP_AT: usize = NONCE_AT + NONCE;
const CONTENT_AT: usize = STAMP_AT + 16;
/// What the keys are drawn under: a nonce that no value has, since theirs end in zeros.
const DRAWN_UNDER: [u8; 24] = *b"dancu sealing keys, v 01";

/// What every name of a kept value begins with.
pub(crate) const NAME: &[u8] = b"dancu:c:";

impl Seals {
    pub(crate) fn new(keys: &SealKeys, nation: NationId) -> Self {
        Self {
            nation,
            names: SipHasher24::new_with_key(&keys.names),
            current: Sealer::new(&keys.current),
            previous: keys.previous.iter().map(Sealer::new).collect(),
        }
    }

    /// Under which name the value of a number is kept.
    pub(crate) fn name(&self, key: IdKey) -> [u8; NAME.len() + 16] {
        let mut of = [0; 24];
        of[..16].copy_from_slice(&self.nation.0);
        of[16..].copy_from_slice(&key.packed().to_le_bytes());
        let mut name = [0; NAME.len() + 16];
        name[..NAME.len()].copy_from_slice(NAME);
        name[NAME.len()..].copy_from_slice(&self.names.hash(&of).as_bytes());
        name
    }

    /// Seals a content for a number.
    pub(crate) fn seal(&self, key: IdKey, stamp: Stamp, content: &[u8]) -> Vec<u8> {
        let mut head = [0; CONTENT_AT];
        head[0] = FORMAT;
        head[1..NONCE_AT].copy_from_slice(&self.current.mark);
        head[STAMP_AT..STAMP_AT + 8].copy_from_slice(&stamp.read_at.to_le_bytes());
        head[STAMP_AT + 8..].copy_from_slice(&stamp.as_of.to_le_bytes());
        let nonce = self.current.nonce(&self.bound(key, &head), content);
        head[NONCE_AT..STAMP_AT].copy_from_slice(&nonce);
        let bound = self.bound(key, &head);
        let sealed = self.current.cipher.encrypt(
            &whole(&nonce),
            Payload {
                msg: content,
                aad: &bound,
            },
        );
        let mut value = Vec::with_capacity(CONTENT_AT + content.len() + 16);
        value.extend_from_slice(&head);
        value.extend(sealed.expect("a record is far shorter than the cipher's limit"));
        value
    }

    /// Opens what was sealed for a number.
    pub(crate) fn open(&self, key: IdKey, value: &[u8]) -> Result<(Stamp, Vec<u8>), Forged> {
        let (head, content) = value.split_first_chunk::<CONTENT_AT>().ok_or(Forged)?;
        if head[0] != FORMAT {
            return Err(Forged);
        }
        let mark = &head[1..NONCE_AT];
        let mut sealers = std::iter::once(&self.current).chain(&self.previous);
        let sealer = sealers.find(|sealer| sealer.mark == mark).ok_or(Forged)?;
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&head[NONCE_AT..STAMP_AT]);
        let payload = Payload {
            msg: content,
            aad: &self.bound(key, head),
        };
        let content = sealer.cipher.decrypt(&whole(&nonce), payload);
        let number = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&head[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let stamp = Stamp {
            read_at: number(STAMP_AT),
            as_of: number(STAMP_AT + 8),
        };
        Ok((stamp, content.map_err(|_| Forged)?))
    }

    /// What the seal binds beside the content.
    fn bound(&self, key: IdKey, head: &[u8; CONTENT_AT]) -> [u8; 24 + CONTENT_AT] {
        let mut bound = [0; 24 + CONTENT_AT];
        bound[..16].copy_from_slice(&self.nation.0);
        bound[16..24].copy_from_slice(&key.packed().to_le_bytes());
        bound[24..].copy_from_slice(head);
        bound
    }
}

impl Sealer {
    fn new(key: &[u8; 32]) -> Self {
        let source = XChaCha20Poly1305::new(&(*key).into());
        let drawn = source.encrypt(&DRAWN_UNDER.into(), [0; 32 + 16 + MARK].as_slice());
        let drawn = drawn.expect("a few bytes are far shorter than the cipher's limit");
        let (mut cipher, mut nonces, mut mark) = ([0; 32], [0; 16], [0; MARK]);
        cipher.copy_from_slice(&drawn[..32]);
        nonces.copy_from_slice(&drawn[32..48]);
        mark.copy_from_slice(&drawn[48..48 + MARK]);
        Self {
            mark,
            cipher: XChaCha20Poly1305::new(&cipher.into()),
            nonces: SipHasher24::new_with_key(&nonces),
        }
    }

    /// `bound` has zeros where the nonce will stand, and is of one length, so that no two pairs of
    /// it and a content read alike.
    fn nonce(&self, bound: &[u8], content: &[u8]) -> [u8; NONCE] {
        use std::hash::Hasher as _;
        let mut hasher = self.nonces;
        hasher.write(bound);
        hasher.write(content);
        siphasher::sip128::Hasher128::finish128(&hasher).as_bytes()
    }
}

/// The nonce as the cipher wants it.
fn whole(nonce: &[u8; NONCE]) -> XNonce {
    let mut whole = [0; 24];
    whole[..NONCE].copy_from_slice(nonce);
    whole.into()
}

impl fmt::Debug for SealKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKeys(..)")
    }
}

#[cfg(test)]
mod tests;
