//! The block: what one commit adds to a chain, and its hash.

use std::fmt;

use dancu_domain::{Timestamp, VolumeRow, WriterId};
use sha2::{Digest as _, Sha256};

use crate::codec::{self, Undecodable};

/// What the first block of a chain has as its previous hash.
pub const GENESIS: [u8; 32] = [0; 32];

/// The version of the bytes that a block's hash is taken over.
pub const HASH_VERSION: u8 = 1;

/// The entries of one commit of one writer.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// Whose chain.
    pub writer: WriterId,
    /// The index of the first entry.
    pub first: u64,
    /// How many entries.
    pub count: u32,
    /// When it was made.
    pub at: Timestamp,
    /// The hash of the block before it, [`GENESIS`] for the first.
    pub previous: [u8; 32],
    /// [`Block::digest`] when it was made.
    pub hash: [u8; 32],
    /// The entries, as `crates/ledger/src/codec.rs` describes them.
    pub entries: Vec<u8>,
}

impl Block {
    /// The index of the last entry.
    pub fn last(&self) -> u64 {
        self.first
            .saturating_add(u64::from(self.count).saturating_sub(1))
    }

    /// One past the index of the last entry.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count))
    }

    /// SHA-256 over [`HASH_VERSION`], writer, first, count, at, previous hash, the length of the
    /// entries and the entries, and `counts`: integers little-endian, a count as length and text
    /// of the agency, verb, service, outcome, day and number, in the order of the keys.
    pub fn digest(&self, counts: &[VolumeRow]) -> [u8; 32] {
        let mut sha = Sha256::new();
        sha.update([HASH_VERSION]);
        sha.update(self.writer.0.to_le_bytes());
        sha.update(self.first.to_le_bytes());
        sha.update(self.count.to_le_bytes());
        sha.update(self.at.0.to_le_bytes());
        sha.update(self.previous);
        sha.update((self.entries.len() as u64).to_le_bytes());
        sha.update(&self.entries);
        sha.update((counts.len() as u64).to_le_bytes());
        for row in counts {
            digest_row(&mut sha, row);
        }
        sha.finalize().into()
    }

    /// What the entries add to the counts, in the order of the keys.
    pub fn counts(&self) -> Result<Vec<VolumeRow>, Undecodable> {
        self.recount().map(|(counts, _)| counts)
    }

    /// The same, and how many of the entries stand under a day that their caller named.
    pub(crate) fn recount(&self) -> Result<(Vec<VolumeRow>, u64), Undecodable> {
        let (mut tally, mut named) = (crate::tally::Tally::default(), 0);
        for message in codec::messages(&self.entries)? {
            let message = message?;
            for item in message.items() {
                tally.add(message.key(item.outcome), 1);
                named += u64::from(message.event_day);
            }
        }
        Ok((tally.sorted(), named))
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("writer", &self.writer.0)
            .field("first", &self.first)
            .field("count", &self.count)
            .field("bytes", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// SHA-256 over counts, each as [`Block::digest`] takes it.
pub(crate) fn digest_counts(counts: impl IntoIterator<Item = VolumeRow>) -> [u8; 32] {
    let mut sha = Sha256::new();
    for row in counts {
        digest_row(&mut sha, &row);
    }
    sha.finalize().into()
}

fn digest_row(sha: &mut Sha256, row: &VolumeRow) {
    let agency = row.key.agency.text().as_bytes();
    sha.update([agency.len() as u8]);
    sha.update(agency);
    sha.update([row.key.verb.code()]);
    sha.update(row.key.service.0.to_le_bytes());
    sha.update([row.key.outcome.code()]);
    sha.update(row.key.day.0.to_le_bytes());
    sha.update(row.count.to_le_bytes());
}
