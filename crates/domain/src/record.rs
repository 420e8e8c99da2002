//! What is recorded of an answer before it leaves.

use crate::{AgencyCode, AttributeSet, Dossier, IdKey, Outcome, RequestContext, ServiceCode, Verb};

/// A writer of the ledger: one instance of the service with a chain of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterId(pub u32);

/// Where the entries of a message are found: `count` consecutive indices of one writer's chain.
///
/// Indices begin at 0 with the first entry that the writer ever made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// Whose chain.
    pub writer: WriterId,
    /// The index of the first entry.
    pub first: u64,
    /// How many entries.
    pub count: u32,
}

/// One message's entries: its envelope once, its items in order.
#[derive(Clone, Debug)]
pub struct MessageRecord {
    /// Who asked.
    pub agency: AgencyCode,
    /// What.
    pub verb: Verb,
    /// Under which service code.
    pub service: ServiceCode,
    /// The envelope.
    pub context: RequestContext,
    /// What the permit granted.
    pub granted: AttributeSet,
    /// One for each item that was answered with an outcome.
    pub items: Vec<ItemRecord>,
    /// For a write message: what must be answered when it is sent again.
    pub kept: Option<KeptAnswer>,
}

/// One item's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRecord {
    /// About whom, as far as the item said; stored as a keyed pseudonym.
    pub subject: Option<IdKey>,
    /// How it ended.
    pub outcome: Outcome,
    /// The attributes that were given.
    pub given: AttributeSet,
    /// Its own dossier, where it has one.
    pub dossier: Option<Dossier>,
}

/// The answer of a write message, kept for 24 hours under (agency, request id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// SHA-256 of the message's body without its request id.
    pub digest: [u8; 32],
    /// The answer without its receipt, in the encoding of whoever keeps it.
    pub body: Vec<u8>,
}

/// Why an answer could not be recorded; then it is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordError {
    /// The ledger does not take entries: an error, a full disk, a failed sync, a lost lease.
    Unavailable,
    /// Too many entries wait already.
    Overloaded,
    /// Another instance took the write message over, and answers it or has: nothing was recorded
    /// here, and [`crate::Recorder::begin_write`] says what the answer is.
    TakenOver,
}
