//! The items of a long message as columns, one beside the other.

use super::encode::{bytes, message, varint};
use super::notes::{Kind, RowNote};

/// Kinds that are remembered while a message is written.
const SLOTS: usize = 64;

/// The columns of a message that is being written; kept for the next one.
pub(super) struct Columns {
    kinds: Vec<u8>,
    kind: Vec<u8>,
    citizens: Vec<u8>,
    others: Vec<u8>,
    /// How many kinds there are.
    count: u32,
    /// Kinds with their places, each where its bits lead. One that drives out another makes it stand
    /// in the column twice, which is no harm.
    slots: Box<[Option<(Kind, RowNote, u32)>; SLOTS]>,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            kind: Vec::new(),
            citizens: Vec::new(),
            others: Vec::new(),
            count: 0,
            slots: Box::new([None; SLOTS]),
        }
    }
}

impl Columns {
    /// Begins another message.
    pub(super) fn clear(&mut self) {
        let Self {
            kinds,
            kind,
            citizens,
            others,
            ..
        } = self;
        for column in [kinds, kind, citizens, others] {
            column.clear();
        }
        self.count = 0;
        self.slots.fill(None);
    }

    /// Adds an item of a citizen; `write` writes what it has in common with others.
    pub(super) fn citizen(
        &mut self,
        place: u64,
        (kind, row): (Kind, RowNote),
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let spread =
            (kind.bits() ^ u64::from(row.held.bits()) << 7 ^ u64::from(row.differed.bits()))
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = &mut self.slots[(spread >> 58) as usize];
        let number = match slot {
            Some((of, with, number)) if *of == kind && *with == row => *number,
            _ => {
                self.count += 1;
                *slot = Some((kind, row, self.count));
                message(&mut self.kinds, 1, write);
                self.count
            }
        };
        varint(&mut self.kind, number.into());
        varint(&mut self.citizens, place);
    }

    /// Adds an item of which more is to be said, which `write` writes as a whole.
    pub(super) fn other(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        varint(&mut self.kind, 0);
        message(&mut self.others, 4, write);
    }

    /// Appends all of it.
    pub(super) fn append(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.kinds);
        if self.count > 1 || !self.others.is_empty() {
            bytes(out, 2, &self.kind);
        }
        bytes(out, 3, &self.citizens);
        out.extend_from_slice(&self.others);
    }
}
