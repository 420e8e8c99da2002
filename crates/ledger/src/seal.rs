//! The seal of a kept answer: the chain does not cover it, so it carries its own proof.

use dancu_domain::{Kept, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{KeptKey, KeptRow, LedgerKeys};

/// What the key of the seals is derived with; another one makes other seals.
const PURPOSE: &[u8] = b"dancu kept answers 1";

/// The block of SHA-256, as HMAC (RFC 2104) pads its key to it.
const BLOCK: usize = 64;

/// What seals kept answers, and knows its seals again.
#[derive(Clone)]
pub(crate) struct Sealer([u8; 32]);

impl Sealer {
    /// Its key is derived from the one that signs checkpoints: whoever holds that one can make
    /// the ledger say anything.
    pub(crate) fn new(keys: &LedgerKeys) -> Self {
        Self(hmac(&keys.checkpoint, |sha| sha.update(PURPOSE)))
    }

    /// The row of an answer, sealed.
    pub(crate) fn seal(&self, key: KeptKey, kept: Kept, at: Timestamp) -> KeptRow {
        let seal = self.of(&key, &kept, at);
        KeptRow {
            key,
            kept,
            at,
            seal,
        }
    }

    /// Whether a row is what was sealed, under the key that it was sealed for.
    pub(crate) fn knows(&self, row: &KeptRow) -> bool {
        let seal = self.of(&row.key, &row.kept, row.at);
        let differing = seal
            .iter()
            .zip(&row.seal)
            .fold(0, |sum, (a, b)| sum | a ^ b);
        differing == 0
    }

    /// HMAC over agency, request, digest, answer, receipt and time: integers little-endian, texts
    /// and bytes behind their length.
    fn of(&self, (agency, request): &KeptKey, kept: &Kept, at: Timestamp) -> [u8; 32] {
        let receipt = &kept.receipt;
        hmac(&self.0, |sha| {
            let agency = agency.text().as_bytes();
            sha.update((agency.len() as u64).to_le_bytes());
            sha.update(agency);
            sha.update(request.to_le_bytes());
            sha.update(kept.answer.digest);
            sha.update((kept.answer.body.len() as u64).to_le_bytes());
            sha.update(&kept.answer.body);
            sha.update(receipt.writer.0.to_le_bytes());
            sha.update(receipt.first.to_le_bytes());
            sha.update(receipt.count.to_le_bytes());
            sha.update(at.0.to_le_bytes());
        })
    }
}

/// HMAC with SHA-256.
pub(crate) fn hmac(key: &[u8; 32], message: impl FnOnce(&mut Sha256)) -> [u8; 32] {
    let padded = |with: u8| {
        let mut block = [with; BLOCK];
        block.iter_mut().zip(key).for_each(|(pad, key)| *pad ^= key);
        block
    };
    let mut inner = Sha256::new_with_prefix(padded(0x36));
    message(&mut inner);
    let mut outer = Sha256::new_with_prefix(padded(0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use dancu_domain::{AgencyCode, KeptAnswer, Receipt, WriterId};

    use super::*;
    use crate::bytes::hex;

    fn sealer(checkpoint: u8) -> Sealer {
        Sealer::new(&LedgerKeys {
            pseudonym: [1; 16],
            request: [2; 16],
            checkpoint: [checkpoint; 32],
        })
    }

    fn row() -> KeptRow {
        let kept = Kept {
            answer: KeptAnswer {
                digest: [7; 32],
                body: vec![1, 2, 3],
            },
            receipt: Receipt {
                writer: WriterId(1),
                first: 10,
                count: 2,
            },
        };
        let agency = AgencyCode::parse("H26", "").unwrap();
        sealer(3).seal((agency, 99), kept, Timestamp(1_700_000_000_000))
    }

    #[test]
    fn hmac_is_that_of_the_standard() {
        // HMAC-SHA-256 of "Hi There" under 32 bytes of 0x0b, by another implementation.
        let told = hmac(&[0x0b; 32], |sha| sha.update(b"Hi There"));
        assert_eq!(
            hex(&told),
            "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7"
        );
    }

    #[test]
    fn a_row_with_anything_changed_is_not_known_again() {
        let changes: [fn(&mut KeptRow); 10] = [
            |row| row.key.0 = AgencyCode::parse("H29", "").unwrap(),
            |row| row.key.1 += 1,
            |row| row.kept.answer.digest[31] ^= 1,
            |row| row.kept.answer.body[0] ^= 1,
            |row| row.kept.answer.body.push(0),
            |row| row.kept.receipt.writer.0 += 1,
            |row| row.kept.receipt.first += 1,
            |row| row.kept.receipt.count += 1,
            |row| row.at.0 += 1,
            |row| row.seal[0] ^= 0x80,
        ];
        assert!(sealer(3).knows(&row()));
        for (place, change) in changes.into_iter().enumerate() {
            let mut row = row();
            change(&mut row);
            assert!(!sealer(3).knows(&row), "change {place}");
        }
        assert!(!sealer(4).knows(&row()), "the seal of another ledger");
    }
}
