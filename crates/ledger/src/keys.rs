//! The secrets of a ledger: what hides people in it, and what signs its checkpoints.

use std::fmt;

use dancu_domain::{IdKey, RequestId};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::Digest as _;
use siphasher::sip::SipHasher24;

use crate::seal::hmac;

/// The keys of one ledger. Whoever holds them can link pseudonyms to numbers and sign
/// checkpoints; `Debug` shows none of them.
///
/// Pseudonyms are 64 bits of SipHash-2-4: they hide numbers from whoever lacks the key, and
/// whoever holds it could make two numbers meet on purpose.
#[derive(Clone)]
pub struct LedgerKeys {
    /// Of the pseudonyms of citizens.
    pub pseudonym: [u8; 16],
    /// Of the hashes of request ids.
    pub request: [u8; 16],
    /// The ed25519 seed that signs checkpoints.
    pub checkpoint: [u8; 32],
}

/// By what a ledger knows its keys again. It tells nobody what they are: the lasting ones are 256
/// random bits behind a one-way function, and of a signing key the public half is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyMarks {
    /// Of the keys that never change while there is an entry: those of pseudonyms and request ids.
    pub lasting: [u8; 32],
    /// Of the key that signs checkpoints and seals kept answers. It may change, but only where the
    /// file of checkpoints begins anew.
    pub signing: [u8; 32],
}

/// What the mark of the lasting keys is derived with.
const MARK: &[u8] = b"dancu keys of a ledger 1";

impl LedgerKeys {
    /// The marks of these keys.
    pub fn marks(&self) -> KeyMarks {
        let mut lasting = [0; 32];
        let (pseudonym, request) = lasting.split_at_mut(16);
        pseudonym.copy_from_slice(&self.pseudonym);
        request.copy_from_slice(&self.request);
        KeyMarks {
            lasting: hmac(&lasting, |sha| sha.update(MARK)),
            signing: self.public_key(),
        }
    }

    /// The key by which checkpoints are verified; not secret.
    pub fn public_key(&self) -> [u8; 32] {
        SigningKey::from_bytes(&self.checkpoint)
            .verifying_key()
            .to_bytes()
    }

    /// The pseudonym of a number; never 0, which stands for an item without a subject.
    pub fn pseudonym(&self, subject: IdKey) -> u64 {
        SipHasher24::new_with_key(&self.pseudonym)
            .hash(&subject.packed().to_le_bytes())
            .max(1)
    }

    /// The hash under which a request id is stored.
    pub fn request_hash(&self, request_id: &RequestId) -> u64 {
        SipHasher24::new_with_key(&self.request).hash(request_id.text().as_bytes())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        SigningKey::from_bytes(&self.checkpoint)
            .sign(message)
            .to_bytes()
    }
}

impl fmt::Debug for LedgerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LedgerKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> LedgerKeys {
        LedgerKeys {
            pseudonym: [1; 16],
            request: [2; 16],
            checkpoint: [3; 32],
        }
    }

    #[test]
    fn marks_differ_with_the_keys_that_they_are_of_and_hold_none() {
        let marks = keys().marks();
        assert_eq!(marks, keys().marks());
        let mut other = keys();
        other.checkpoint[0] ^= 1;
        assert_eq!(other.marks().lasting, marks.lasting);
        assert_ne!(other.marks().signing, marks.signing);
        let swapped = LedgerKeys {
            pseudonym: keys().request,
            request: keys().pseudonym,
            ..keys()
        };
        let mut one = keys();
        one.pseudonym[15] ^= 1;
        let mut another = keys();
        another.request[0] ^= 1;
        for other in [swapped, one, another] {
            assert_ne!(other.marks().lasting, marks.lasting);
            assert_eq!(other.marks().signing, marks.signing);
        }
        for part in marks.lasting.windows(4) {
            assert!(part != [1; 4] && part != [2; 4]);
        }
    }
}
