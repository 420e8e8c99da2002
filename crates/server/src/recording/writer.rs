//! The thread that writes: it takes what the cores hand over, and never makes them wait.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dancu_cache::Watermark;
use dancu_domain::Clock as _;
use dancu_store::RegistryMeta;
use dancu_wire::pb::recording::Header;

use super::files::Files;
use super::notebook::Notebook;
use super::places::Places;
use super::sheet::{Lost, Sheet};
use super::told::Teller;
use crate::clock::{WallClock, instant};
use crate::config::Config;
use crate::error::StartError;
use crate::keys::Keys;
use crate::parts::{Board, Part, PartState};

/// How many sheets may wait for the writer, of an eighth of a megabyte each: a second or two of all that
/// a machine can answer.
const WAITING: usize = 128;
/// How many bytes of frames are gathered before they are compressed.
const PIECE: usize = 64 << 10;
/// How long the writer waits for more before it lets readers see what it has.
const IDLE: Duration = Duration::from_millis(200);
/// How long they wait for it at most while there is always more.
const FLUSH: Duration = Duration::from_secs(1);
/// How long it leaves a folder alone that could not be written to.
const PAUSE: Duration = Duration::from_secs(2);
/// How long the last sheets may take at the end.
const LAST: Duration = Duration::from_secs(2);

/// The form of the files.
pub(super) const FORM: u32 = 2;

/// What the writer is handed.
#[derive(Debug)]
pub(crate) enum Handed {
    /// Notes.
    Sheet(Sheet),
    /// There is nothing more to come.
    End,
}

/// What was recorded and what was not, for the metrics.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Messages written.
    pub(crate) messages: AtomicU64,
    /// Messages dropped.
    pub(crate) dropped: AtomicU64,
    /// Bytes written to files.
    pub(crate) bytes: AtomicU64,
}

impl Counters {
    pub(super) fn dropped(&self, messages: u64) {
        self.dropped.fetch_add(messages, Relaxed);
    }
}

/// What a recording needs to know of the service.
pub(crate) struct Stage<'a> {
    pub(crate) config: &'a Config,
    pub(crate) meta: &'a RegistryMeta,
    pub(crate) keys: &'a Keys,
    pub(crate) watermark: Arc<Watermark>,
    pub(crate) board: Arc<Board>,
}

/// A recording that goes on.
#[derive(Debug)]
pub(crate) struct Recording {
    key: [u8; 16],
    writer: SyncSender<Handed>,
    counters: Arc<Counters>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Recording {
    /// Begins, where the configuration names a folder.
    pub(crate) fn begin(stage: &Stage<'_>) -> Result<Option<Self>, StartError> {
        let config = &stage.config.recording;
        let Some(folder) = config.folder.clone() else {
            return Ok(None);
        };
        let failed = StartError::data("begin the recording");
        let mut id = [0; 8];
        if let Err(error) = getrandom::fill(&mut id) {
            return Err(failed(io::Error::other(error)));
        }
        let key = stage.keys.recording();
        let header = Header {
            form: FORM,
            recording: u64::from_le_bytes(id),
            part: 0,
            nation: stage.meta.nation.text(),
            seed: stage.meta.seed,
            citizens: stage.meta.citizens,
            generator: stage.meta.generator,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            instance: stage.config.instance.clone(),
            began_micros: WallClock.now().0.saturating_mul(1_000),
            revision: 0,
            imported: false,
        };
        let files = match Files::new(folder, config.clone(), header) {
            Ok(files) => files,
            Err(error) => return Err(failed(error)),
        };
        let counters = Arc::new(Counters::default());
        let (sender, receiver) = sync_channel(WAITING);
        let mut writer = Writer {
            teller: Teller::new(instant(), Places::new(stage.meta, key)),
            piece: Vec::with_capacity(2 * PIECE),
            files,
            counters: Arc::clone(&counters),
            watermark: Arc::clone(&stage.watermark),
            first: Some(stage.watermark.revision()),
            board: Arc::clone(&stage.board),
            lost: None,
            telling: None,
            unflushed: None,
            flushed: instant(),
            again: None,
        };
        stage.board.report(Part::Recording, PartState::Up);
        let thread = std::thread::Builder::new()
            .name("dancu-recording".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(StartError::Threads)?;
        Ok(Some(Self {
            key,
            writer: sender,
            counters,
            thread: Mutex::new(Some(thread)),
        }))
    }

    /// The notebook of one core.
    pub(crate) fn notebook(&self) -> Notebook {
        Notebook::new(self.key, self.writer.clone(), Arc::clone(&self.counters))
    }

    /// What was recorded.
    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Ends the recording once everything that was handed over is written, and within a bound.
    pub(crate) async fn close(&self) {
        let until = instant() + LAST;
        let mut thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut told = false;
        while instant() < until {
            told = told || self.writer.try_send(Handed::End).is_ok();
            if thread.as_ref().is_none_or(JoinHandle::is_finished) {
                // What it had to say it said to the board.
                drop(thread.take().map(JoinHandle::join));
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tracing::warn!("the recording did not end in time");
    }
}

/// The writer on its thread.
struct Writer {
    teller: Teller,
    /// Frames that are not written yet.
    piece: Vec<u8>,
    files: Files,
    counters: Arc<Counters>,
    watermark: Arc<Watermark>,
    /// What the registry had reached when the recording began, until its first part is begun: by the time
    /// that something is written, the first messages may have changed it.
    first: Option<u64>,
    board: Arc<Board>,
    /// What was dropped and is not yet told of in a file.
    lost: Option<Lost>,
    /// What is told of in frames that may not have reached the file yet.
    telling: Option<Lost>,
    /// What was written and may not have reached the file yet.
    unflushed: Option<Lost>,
    /// When the file was last seen to hold everything.
    flushed: Instant,
    /// When a folder that could not be written to is tried again.
    again: Option<Instant>,
}

impl Writer {
    fn run(&mut self, receiver: &Receiver<Handed>) {
        loop {
            match receiver.recv_timeout(IDLE) {
                Ok(Handed::Sheet(sheet)) => self.take(sheet),
                Err(RecvTimeoutError::Timeout) => {
                    let flushed = self.flush();
                    self.judge(flushed);
                }
                Ok(Handed::End) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let ended = self
            .tell_lost()
            .and_then(|()| self.flush())
            .and_then(|()| self.files.finish());
        self.judge(ended);
    }

    /// Writes a sheet, or counts what of it is lost.
    fn take(&mut self, mut sheet: Sheet) {
        self.lost = Lost::either(self.lost, sheet.lost);
        let mut written = 0;
        let result = match self.again {
            Some(again) if instant() < again => Ok(()),
            _ => self.write_sheet(&mut sheet, &mut written),
        };
        if let Some(lost) = sheet.losing(written) {
            self.lose(lost);
        }
        self.judge(result);
    }

    fn write_sheet(&mut self, sheet: &mut Sheet, written: &mut usize) -> io::Result<()> {
        self.tell_lost()?;
        for note in &mut sheet.notes {
            self.teller.exchange(note, &mut self.piece);
            self.unflushed = Lost::either(self.unflushed, Some(Lost::of(note)));
            *written += 1;
            if self.piece.len() >= PIECE {
                self.write()?;
            }
        }
        if self.again.is_some() {
            // Whether the folder can be written to again is seen at once.
            self.flush()?;
        }
        self.again = None;
        if instant().saturating_duration_since(self.flushed) >= FLUSH {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the frames that have gathered.
    fn write(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let revision = self.first.unwrap_or_else(|| self.watermark.revision());
        let bytes = self.files.write(&self.piece, instant(), revision)?;
        self.first = None;
        self.piece.clear();
        self.counters.bytes.fetch_add(bytes, Relaxed);
        Ok(())
    }

    fn tell_lost(&mut self) -> io::Result<()> {
        if let Some(lost) = self.lost.take() {
            self.teller.gap(&lost, &mut self.piece);
            self.telling = Lost::either(self.telling, Some(lost));
            self.write()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write()?;
        let bytes = self.files.flush()?;
        self.counters.bytes.fetch_add(bytes, Relaxed);
        self.flushed = instant();
        self.telling = None;
        if let Some(written) = self.unflushed.take() {
            self.counters.messages.fetch_add(written.messages, Relaxed);
        }
        Ok(())
    }

    fn lose(&mut self, lost: Lost) {
        self.counters.dropped(lost.messages);
        self.lost = Lost::either(self.lost, Some(lost));
    }

    /// Looks at how writing went. A file that failed is given up, and with it what may not have
    /// reached it.
    fn judge(&mut self, result: io::Result<()>) {
        let Err(error) = result else {
            if self.again.is_none() {
                self.board.report(Part::Recording, PartState::Up);
            }
            return;
        };
        tracing::warn!(kind = ?error.kind(), "the recording cannot be written");
        self.files.give_up();
        self.piece.clear();
        self.lost = Lost::either(self.lost, self.telling.take());
        if let Some(unflushed) = self.unflushed.take() {
            self.lose(unflushed);
        }
        self.again = Some(instant() + PAUSE);
        let state = PartState::Degraded("cannot be written, messages are dropped");
        self.board.report(Part::Recording, state);
    }
}
