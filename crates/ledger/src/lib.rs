//! No answer without a record: group commit, blocks, chain, counts, checkpoints.
//!
//! Here live the desks at which each front core gathers its entries, the writer that makes one
//! block of whatever gathered and commits it with its counts and kept answers, the codec of the
//! block, the chain of hashes, the signed checkpoints outside the database, and the audit that
//! reads all of it back. Not here: SQL (a [`BlockStore`] is handed in), the verbs, the wall
//! clock, metrics libraries: [`Ledger::counters`] gives plain numbers.
//!
//! One writer task lives on the back runtime; every front runtime has a [`Desk`] and runs that
//! desk's bell. A commit costs one wake-up of each desk, however many requests wait there.

pub mod audit;
mod batch;
mod block;
mod bytes;
mod checkpoint;
mod claims;
mod codec;
mod commit;
mod counters;
mod desk;
mod doubt;
mod inflight;
mod keys;
mod ledger;
mod limits;
mod lookups;
mod opening;
mod port;
mod quiet;
mod seal;
mod tally;
mod writer;

pub use block::{Block, GENESIS, HASH_VERSION};
pub use codec::{CODEC_VERSION, Undecodable};
pub use counters::LedgerCounters;
pub use desk::Desk;
pub use doubt::Doubt;
pub use inflight::WriteGuard;
pub use keys::{KeyMarks, LedgerKeys};
pub use ledger::{Ledger, LedgerConfig, LedgerFailure, OpenError};
pub use limits::{AskGuard, DayHold, DayLimits, LimitCounters, LimitRules, Limits, LimitsKnown};
pub use port::{
    Asked, BlockStore, BlockStoreError, ChainHead, Claim, Committed, CountRow, KeptKey, KeptRow,
    Resolution, Standing, WriteClaim,
};
