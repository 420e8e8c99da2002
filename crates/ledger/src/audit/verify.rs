//! The proof that nobody edited the ledger, or the first place where somebody did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use dancu_domain::{VolumeKey, WriterId};

use super::PAGE;
use super::evidence::Evidence;
use super::walk::Walk;
use crate::checkpoint::verifying_key;
use crate::{BlockStore, BlockStoreError};

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The first bad block, in the order of the writers and of each chain.
    pub first_bad: Option<BadBlock>,
    /// The first bad line of the file of checkpoints.
    pub bad_checkpoint: Option<BadCheckpoint>,
    /// The first count, in the order of writers and keys, that is not the number of entries.
    pub difference: Option<CountDifference>,
    /// Blocks that were found good.
    pub blocks: u64,
    /// Entries in them.
    pub entries: u64,
    /// Of these, those that stand under a day that their caller named, not that of their recording.
    pub event_days: u64,
    /// Lines of the file of checkpoints.
    pub checkpoints: u64,
    /// How many entries the writer of the file's first line had by then: 0 for a file that was
    /// there from the start. What lies before is vouched for by later lines only.
    pub begun_at: u64,
}

impl Report {
    /// Whether nothing at all is wrong.
    pub fn ok(&self) -> bool {
        self.first_bad.is_none() && self.bad_checkpoint.is_none() && self.difference.is_none()
    }

    /// Whether there are checkpoints, where there are entries. A ledger writes its first checkpoint
    /// when it is opened: entries without any have lost what vouches for them.
    pub fn vouched(&self) -> bool {
        self.entries == 0 || self.checkpoints > 0
    }

    /// Whether every count is the number of entries with its key. Not known, and so false, once
    /// a bad block is found.
    pub fn counts_agree(&self) -> bool {
        self.difference.is_none() && self.first_bad.is_none()
    }
}

/// Where a chain breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadBlock {
    /// Whose chain.
    pub writer: WriterId,
    /// The index of its first entry.
    pub first: u64,
    /// The index of its last entry.
    pub last: u64,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It goes on from the block before, but stands under another index, or the other way round.
    Altered,
    /// Its bytes do not have its hash.
    HashMismatch,
    /// Its bytes are not entries.
    Undecodable,
    /// It holds another number of entries than it says.
    CountMismatch,
    /// The entries are not there, though later ones are.
    Missing,
    /// Another block belongs here: it was put in, swapped, or what stood before it was replaced.
    OutOfOrder,
    /// The chain ends before entries that a checkpoint vouches for.
    Cut,
    /// The stored row does not have the shape of a block.
    Unreadable,
    /// Consistent in itself, but not what a checkpoint vouches for; the range begins at the last
    /// place where a checkpoint agrees.
    ContradictsCheckpoint {
        /// The line of the file, from 1.
        line: u64,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered => f.write_str("altered"),
            Self::HashMismatch => f.write_str("does not have its hash"),
            Self::Undecodable => f.write_str("cannot be decoded"),
            Self::CountMismatch => f.write_str("holds another number of entries"),
            Self::Missing => f.write_str("missing"),
            Self::OutOfOrder => f.write_str("out of order"),
            Self::Cut => f.write_str("cut off"),
            Self::Unreadable => f.write_str("unreadable"),
            Self::ContradictsCheckpoint { line } => {
                write!(f, "contradicts the checkpoint on line {line}")
            }
        }
    }
}

impl fmt::Display for BadBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            writer,
            first,
            last,
            why,
        } = self;
        write!(f, "writer {}, entries {first} to {last}: {why}", writer.0)
    }
}

/// A line of the file of checkpoints that cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCheckpoint {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong.
    pub why: CheckpointFault,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointFault {
    /// It is not a checkpoint, or not signed by this key.
    Signature,
    /// It does not go on from the line before.
    Chain,
    /// It vouches for less than a line before it: the ledger was set back.
    WentBack,
    /// The counts that it vouches for are not those of the entries.
    Totals,
}

impl fmt::Display for CheckpointFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "not signed with this ledger's key",
            Self::Chain => "does not go on from the line before",
            Self::WentBack => "vouches for less than a line before it",
            Self::Totals => "vouches for other counts than the entries have",
        })
    }
}

/// A count that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountDifference {
    /// Whose count.
    pub writer: WriterId,
    /// Of what.
    pub key: VolumeKey,
    /// What the store says.
    pub counted: u64,
    /// How many entries there are.
    pub entries: u64,
}

/// Why the ledger could not be read to the end.
#[derive(Debug)]
pub enum AuditError {
    /// The store failed.
    Store(BlockStoreError),
    /// The file of checkpoints could not be read.
    Checkpoints(std::io::Error),
    /// These bytes are no public key.
    Key,
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Store(_) => "read the ledger",
            Self::Checkpoints(_) => "read the file of checkpoints",
            Self::Key => "read the public key",
        })
    }
}

impl std::error::Error for AuditError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Checkpoints(error) => Some(error),
            Self::Key => None,
        }
    }
}

impl From<BlockStoreError> for AuditError {
    fn from(error: BlockStoreError) -> Self {
        Self::Store(error)
    }
}

/// Walks every chain from its first block, holds it against the checkpoints where there is a
/// file of them, and the stored counts against the entries.
///
/// It may run while the ledger is written to: it goes as far as the chains had got when it
/// began. It holds a few blocks, the counts, and what the checkpoints say, never a whole chain.
pub async fn verify<S: BlockStore>(
    store: &mut S,
    checkpoints: Option<&Path>,
    public_key: &[u8; 32],
) -> Result<Report, AuditError> {
    // The file first: whatever it vouches for was stored before, so it is in the standing.
    let evidence = match checkpoints {
        Some(path) => {
            let key = verifying_key(public_key).ok_or(AuditError::Key)?;
            Evidence::read(path, &key).map_err(AuditError::Checkpoints)?
        }
        None => Evidence::default(),
    };
    let mut report = Report {
        checkpoints: evidence.lines,
        bad_checkpoint: evidence.fault,
        begun_at: evidence.begun_at,
        ..Report::default()
    };
    let standing = match store.standing().await {
        Ok(standing) => standing,
        Err(error) => {
            report.first_bad = Some(unreadable(error)?);
            return Ok(report);
        }
    };
    let mut stored: BTreeMap<(WriterId, VolumeKey), u64> = standing
        .counts
        .iter()
        .map(|counted| ((counted.writer, counted.row.key), counted.row.count))
        .collect();
    let ends: BTreeMap<WriterId, u64> = standing
        .heads
        .iter()
        .map(|head| (head.writer, head.next))
        .collect();
    let writers: BTreeSet<WriterId> = ends.keys().chain(evidence.marks.keys()).copied().collect();
    for writer in writers {
        let marks = evidence.marks.get(&writer).map_or(&[][..], Vec::as_slice);
        let mut walk = Walk::new(writer, marks, evidence.totals.get(&writer).copied());
        let end = ends.get(&writer).copied().unwrap_or(0);
        let walked = chain(store, writer, end, &mut walk).await?;
        report.blocks += walk.blocks;
        report.entries += walk.entries();
        report.event_days += walk.event_days;
        if let Err(bad) = walked.and_then(|()| walk.end()) {
            report.first_bad = Some(bad);
            return Ok(report);
        }
        if !walk.totals_agree() {
            report.bad_checkpoint.get_or_insert(BadCheckpoint {
                line: marks.last().map_or(0, |mark| mark.line),
                why: CheckpointFault::Totals,
            });
        }
        for (key, entries) in &walk.counts {
            let counted = stored.remove(&(writer, *key)).unwrap_or(0);
            if counted != *entries {
                differ(&mut report, writer, *key, counted, *entries);
            }
        }
    }
    // What is left over counts entries that are not there.
    for ((writer, key), counted) in stored.into_iter().filter(|(_, counted)| *counted > 0) {
        differ(&mut report, writer, key, counted, 0);
    }
    Ok(report)
}

fn differ(report: &mut Report, writer: WriterId, key: VolumeKey, counted: u64, entries: u64) {
    report.difference.get_or_insert(CountDifference {
        writer,
        key,
        counted,
        entries,
    });
}

/// Walks one chain as far as `end`; the outer error is the store's, the inner the chain's.
async fn chain<S: BlockStore>(
    store: &mut S,
    writer: WriterId,
    end: u64,
    walk: &mut Walk<'_>,
) -> Result<Result<(), BadBlock>, AuditError> {
    let mut from = 0;
    loop {
        let blocks = match store.blocks(writer, from, PAGE).await {
            Ok(blocks) => blocks,
            Err(error) => return unreadable(error).map(Err),
        };
        let Some(last) = blocks.last() else {
            return Ok(Ok(()));
        };
        from = last.first.saturating_add(1);
        for block in &blocks {
            if block.first >= end {
                return Ok(Ok(()));
            }
            if let Err(bad) = walk.step(block) {
                return Ok(Err(bad));
            }
        }
    }
}

/// A row without the shape of a block is a finding, any other error of the store is not.
fn unreadable(error: BlockStoreError) -> Result<BadBlock, AuditError> {
    match error {
        BlockStoreError::Unreadable { writer, at } => Ok(BadBlock {
            writer,
            first: at,
            last: at,
            why: Why::Unreadable,
        }),
        error => Err(error.into()),
    }
}
