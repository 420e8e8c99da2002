//! The frames of a recording's files, one after the other.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use dancu_wire::pb::recording::{Exchange, Frame, Gap, Header, Item, List, frame, item::Subject};
use prost::Message as _;
use serde::Serialize;

/// The form that is read here.
pub(super) const FORM: u32 = 2;
/// A frame that says it is longer is none: a message has at most a thousand items.
const MOST: u64 = 16 << 20;

/// The first bytes of what zstd packed.
const PACKED: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why a file cannot be read.
#[derive(Debug)]
pub enum RecordingError {
    /// It cannot be opened or read.
    Unreadable(PathBuf, io::Error),
    /// It is no recording, or one of another form.
    NoRecording(PathBuf, &'static str),
    /// Its bytes are not what was written, from somewhere on.
    Damaged(Damage),
    /// Files that do not belong together.
    Apart(PathBuf, &'static str),
}

/// Where a file is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Which file.
    pub file: String,
    /// How many messages can be read before it.
    pub messages: u64,
    /// The byte, of what the file holds unpacked, at which what cannot be read begins.
    pub byte: u64,
    /// About which byte of the file itself that is: it is unpacked in blocks.
    pub near: u64,
    /// What is wrong there.
    pub why: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            messages,
            byte,
            near,
            why,
        } = self;
        write!(
            f,
            "{file}: damaged behind {messages} messages, at byte {byte} of what it holds unpacked, \
             near byte {near} of the file: {why}"
        )
    }
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, _) => write!(f, "read {}", path.display()),
            Self::NoRecording(path, why) => write!(f, "{}: {why}", path.display()),
            Self::Damaged(damage) => damage.fmt(f),
            Self::Apart(path, why) => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl std::error::Error for RecordingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, error) => Some(error),
            _ => None,
        }
    }
}

/// What stands in a recording behind its header.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A message and its answer.
    Exchange(Box<Exchange>),
    /// Messages that are missing.
    Gap(Gap),
    /// The file was cut off here.
    Cut,
}

/// One file, read from its beginning to its end.
pub struct Reader {
    path: PathBuf,
    header: Header,
    bytes: BufReader<zstd::stream::read::Decoder<'static, Counted>>,
    /// Unpacked bytes that were read.
    at: u64,
    /// Of those, where the last frame began.
    frame_at: u64,
    messages: u64,
    over: bool,
}

/// A file that knows how much of it was unpacked.
struct Counted {
    file: BufReader<File>,
    bytes: u64,
    /// Whether it hands out a byte at a time. What is unpacked out of the same bytes as something
    /// damaged goes with it: so what stands before is all there.
    single: bool,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.file.fill_buf()?;
        let most = if self.single { 1 } else { bytes.len() };
        Ok(&bytes[..most.min(bytes.len())])
    }

    fn consume(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.file.consume(bytes);
    }
}

/// Opens a file and reads its header. One that zstd packed, and whose header cannot be unpacked, is
/// damaged from its first byte on.
pub fn open(path: &Path) -> Result<Reader, RecordingError> {
    let unreadable = |error| RecordingError::Unreadable(path.to_owned(), error);
    let none = |why| RecordingError::NoRecording(path.to_owned(), why);
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let packed = file.fill_buf().map_err(unreadable)?.starts_with(&PACKED);
    let file = Counted {
        file,
        bytes: 0,
        single: true,
    };
    let decoder = zstd::stream::read::Decoder::with_buffer(file).map_err(unreadable)?;
    let mut reader = Reader {
        path: path.to_owned(),
        header: Header::default(),
        bytes: BufReader::new(decoder),
        at: 0,
        frame_at: 0,
        messages: 0,
        over: false,
    };
    match reader.frame() {
        Ok(Some(frame::Frame::Header(header))) if header.form == FORM => reader.header = header,
        Ok(Some(frame::Frame::Header(_))) => {
            return Err(none("is of a form that this build does not read"));
        }
        Err(Broken::Io(error)) if error.raw_os_error().is_some() => return Err(unreadable(error)),
        Err(Broken::Io(error)) if packed => return Err(reader.damaged(&error)),
        // Something else that was packed ends whole.
        Err(Broken::Cut) if packed && reader.bytes.read(&mut [0]).is_err() => {
            return Err(reader.damaged(&"the file ends within its header"));
        }
        _ => return Err(none("is no recording of traffic")),
    }
    reader.bytes.get_mut().get_mut().single = false;
    Ok(reader)
}

/// Why a frame cannot be read.
enum Broken {
    /// The file ends in the middle of it.
    Cut,
    /// Its bytes are none.
    Strange,
    /// The file cannot be read.
    Io(io::Error),
}

impl Reader {
    /// The header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Which file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next entry; `None` at the end.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator of results would be asked on after its first error"
    )]
    pub fn next(&mut self) -> Result<Option<Entry>, RecordingError> {
        if self.over {
            return Ok(None);
        }
        match self.frame() {
            Ok(Some(frame::Frame::Exchange(exchange))) => {
                self.messages += 1;
                Ok(Some(Entry::Exchange(Box::new(exchange))))
            }
            Ok(Some(frame::Frame::Gap(gap))) => Ok(Some(Entry::Gap(gap))),
            Ok(None) => {
                self.over = true;
                Ok(None)
            }
            Err(Broken::Cut) => {
                self.over = true;
                Ok(Some(Entry::Cut))
            }
            // What the system says of the file; all else is what its bytes are like.
            Err(Broken::Io(error)) if error.raw_os_error().is_some() => {
                Err(RecordingError::Unreadable(self.path.clone(), error))
            }
            Err(Broken::Io(error)) => Err(self.damaged(&error)),
            Ok(Some(frame::Frame::Header(_))) => Err(self.damaged(&"a second header")),
            Err(Broken::Strange) => Err(self.damaged(&"this is no message")),
        }
    }

    /// How many messages and unpacked bytes were read so far, and bytes of the file itself.
    pub(super) fn read_so_far(&self) -> (u64, u64, u64) {
        let packed = self.bytes.get_ref().get_ref().bytes;
        (self.messages, self.at, packed)
    }

    fn damaged(&mut self, why: &dyn fmt::Display) -> RecordingError {
        self.over = true;
        RecordingError::Damaged(Damage {
            file: self.path.display().to_string(),
            messages: self.messages,
            byte: self.frame_at,
            near: self.bytes.get_ref().get_ref().bytes,
            why: why.to_string(),
        })
    }

    fn frame(&mut self) -> Result<Option<frame::Frame>, Broken> {
        self.frame_at = self.at;
        let Some(length) = self.length()? else {
            return Ok(None);
        };
        if length > MOST {
            return Err(Broken::Strange);
        }
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes)?;
        let frame = Frame::decode(bytes.as_slice()).map_err(|_| Broken::Strange)?;
        let mut frame = frame.frame.ok_or(Broken::Strange)?;
        if let frame::Frame::Exchange(exchange) = &mut frame
            && let Some(list) = exchange.list.take()
        {
            exchange.items = whole(list).ok_or(Broken::Strange)?;
        }
        Ok(Some(frame))
    }

    /// The length of the next frame; `None` where the file ends before it.
    fn length(&mut self) -> Result<Option<u64>, Broken> {
        let mut length = 0_u64;
        for shift in (0..64).step_by(7) {
            let mut byte = [0];
            match self.bytes.read(&mut byte) {
                Ok(0) if shift == 0 => return Ok(None),
                Ok(0) => return Err(Broken::Cut),
                Ok(_) => self.at += 1,
                Err(error) => return Err(broken(error)),
            }
            length |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                return Ok(Some(length));
            }
        }
        Err(Broken::Strange)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Broken> {
        self.bytes.read_exact(bytes).map_err(broken)?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

/// The items of a list, each as a whole; `None` where its columns do not fit each other.
fn whole(list: List) -> Option<Vec<Item>> {
    let List {
        kinds,
        kind,
        citizens,
        others,
    } = list;
    let kind = if kind.is_empty() {
        vec![1; citizens.len()]
    } else {
        kind
    };
    let (mut citizens, mut others) = (citizens.into_iter(), others.into_iter());
    let mut items = Vec::with_capacity(kind.len());
    for kind in kind {
        let item = match kind {
            0 => others.next()?,
            kind => Item {
                subject: Some(Subject::Citizen(citizens.next()?)),
                ..kinds.get(kind as usize - 1)?.clone()
            },
        };
        items.push(item);
    }
    (citizens.next().is_none() && others.next().is_none()).then_some(items)
}

/// A stream of zstd that was not ended is a file that was cut off.
fn broken(error: io::Error) -> Broken {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Broken::Cut,
        _ => Broken::Io(error),
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("path", &self.path)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_whose_columns_do_not_fit_each_other_is_no_list() {
        let list = |kind: &[u32], citizens: &[u64], others: u32| List {
            kinds: vec![version(4), version(5)],
            kind: kind.to_vec(),
            citizens: citizens.to_vec(),
            others: (0..others).map(version).collect(),
        };
        let items = whole(list(&[2, 0, 1], &[70, 7], 1)).unwrap();
        let told: Vec<_> = items.iter().map(|i| (i.subject, i.version)).collect();
        let citizen = |place| Some(Subject::Citizen(place));
        assert_eq!(told, [(citizen(70), 5), (None, 0), (citizen(7), 4)]);
        let all = whole(list(&[], &[1, 2, 3], 0)).unwrap();
        assert!(all.len() == 3 && all.iter().all(|item| item.version == 4));
        for (kind, citizens, others) in [
            (&[1, 1][..], &[7][..], 0),
            (&[1], &[7, 8], 0),
            (&[3], &[7], 0),
            (&[0], &[], 0),
            (&[0], &[], 2),
            (&[], &[7], 1),
        ] {
            assert!(whole(list(kind, citizens, others)).is_none(), "{kind:?}");
        }
    }

    fn version(version: u32) -> Item {
        Item {
            version,
            ..Item::default()
        }
    }
}
