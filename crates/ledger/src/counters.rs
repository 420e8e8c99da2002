//! Plain numbers about the ledger, for whoever shows metrics.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The ledger's numbers at one moment. Totals are since the ledger was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerCounters {
    /// Commits, each of one block.
    pub commits: u64,
    /// Messages committed.
    pub messages: u64,
    /// Entries committed.
    pub entries: u64,
    /// Bytes of entries committed.
    pub bytes: u64,
    /// How long the last commit took, in microseconds.
    pub last_commit_us: u64,
    /// How long all commits together took, in microseconds.
    pub commit_us: u64,
    /// Entries that wait for a commit now.
    pub waiting: u64,
    /// Messages turned away because too much waited.
    pub shed: u64,
    /// Checkpoints written.
    pub checkpoints: u64,
    /// Checkpoints that could not be written; they are tried again.
    pub checkpoint_failures: u64,
    /// Questions for kept answers.
    pub kept_lookups: u64,
    /// Kept answers that somebody edited: they were taken for absent. Anything but 0 is an alarm.
    pub kept_edited: u64,
    /// Commits that whoever follows was not told of, because it had too many to take.
    pub untold: u64,
    /// Whether the ledger takes entries.
    pub serving: bool,
}

/// What the writer task counts; only it writes.
#[derive(Default)]
pub(crate) struct Counting {
    pub(crate) commits: AtomicU64,
    pub(crate) messages: AtomicU64,
    pub(crate) entries: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) last_commit_us: AtomicU64,
    pub(crate) commit_us: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) checkpoint_failures: AtomicU64,
    pub(crate) kept_lookups: AtomicU64,
    pub(crate) kept_edited: AtomicU64,
    pub(crate) untold: AtomicU64,
    pub(crate) ended: AtomicBool,
}

impl Counting {
    /// Adds to a number.
    pub(crate) fn add(number: &AtomicU64, more: u64) {
        number.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, waiting: u64, shed: u64) -> LedgerCounters {
        let get = |number: &AtomicU64| number.load(Ordering::Relaxed);
        LedgerCounters {
            commits: get(&self.commits),
            messages: get(&self.messages),
            entries: get(&self.entries),
            bytes: get(&self.bytes),
            last_commit_us: get(&self.last_commit_us),
            commit_us: get(&self.commit_us),
            waiting,
            shed,
            checkpoints: get(&self.checkpoints),
            checkpoint_failures: get(&self.checkpoint_failures),
            kept_lookups: get(&self.kept_lookups),
            kept_edited: get(&self.kept_edited),
            untold: get(&self.untold),
            serving: !self.ended.load(Ordering::Acquire),
        }
    }
}
