//! Which version of a citizen an answer may show, as far as this run can know.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of one citizen's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first version that this run saw.
    pub first: u32,
    /// The last version whose push was acknowledged, or else the first one seen.
    pub low: u32,
    /// The highest version that a push of this run can have made.
    pub high: u32,
}

/// The versions of everybody whom this run has met.
///
/// Only one lane pushes a citizen's events, and it looks the citizen up before; citizens changed
/// by others are not drawn. So until the first push of this run everybody who reads a citizen sees
/// one and the same version.
#[derive(Debug)]
pub struct Versions {
    shards: Vec<Mutex<Spans>>,
    acknowledged: AtomicU64,
}

const SHARDS: u64 = 64;

type Spans = HashMap<u64, Span, BuildHasherDefault<Mixed>>;

/// A fixed mix of an index, which comes from nobody who could choose it to our harm.
#[derive(Debug, Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, n: u64) {
        let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

impl Default for Versions {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            acknowledged: AtomicU64::new(0),
        }
    }
}

impl Versions {
    /// What is known of a citizen.
    pub fn span(&self, citizen: u64) -> Option<Span> {
        self.shard(citizen).get(&citizen).copied()
    }

    /// The lowest version that a read sent now may show. With a token, or fully consistent, that
    /// is the last one acknowledged.
    pub fn floor(&self, citizen: u64, strict: bool) -> u32 {
        self.span(citizen)
            .map_or(0, |span| if strict { span.low } else { span.first })
    }

    /// The highest revision under which a push of this run was acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    /// Takes note that a push of the event after `version` goes out.
    pub fn pushing(&self, citizen: u64, version: u32) {
        if let Some(span) = self.shard(citizen).get_mut(&citizen) {
            span.high = span.high.max(version + 1);
        }
    }

    /// Takes note of an acknowledged push. The revision comes first, so that whoever takes a floor
    /// and then a token has a token that covers the floor.
    pub fn pushed(&self, citizen: u64, version: u32, revision: u64) {
        self.acknowledged.fetch_max(revision, Ordering::AcqRel);
        if let Some(span) = self.shard(citizen).get_mut(&citizen) {
            span.low = span.low.max(version);
        }
    }

    /// Takes note of a version read, and tells whether it may be: not below `floor`, which was
    /// taken when the read was sent, and not above what this run can have made.
    pub fn read(&self, citizen: u64, version: u32, floor: u32) -> bool {
        let mut shard = self.shard(citizen);
        let span = shard.entry(citizen).or_insert(Span {
            first: version,
            low: version,
            high: version,
        });
        version >= floor.max(span.first) && version <= span.high
    }

    fn shard(&self, citizen: u64) -> MutexGuard<'_, Spans> {
        self.shards[(citizen % SHARDS) as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citizen_whom_nobody_pushes_stays_at_the_version_first_seen() {
        let versions = Versions::default();
        assert!(versions.read(7, 3, versions.floor(7, false)));
        assert!(versions.read(7, 3, versions.floor(7, true)));
        assert!(!versions.read(7, 4, 0));
        assert!(!versions.read(7, 2, 0));
    }

    #[test]
    fn a_read_with_a_token_never_goes_below_what_was_acknowledged() {
        let versions = Versions::default();
        assert!(versions.read(7, 0, 0));
        versions.pushing(7, 0);
        assert!(versions.read(7, 1, 0), "the push may be in effect already");
        assert!(versions.read(7, 0, 0), "or not yet");
        versions.pushed(7, 1, 40);
        assert_eq!(versions.acknowledged(), 40);
        let floor = versions.floor(7, true);
        assert!(!versions.read(7, 0, floor));
        assert!(versions.read(7, 0, versions.floor(7, false)));
        assert!(!versions.read(7, 2, floor), "nobody made that one");
    }
}
