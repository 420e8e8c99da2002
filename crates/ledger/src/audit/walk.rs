//! One walk along a chain: every block against the one before it, and against the checkpoints.

use std::collections::BTreeMap;

use dancu_domain::{VolumeKey, VolumeRow, WriterId};

use super::evidence::Mark;
use super::verify::{BadBlock, Why};
use crate::block::digest_counts;
use crate::{Block, GENESIS};

/// Where a walk has got to.
pub(crate) struct Walk<'a> {
    writer: WriterId,
    /// The index and the hash that the next block must go on from.
    next: u64,
    hash: [u8; 32],
    marks: &'a [Mark],
    /// The last index that a checkpoint has agreed with, plus one.
    agreed: u64,
    /// The counts that the writer signed, and after how many entries.
    totals: Option<(u64, [u8; 32])>,
    totals_differ: bool,
    pub(crate) counts: BTreeMap<VolumeKey, u64>,
    pub(crate) blocks: u64,
    /// Entries under a day that their caller named.
    pub(crate) event_days: u64,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        writer: WriterId,
        marks: &'a [Mark],
        totals: Option<(u64, [u8; 32])>,
    ) -> Self {
        Self {
            writer,
            next: 0,
            hash: GENESIS,
            marks,
            agreed: 0,
            totals,
            totals_differ: false,
            counts: BTreeMap::new(),
            blocks: 0,
            event_days: 0,
        }
    }

    /// How many entries were walked over.
    pub(crate) fn entries(&self) -> u64 {
        self.next
    }

    /// Whether the recounted entries are what the last checkpoint says was counted.
    pub(crate) fn totals_agree(&self) -> bool {
        !self.totals_differ
    }

    /// Goes over the next block in the order of the stored indices.
    pub(crate) fn step(&mut self, block: &Block) -> Result<(), BadBlock> {
        let goes_on = block.previous == self.hash;
        let read = block.recount();
        let sound = matches!(&read, Ok((counts, _)) if block.digest(counts) == block.hash);
        if block.first != self.next {
            return Err(if goes_on && !sound {
                // It belongs here, only its index lies.
                let last = self.next.saturating_add(block.last() - block.first);
                self.bad(self.next, last, Why::Altered)
            } else if block.first > self.next {
                self.bad(self.next, block.first - 1, Why::Missing)
            } else {
                self.bad(block.first, block.last(), Why::OutOfOrder)
            });
        }
        let here = |why| self.bad(block.first, block.last(), why);
        let Ok((counts, event_days)) = read else {
            return Err(here(Why::Undecodable));
        };
        if !sound {
            let why = if goes_on {
                Why::HashMismatch
            } else {
                self.whose_hash(block, &counts)
            };
            return Err(here(why));
        }
        if !goes_on {
            return Err(here(Why::OutOfOrder));
        }
        let counted: u64 = counts.iter().map(|row| row.count).sum();
        if counted != u64::from(block.count) || counted == 0 {
            return Err(here(Why::CountMismatch));
        }
        for row in counts {
            *self.counts.entry(row.key).or_default() += row.count;
        }
        self.next = block.end();
        self.hash = block.hash;
        self.blocks += 1;
        self.event_days += event_days;
        self.look_at_marks(block)
    }

    /// The end of the stored chain: checkpoints that vouch for more make it a cut one.
    pub(crate) fn end(&self) -> Result<(), BadBlock> {
        match self.marks.last() {
            Some(mark) if mark.next > self.next => {
                Err(self.bad(self.next, mark.next - 1, Why::Cut))
            }
            _ => Ok(()),
        }
    }

    fn look_at_marks(&mut self, block: &Block) -> Result<(), BadBlock> {
        if let Some((_, totals)) = self.totals.filter(|(next, _)| *next == self.next) {
            let row = |(key, count): (&_, &_)| VolumeRow {
                key: *key,
                count: *count,
            };
            self.totals_differ = digest_counts(self.counts.iter().map(row)) != totals;
        }
        while let Some(mark) = self.marks.first().filter(|mark| mark.next <= self.next) {
            if mark.next < self.next || mark.hash != self.hash {
                // Something since the last agreement is not what it was when it was signed.
                let line = mark.line;
                let first = self.agreed.min(block.first);
                let last = block.last().max(mark.next - 1);
                return Err(self.bad(first, last, Why::ContradictsCheckpoint { line }));
            }
            self.agreed = mark.next;
            self.marks = &self.marks[1..];
        }
        Ok(())
    }

    /// A block whose hash fits no longer and that does not go on from the one before: either
    /// only its previous hash was altered, or all of it is something else.
    fn whose_hash(&self, block: &Block, counts: &[VolumeRow]) -> Why {
        let mended = Block {
            previous: self.hash,
            ..block.clone()
        };
        if mended.digest(counts) == block.hash {
            Why::Altered
        } else {
            Why::OutOfOrder
        }
    }

    fn bad(&self, first: u64, last: u64, why: Why) -> BadBlock {
        BadBlock {
            writer: self.writer,
            first,
            last,
            why,
        }
    }
}
