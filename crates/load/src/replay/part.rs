//! One file twice: read through before anything of it is asked, and then entry by entry, no further
//! than it was then.

use std::path::Path;

use super::frames::{Entry, Reader, RecordingError, open};

/// What a file held when it was read through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Through {
    /// Entries, a cut not among them.
    entries: u64,
    /// Whether it was cut off behind them.
    is_cut: bool,
    /// How many of the entries are messages.
    pub(super) messages: u64,
    /// Bytes, unpacked.
    pub(super) bytes: u64,
    /// Bytes of the file itself.
    packed: u64,
}

impl Through {
    /// Reads up to the end, or for as long as it is to go on.
    pub(super) fn read(
        mut reader: Reader,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Self, RecordingError> {
        let (mut entries, mut is_cut) = (0, false);
        while goes_on()
            && let Some(entry) = reader.next()?
        {
            is_cut = matches!(entry, Entry::Cut);
            entries += u64::from(!is_cut);
        }
        let (messages, bytes, packed) = reader.read_so_far();
        Ok(Self {
            entries,
            is_cut,
            messages,
            bytes,
            packed,
        })
    }
}

/// A file that is read again.
#[derive(Debug)]
pub(super) struct Part {
    reader: Reader,
    held: Through,
    /// How many entries it has still to give.
    left: u64,
}

impl Part {
    pub(super) fn open(path: &Path, held: Through) -> Result<Self, RecordingError> {
        Ok(Self {
            reader: open(path)?,
            held,
            left: held.entries,
        })
    }

    /// The next of what was read through. Whatever was written since is not looked at: it may be what
    /// this very replay is recorded by.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, RecordingError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.reader.next()
    }

    /// Whether it was cut off when it was read through.
    pub(super) const fn was_cut(&self) -> bool {
        self.held.is_cut
    }

    /// Whether the file is longer than when it was read through.
    pub(super) fn has_grown(&self) -> bool {
        let length = std::fs::metadata(self.reader.path()).map(|file| file.len());
        length.is_ok_and(|length| length > self.held.packed)
    }
}
