//! What the ledger needs of a database.

use std::fmt;
use std::future::Future;

use dancu_domain::{AgencyCode, Kept, NationId, Timestamp, VolumeRow, WriterId};

use crate::{Block, KeyMarks};

/// The agency and the hash of the request id under which an answer is kept.
pub type KeptKey = (AgencyCode, u64);

/// The right to append to one chain, as it stood when it was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose chain.
    pub writer: WriterId,
    /// Counts the claims; an append under an older one is refused.
    pub epoch: u64,
    /// The index of the next entry.
    pub next: u64,
    /// The hash of the last block, [`crate::GENESIS`] when there is none.
    pub hash: [u8; 32],
}

/// How far a chain has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// Whose chain.
    pub writer: WriterId,
    /// The index of the next entry.
    pub next: u64,
    /// The hash of the last block, [`crate::GENESIS`] when there is none.
    pub hash: [u8; 32],
}

/// One count of one writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountRow {
    /// Who counted.
    pub writer: WriterId,
    /// What, and how many.
    pub row: VolumeRow,
}

/// All chains and all counts of one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Every chain, in the order of the writers, empty ones too.
    pub heads: Vec<ChainHead>,
    /// Every count, in no particular order.
    pub counts: Vec<CountRow>,
}

/// An answer that is kept for repeats of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRow {
    /// Under which agency and request.
    pub key: KeptKey,
    /// Answer and receipt.
    pub kept: Kept,
    /// Since when.
    pub at: Timestamp,
    /// The ledger's proof that all of this is as it was kept. A store that finds a row whose other
    /// columns it cannot read gives it back without one (zeros), so that the ledger sees it.
    pub seal: [u8; 32],
}

/// A write message that somebody wants to carry out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Under which agency and request its answer will be kept.
    pub key: KeptKey,
    /// The digest of its body.
    pub digest: [u8; 32],
}

/// Whose a write message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteClaim {
    /// Ours: this writer carries it out and answers it.
    Ours,
    /// It was answered.
    Answered(KeptRow),
    /// Another writer is at work on it; ask again.
    Elsewhere,
    /// Another writer was at work on another body under this key, and is gone: what it did nobody
    /// knows, so this one is not carried out.
    OtherBody,
}

/// What one commit added, told once it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// To whose chain.
    pub writer: WriterId,
    /// The index of its first entry.
    pub first: u64,
    /// One past the index of its last entry: where the next commit of this writer begins.
    pub next: u64,
    /// What it added to the counts, in the order of the keys.
    pub counts: Vec<VolumeRow>,
}

/// What became of an append that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It took place.
    Stored,
    /// It did not, and cannot any more.
    Absent,
    /// It cannot be said now; ask again.
    Later,
    /// This store cannot say it: the ledger must be opened anew.
    Unknowable,
}

/// Why a block store did not do what was asked. Never carries anything personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockStoreError {
    /// Another one has claimed the writer since.
    LeaseLost,
    /// Another program has the ledger open for writing.
    InUse,
    /// The ledger is of another nation.
    AnotherNation {
        /// The one that it is of.
        bound: NationId,
    },
    /// Nothing was appended: these messages are not this writer's to answer.
    NotOurs(Vec<KeptKey>),
    /// A stored row does not have the shape of one; its index, as far as it can be read.
    Unreadable {
        /// Whose chain.
        writer: WriterId,
        /// The index at which reading stopped.
        at: u64,
    },
    /// Anything else, in the words of the store.
    Failed(String),
}

impl fmt::Display for BlockStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeaseLost => f.write_str("the writer was claimed by another one"),
            Self::InUse => f.write_str("the ledger is open for writing elsewhere"),
            Self::AnotherNation { bound } => write!(
                f,
                "the ledger belongs to another nation ({}): put it back beside its registry, or \
                 choose another place for it",
                bound.text()
            ),
            Self::NotOurs(keys) => {
                write!(f, "{} messages are another writer's to answer", keys.len())
            }
            Self::Unreadable { writer, at } => {
                write!(f, "unreadable row of writer {} near {at}", writer.0)
            }
            Self::Failed(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for BlockStoreError {}

/// Durable blocks, counts and kept answers. Owned by the writer task or by an audit; no method
/// is cancelled by either.
pub trait BlockStore: Send + 'static {
    /// Ties the ledger to its nation when it is first used; one that is tied to another nation is
    /// refused from then on. Returns the marks of the keys that it is tied to, if it is.
    fn bind(
        &mut self,
        nation: NationId,
    ) -> impl Future<Output = Result<Option<KeyMarks>, BlockStoreError>> + Send;

    /// Ties a ledger that has a nation to these keys, where it is tied to none; with
    /// `new_signer` also to their signing key where it is tied to another one, provided that the
    /// lasting keys are its own. Returns what it is tied to from now on.
    fn bind_keys(
        &mut self,
        marks: KeyMarks,
        new_signer: bool,
    ) -> impl Future<Output = Result<KeyMarks, BlockStoreError>> + Send;

    /// The writer of this name, where there is one. Nothing is claimed.
    fn find_writer(
        &mut self,
        name: &str,
    ) -> impl Future<Output = Result<Option<WriterId>, BlockStoreError>> + Send;

    /// Makes the writer of this name, or takes it over; earlier holders can no longer append.
    /// Appends of this store go to it from now on.
    fn claim_writer(
        &mut self,
        name: &str,
    ) -> impl Future<Output = Result<Claim, BlockStoreError>> + Send;

    /// Appends one block to the claimed writer's chain, adds to its counts and keeps answers, all
    /// in one transaction that is durable on return.
    ///
    /// An answer is kept only where this writer has the key by [`BlockStore::claim_writes`] and
    /// none stands there: that is looked at within the transaction, under a lock on the key, so of
    /// two appends with an answer for one key at most one takes place until the answer is
    /// forgotten. Where a key is not ours, nothing at all is appended and the error names it. After
    /// any other error nobody knows whether the append took place.
    fn append(
        &mut self,
        block: &Block,
        counts: &[VolumeRow],
        kept: &[KeptRow],
    ) -> impl Future<Output = Result<(), BlockStoreError>> + Send;

    /// Finds out what became of an append that failed, after making sure that it cannot take place
    /// later. An error is final, above all a lost lease. A store whose failures leave it in a
    /// state that it cannot vouch for, such as a file after a failed sync, does not try.
    fn resolve(
        &mut self,
        block: &Block,
    ) -> impl Future<Output = Result<Resolution, BlockStoreError>> + Send {
        let _ = block;
        std::future::ready(Ok(Resolution::Unknowable))
    }

    /// Asks whether an append could be made now: whether the store is there, takes writes, and the
    /// claimed writer is still ours. It changes nothing, and whoever has an append waits for no
    /// answer longer than it is worth: the store bounds its own patience. A lost lease is final,
    /// any other error is not. A store in this process has nothing to ask.
    fn probe(&mut self) -> impl Future<Output = Result<(), BlockStoreError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Up to `limit` blocks of a writer whose first index is at least `from`, in order.
    fn blocks(
        &mut self,
        writer: WriterId,
        from: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Block>, BlockStoreError>> + Send;

    /// The block of a writer that should hold the entry: the last that begins at or before it.
    fn block_before(
        &mut self,
        writer: WriterId,
        index: u64,
    ) -> impl Future<Output = Result<Option<Block>, BlockStoreError>> + Send;

    /// How far each chain has got, those that only blocks tell of included.
    fn heads(&mut self) -> impl Future<Output = Result<Vec<ChainHead>, BlockStoreError>> + Send;

    /// Heads and counts of one instant.
    fn standing(&mut self) -> impl Future<Output = Result<Standing, BlockStoreError>> + Send;

    /// Claims write messages for the claimed writer, and says of each whose it is, in the order in
    /// which they were asked for; no key is asked for twice in one call. Answers kept since
    /// `forgotten` or before are forgotten.
    ///
    /// A claim lasts until it is answered by an append, released, or its writer is gone: its
    /// process has ended, another one has claimed the writer, or it has held the claim for longer
    /// than a message takes. Then whoever asks with the same body has it; whoever asks with another
    /// one is told so. A claim need not be durable, and may be lost with the database or the
    /// connection: it saves work and keeps another body from being carried out, and what is counted
    /// does not hang on it. A store that a single process has open holds no claims between
    /// processes: what is not answered is ours.
    fn claim_writes(
        &mut self,
        asked: &[Asked],
        forgotten: Timestamp,
    ) -> impl Future<Output = Result<Vec<WriteClaim>, BlockStoreError>> + Send;

    /// Gives up claims of this writer; keys that are not claimed by it are left as they are.
    fn release_writes(
        &mut self,
        keys: &[KeptKey],
    ) -> impl Future<Output = Result<(), BlockStoreError>> + Send;

    /// Forgets the answers under these keys: somebody edited them, and they are as good as none.
    fn discard_kept(
        &mut self,
        keys: &[KeptKey],
    ) -> impl Future<Output = Result<(), BlockStoreError>> + Send;

    /// Forgets answers kept and messages claimed since before `before`; returns how many.
    fn purge_kept(
        &mut self,
        before: Timestamp,
    ) -> impl Future<Output = Result<u64, BlockStoreError>> + Send;
}
