//! Reading the ledger back: single entries, counts from the raw blocks, proof of the chains.

mod evidence;
mod verify;
mod walk;

use std::collections::BTreeMap;

use dancu_domain::{
    AgencyCode, AttributeSet, Day, Outcome, Purpose, Receipt, ServiceCode, Timestamp, Verb,
    VolumeKey, WriterId,
};

use crate::codec::messages;
use crate::{Block, BlockStore, BlockStoreError, Undecodable};

pub use verify::{
    AuditError, BadBlock, BadCheckpoint, CheckpointFault, CountDifference, Report, Why, verify,
};

/// The most blocks that are in memory at a time.
const PAGE: usize = 32;

/// One entry, with the context of its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryView {
    /// Its index in the writer's chain.
    pub index: u64,
    /// Whose chain.
    pub writer: WriterId,
    /// When its block was made.
    pub at: Timestamp,
    /// Who asked.
    pub agency: AgencyCode,
    /// What.
    pub verb: Verb,
    /// Under which service code.
    pub service: ServiceCode,
    /// On which day it is counted.
    pub day: Day,
    /// Whether the caller named that day; when it was recorded is told by `at` either way.
    pub event_day: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The attributes that were given.
    pub given: AttributeSet,
    /// The attributes that the permit granted.
    pub granted: AttributeSet,
    /// [`crate::LedgerKeys::pseudonym`] of the citizen's number, if the item had one.
    pub pseudonym: Option<u64>,
    /// [`crate::LedgerKeys::request_hash`] of the request id.
    pub request: u64,
    /// The officer.
    pub officer: Option<String>,
    /// The procedure.
    pub procedure: Option<String>,
    /// The item's own dossier, or else the message's.
    pub dossier: Option<String>,
    /// Why.
    pub purpose: Purpose,
    /// The unit within the agency.
    pub unit: Option<String>,
}

/// The entries of a block in their order. The block's hash is not looked at.
pub fn decode(block: &Block) -> Result<Vec<EntryView>, Undecodable> {
    let mut entries = Vec::new();
    let owned = |text: Option<&str>| text.map(str::to_owned);
    for message in messages(&block.entries)? {
        let message = message?;
        for item in message.items() {
            entries.push(EntryView {
                index: block.first.saturating_add(entries.len() as u64),
                writer: block.writer,
                at: block.at,
                agency: message.agency,
                verb: message.verb,
                service: message.service,
                day: message.day,
                event_day: message.event_day,
                outcome: item.outcome,
                given: item.given,
                granted: message.granted,
                pseudonym: item.pseudonym,
                request: message.request,
                officer: owned(message.officer),
                procedure: owned(message.procedure),
                dossier: owned(item.dossier.or(message.dossier)),
                purpose: message.purpose,
                unit: owned(message.unit),
            });
        }
    }
    Ok(entries)
}

/// The entries that a receipt stands for; fewer where the ledger does not have them.
pub async fn entries<S: BlockStore>(
    store: &mut S,
    receipt: Receipt,
) -> Result<Vec<EntryView>, AuditError> {
    let end = receipt.first.saturating_add(u64::from(receipt.count));
    let mut found = Vec::new();
    if receipt.count == 0 {
        return Ok(found);
    }
    // A message lies within one block.
    if let Some(block) = store.block_before(receipt.writer, receipt.first).await? {
        let decoded = decode(&block).map_err(|_| unreadable(&block))?;
        found.extend(
            decoded
                .into_iter()
                .filter(|entry| (receipt.first..end).contains(&entry.index)),
        );
    }
    Ok(found)
}

/// The counts, taken from nothing but the entries of the raw blocks.
pub async fn recount<S: BlockStore>(store: &mut S) -> Result<BTreeMap<VolumeKey, u64>, AuditError> {
    let mut counts = BTreeMap::new();
    for head in store.heads().await? {
        let mut from = 0;
        while from < head.next {
            let blocks = store.blocks(head.writer, from, PAGE).await?;
            let Some(last) = blocks.last() else { break };
            from = last.first.saturating_add(1);
            for block in blocks.iter().filter(|block| block.first < head.next) {
                for row in block.counts().map_err(|_| unreadable(block))? {
                    *counts.entry(row.key).or_default() += row.count;
                }
            }
        }
    }
    Ok(counts)
}

fn unreadable(block: &Block) -> AuditError {
    AuditError::Store(BlockStoreError::Unreadable {
        writer: block.writer,
        at: block.first,
    })
}
