//! The counts of all writers, live: in Redis for every instance, or in this process.
//!
//! They are a copy. What must be exact is the ledger's, and whoever needs it asks the ledger; this
//! is what can be looked at every second without asking a database. Still it is equal to the unit
//! whenever it says that it is whole:
//!
//! * What a block counted is added together with the indices of its entries, first and next: only
//!   if the writer's counts stand exactly at the first index. A repeat finds them at the next index
//!   or beyond and changes nothing; a block that is missing is seen by the one after it, as a gap.
//! * The counts of a writer and its index are one hash, so that they are lost together. The set of
//!   writers is made by a rebuild alone, and nothing is added for a writer that it does not name: a
//!   set that was lost is a gap as well, and not a smaller nation.
//! * Every few seconds, whatever is added meanwhile, the counts here are held against how far the
//!   ledger is: a writer that is missing, unknown to the ledger, damaged, or behind where the ledger
//!   was at the look before is no longer left to the block that would show it. Damaged counts are
//!   removed, and what is missing is put anew.
//! * After a gap, counts are put anew from a standing of the ledger: written beside, in pieces, and
//!   put in place by one script if no piece was lost meanwhile and the place does not hold later
//!   counts already. So several instances may rebuild at once, and go on counting.
//!
//! Indices are compared as numbers of a script, which are exact up to 2^53.

mod keep;
mod look;
mod redis_place;
mod twin;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dancu_domain::{NationId, VolumeKey, VolumeRow, WriterId};
use tokio::sync::watch;

use self::redis_place::RedisPlace;
use self::twin::Twin;
use crate::Link;

/// What the ledger has of one writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterVolumes {
    /// Whose chain.
    pub writer: WriterId,
    /// The index that its next entry will have.
    pub next: u64,
    /// What its entries count, each key once.
    pub counts: Vec<VolumeRow>,
}

/// What one durable commit of a writer counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockVolumes {
    /// Whose chain.
    pub writer: WriterId,
    /// The index of its first entry.
    pub first: u64,
    /// The index of the next block's first entry.
    pub next: u64,
    /// What its entries count.
    pub counts: Vec<VolumeRow>,
}

/// What became of the counts of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// They are added.
    Counted,
    /// They were added before.
    Repeated,
    /// What came before them is missing: the counts must be rebuilt.
    Gap,
    /// Redis is away.
    Away,
}

/// Why there are no live counts now; the ledger has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoVolumes {
    /// Redis is away.
    Away,
    /// They were lost and are not rebuilt yet, or were exchanged while they were read.
    Unsettled,
}

/// The live counts.
pub struct LiveVolumes {
    place: Place,
    whole: watch::Sender<bool>,
    /// Whoever read the counts found them damaged.
    doubted: AtomicBool,
}

enum Place {
    Redis(RedisPlace),
    Twin(Mutex<Twin>),
}

impl LiveVolumes {
    /// Counts in Redis, shared by the instances of a nation. `own` is this instance's writer: its
    /// rebuilds meet nobody else's. `turn` is different in every process that was this writer, such
    /// as the instant of its start.
    pub fn shared(link: Link, nation: NationId, own: WriterId, turn: u64) -> Self {
        Self::at(Place::Redis(RedisPlace::new(link, nation, own, turn)))
    }

    /// Counts in this process: of the writers that it was told of.
    pub fn alone() -> Self {
        Self::at(Place::Twin(Mutex::default()))
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            whole: watch::Sender::new(false),
            doubted: AtomicBool::new(false),
        }
    }

    /// Whether the counts are whole, as far as the one who [keeps](Self::keep) them knows.
    pub fn whole(&self) -> watch::Receiver<bool> {
        self.whole.subscribe()
    }

    /// Whether other instances add to these counts as well.
    fn is_shared(&self) -> bool {
        matches!(self.place, Place::Redis(_))
    }

    /// Adds what a block counted.
    pub async fn added(&self, block: &BlockVolumes) -> Added {
        match &self.place {
            Place::Redis(place) => place.added(block).await,
            Place::Twin(twin) => locked(twin).added(block),
        }
    }

    /// Puts the counts of the ledger in place, for every writer whose counts here are older or
    /// missing. Those of writers that are not named stay.
    pub async fn rebuild(&self, standing: &[WriterVolumes]) -> Result<(), NoVolumes> {
        match &self.place {
            Place::Redis(place) => place.rebuild(standing).await,
            Place::Twin(twin) => {
                locked(twin).rebuild(standing);
                Ok(())
            }
        }
    }

    /// The sums over all writers, in the order of the keys. Each is true at some moment of the
    /// reading; without writes in between, all are true together.
    pub async fn totals(&self) -> Result<Vec<VolumeRow>, NoVolumes> {
        let totals = match &self.place {
            Place::Redis(place) => place.totals().await.inspect_err(|why| {
                let doubted = *why == NoVolumes::Unsettled;
                self.doubted.fetch_or(doubted, Ordering::Relaxed);
            })?,
            Place::Twin(twin) => locked(twin).totals(),
        };
        let row = |(key, count)| VolumeRow { key, count };
        Ok(totals.into_iter().map(row).collect())
    }
}

impl std::fmt::Debug for LiveVolumes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveVolumes")
            .field("whole", &*self.whole.borrow())
            .finish_non_exhaustive()
    }
}

/// Sums by key.
type Totals = BTreeMap<VolumeKey, u64>;

/// The twin, even after a panic of somebody who held it: every step leaves it whole.
fn locked(twin: &Mutex<Twin>) -> MutexGuard<'_, Twin> {
    twin.lock().unwrap_or_else(PoisonError::into_inner)
}
