//! How far a replay has come: a file of lines, one for each message that was acknowledged, written
//! before anything that had to wait for it is sent.
//!
//! The first line says which replay it is. A push has a line of its own before it is sent: of one
//! that was on its way when a replay was killed nobody knows whether it was applied. A line that was
//! cut off by a kill is none.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::kept::Kept;

/// What the first line begins with.
const MARK: &str = "dancu-replay 2";
/// What a line of a push begins with that is to be sent.
const SENT: char = '>';

/// What makes a replay the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// Stands in every request id.
    pub(super) run: String,
    /// What is replayed: the recordings, the window, the filters.
    pub(super) of: String,
}

/// Why a file of positions cannot be used.
#[derive(Debug)]
pub enum PositionError {
    /// It cannot be read or written.
    File(io::Error),
    /// It is no file of positions, or one of an earlier build.
    NotOne,
    /// It belongs to a replay of something else.
    Another,
    /// Another replay is writing to it.
    InUse,
}

impl fmt::Display for PositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File(_) => "read and write the file",
            Self::NotOne => "it is no file of a replay's position, or one of another build",
            Self::Another => {
                "it is of a replay of other recordings, another window or filter, or of a recording \
                 that has grown since"
            }
            Self::InUse => "another replay is writing to it",
        })
    }
}

impl std::error::Error for PositionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}

/// The file, and what it said when it was opened.
#[derive(Debug, Default)]
pub(super) struct Position {
    file: Option<File>,
    /// How long the file is, up to its last whole line.
    length: u64,
    /// Whether a line could not be written: none is written behind it.
    is_broken: bool,
    acknowledged: HashMap<u64, Kept>,
    /// What was sent before this replay began.
    sent: HashSet<u64>,
}

impl Position {
    /// Nothing is kept.
    pub(super) fn nowhere() -> Self {
        Self::default()
    }

    /// Opens the file, or begins it. The identity is that of the file where it was there.
    pub(super) fn open(path: &Path, fresh: Identity) -> Result<(Self, Identity), PositionError> {
        let mut bytes = Vec::new();
        let mut options = OpenOptions::new();
        options.create(true).read(true).write(true).truncate(false);
        let mut file = options.open(path).map_err(PositionError::File)?;
        // The lock goes with the file, however this process ends.
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => PositionError::InUse,
            TryLockError::Error(error) => PositionError::File(error),
        })?;
        file.read_to_end(&mut bytes).map_err(PositionError::File)?;
        // Whatever stands behind the last end of a line was cut off.
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = &bytes[..end.map_or(0, |end| end + 1)];
        let whole = std::str::from_utf8(whole).map_err(|_| PositionError::NotOne)?;
        let mut position = Self {
            file: Some(file),
            ..Self::default()
        };
        let mut lines = whole.lines();
        let Some(first) = lines.next() else {
            let begun = &bytes[..bytes.len().min(MARK.len())];
            if !MARK.as_bytes().starts_with(begun) {
                return Err(PositionError::NotOne);
            }
            position.begin(&format!("{MARK}\t{}\t{}\n", fresh.run, fresh.of), 0)?;
            return Ok((position, fresh));
        };
        let mut words = first.split('\t');
        let (Some(MARK), Some(run), Some(of)) = (words.next(), words.next(), words.next()) else {
            return Err(PositionError::NotOne);
        };
        if of != fresh.of {
            return Err(PositionError::Another);
        }
        for line in lines {
            if let Some(place) = line.strip_prefix(SENT) {
                let place = place.parse().map_err(|_| PositionError::NotOne)?;
                position.sent.insert(place);
                continue;
            }
            let (place, kept) = line.split_once('\t').unwrap_or((line, ""));
            let place = place.parse().map_err(|_| PositionError::NotOne)?;
            let kept = Kept::read(kept).ok_or(PositionError::NotOne)?;
            position.sent.remove(&place);
            position.acknowledged.insert(place, kept);
        }
        let run = run.to_owned();
        position.begin("", whole.len() as u64)?;
        Ok((position, Identity { run, ..fresh }))
    }

    fn begin(&mut self, line: &str, from: u64) -> Result<(), PositionError> {
        use std::io::{Seek as _, SeekFrom};
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut begin = || {
            file.set_len(from)?;
            file.seek(SeekFrom::Start(from))?;
            file.write_all(line.as_bytes())
        };
        begin().map_err(PositionError::File)?;
        self.length = from + line.len() as u64;
        Ok(())
    }

    /// What became of a message that was acknowledged before this replay began.
    pub(super) fn take(&mut self, position: u64) -> Option<Kept> {
        self.acknowledged.remove(&position)
    }

    /// Whether a push was sent before this replay began; its answer is not known.
    pub(super) fn was_sent(&self, position: u64) -> bool {
        self.sent.contains(&position)
    }

    /// Writes that a push is to be sent, unless that stands there.
    pub(super) fn sends(&mut self, position: u64) -> io::Result<()> {
        if self.file.is_none() || !self.sent.insert(position) {
            return Ok(());
        }
        self.write(&format!("{SENT}{position}\n"))
    }

    /// Writes that a message was acknowledged. A kill of this process takes nothing back.
    pub(super) fn acknowledge(&mut self, position: u64, kept: &Kept) -> io::Result<()> {
        self.sent.remove(&position);
        self.write(&match kept {
            Kept::Same => format!("{position}\n"),
            Kept::Other(_) => format!("{position}\t{kept}\n"),
        })
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        if self.is_broken {
            return Err(io::Error::other("an earlier line could not be written"));
        }
        if let Err(error) = file.write_all(line.as_bytes()) {
            self.is_broken = true;
            // Whoever goes on leaves a line without an end out, so that it may stay where the system
            // does not take it back either.
            let _ = file.set_len(self.length);
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::kept::Ends;
    use super::*;
    use dancu_domain::Outcome;

    fn fresh(of: &str) -> Identity {
        Identity {
            run: "run".to_owned(),
            of: of.to_owned(),
        }
    }

    #[test]
    fn what_was_acknowledged_is_known_again_and_a_line_that_was_cut_is_not() {
        let path = std::env::temp_dir().join(format!("dancu-position-{}", std::process::id()));
        let other = Kept::Other(Ends {
            different: 3,
            applied_before: 0,
            outcomes: vec![Some(Outcome::Found), None, Some(Outcome::NoMatch)],
        });
        let (mut position, _) = Position::open(&path, fresh("a")).unwrap();
        position.acknowledge(3, &Kept::Same).unwrap();
        position.acknowledge(12, &other).unwrap();
        position.acknowledge(123, &Kept::Same).unwrap();
        drop(position);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 2]).unwrap();
        let again = Identity {
            run: "another".to_owned(),
            of: "a".to_owned(),
        };
        let (mut position, identity) = Position::open(&path, again).unwrap();
        assert_eq!(identity, fresh("a"), "the run goes on under its own name");
        assert_eq!(position.take(3), Some(Kept::Same));
        assert_eq!(position.take(12), Some(other));
        assert_eq!(position.take(12), None);
        assert_eq!((position.take(123), position.take(1)), (None, None));
        position.acknowledge(124, &Kept::Same).unwrap();
        drop(position);
        let (mut position, _) = Position::open(&path, fresh("a")).unwrap();
        assert_eq!(position.take(124), Some(Kept::Same));
        drop(position);
        let wrong = Position::open(&path, fresh("b"));
        assert!(matches!(wrong, Err(PositionError::Another)));
        std::fs::write(&path, "something else\n").unwrap();
        let wrong = Position::open(&path, fresh("a"));
        assert!(matches!(wrong, Err(PositionError::NotOne)));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_of_something_else_is_none_wherever_its_characters_end() {
        let name = format!("dancu-position-none-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // The last two straddle the length of the mark: as text, and as bytes that are none.
        for bytes in [
            "dancu-repla",
            "dancu-x",
            "xxxxxxxxxxxxx\u{1ea1}",
            "d\u{1ea1}",
        ]
        .map(str::as_bytes)
        .into_iter()
        .chain([
            &b"xxxxxxxxxxxx\xff\xff"[..],
            b"\xff\n",
            b"dancu-replay 2\trun\ta\n\xff\n",
            b"dancu-replay 1\trun\ta\n3\n",
        ]) {
            std::fs::write(&path, bytes).unwrap();
            let opened = Position::open(&path, fresh("a"));
            if bytes == b"dancu-repla" {
                assert!(
                    opened.is_ok(),
                    "a mark that was cut off is one that was begun"
                );
            } else {
                assert!(matches!(opened, Err(PositionError::NotOne)), "{bytes:?}");
                assert_eq!(std::fs::read(&path).unwrap(), bytes, "it is left alone");
            }
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn behind_a_line_that_could_not_be_written_there_is_none() {
        let name = format!("dancu-position-full-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let (mut position, _) = Position::open(&path, fresh("a")).unwrap();
        position.acknowledge(3, &Kept::Same).unwrap();
        let before = std::fs::read(&path).unwrap();
        // For a moment nothing can be written.
        let writes = position.file.replace(File::open(&path).unwrap());
        assert!(position.acknowledge(4, &Kept::Same).is_err());
        position.file = writes;
        assert!(position.acknowledge(5, &Kept::Same).is_err());
        assert!(position.sends(6).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), before);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_push_that_was_on_its_way_is_known_and_one_that_was_answered_is_none() {
        let name = format!("dancu-position-sent-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let (mut position, _) = Position::open(&path, fresh("a")).unwrap();
        position.sends(3).unwrap();
        position.sends(4).unwrap();
        position.acknowledge(3, &Kept::Same).unwrap();
        drop(position);
        let (mut position, _) = Position::open(&path, fresh("a")).unwrap();
        let sent = |position: &Position| [3, 4, 5].map(|at| position.was_sent(at));
        assert_eq!(sent(&position), [false, true, false]);
        position.sends(4).unwrap();
        drop(position);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(">4\n").count(), 1, "once is enough: {text}");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_is_that_of_one_replay_at_a_time() {
        let name = format!("dancu-position-twice-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let (mut position, _) = Position::open(&path, fresh("a")).unwrap();
        position.acknowledge(3, &Kept::Same).unwrap();
        let second = Position::open(&path, fresh("a"));
        assert!(matches!(second, Err(PositionError::InUse)), "{second:?}");
        position.acknowledge(4, &Kept::Same).unwrap();
        drop(position);
        let (mut position, _) = Position::open(&path, fresh("a")).unwrap();
        assert_eq!(position.take(3), Some(Kept::Same));
        assert_eq!(position.take(4), Some(Kept::Same));
        std::fs::remove_file(&path).unwrap();
    }
}
