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
    unflushed: bool,
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
        if self
            .open
            .as_ref()
            .is_some_and(|open| self.is_over(open, now))
        {
            self.finish()?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let opened = self.begin(now, revision)?;
                self.open.insert(opened)
            }
        };
        let before = open.encoder.get_ref().bytes;
        open.encoder.write_all(frames)?;
        open.unflushed = true;
        Ok(open.encoder.get_ref().bytes - before)
    }

    /// Lets whoever reads along see everything that was written. A file that was removed meanwhile is
    /// an error: what goes into it nobody will find.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        let Some(open) = self.open.as_mut().filter(|open| open.unflushed) else {
            return Ok(0);
        };
        let before = open.encoder.get_ref().bytes;
        open.encoder.flush()?;
        found(&open.encoder.get_ref().file)?;
        open.unflushed = false;
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

    fn is_over(&self, open: &Open, now: Instant) -> bool {
        open.encoder.get_ref().bytes >= self.config.part_bytes
            || now.saturating_duration_since(open.since) >= self.config.part_age
    }

    fn begin(&mut self, now: Instant, revision: u64) -> io::Result<Open> {
        make(&self.folder)?;
        self.make_room()?;
        let path = self.folder.join(format!(
            "{}-{:016x}-{:06}{ENDING}",
            self.header.instance, self.header.recording, self.header.part
        ));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        let header = Header {
            revision,
            ..self.header.clone()
        };
        // A part that could not be written to the end leaves its number used.
        self.header.part += 1;
        let frame = Frame {
            frame: Some(frame::Frame::Header(header)),
        };
        let mut encoder = zstd::stream::write::Encoder::new(Counted { file, bytes: 0 }, LEVEL)?;
        encoder.write_all(&frame.encode_length_delimited_to_vec())?;
        encoder.flush()?;
        Ok(Open {
            encoder,
            since: now,
            unflushed: false,
        })
    }

    /// Removes the oldest files of this instance until a whole part fits beside the others.
    fn make_room(&self) -> io::Result<()> {
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
        for (_, path, bytes) in files {
            if all + self.config.part_bytes <= self.config.total_bytes {
                return Ok(());
            }
            fs::remove_file(path)?;
            all -= bytes;
        }
        Ok(())
    }
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
