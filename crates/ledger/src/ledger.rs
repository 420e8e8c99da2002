//! The ledger as the rest of the service holds it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dancu_domain::{Clock, Day, NationId, RecordError, VolumeKey, VolumeRow, Volumes, WriterId};
use tokio::sync::{Notify, mpsc, watch};

use crate::batch::Seat;
use crate::counters::Counting;
use crate::inflight::InFlight;
use crate::lookups::Lookups;
use crate::writer::Writer;
use crate::{
    BlockStore, BlockStoreError, Committed, CountRow, Desk, Doubt, LedgerCounters, LedgerKeys,
    LimitRules, Limits,
};

/// How a ledger is run.
#[derive(Clone, Debug)]
pub struct LedgerConfig {
    /// Whose answers are recorded; a ledger of another nation is refused.
    pub nation: NationId,
    /// The name under which this instance is a writer; one running instance a name.
    pub writer: String,
    /// The file of signed checkpoints; best on another disk than the database.
    pub checkpoints: PathBuf,
    /// The most entries that may wait at one desk; beyond it, messages are turned away.
    pub max_waiting_entries: u32,
    /// The most bytes of entries in a block, but for a single desk that gathered more: it stops
    /// taking messages at this size.
    pub max_block_bytes: usize,
    /// The most questions whose a write message is that may wait.
    pub max_waiting_lookups: usize,
    /// The time between checkpoints, in milliseconds; none is written while nothing happens.
    pub checkpoint_every_ms: u64,
    /// The most blocks between two checkpoints.
    pub checkpoint_every_blocks: u64,
    /// How long answers of write messages are kept, in milliseconds.
    pub keep_answers_ms: i64,
    /// Whether a file of checkpoints may begin over entries that this writer has already. Without
    /// it a lost file is not made anew: that somebody took it away would never be seen.
    pub new_checkpoints: bool,
    /// Who is told of each commit once it is durable. Nobody waits for it: what does not fit is
    /// dropped, and the follower sees that by the indices and rebuilds.
    pub committed: Option<mpsc::Sender<Committed>>,
    /// What is limited; nothing, unless somebody says so.
    pub limits: LimitRules,
}

impl LedgerConfig {
    /// The usual settings for the ledger of this nation, with this file of checkpoints.
    pub fn new(nation: NationId, checkpoints: impl Into<PathBuf>) -> Self {
        Self {
            nation,
            writer: "main".to_owned(),
            checkpoints: checkpoints.into(),
            max_waiting_entries: 200_000,
            max_block_bytes: 1 << 20,
            max_waiting_lookups: 10_000,
            checkpoint_every_ms: 10_000,
            checkpoint_every_blocks: 50_000,
            keep_answers_ms: 24 * 3_600_000,
            new_checkpoints: false,
            committed: None,
            limits: LimitRules::default(),
        }
    }
}

/// Why a ledger could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The store failed.
    Store(BlockStoreError),
    /// The file of checkpoints could not be read or written.
    Checkpoints(std::io::Error),
    /// The last line of the file of checkpoints is not one, or was signed with another key.
    ForeignCheckpoints,
    /// The ledger is written with other keys.
    OtherKeys,
    /// Nobody has noted yet with which keys the ledger is written, and nothing here shows that it
    /// is these.
    KeysUnproven,
    /// There are entries of this writer and no checkpoints: somebody lost or removed the file.
    CheckpointsMissing {
        /// Whose chain.
        writer: WriterId,
        /// How many entries it has.
        entries: u64,
    },
    /// A block is not what its hash or a checkpoint says: somebody edited the ledger.
    Edited {
        /// Whose chain.
        writer: WriterId,
        /// The index of the first entry that is not as it was.
        first: u64,
        /// The index of the last.
        last: u64,
    },
    /// A checkpoint vouches for entries that the store does not have: it was cut or set back.
    Behind {
        /// Whose chain.
        writer: WriterId,
        /// How many entries the store has.
        stored: u64,
        /// How many the checkpoint vouches for.
        signed: u64,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(_) => f.write_str("open the store of blocks"),
            Self::Checkpoints(_) => f.write_str("open the file of checkpoints"),
            Self::ForeignCheckpoints => {
                f.write_str("the last checkpoint does not carry this ledger's signature")
            }
            Self::OtherKeys => f.write_str(
                "`keys`: the ledger is written with other keys than those of this file: copy the \
                 file of keys of an instance that writes it",
            ),
            Self::KeysUnproven => f.write_str(
                "`keys`: the ledger is of an earlier build and has not noted with which keys it is \
                 written: start an instance first that has its checkpoints, or ask for new ones",
            ),
            Self::CheckpointsMissing { writer, entries } => write!(
                f,
                "writer {} has {entries} entries and the file of checkpoints is missing: put it \
                 back, or ask for a new one",
                writer.0
            ),
            Self::Edited {
                writer,
                first,
                last,
            } => write!(
                f,
                "writer {}, entries {first} to {last}: not as they were written",
                writer.0
            ),
            Self::Behind {
                writer,
                stored,
                signed,
            } => write!(
                f,
                "writer {} has {stored} entries but a checkpoint vouches for {signed}",
                writer.0
            ),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Checkpoints(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a ledger stopped taking entries. Open it again: what the store holds is what took place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerFailure {
    /// An append failed, so nobody knows whether its block is stored.
    Append(BlockStoreError),
    /// Another one claimed the writer while nothing was appended.
    Lease(BlockStoreError),
}

impl fmt::Display for LedgerFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append(_) => f.write_str("append a block"),
            Self::Lease(_) => f.write_str("keep its writer"),
        }
    }
}

impl std::error::Error for LedgerFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Append(error) | Self::Lease(error) => Some(error),
        }
    }
}

/// What every desk and the writer know.
pub(crate) struct Shared {
    pub(crate) writer: WriterId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: LedgerKeys,
    pub(crate) config: LedgerConfig,
    pub(crate) seats: Mutex<Vec<Arc<Seat>>>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) lookups: Lookups,
    pub(crate) wake: Arc<Notify>,
    pub(crate) closing: AtomicBool,
    pub(crate) over: watch::Sender<bool>,
    /// Why nothing is taken at the moment.
    pub(crate) in_doubt: watch::Sender<Doubt>,
    pub(crate) totals: Mutex<Totals>,
    pub(crate) counting: Counting,
    pub(crate) limits: Option<Limits>,
}

/// The counts as of the last commit.
#[derive(Default)]
pub(crate) struct Totals {
    /// Of this writer.
    pub(crate) own: BTreeMap<VolumeKey, u64>,
    /// Of all others, as they were when the store was last asked.
    pub(crate) others: BTreeMap<VolumeKey, u64>,
}

impl Shared {
    pub(crate) fn seats(&self) -> MutexGuard<'_, Vec<Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn totals(&self) -> MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn volumes(&self, from: Option<Day>, to: Option<Day>) -> Vec<VolumeRow> {
        let within = |key: &VolumeKey| {
            from.is_none_or(|from| key.day >= from) && to.is_none_or(|to| key.day <= to)
        };
        let totals = self.totals();
        let mut sums = BTreeMap::<_, u64>::new();
        for (key, count) in totals.own.iter().chain(&totals.others) {
            if within(key) {
                *sums.entry(*key).or_default() += count;
            }
        }
        drop(totals);
        sums.into_iter()
            .map(|(key, count)| VolumeRow { key, count })
            .collect()
    }

    /// Ends every desk: who waits is turned away, who comes as well.
    pub(crate) fn end(&self) {
        // The flag is set under the lock that new desks are made under, so that none is left out.
        let seats = self.seats();
        self.counting.ended.store(true, Ordering::Release);
        for seat in seats.iter() {
            seat.shut();
            seat.end();
        }
        drop(seats);
        self.lookups.end();
        self.over.send_replace(true);
    }
}

/// The ledger of one running instance; clones are the same ledger.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

impl Ledger {
    /// Opens the ledger of a store: claims the writer, loads the counts, writes a checkpoint.
    ///
    /// The future is the writer task. It belongs on the runtime that owns the store, which must
    /// have its timer enabled, and ends when the ledger is closed, or with why it failed; from
    /// then on nothing is taken any more.
    pub async fn open<S: BlockStore>(
        store: S,
        clock: Arc<dyn Clock>,
        keys: LedgerKeys,
        config: LedgerConfig,
    ) -> Result<
        (
            Self,
            impl Future<Output = Result<(), LedgerFailure>> + Send + 'static,
        ),
        OpenError,
    > {
        let writer = Writer::open(store, clock, keys, config).await?;
        let ledger = Self::of(writer.shared());
        Ok((ledger, writer.run()))
    }

    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Makes a desk for a front runtime, and its bell: a future that must run on that runtime
    /// for as long as anybody waits there. It ends with the ledger.
    pub fn desk(&self) -> (Desk, impl Future<Output = ()> + Send + 'static) {
        let mut seats = self.shared.seats();
        let ended = self.shared.counting.ended.load(Ordering::Acquire);
        let seat = Arc::new(Seat::new(!ended));
        if ended {
            seat.end();
        } else {
            seats.push(Arc::clone(&seat));
        }
        drop(seats);
        let desk = Desk::new(Arc::clone(&self.shared), Arc::clone(&seat));
        (desk, seat.ring())
    }

    /// Whether and why nothing is taken at the moment.
    pub fn in_doubt(&self) -> watch::Receiver<Doubt> {
        self.shared.in_doubt.subscribe()
    }

    /// The limits; `None` where nothing is limited. They are known, and anything may be answered,
    /// only once somebody [follows](Limits::follow) the store.
    pub fn limits(&self) -> Option<Limits> {
        self.shared.limits.clone()
    }

    /// The writer that this instance is.
    pub fn writer(&self) -> WriterId {
        self.shared.writer
    }

    /// Takes no more entries, commits what has gathered, writes the last checkpoint; returns
    /// when the writer task has ended, however it did.
    pub async fn close(&self) {
        self.shared.closing.store(true, Ordering::Release);
        self.shared.wake.notify_one();
        let mut over = self.shared.over.subscribe();
        // The sender lives in what we hold, so waiting cannot fail.
        let _ = over.wait_for(|over| *over).await;
    }

    /// Takes the counts of the other writers, as a store has just told them; this writer's own are
    /// left as they are.
    pub fn note_others(&self, counts: &[CountRow]) {
        let mut others = BTreeMap::<_, u64>::new();
        for counted in counts.iter().filter(|c| c.writer != self.shared.writer) {
            *others.entry(counted.row.key).or_default() += counted.row.count;
        }
        self.shared.totals().others = others;
    }

    /// The ledger's numbers now.
    pub fn counters(&self) -> LedgerCounters {
        let (mut waiting, mut shed) = (0, 0);
        for seat in self.shared.seats().iter() {
            let gathering = seat.gathering();
            waiting += u64::from(gathering.load.entries) + u64::from(gathering.in_commit);
            shed += gathering.shed;
        }
        self.shared.counting.read(waiting, shed)
    }
}

impl Volumes for Ledger {
    async fn volumes(
        &self,
        from: Option<Day>,
        to: Option<Day>,
    ) -> Result<Vec<VolumeRow>, RecordError> {
        Ok(self.shared.volumes(from, to))
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("writer", &self.shared.writer.0)
            .finish_non_exhaustive()
    }
}
