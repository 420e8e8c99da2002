//! The secrets of a ledger: what hides people in it, and what signs its checkpoints.

use std::fmt;

use dancu_domain::{IdKey, RequestId};
use ed25519_dalek::{Signer as _, SigningKey};
use siphasher::sip::SipHasher24;

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

impl LedgerKeys {
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
