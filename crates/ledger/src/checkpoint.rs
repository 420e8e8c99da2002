//! Signed checkpoints: one line of text each, appended to a file outside the database.
//!
//! `dancu-checkpoint-1 sequence=N at=MS heads=WRITER:NEXT:HASH,… totals=WRITER:DIGEST
//! previous=DIGEST signature=…` on one line, with single spaces. `heads` names every chain that
//! has entries, in the order of the writers; `totals` is SHA-256 over the counts of the writer
//! that signs; `previous` is SHA-256 of the line before, zeros for the first; the signature is
//! ed25519 over the line up to the space before `signature=`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use dancu_domain::{Timestamp, WriterId};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::bytes::{hex, unhex};
use crate::{ChainHead, LedgerKeys};

const TAG: &str = "dancu-checkpoint-1";

/// The longest line that is looked for at the end of the file.
const LONGEST: u64 = 1 << 20;

/// What one line vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) sequence: u64,
    pub(crate) at: Timestamp,
    pub(crate) heads: Vec<ChainHead>,
    pub(crate) writer: WriterId,
    pub(crate) totals: [u8; 32],
    pub(crate) previous: [u8; 32],
}

impl Checkpoint {
    /// The line, signed, without its end.
    pub(crate) fn line(&self, keys: &LedgerKeys) -> String {
        let body = self.body();
        let signature = hex(&keys.sign(body.as_bytes()));
        format!("{body} signature={signature}")
    }

    fn body(&self) -> String {
        let heads: Vec<_> = self
            .heads
            .iter()
            .map(|head| format!("{}:{}:{}", head.writer.0, head.next, hex(&head.hash)))
            .collect();
        format!(
            "{TAG} sequence={} at={} heads={} totals={}:{} previous={}",
            self.sequence,
            self.at.0,
            heads.join(","),
            self.writer.0,
            hex(&self.totals),
            hex(&self.previous)
        )
    }

    /// Reads a line that carries the signature of this key; `None` for any other.
    pub(crate) fn read(line: &str, key: &VerifyingKey) -> Option<Self> {
        let (body, signature) = line.rsplit_once(" signature=")?;
        let signature = Signature::from_bytes(&unhex(signature)?);
        key.verify_strict(body.as_bytes(), &signature).ok()?;
        let mut fields = body.split(' ');
        if fields.next()? != TAG {
            return None;
        }
        let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
        let sequence = field("sequence")?.parse().ok()?;
        let at = Timestamp(field("at")?.parse().ok()?);
        let heads = match field("heads")? {
            "" => Vec::new(),
            heads => heads.split(',').map(head).collect::<Option<_>>()?,
        };
        let (writer, totals) = field("totals")?.split_once(':')?;
        let checkpoint = Self {
            sequence,
            at,
            heads,
            writer: WriterId(writer.parse().ok()?),
            totals: unhex(totals)?,
            previous: unhex(field("previous")?)?,
        };
        // What was signed is exactly what is understood.
        (checkpoint.body() == body).then_some(checkpoint)
    }
}

fn head(text: &str) -> Option<ChainHead> {
    let (writer, rest) = text.split_once(':')?;
    let (next, hash) = rest.split_once(':')?;
    Some(ChainHead {
        writer: WriterId(writer.parse().ok()?),
        next: next.parse().ok()?,
        hash: unhex(hash)?,
    })
}

/// SHA-256 of a line without its end.
pub(crate) fn line_hash(line: &str) -> [u8; 32] {
    Sha256::digest(line.as_bytes()).into()
}

/// The key with these bytes, if they are one.
pub(crate) fn verifying_key(bytes: &[u8; 32]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(bytes).ok()
}

/// Why a file of checkpoints cannot be gone on with.
pub(crate) enum FileFault {
    Io(io::Error),
    Foreign,
}

impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The file, where the next line goes.
#[derive(Clone, Debug)]
pub(crate) struct CheckpointFile {
    path: PathBuf,
    /// The bytes that hold whole lines; what a failed write left behind them is cut away.
    length: u64,
    pub(crate) sequence: u64,
    pub(crate) previous: [u8; 32],
}

impl CheckpointFile {
    /// Looks into the file; the last whole line, where there is one, comes along. A file that is
    /// not there yet is made by the first line.
    pub(crate) fn open(
        path: &Path,
        key: &VerifyingKey,
    ) -> Result<(Self, Option<Checkpoint>), FileFault> {
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let empty = Self {
            path: path.to_owned(),
            length: 0,
            sequence: 0,
            previous: [0; 32],
        };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((empty, None)),
            Err(error) => return Err(error.into()),
        };
        let size = file.metadata()?.len();
        let start = size.saturating_sub(LONGEST);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        // A line that a kill cut short has no end and never counted.
        let whole = tail.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        let mut opened = Self {
            length: start + whole as u64,
            ..empty
        };
        if whole == 0 {
            return if start == 0 {
                Ok((opened, None))
            } else {
                Err(FileFault::Foreign)
            };
        }
        let text = std::str::from_utf8(&tail[..whole - 1]).map_err(|_| FileFault::Foreign)?;
        let line = text.rsplit('\n').next().unwrap_or(text);
        let last = Checkpoint::read(line, key).ok_or(FileFault::Foreign)?;
        opened.sequence = last.sequence + 1;
        opened.previous = line_hash(line);
        Ok((opened, Some(last)))
    }

    /// Whether a line could be appended, as far as that shows without appending one.
    pub(crate) fn may_grow(&self) -> io::Result<()> {
        match OpenOptions::new().write(true).open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The file itself is made by its first line.
                let beside = self.path.with_extension("try");
                File::create(&beside)?;
                std::fs::remove_file(&beside)
            }
            opened => opened.map(drop),
        }
    }

    /// Appends a line and waits until it is on the disk.
    pub(crate) fn append(mut self, line: &str) -> io::Result<Self> {
        let first = self.length == 0;
        let mut file = OpenOptions::new()
            .create(first)
            .truncate(false)
            .write(true)
            .open(&self.path)?;
        file.set_len(self.length)?;
        file.seek(SeekFrom::Start(self.length))?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()?;
        if first {
            sync_folder(&self.path)?;
        }
        self.length += line.len() as u64 + 1;
        self.sequence += 1;
        self.previous = line_hash(line);
        Ok(self)
    }
}

/// Makes a new file's name durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
