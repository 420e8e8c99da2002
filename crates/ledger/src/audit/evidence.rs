//! What a file of checkpoints proves.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use dancu_domain::WriterId;
use ed25519_dalek::VerifyingKey;

use super::verify::{BadCheckpoint, CheckpointFault};
use crate::checkpoint::{Checkpoint, line_hash};

/// A place in a chain that a signed line vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) next: u64,
    pub(crate) hash: [u8; 32],
    /// The number of the line, from 1.
    pub(crate) line: u64,
}

/// Everything that the file says, and what is wrong with the file itself.
#[derive(Default)]
pub(crate) struct Evidence {
    /// By writer, in the order of the lines; repeats of the line before are left out.
    pub(crate) marks: BTreeMap<WriterId, Vec<Mark>>,
    /// The last digest of a writer's counts, and how many entries it counts.
    pub(crate) totals: BTreeMap<WriterId, (u64, [u8; 32])>,
    pub(crate) lines: u64,
    /// How many entries the first line's own writer had.
    pub(crate) begun_at: u64,
    pub(crate) fault: Option<BadCheckpoint>,
}

impl Evidence {
    /// Reads the file. A line that carries the signature counts as evidence even behind one that
    /// does not; the first fault is kept. A last line without an end was cut short by a kill and
    /// never counted.
    pub(crate) fn read(path: &Path, key: &VerifyingKey) -> io::Result<Self> {
        let mut evidence = Self::default();
        let mut reader = BufReader::new(File::open(path)?);
        let mut expected: Option<(u64, [u8; 32])> = Some((0, [0; 32]));
        let mut line = Vec::new();
        loop {
            line.clear();
            reader.read_until(b'\n', &mut line)?;
            if line.pop() != Some(b'\n') {
                return Ok(evidence);
            }
            evidence.lines += 1;
            let Some((text, checkpoint)) = signed(&line, key) else {
                evidence.blame(CheckpointFault::Signature);
                expected = None;
                continue;
            };
            if let Some((sequence, previous)) = expected
                && (checkpoint.sequence != sequence || checkpoint.previous != previous)
            {
                evidence.blame(CheckpointFault::Chain);
            }
            expected = Some((checkpoint.sequence + 1, line_hash(text)));
            evidence.take(&checkpoint);
        }
    }

    fn take(&mut self, checkpoint: &Checkpoint) {
        let mut back = false;
        for head in &checkpoint.heads {
            let marks = self.marks.entry(head.writer).or_default();
            let mark = Mark {
                next: head.next,
                hash: head.hash,
                line: self.lines,
            };
            match marks.last() {
                Some(last) if last.next == mark.next && last.hash == mark.hash => {}
                Some(last) if last.next >= mark.next => back = true,
                _ => marks.push(mark),
            }
            if head.writer == checkpoint.writer {
                if self.lines == 1 {
                    self.begun_at = head.next;
                }
                self.totals
                    .insert(head.writer, (head.next, checkpoint.totals));
            }
        }
        if back {
            self.blame(CheckpointFault::WentBack);
        }
    }

    fn blame(&mut self, why: CheckpointFault) {
        let line = self.lines;
        self.fault.get_or_insert(BadCheckpoint { line, why });
    }
}

fn signed<'a>(line: &'a [u8], key: &VerifyingKey) -> Option<(&'a str, Checkpoint)> {
    let text = std::str::from_utf8(line).ok()?;
    Some((text, Checkpoint::read(text, key)?))
}
