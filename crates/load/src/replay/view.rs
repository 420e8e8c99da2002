//! What is in recordings, in figures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use dancu_domain::{Outcome, Verb};
use dancu_wire::from_wire;
use dancu_wire::pb::recording::Header;
use serde::Serialize;

use super::frames::{Damage, Entry, RecordingError, open};
use super::order::{parts_missing, same_nation};
use super::remake::outcome;

/// What is in recordings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The id of the nation.
    pub nation: String,
    /// Its seed.
    pub seed: u64,
    /// Its citizens.
    pub citizens: u64,
    /// The instances that recorded, with the versions of the service.
    pub instances: BTreeMap<String, String>,
    /// When the first recording began, in microseconds since 1970.
    pub began_micros: i64,
    /// The change number that the registry had reached when the first file was begun.
    pub revision: u64,
    /// Files.
    pub files: u64,
    /// Files that were cut off.
    pub cut: u64,
    /// Files of which only a part can be read, which is what the figures are about.
    pub damaged: Vec<Damage>,
    /// Files that are empty, over which it passed: nothing was recorded in them.
    pub empty: Vec<String>,
    /// Messages.
    pub messages: u64,
    /// Items.
    pub items: u64,
    /// Files that were not given, though a later one of their recording was.
    pub parts_missing: u64,
    /// Messages that the services dropped.
    pub missing: u64,
    /// Microseconds from the first message to the end of the last.
    pub micros: u64,
    /// Items by verb and outcome; `MALFORMED` without one.
    pub outcomes: BTreeMap<String, BTreeMap<String, u64>>,
    /// Messages that were not answered, by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Messages by agency.
    pub agencies: BTreeMap<String, u64>,
}

/// The files without those that are empty, and those: nothing was recorded in them. Refused where all
/// are.
pub fn without_empty(paths: &[PathBuf]) -> Result<(Vec<PathBuf>, Vec<PathBuf>), RecordingError> {
    let (mut others, mut empty) = (Vec::new(), Vec::new());
    for path in paths {
        let about = std::fs::metadata(path)
            .map_err(|error| RecordingError::Unreadable(path.clone(), error))?;
        let into = if about.is_file() && about.len() == 0 {
            &mut empty
        } else {
            &mut others
        };
        into.push(path.clone());
    }
    match (others.as_slice(), empty.as_slice()) {
        ([], [first, ..]) => {
            let why = "is empty, as all files are that were given: nothing was recorded in them";
            Err(RecordingError::NoRecording(first.clone(), why))
        }
        _ => Ok((others, empty)),
    }
}

/// Looks through files. Of one that is damaged it sees what stands before the damage.
pub fn look(paths: &[PathBuf]) -> Result<Seen, RecordingError> {
    let (paths, empty) = without_empty(paths)?;
    let mut seen = Seen {
        empty: empty
            .iter()
            .map(|path| path.display().to_string())
            .collect(),
        ..Seen::default()
    };
    let (mut first, mut last) = (u64::MAX, 0);
    let mut earliest: Option<Header> = None;
    let mut files: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    for path in &paths {
        let mut reader = match open(path) {
            Ok(reader) => reader,
            // Nobody knows of which nation it is.
            Err(RecordingError::Damaged(damage)) => {
                seen.files += 1;
                seen.damaged.push(damage);
                continue;
            }
            Err(error) => return Err(error),
        };
        let header = reader.header();
        if let Some(earliest) = &earliest {
            same_nation(path, earliest, header)?;
        }
        if !files
            .entry(header.recording)
            .or_default()
            .insert(header.part)
        {
            return Err(RecordingError::Apart(path.clone(), "is given twice"));
        }
        // Whatever order they are given in.
        let place = |header: &Header| (header.began_micros, header.part);
        if earliest
            .as_ref()
            .is_none_or(|one| place(header) < place(one))
        {
            seen.began_micros = header.began_micros;
            seen.revision = header.revision;
            earliest = Some(header.clone());
        }
        seen.nation.clone_from(&header.nation);
        (seen.seed, seen.citizens) = (header.seed, header.citizens);
        let instance = (header.instance.clone(), header.build.clone());
        seen.instances.insert(instance.0, instance.1);
        let shift = u64::try_from(header.began_micros).unwrap_or(0);
        seen.files += 1;
        loop {
            let entry = match reader.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(RecordingError::Damaged(damage)) => {
                    seen.damaged.push(damage);
                    break;
                }
                Err(error) => return Err(error),
            };
            let exchange = match entry {
                Entry::Exchange(exchange) => exchange,
                Entry::Gap(gap) => {
                    seen.missing += gap.messages;
                    continue;
                }
                Entry::Cut => {
                    seen.cut += 1;
                    continue;
                }
            };
            let at = shift + exchange.at_micros;
            first = at.min(first);
            last = last.max(at + exchange.took_micros);
            seen.messages += 1;
            seen.items += u64::from(exchange.count);
            *seen.agencies.entry(exchange.agency.clone()).or_default() += 1;
            if let Some(reason) = from_wire(exchange.reason()) {
                *seen.reasons.entry(reason.word().to_owned()).or_default() += 1;
            }
            let verb = Verb::from_code(exchange.verb as u8).map_or("", Verb::word);
            let of_verb = seen.outcomes.entry(verb.to_owned()).or_default();
            for item in &exchange.items {
                let word = outcome(item).map_or("MALFORMED", Outcome::word);
                *of_verb.entry(word.to_owned()).or_default() += 1;
            }
        }
    }
    seen.parts_missing = parts_missing(&files);
    seen.micros = last.saturating_sub(first.min(last));
    Ok(seen)
}
