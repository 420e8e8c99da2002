//! How far this instance has followed the registry, and when each bucket of numbers last changed.
//!
//! # The rule
//!
//! A kept value carries `read_at`, the watermark loaded *before* its query was started, and
//! `as_of`, the revision that the registry reported with it. It may be served at a watermark `w`
//! that was loaded before the value was looked up, if its bucket's last change is not above
//! `read_at`. Then it is the truth at the revision `max(w, as_of)`:
//!
//! * It is the truth at `as_of`, because the registry read it and its revision in one transaction.
//! * Were there a change `n` of this number with `as_of < n <= w`, its bucket would show it:
//!   whoever moved the watermark to `n` had advanced the bucket before, and had noted `n` before
//!   noting anything later. The watermark is only ever moved by read-modify-write operations that
//!   release, so loading any value at or above `n` with acquire makes the bucket's `n` visible;
//!   but the bucket showed at most `read_at <= as_of < n`. So there is no such change.
//!
//! The same comparison refuses late fills: a query that was started before a change was noted has
//! a `read_at` below it, whatever it returned and however long it took.
//!
//! # Values of other instances
//!
//! A value from the shared level was read by whichever instance, and perhaps before this one
//! began. Its `read_at` is that instance's watermark before that query: a number of the same
//! sequence of changes, and the query saw all of them. Nothing else in the argument speaks of who
//! read it, as long as this instance's buckets show every change `n` with `read_at < n <= w`. So
//! such a value needs one thing more: `read_at` must not lie below the number from which this
//! instance knows the changes. That is the head it began at, until it has [recalled] earlier ones
//! from the feed: it takes the buckets in first and moves the number down second, and a reader
//! loads the number first and the bucket second.
//!
//! [recalled]: Watermark::recall
//!
//! # The order of operations
//!
//! A writer advances the buckets first (personal and legacy number), the watermark second, one
//! change after the other. A reader takes the watermark first, everything else second: both when
//! it starts a query and when it serves a kept value.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use dancu_domain::{ChangeNotice, IdKey, NationId, Revision, Timestamp};
use tokio::sync::{Mutex, MutexGuard, Notify};

/// How many buckets the numbers are spread over at least.
pub const LEAST_BUCKETS: usize = 1 << 16;
/// And at most: 128 MiB of them.
const MOST_BUCKETS: usize = 1 << 24;

/// The instant that means that nothing was confirmed yet.
const NEVER: i64 = i64::MIN;

/// What one instance knows of the registry's changes. Shared; never goes back.
pub struct Watermark {
    nation: NationId,
    revision: AtomicU64,
    confirmed_at: AtomicI64,
    buckets: Box<[AtomicU64]>,
    /// Changes up to this one are not in the buckets.
    known_from: AtomicU64,
    /// Held by the one who reads the feed, so that a crowd of writers reads it once.
    following: Mutex<()>,
    /// Wakes the follower before its time.
    kick: Notify,
}

impl Watermark {
    /// A watermark at `head`, for an instance whose caches are empty: nothing in them can be
    /// older than `head`, so that no bucket needs an earlier change than 0.
    pub fn new(nation: NationId, head: u64) -> Arc<Self> {
        Self::of_many(nation, head, 0)
    }

    /// The same for a nation of so many: about two of them share a bucket, and are read again when
    /// one of them changes. With a fixed number of buckets it would be a hundred and fifty of ten million.
    pub fn of_many(nation: NationId, head: u64, citizens: u64) -> Arc<Self> {
        let wanted = usize::try_from(citizens / 2).unwrap_or(MOST_BUCKETS);
        let wanted = wanted.clamp(LEAST_BUCKETS, MOST_BUCKETS);
        Arc::new(Self {
            nation,
            revision: AtomicU64::new(head),
            confirmed_at: AtomicI64::new(NEVER),
            buckets: (0..wanted.next_power_of_two())
                .map(|_| AtomicU64::new(0))
                .collect(),
            known_from: AtomicU64::new(head),
            following: Mutex::new(()),
            kick: Notify::new(),
        })
    }

    /// Whose changes are followed.
    pub fn nation(&self) -> NationId {
        self.nation
    }

    /// The number up to which every change is noted. What is loaded after it sees all of them.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// The same as a revision of this nation.
    pub fn head(&self) -> Revision {
        self.at(self.revision())
    }

    /// The revision of this nation with that number.
    pub(crate) fn at(&self, number: u64) -> Revision {
        Revision {
            nation: self.nation,
            number,
        }
    }

    /// Notes one change. Changes are noted in their order; several writers may note the same ones.
    ///
    /// Returns false, and leaves the watermark where it is, when a change before this one is
    /// missing. The buckets are advanced even then: too much is forgotten at worst.
    pub fn note(&self, change: &ChangeNotice) -> bool {
        self.touch_all(change);
        let Some(before) = change.number.checked_sub(1) else {
            return true;
        };
        match self.revision.compare_exchange(
            before,
            change.number,
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            Ok(_) => true,
            Err(revision) => revision >= change.number,
        }
    }

    /// Goes on at `number`, as if everybody had changed there: what lies between is not known, or
    /// never was.
    pub fn leap(&self, number: u64) {
        for bucket in &self.buckets {
            bucket.fetch_max(number, Ordering::AcqRel);
        }
        self.revision.fetch_max(number, Ordering::AcqRel);
    }

    /// The last noted change of the bucket that this number falls into.
    pub fn last_change(&self, key: IdKey) -> u64 {
        self.bucket(key).load(Ordering::Acquire)
    }

    /// The present watermark, if each of these, the truth at its own revision, is the truth there.
    pub(crate) fn common(&self, parts: impl IntoIterator<Item = (IdKey, u64)>) -> Option<u64> {
        let (now, unfit) = self.unfit(parts);
        unfit.is_empty().then_some(now)
    }

    /// The present watermark, and the positions of those who may not be the truth there.
    pub(crate) fn unfit(&self, parts: impl IntoIterator<Item = (IdKey, u64)>) -> (u64, Vec<usize>) {
        let now = self.revision();
        let holds = |(key, as_of)| as_of <= now && self.last_change(key) <= as_of;
        let parts = parts.into_iter().enumerate();
        let unfit = parts.filter_map(|(at, part)| (!holds(part)).then_some(at));
        (now, unfit.collect())
    }

    /// The last change of the bucket as far as it matters to a value that another instance read,
    /// perhaps before this one began: nothing older than what this instance knows is as good as
    /// unchanged.
    pub(crate) fn last_change_anywhere(&self, key: IdKey) -> u64 {
        let known_from = self.known_from.load(Ordering::Acquire);
        self.last_change(key).max(known_from)
    }

    /// The number after which every change is in the buckets.
    pub(crate) fn known_from(&self) -> u64 {
        self.known_from.load(Ordering::Acquire)
    }

    /// Takes in the changes above `from` that this instance was begun after. They are all of them,
    /// up to the number that was known before.
    pub(crate) fn recall(&self, changes: &[ChangeNotice], from: u64) {
        for change in changes {
            self.touch_all(change);
        }
        self.known_from.fetch_min(from, Ordering::AcqRel);
    }

    /// Says that the registry's head was `head` when it was asked for at `asked_at`. Counts only
    /// once every change up to that head is noted.
    pub fn confirm(&self, head: u64, asked_at: Timestamp) {
        if self.revision() >= head {
            self.confirmed_at.store(asked_at.0, Ordering::Release);
        }
    }

    /// Whether the head was confirmed at most `bound_ms` before `now`. A clock that was set back
    /// counts as no confirmation, so that nothing is trusted for longer than the bound.
    pub fn confirmed_within(&self, now: Timestamp, bound_ms: i64) -> bool {
        let confirmed_at = self.confirmed_at.load(Ordering::Acquire);
        confirmed_at != NEVER && now.0.abs_diff(confirmed_at) <= bound_ms.unsigned_abs()
    }

    /// Takes the last confirmation back: a change is known to exist that could not be noted.
    pub fn doubt(&self) {
        self.confirmed_at.store(NEVER, Ordering::Release);
    }

    /// Asks the follower to look now.
    pub fn kick(&self) {
        self.kick.notify_one();
    }

    pub(crate) async fn kicked(&self) {
        self.kick.notified().await;
    }

    pub(crate) async fn following(&self) -> MutexGuard<'_, ()> {
        self.following.lock().await
    }

    fn touch_all(&self, change: &ChangeNotice) {
        self.touch(IdKey::Personal(change.personal_id), change.number);
        if let Some(legacy) = change.legacy_id {
            self.touch(IdKey::Legacy(legacy), change.number);
        }
    }

    fn touch(&self, key: IdKey, number: u64) {
        self.bucket(key).fetch_max(number, Ordering::AcqRel);
    }

    fn bucket(&self, key: IdKey) -> &AtomicU64 {
        &self.buckets[self.place(key)]
    }

    /// Which bucket a number falls into. How many there are is a power of two.
    fn place(&self, key: IdKey) -> usize {
        mixed(key) as usize & (self.buckets.len() - 1)
    }
}

impl std::fmt::Debug for Watermark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watermark")
            .field("revision", &self.revision())
            .finish_non_exhaustive()
    }
}

/// A fixed mix, so that numbers of one province and year spread.
fn mixed(key: IdKey) -> u64 {
    let mut mixed = key.packed();
    mixed ^= mixed >> 32;
    mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed >> (u64::BITS - MOST_BUCKETS.ilog2())
}

#[cfg(test)]
mod tests;
