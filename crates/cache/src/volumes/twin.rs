//! The live counts in this process, by the same rules as in Redis.

use std::collections::BTreeMap;

use dancu_domain::WriterId;

use super::{Added, BlockVolumes, Totals, WriterVolumes};

/// The counts of every writer that it was told of.
#[derive(Default)]
pub(super) struct Twin(BTreeMap<WriterId, Counts>);

struct Counts {
    next: u64,
    rows: Totals,
}

impl Twin {
    pub(super) fn added(&mut self, block: &BlockVolumes) -> Added {
        match self.0.get_mut(&block.writer) {
            Some(counts) if counts.next >= block.next => Added::Repeated,
            Some(counts) if counts.next == block.first => {
                counts.next = block.next;
                for row in &block.counts {
                    *counts.rows.entry(row.key).or_default() += row.count;
                }
                Added::Counted
            }
            _ => Added::Gap,
        }
    }

    pub(super) fn rebuild(&mut self, standing: &[WriterVolumes]) {
        for writer in standing {
            if self.next(writer.writer).is_some_and(|at| at >= writer.next) {
                continue;
            }
            let rows = writer.counts.iter().map(|row| (row.key, row.count));
            let counts = Counts {
                next: writer.next,
                rows: rows.collect(),
            };
            self.0.insert(writer.writer, counts);
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals::new();
        for (key, count) in self.0.values().flat_map(|counts| &counts.rows) {
            *totals.entry(*key).or_default() += count;
        }
        totals
    }

    pub(super) fn next(&self, writer: WriterId) -> Option<u64> {
        self.0.get(&writer).map(|counts| counts.next)
    }
}
