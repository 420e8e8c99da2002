//! Messages in the order in which they took effect, out of files that hold them nearly so.
//!
//! A read is true at the revision of its answer, a push that took effect is that change itself. So
//! the revisions order messages about one citizen, whatever else went on at the time: a read stands
//! behind every change that it has seen and before the next one. Among equals the earlier comes
//! first. The revisions of imported recordings are the places of lines in their logs, so those order
//! the messages of one log only, and several logs go side by side by time. A file holds messages roughly as they ended, each core's for itself; they are put in order
//! over a stretch of time that is longer than cores or instances can be apart.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::path::{Path, PathBuf};

use dancu_wire::pb::recording::{Exchange, Header};
use dancu_wire::pb::{Outcome, Verb};

use super::frames::{Entry, RecordingError, open};
use super::part::{Part, Through};

/// The stretch over which messages are put in order, in microseconds.
const STRETCH: u64 = 3_000_000;

/// The files of one nation in the order of their messages.
#[derive(Debug)]
pub(super) struct Ordered {
    lines: Vec<Line>,
    /// What is missing from the files.
    pub(super) missing: Missing,
    /// The header of the first file.
    pub(super) header: Header,
    /// The files by recording and part, each with how much there is in it: one that was still being
    /// written holds other messages later.
    pub(super) parts: Vec<String>,
}

/// What is missing from files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Messages that the service dropped.
    pub messages: u64,
    /// Items in them.
    pub items: u64,
    /// Files that were cut off.
    pub cut: u64,
    /// Files that were not given, though a later one of their recording was.
    pub parts: u64,
    /// Files that have grown since they were read through; what was written since is not read.
    pub grown: u64,
}

/// How many files of the recordings are not among these; files by recording and part. What was
/// written behind the last one nobody knows.
pub(super) fn parts_missing(files: &BTreeMap<u64, BTreeSet<u32>>) -> u64 {
    let of = |parts: &BTreeSet<u32>| {
        let last = parts.last().map_or(0, |part| u64::from(*part) + 1);
        last - parts.len() as u64
    };
    files.values().map(of).sum()
}

/// Recordings whose revisions are those of one registry, or one log.
#[derive(Debug, Default)]
struct Line {
    recordings: Vec<Recording>,
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// When the latest message that was read had ended.
    latest: u64,
    /// The latest change that was read of.
    change: u64,
    read: u64,
}

/// Files by part, each with what it held when it was read through.
type Parts = BTreeMap<u32, (PathBuf, Through)>;

/// The parts of one recording, each with what it held when it was read through.
#[derive(Debug)]
struct Recording {
    parts: std::vec::IntoIter<(PathBuf, Through)>,
    open: Option<Part>,
    /// What stands for the requests of this log beside those of others; 0 of what was recorded.
    log: u64,
    /// By how much its offsets lie behind those of the earliest recording.
    shift: u64,
    next: Option<(u64, Box<Exchange>)>,
}

/// A message among those that are put in order. `Ord` is the order of effect.
#[derive(Debug)]
struct Waiting {
    place: (u64, u8, u64, u64),
    ended: u64,
    exchange: Box<Exchange>,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}

/// The change that a message is, or up to which it is true; changes stand before what saw them.
fn effect(exchange: &Exchange) -> (u64, u8) {
    let applied = exchange.verb() == Verb::Push
        && exchange
            .items
            .iter()
            .any(|item| item.outcome() == Outcome::Applied);
    (exchange.revision, u8::from(!applied))
}

impl Ordered {
    /// Opens files of one nation: any parts of any recordings of it, in any order. All are read
    /// through first: of a file that is damaged nothing is asked, and not its beginning only. Where it
    /// is not to go on, it knows no more than what was read until then.
    pub(super) fn open(
        paths: &[PathBuf],
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Self, RecordingError> {
        let mut by_recording: BTreeMap<u64, (Header, Parts)> = BTreeMap::new();
        let mut first: Option<Header> = None;
        for path in paths {
            let reader = open(path)?;
            let header = reader.header().clone();
            let held = Through::read(reader, goes_on)?;
            let first = first.get_or_insert_with(|| header.clone());
            same_nation(path, first, &header)?;
            let (_, parts) = by_recording
                .entry(header.recording)
                .or_insert_with(|| (header.clone(), Parts::new()));
            if parts.insert(header.part, (path.clone(), held)).is_some() {
                return Err(RecordingError::Apart(path.clone(), "is given twice"));
            }
        }
        let files = by_recording.iter().map(|(recording, (_, parts))| {
            let parts = parts.keys().copied().collect::<BTreeSet<u32>>();
            (*recording, parts)
        });
        let missing = Missing {
            parts: parts_missing(&files.collect()),
            ..Missing::default()
        };
        let Some(header) = first else {
            let why = "name at least one recording";
            return Err(RecordingError::Apart(PathBuf::new(), why));
        };
        let began = |header: &Header| u64::try_from(header.began_micros).unwrap_or(0);
        let earliest = by_recording.values().map(|(header, _)| began(header)).min();
        let earliest = earliest.unwrap_or(0);
        let (mut names, mut recorded, mut lines) = (Vec::new(), Line::default(), Vec::new());
        for (recording, (header, parts)) in by_recording {
            for (
                part,
                (
                    _,
                    Through {
                        messages, bytes, ..
                    },
                ),
            ) in &parts
            {
                names.push(format!("{recording:016x}.{part}:{messages}:{bytes}"));
            }
            let parts: Vec<_> = parts.into_values().collect();
            let one = Recording {
                parts: parts.into_iter(),
                open: None,
                log: if header.imported { recording } else { 0 },
                shift: began(&header) - earliest,
                next: None,
            };
            if header.imported {
                lines.push(Line {
                    recordings: vec![one],
                    ..Line::default()
                });
            } else {
                recorded.recordings.push(one);
            }
        }
        lines.push(recorded);
        Ok(Self {
            lines,
            missing,
            header,
            parts: names,
        })
    }

    /// The next message, with its offset in microseconds; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Box<Exchange>>, RecordingError> {
        for line in &mut self.lines {
            line.fill(&mut self.missing)?;
        }
        let first = |line: &Line| line.waiting.peek().map(|Reverse(w)| w.exchange.at_micros);
        let lines = self.lines.iter_mut();
        let next = lines
            .filter(|line| !line.waiting.is_empty())
            .min_by_key(|line| first(line));
        let next = next.and_then(|line| line.waiting.pop());
        Ok(next.map(|Reverse(waiting)| waiting.exchange))
    }
}

impl Line {
    /// Reads until the first that waits is the next message, if there is one.
    fn fill(&mut self, missing: &mut Missing) -> Result<(), RecordingError> {
        loop {
            if let Some(Reverse(first)) = self.waiting.peek()
                && first.ended.saturating_add(STRETCH) <= self.latest
            {
                return Ok(());
            }
            if !self.read(missing)? {
                return Ok(());
            }
        }
    }

    /// Reads one more message, of the recording that is least far; whether there was one.
    fn read(&mut self, missing: &mut Missing) -> Result<bool, RecordingError> {
        for recording in &mut self.recordings {
            recording.look(missing)?;
        }
        let furthest_behind = self
            .recordings
            .iter_mut()
            .filter(|recording| recording.next.is_some())
            .min_by_key(|recording| recording.next.as_ref().map_or(0, |(ended, _)| *ended));
        let Some((ended, exchange)) = furthest_behind.and_then(|r| r.next.take()) else {
            return Ok(false);
        };
        self.read += 1;
        self.latest = self.latest.max(ended);
        let (change, kind) = effect(&exchange);
        // What was not answered saw nothing: it stands where it ended.
        let change = if exchange.reason == 0 {
            change
        } else {
            self.change
        };
        self.change = self.change.max(change);
        self.waiting.push(Reverse(Waiting {
            place: (change, kind, exchange.at_micros, self.read),
            ended,
            exchange,
        }));
        Ok(true)
    }
}

impl Recording {
    /// Reads up to the next message, unless it is there.
    fn look(&mut self, missing: &mut Missing) -> Result<(), RecordingError> {
        while self.next.is_none() {
            let part = match &mut self.open {
                Some(part) => part,
                None => match self.parts.next() {
                    Some((path, held)) => self.open.insert(Part::open(&path, held)?),
                    None => return Ok(()),
                },
            };
            match part.next()? {
                Some(Entry::Exchange(mut exchange)) => {
                    if exchange.request != 0 {
                        // A log counts its requests for itself, as every other does.
                        exchange.request ^= self.log;
                    }
                    exchange.at_micros = exchange.at_micros.saturating_add(self.shift);
                    let ended = exchange.at_micros.saturating_add(exchange.took_micros);
                    self.next = Some((ended, exchange));
                }
                Some(Entry::Gap(gap)) => {
                    missing.messages += gap.messages;
                    missing.items += gap.items;
                }
                Some(Entry::Cut) => missing.cut += 1,
                None => {
                    missing.grown += u64::from(part.has_grown());
                    missing.cut += u64::from(part.was_cut());
                    self.open = None;
                }
            }
        }
        Ok(())
    }
}

/// Refuses a file that is of another nation.
pub(super) fn same_nation(path: &Path, one: &Header, other: &Header) -> Result<(), RecordingError> {
    let of = |header: &Header| {
        let Header {
            nation,
            seed,
            citizens,
            generator,
            ..
        } = header;
        (nation.clone(), *seed, *citizens, *generator)
    };
    if of(one) == of(other) {
        Ok(())
    } else {
        let why = "is of another nation than the files before it";
        Err(RecordingError::Apart(path.to_owned(), why))
    }
}
