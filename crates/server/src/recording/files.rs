//! The files of a recording: begun anew by size and by age, and the oldest removed so that all
//! together stay within their bound.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use dancu_wire::pb::recording::{Frame, Header, frame};
use prost::Message as _;

use crate::config::RecordingConfig;

/// How the name of every file of a recording ends.
const ENDING: &str = ".dancu-recording";
/// A fast level: traffic is repetitive, and processor time is what callers pay with. Level 1 takes six times
/// as long for columns of places, which look drawn and hardly become shorter.
const LEVEL: i32 = -3;
/// The most by which bytes that cannot be compressed become longer: a few for each block of 128 KiB, and
/// those that end the file.
const fn packed_at_most(bytes: u64) -> u64 {
    bytes + bytes / 1_024 + 64
}

/// Where frames go.
pub(super) struct Files {
    folder: PathBuf,
    config: RecordingConfig,
    header: Header,
    open: Option<Open>,
}

/// The file that is being written.
struct Open {
    encoder: zstd::stream::write::Encoder<'static, Counted>,
    since: Instant,
    /// Bytes that were written since the last flush, some of which the file may not have yet.
    unflushed: u64,
}

impl Open {
    /// How long the file is at most once so many more bytes were written to it and it was ended.
    fn at_most(&self, more: u64) -> u64 {
        self.encoder.get_ref().bytes + packed_at_most(self.unflushed + more)
    }

    /// Brings everything that was written into the file.
    fn flush(&mut self) -> io::Result<()> {
        self.encoder.flush()?;
        self.unflushed = 0;
        Ok(())
    }
}

/// A file that knows how much was written to it.
struct Counted {
    file: File,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Files {
    /// Files in a folder, which is made if it is not there. `header` is that of part 0.
    pub(super) fn new(
        folder: PathBuf,
        config: RecordingConfig,
        header: Header,
    ) -> io::Result<Self> {
        make(&folder)?;
        Ok(Self {
            folder,
            config,
            header,
            open: None,
        })
    }

    /// Writes whole frames; `revision` is that of the registry, should a part begin with them.
    /// Returns how many bytes reached the file system.
    pub(super) fn write(&mut self, frames: &[u8], now: Instant, revision: u64) -> io::Result<u64> {
        let more = frames.len() as u64;
        let mut flushed = 0;
        if let Some(open) = &mut self.open
            && open.at_most(more) > self.config.part_bytes
        {
            // How long it really is tells only the file that has everything.
            let before = open.encoder.get_ref().bytes;
            open.flush()?;
            flushed = open.encoder.get_ref().bytes - before;
        }
        if self
            .open
            .as_ref()
            .is_some_and(|open| self.is_over(open, more, now))
        {
            self.finish()?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let opened = self.begin(more, now, revision)?;
                self.open.insert(opened)
            }
        };
        let before = open.encoder.get_ref().bytes;
        open.encoder.write_all(frames)?;
        open.unflushed += more;
        Ok(flushed + open.encoder.get_ref().bytes - before)
    }

    /// Lets whoever reads along see everything that was written. A file that was removed meanwhile is
    /// an error: what goes into it nobody will find.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        let Some(open) = self.open.as_mut().filter(|open| open.unflushed > 0) else {
            return Ok(0);
        };
        let before = open.encoder.get_ref().bytes;
        open.flush()?;
        found(&open.encoder.get_ref().file)?;
        Ok(open.encoder.get_ref().bytes - before)
    }

    /// Ends the file that is open. The next frame begins another one.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let mut file = open.encoder.finish()?;
        file.flush()?;
        found(&file.file)
    }

    /// Gives up the file that is open, which is cut off where it stands.
    pub(super) fn give_up(&mut self) {
        self.open = None;
    }

    fn is_over(&self, open: &Open, more: u64, now: Instant) -> bool {
        open.at_most(more) > self.config.part_bytes
            || now.saturating_duration_since(open.since) >= self.config.part_age
    }

    /// Begins a part that is to hold so many bytes of frames at once.
    fn begin(&mut self, more: u64, now: Instant, revision: u64) -> io::Result<Open> {
        make(&self.folder)?;
        let path = self.folder.join(format!(
            "{}-{:016x}-{:06}{ENDING}",
            self.header.instance, self.header.recording, self.header.part
        ));
        let header = Header {
            revision,
            ..self.header.clone()
        };
        let frame = Frame {
            frame: Some(frame::Frame::Header(header)),
        };
        let header = frame.encode_length_delimited_to_vec();
        // What does not fit into a part is a part of its own, and larger than one.
        let first = packed_at_most(header.len() as u64) + packed_at_most(more);
        self.make_room(first.max(self.config.part_bytes))?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let begun = headed(options.open(&path)?, &header);
        // Nothing was recorded in a part without a header: it goes, and the next one has its number. A
        // part that could not be removed or written to the end leaves its number used.
        if begun.is_ok() || fs::remove_file(&path).is_err() {
            self.header.part += 1;
        }
        Ok(Open {
            encoder: begun?,
            since: now,
            unflushed: 0,
        })
    }

    /// Removes the oldest files of this instance until so many bytes fit beside the others.
    fn make_room(&self, bytes: u64) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if is_of(&entry.path(), &self.header.instance) {
                let about = entry.metadata()?;
                files.push((about.modified()?, entry.path(), about.len()));
            }
        }
        files.sort();
        let mut all: u64 = files.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, path, its) in files {
            if all + bytes <= self.config.total_bytes {
                return Ok(());
            }
            fs::remove_file(path)?;
            all -= its;
        }
        Ok(())
    }
}

/// A file that holds the header.
fn headed(file: File, header: &[u8]) -> io::Result<zstd::stream::write::Encoder<'static, Counted>> {
    let mut encoder = zstd::stream::write::Encoder::new(Counted { file, bytes: 0 }, LEVEL)?;
    // Most of what a changed byte unpacks to are frames as well.
    encoder.include_checksum(true)?;
    encoder.write_all(header)?;
    encoder.flush()?;
    Ok(encoder)
}

/// Refuses an open file to which no name leads any more: what went into it nobody will find.
fn found(file: &File) -> io::Result<()> {
    if is_removed(file)? {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the file was removed",
        ));
    }
    Ok(())
}

/// Whether no name leads to an open file any more.
#[cfg(unix)]
fn is_removed(file: &File) -> io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) == 0)
}

/// Open files cannot be removed.
#[cfg(not(unix))]
const fn is_removed(_: &File) -> io::Result<bool> {
    Ok(false)
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Whether a path is that of a file that this instance recorded.
fn is_of(path: &Path, instance: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(stem) = name.and_then(|name| name.strip_suffix(ENDING)) else {
        return false;
    };
    let mut parts = stem.rsplitn(3, '-');
    let hexadecimal = |text: Option<&str>, digits: usize| {
        text.is_some_and(|t| t.len() >= digits && t.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    hexadecimal(parts.next(), 6) && hexadecimal(parts.next(), 16) && parts.next() == Some(instance)
}
