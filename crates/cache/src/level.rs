//! The values kept in this process, and the rule by which each may be served.

use std::sync::Arc;

use dancu_domain::{Candidates, IdKey, Reading};
use quick_cache::sync::Cache;
use quick_cache::sync::DefaultLifecycle;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};

use crate::Watermark;

/// Kept values by number. People and absences have a space each, so that a flood of numbers that
/// nobody has cannot push the nation out.
pub struct Level {
    watermark: Arc<Watermark>,
    people: Cache<u64, Entry>,
    absent: Cache<u64, Stamp>,
}

/// Absences get this part of the space for people, within the limits below.
const ABSENT_PART: usize = 8;
const ABSENT_LEAST: usize = 1_024;
const ABSENT_MOST: usize = 1 << 20;

/// What is added to the space for people, so that a nation of that very size fits though the
/// shards of the space fill unevenly.
const HEADROOM_PART: usize = 16;
/// Added on top, though never more than the capacity itself.
const HEADROOM_LEAST: usize = 256;

#[derive(Clone)]
struct Entry {
    candidates: Candidates,
    stamp: Stamp,
}

/// What a kept value knows of its reading: `as_of` (48 bits), and how far `read_at` lay before it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp(u64);

/// What was found for one number at a watermark.
pub(crate) enum Found {
    /// It may be served, and is the truth at this revision: the watermark or later.
    Kept(Candidates, u64),
    /// Something is kept that may not be served.
    Stale,
    /// Nothing is kept.
    Missing,
}

impl Level {
    /// Room for the values of `capacity` numbers that somebody has (a little more is taken), and
    /// for an eighth as many that nobody has.
    pub fn new(watermark: Arc<Watermark>, capacity: usize) -> Arc<Self> {
        let capacity = capacity.max(1);
        let absent = (capacity / ABSENT_PART).clamp(ABSENT_LEAST, ABSENT_MOST);
        let headroom = capacity.min(capacity / HEADROOM_PART + HEADROOM_LEAST);
        Arc::new(Self {
            watermark,
            people: space(capacity + headroom),
            absent: space(absent),
        })
    }

    /// The watermark that the values are held against.
    pub fn watermark(&self) -> &Arc<Watermark> {
        &self.watermark
    }

    /// How many numbers with somebody and with nobody are kept.
    pub fn len(&self) -> (usize, usize) {
        (self.people.len(), self.absent.len())
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == (0, 0)
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.people.clear();
        self.absent.clear();
    }

    /// What is kept for a number, judged at `watermark`, which was loaded before this call.
    pub(crate) fn find(&self, key: IdKey, watermark: u64) -> Found {
        let packed = key.packed();
        let people = self.people.get(&packed);
        let missing = people.is_none();
        if let Some(entry) = people
            && self.holds(key, entry.stamp)
        {
            return Found::Kept(entry.candidates, watermark.max(entry.stamp.as_of()));
        }
        match self.absent.get(&packed) {
            Some(stamp) if self.holds(key, stamp) => {
                Found::Kept(Candidates::NONE, watermark.max(stamp.as_of()))
            }
            None if missing => Found::Missing,
            _ => Found::Stale,
        }
    }

    /// Whether the bucket of this number has seen no change above `read_at`.
    pub(crate) fn unchanged_since(&self, key: IdKey, read_at: u64) -> bool {
        self.watermark.last_change(key) <= read_at
    }

    /// Keeps what was read. `read_at` is the watermark loaded before the query was started. What
    /// is kept already and is as new stays.
    pub(crate) fn fill(&self, keys: &[IdKey], reading: &Reading, read_at: u64) {
        let Some(stamp) = Stamp::new(read_at, reading.revision.number) else {
            return;
        };
        for (key, candidates) in keys.iter().zip(&reading.candidates) {
            // A late value would be refused when it is asked for: it need not take a place.
            if !self.holds(*key, stamp) {
                continue;
            }
            let packed = key.packed();
            if candidates.citizens().is_empty() {
                let kept = self.absent.peek(&packed);
                if kept.is_none_or(|kept| kept.is_older_than(stamp)) {
                    self.absent.insert(packed, stamp);
                }
            } else {
                let kept = self.people.peek(&packed);
                if kept.is_none_or(|kept| kept.stamp.is_older_than(stamp)) {
                    let candidates = candidates.clone();
                    self.people.insert(packed, Entry { candidates, stamp });
                }
            }
        }
    }

    /// The rule: no change of the bucket since the watermark before the query.
    fn holds(&self, key: IdKey, stamp: Stamp) -> bool {
        self.unchanged_since(key, stamp.read_at())
    }
}

impl std::fmt::Debug for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Level")
            .field("people", &self.people.len())
            .field("absent", &self.absent.len())
            .finish_non_exhaustive()
    }
}

impl Stamp {
    /// `None` when the two lie too far apart to be kept in one word; such a value is not kept.
    /// A registry that is behind the watermark gives a value that is as old as it says.
    fn new(read_at: u64, as_of: u64) -> Option<Self> {
        let gap = as_of.saturating_sub(read_at);
        (as_of < 1 << 48 && gap < 1 << 16).then_some(Self(as_of << 16 | gap))
    }

    fn as_of(self) -> u64 {
        self.0 >> 16
    }

    fn read_at(self) -> u64 {
        self.as_of() - (self.0 & 0xffff)
    }

    /// A later `read_at` holds for longer; between equal ones the later reading is worth more.
    fn is_older_than(self, other: Self) -> bool {
        (self.read_at(), self.as_of()) < (other.read_at(), other.as_of())
    }
}

/// A space of so many entries. Few ghosts: the usual nation fits, and every slot costs bytes.
fn space<V: Clone>(capacity: usize) -> Cache<u64, V> {
    let options = OptionsBuilder::new()
        .estimated_items_capacity(capacity)
        .weight_capacity(capacity as u64)
        .ghost_allocation(0.1)
        .build()
        .expect("capacity and estimate are both given");
    Cache::with_options(
        options,
        UnitWeighter,
        DefaultHashBuilder::default(),
        DefaultLifecycle::default(),
    )
}

/// Whether there is an answer for every key, and each is about the people who have that number.
pub(crate) fn answers(keys: &[IdKey], reading: &Reading) -> bool {
    let about = |key: &IdKey, candidates: &Candidates| {
        candidates.citizens().iter().all(|citizen| match key {
            IdKey::Personal(id) => citizen.personal_id == *id,
            IdKey::Legacy(id) => citizen.legacy_id == Some(*id),
        })
    };
    let mut pairs = keys.iter().zip(&reading.candidates);
    keys.len() == reading.candidates.len() && pairs.all(|(key, found)| about(key, found))
}

#[cfg(test)]
mod tests;
