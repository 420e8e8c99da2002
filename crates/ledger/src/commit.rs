//! One commit: what gathered at the desks becomes a block.

use std::collections::HashSet;

use dancu_domain::{Timestamp, VolumeRow, WriterId};

use crate::batch::{Taken, Taking};
use crate::ledger::Shared;
use crate::seal::Sealer;
use crate::tally::Tally;
use crate::{Block, CODEC_VERSION, ChainHead, Committed, KeptKey, KeptRow};

/// A block with what is committed beside it, and the loads that it was made of.
pub(crate) struct Commit {
    pub(crate) block: Block,
    pub(crate) counts: Vec<VolumeRow>,
    pub(crate) kept: Vec<KeptRow>,
    pub(crate) messages: u64,
    loads: Vec<Taken>,
}

/// What the writer took from the desks.
pub(crate) struct Gathered {
    loads: Vec<Taken>,
    /// Whether something was left behind because the block was full.
    pub(crate) more: bool,
}

/// Takes what has gathered at all desks, beginning with desk number `turn`, as far as it fits
/// into one block. One desk's load is always taken, however large.
pub(crate) fn gather(shared: &Shared, turn: usize) -> Gathered {
    let seats = shared.seats();
    let mut gathered = Gathered {
        loads: Vec::new(),
        more: false,
    };
    let mut bytes = 0;
    for place in 0..seats.len() {
        let seat = &seats[(turn + place) % seats.len()];
        let room = if gathered.loads.is_empty() {
            usize::MAX
        } else {
            shared.config.max_block_bytes.saturating_sub(bytes)
        };
        match seat.take(room) {
            Taking::Nothing => {}
            Taking::TooMuch => gathered.more = true,
            Taking::Load(taken) => {
                bytes += taken.load.bytes.len();
                gathered.loads.push(taken);
            }
        }
    }
    gathered
}

impl Gathered {
    pub(crate) fn is_empty(&self) -> bool {
        self.loads.is_empty()
    }

    /// Where no entry is left, tells everybody so, and there is nothing to commit.
    pub(crate) fn or_settled(self) -> Option<Self> {
        if self.loads.iter().any(|taken| taken.load.left() > 0) {
            return Some(self);
        }
        self.loads.into_iter().for_each(|taken| taken.settle(0));
        None
    }

    /// Makes the block that goes behind `head`.
    pub(crate) fn commit(mut self, head: &ChainHead, at: Timestamp, sealer: &Sealer) -> Commit {
        let bytes: usize = self.loads.iter().map(|t| t.load.bytes.len()).sum();
        let cut = self.loads.iter().any(|t| t.load.is_cut());
        let mut block = Block {
            writer: head.writer,
            first: head.next,
            count: 0,
            at,
            previous: head.hash,
            hash: [0; 32],
            entries: Vec::with_capacity(bytes + 1),
        };
        block.entries.push(CODEC_VERSION);
        let (mut tally, mut kept, mut messages) = (Tally::default(), Vec::new(), 0);
        for taken in &mut self.loads {
            let first = block.end();
            let load = &mut taken.load;
            load.put(&mut block.entries);
            block.count += load.left();
            tally.merge(&load.counts);
            messages += load.messages_left();
            let answers = load.take_kept(head.writer, first).into_iter();
            kept.extend(answers.map(|(key, answer)| sealer.seal(key, answer, at)));
        }
        let counts = if cut {
            let counted = block.counts();
            counted.expect("what was written a moment ago is read back")
        } else {
            tally.sorted()
        };
        block.hash = block.digest(&counts);
        Commit {
            block,
            counts,
            kept,
            messages,
            loads: self.loads,
        }
    }
}

impl Commit {
    /// What the commit adds, for those who follow; the counts are taken out.
    pub(crate) fn told(&mut self) -> Committed {
        Committed {
            writer: self.block.writer,
            first: self.block.first,
            next: self.block.end(),
            counts: std::mem::take(&mut self.counts),
        }
    }

    /// Takes out the messages that somebody else answers. The block was not appended.
    pub(crate) fn without(mut self, lost: &HashSet<KeptKey>) -> Gathered {
        let kept = self.kept.drain(..);
        let mut back = kept.map(|row| (row.key, row.kept.answer)).collect();
        for taken in &mut self.loads {
            taken.load.cut(lost, &mut back);
        }
        Gathered {
            loads: self.loads,
            more: false,
        }
    }

    /// Tells everybody who waits that the ledger is unavailable; the block itself is kept.
    pub(crate) fn turn_away(&mut self) {
        self.loads.clear();
    }

    /// Tells every desk that its entries are durable, and returns the new head.
    pub(crate) fn settle(self) -> ChainHead {
        let mut first = self.block.first;
        for taken in self.loads {
            let entries = u64::from(taken.load.left());
            taken.settle(first);
            first += entries;
        }
        ChainHead {
            writer: self.block.writer,
            next: self.block.end(),
            hash: self.block.hash,
        }
    }
}

/// The head of an empty chain.
pub(crate) const fn empty(writer: WriterId) -> ChainHead {
    ChainHead {
        writer,
        next: 0,
        hash: crate::GENESIS,
    }
}
