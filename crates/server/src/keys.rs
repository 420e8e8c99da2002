//! The keys that must survive restarts, in a file of their own that only its owner may read.
//!
//! Instances that share a ledger or a Redis share the contents of this file. The key that seals
//! cached values rotates without a pause: the new one is first added as `cache_previous`, so that
//! every instance can open what it seals; then it changes places with the old one, which is left
//! out once nothing sealed with it can be alive any more.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use dancu_ledger::LedgerKeys;
use siphasher::sip128::SipHasher24;

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
    /// Keys that may have sealed cached values that are still alive, the newest first.
    pub cache_previous: Vec<[u8; 32]>,
}

/// The name of the lines that come after the others, as many as there are.
const PREVIOUS: &str = "cache_previous";
/// More keys than this are a mistake.
const MOST_PREVIOUS: usize = 8;

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
            cache_previous: Vec::new(),
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
        let keys = Self::parse(&text).map_err(|line| StartError::KeysDamaged {
            path: path.to_owned(),
            line,
        })?;
        warn_of_readers(path);
        Ok(Some(keys))
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

    /// The key of the names under which cached values are kept. It is drawn from a key that never
    /// changes, so that a rotation loses no value.
    pub(crate) fn names(&self) -> [u8; 16] {
        SipHasher24::new_with_key(&self.pseudonym)
            .hash(b"dancu names of cached values")
            .as_bytes()
    }

    /// The key of what stands for the unknown in recordings of traffic. Drawn from another one, so
    /// that a recording cannot be held beside log or ledger.
    pub(crate) fn recording(&self) -> [u8; 16] {
        SipHasher24::new_with_key(&self.request)
            .hash(b"dancu recordings of traffic")
            .as_bytes()
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
        let named = NAMES.iter().copied().zip(self.each());
        let previous = self.cache_previous.iter().map(|key| (PREVIOUS, &key[..]));
        for (name, key) in named.chain(previous) {
            text.push_str(name);
            text.push('=');
            for byte in key {
                write!(text, "{byte:02x}").expect("a string takes every write");
            }
            text.push('\n');
        }
        text
    }

    /// Reads the text of a file. What fails is the number of the first line that is not as it must be.
    fn parse(text: &str) -> Result<Self, usize> {
        let mut keys = Self {
            pseudonym: [0; 16],
            request: [0; 16],
            checkpoint: [0; 32],
            cursor: [0; 32],
            cache: [0; 32],
            cache_previous: Vec::new(),
        };
        let mut lines = text.lines();
        let named = NAMES.iter().zip(keys.each_mut()).enumerate();
        for (nth, (name, key)) in named {
            let read = lines.next().and_then(|line| read_key(line, name, key));
            read.ok_or(nth + 1)?;
        }
        for (nth, line) in lines.enumerate() {
            let mut key = [0; 32];
            let read = read_key(line, PREVIOUS, &mut key).filter(|()| nth < MOST_PREVIOUS);
            read.ok_or(NAMES.len() + nth + 1)?;
            keys.cache_previous.push(key);
        }
        Ok(keys)
    }
}

/// Says so when others can read the file.
fn warn_of_readers(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map(|at| at.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o077 != 0) {
            tracing::warn!(
                path = %path.display(),
                "others can read the file of keys: chmod 600"
            );
        }
    }
}

/// What the line of this number in a file of keys must be.
pub(crate) fn must_be(line: usize) -> String {
    let nth = line.saturating_sub(1);
    let name = NAMES.get(nth).copied().unwrap_or(PREVIOUS);
    let digits = match nth {
        0 | 1 => 32,
        _ => 64,
    };
    if nth >= NAMES.len() + MOST_PREVIOUS {
        return format!("left out: there are at most {MOST_PREVIOUS} of `{PREVIOUS}`");
    }
    format!("`{name}=` and {digits} hexadecimal digits")
}

/// Reads a line of this name into a key.
fn read_key(line: &str, name: &str, key: &mut [u8]) -> Option<()> {
    let (found, digits) = line.split_once('=')?;
    let all_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if found != name || digits.len() != 2 * key.len() || !all_hex {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(())
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
        assert!(Keys::parse(&text).is_ok());
        for (wrong, line) in [
            (text.replace("cursor", "curses"), 4),
            (text.replace('\n', "0\n"), 1),
            (text.lines().take(4).collect::<Vec<_>>().join("\n"), 5),
            (format!("{text}more=00\n"), 6),
            (format!("{text}cache={}\n", "ab".repeat(32)), 6),
            (text.replacen('=', "=+", 1), 1),
        ] {
            assert_eq!(Keys::parse(&wrong), Err(line), "{wrong}");
        }
        assert_eq!(must_be(4), "`cursor=` and 64 hexadecimal digits");
        assert_eq!(must_be(6), "`cache_previous=` and 64 hexadecimal digits");
    }

    #[test]
    fn a_key_that_sealed_before_is_read_back_and_nothing_else_may_follow() {
        let mut keys = Keys::random().unwrap();
        keys.cache_previous = vec![[1; 32], [2; 32]];
        let text = keys.text();
        assert_eq!(Keys::parse(&text), Ok(keys));
        let short = format!("{text}cache_previous=00\n");
        assert_eq!(Keys::parse(&short), Err(8));
        let one = format!("cache_previous={}\n", "ab".repeat(32));
        let seven = format!("{text}{}", one.repeat(7));
        assert_eq!(Keys::parse(&seven), Err(14));
        assert!(must_be(14).starts_with("left out"));
        assert!(Keys::parse(&format!("{text}{}", one.repeat(6))).is_ok());
        assert_eq!(Keys::parse(&format!("{one}{text}")), Err(1));
    }

    #[test]
    fn keys_do_not_print() {
        assert_eq!(format!("{:?}", Keys::random().unwrap()), "Keys(..)");
    }
}
