//! The keys that must survive restarts, in a file of their own that only its owner may read.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use dancu_ledger::LedgerKeys;

use crate::error::StartError;

/// The keys of one data directory. `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// Of the pseudonyms of citizens in the ledger.
    pub pseudonym: [u8; 16],
    /// Of the hashes of request ids in ledger and log.
    pub request: [u8; 16],
    /// The ed25519 seed that signs checkpoints.
    pub checkpoint: [u8; 32],
    /// Of cursors that are given out.
    pub cursor: [u8; 32],
    /// Of cached values that leave the process.
    pub cache: [u8; 32],
}

const NAMES: [&str; 5] = ["pseudonym", "request", "checkpoint", "cursor", "cache"];

impl Keys {
    /// New keys of the operating system's randomness.
    pub fn random() -> std::io::Result<Self> {
        let mut keys = Self {
            pseudonym: [0; 16],
            request: [0; 16],
            checkpoint: [0; 32],
            cursor: [0; 32],
            cache: [0; 32],
        };
        for key in keys.each_mut() {
            getrandom::fill(key).map_err(std::io::Error::other)?;
        }
        Ok(keys)
    }

    /// Reads the file; `None` where there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, StartError> {
        let mut text = String::new();
        match File::open(path) {
            Ok(mut file) => file
                .read_to_string(&mut text)
                .map_err(StartError::data("read the file of keys"))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StartError::data("open the file of keys")(error)),
        };
        Self::parse(&text).map(Some).ok_or(StartError::KeysDamaged)
    }

    /// Writes the file, durable before it gets its name.
    pub(crate) fn write(&self, path: &Path) -> Result<(), StartError> {
        let making = path.with_extension("new");
        let write = || {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&making)?;
            file.write_all(self.text().as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&making, path)?;
            path.parent()
                .map_or(Ok(()), |dir| File::open(dir)?.sync_all())
        };
        write().map_err(StartError::data("write the file of keys"))
    }

    /// The part that the ledger needs.
    pub fn ledger(&self) -> LedgerKeys {
        LedgerKeys {
            pseudonym: self.pseudonym,
            request: self.request,
            checkpoint: self.checkpoint,
        }
    }

    fn each(&self) -> [&[u8]; 5] {
        [
            &self.pseudonym,
            &self.request,
            &self.checkpoint,
            &self.cursor,
            &self.cache,
        ]
    }

    fn each_mut(&mut self) -> [&mut [u8]; 5] {
        [
            &mut self.pseudonym,
            &mut self.request,
            &mut self.checkpoint,
            &mut self.cursor,
            &mut self.cache,
        ]
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, key) in NAMES.iter().zip(self.each()) {
            text.push_str(name);
            text.push('=');
            for byte in key {
                write!(text, "{byte:02x}").expect("a string takes every write");
            }
            text.push('\n');
        }
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut keys = Self {
            pseudonym: [0; 16],
            request: [0; 16],
            checkpoint: [0; 32],
            cursor: [0; 32],
            cache: [0; 32],
        };
        let mut lines = text.lines();
        for (name, key) in NAMES.iter().zip(keys.each_mut()) {
            let (found, digits) = lines.next()?.split_once('=')?;
            if found != *name || digits.len() != 2 * key.len() || !digits.is_ascii() {
                return None;
            }
            for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
                *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
            }
        }
        lines.next().is_none().then_some(keys)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back_as_they_were_written_and_only_their_owner_may_read_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        assert_eq!(Keys::read(&path).unwrap(), None);
        let keys = Keys::random().unwrap();
        keys.write(&path).unwrap();
        assert_eq!(Keys::read(&path).unwrap(), Some(keys.clone()));
        assert_ne!(keys, Keys::random().unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_file_of_keys_is_not_taken_for_one() {
        let text = Keys::random().unwrap().text();
        assert!(Keys::parse(&text).is_some());
        for wrong in [
            text.replace("cursor", "curses"),
            text.replace('\n', "0\n"),
            text.lines().take(4).collect::<Vec<_>>().join("\n"),
            format!("{text}more=00\n"),
            text.replacen('=', "=+", 1),
        ] {
            assert!(Keys::parse(&wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn keys_do_not_print() {
        assert_eq!(format!("{:?}", Keys::random().unwrap()), "Keys(..)");
    }
}
