//! A log of somebody else's as a recording: one JSON object a line becomes one message.
//!
//! The form of the lines stands in `proto/README.md`.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, BufRead, Write};

use dancu_domain::{
    AgencyCode, Attribute, AttributeSet, CivilDate, EventKind, Outcome, ProcedureCode, Purpose,
    Verb,
};
use dancu_population::Nation;
use dancu_wire::pb::recording as form;
use prost::Message as _;
use serde::Deserialize;

use super::frames::FORM;

/// What was imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Messages.
    pub messages: u64,
    /// Items.
    pub items: u64,
}

/// Why a log cannot be imported. No text of the log is repeated.
#[derive(Debug)]
pub enum ImportError {
    /// It cannot be read, or the recording cannot be written.
    File(io::Error),
    /// A line is not what it must be: its number, and the field with what it must be.
    Line(u64, String),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(_) => f.write_str("read the log and write the recording"),
            Self::Line(line, why) => write!(f, "line {line}: {why}"),
        }
    }
}

impl std::error::Error for ImportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Line(..) => None,
        }
    }
}

impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

/// A message as a line has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: f64,
    verb: String,
    agency: String,
    #[serde(default)]
    shape: Option<String>,
    #[serde(default)]
    purpose: Option<String>,
    #[serde(default)]
    procedure: Option<String>,
    #[serde(default)]
    freshness: Option<String>,
    #[serde(default)]
    wanted: Option<Vec<String>>,
    #[serde(default)]
    event_day: Option<String>,
    items: Vec<LineItem>,
}

/// An item as a line has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineItem {
    #[serde(default)]
    citizen: Option<u64>,
    #[serde(default)]
    persona: Option<String>,
    #[serde(default)]
    stranger: Option<u64>,
    #[serde(default)]
    legacy: bool,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    birth: Option<String>,
    #[serde(default)]
    outcome: Option<String>,
    #[serde(default)]
    held: Vec<String>,
    #[serde(default)]
    differed: Vec<String>,
    #[serde(default)]
    event: Option<u32>,
}

/// Writes the lines of a log as a recording of this nation. Lines may stand in any order. Of strangers it
/// keeps hashes, whose key is drawn anew each time: a number of somebody may stand for him in the log.
pub fn import(
    log: impl BufRead,
    out: impl Write,
    nation: &Nation,
    recording: u64,
) -> Result<Imported, ImportError> {
    let (strangers, mut exchanges) = (RandomState::new(), Vec::new());
    let agencies: Vec<AgencyCode> = Nation::agencies().iter().map(|a| a.code).collect();
    for (number, line) in (1..).zip(log.split(b'\n')) {
        let line = line?;
        let wrong = |why: String| ImportError::Line(number, why);
        let line = std::str::from_utf8(&line).map_err(|_| wrong("is no UTF-8".to_owned()))?;
        if line.trim().is_empty() {
            continue;
        }
        let read: Line = serde_json::from_str(line).map_err(|error| {
            // What serde says may repeat a value of the line.
            wrong(format!("column {}: {}", error.column(), category(&error)))
        })?;
        let read = exchange(nation, &agencies, read);
        let mut read = read.map_err(|why| wrong(why.to_owned()))?;
        for item in &mut read.items {
            if let Some(form::item::Subject::Stranger(hash)) = &mut item.subject {
                *hash = strangers.hash_one(*hash);
            }
        }
        exchanges.push(read);
    }
    exchanges.sort_by_key(|exchange| exchange.at_micros);
    let mut encoder = zstd::stream::write::Encoder::new(out, 3)?;
    encoder.include_checksum(true)?;
    let encoded = |frame: form::frame::Frame| {
        let frame = form::Frame { frame: Some(frame) };
        frame.encode_length_delimited_to_vec()
    };
    let header = form::frame::Frame::Header(form::Header {
        form: FORM,
        recording,
        seed: nation.seed(),
        citizens: nation.len(),
        generator: nation.generator(),
        instance: "imported".to_owned(),
        imported: true,
        ..Default::default()
    });
    encoder.write_all(&encoded(header))?;
    // In a block of its own it can be read whatever becomes of the messages.
    encoder.flush()?;
    let mut imported = Imported::default();
    for (revision, mut exchange) in (1..).zip(exchanges) {
        exchange.revision = revision;
        if exchange.verb == i32::from(Verb::Push.code()) {
            exchange.request = request(revision);
        }
        imported.messages += 1;
        imported.items += u64::from(exchange.count);
        encoder.write_all(&encoded(form::frame::Frame::Exchange(exchange)))?;
    }
    encoder.finish()?.flush()?;
    Ok(imported)
}

/// What stands for the request of the push at this place of the log: another one for every place, and
/// spread as hashes are. A log does not tell which pushes repeat one another.
const fn request(place: u64) -> u64 {
    place.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "is no JSON",
        serde_json::error::Category::Data => {
            "a field is missing, unknown, or not of the kind that it must be"
        }
        serde_json::error::Category::Io => "cannot be read",
    }
}

fn exchange(
    nation: &Nation,
    agencies: &[AgencyCode],
    line: Line,
) -> Result<form::Exchange, &'static str> {
    let verb = Verb::ALL
        .iter()
        .find(|verb| verb.word().eq_ignore_ascii_case(&line.verb))
        .ok_or("verb must be lookup, authenticate, reconcile or push")?;
    if !(line.at >= 0.0 && line.at < 1e9) {
        return Err("at must be seconds from the beginning");
    }
    if line.items.is_empty() || line.items.len() > 1_000 {
        return Err("items must be 1 to 1,000");
    }
    let agency = AgencyCode::parse(&line.agency, "agency")
        .ok()
        .filter(|code| agencies.contains(code))
        .ok_or("agency must be the code of an agency of the nation")?;
    let purpose = match &line.purpose {
        None => match verb {
            Verb::Lookup | Verb::Authenticate => Purpose::AdministrativeProcedure,
            Verb::Reconcile => Purpose::DataCleaning,
            Verb::Push => Purpose::LifeEvent,
        },
        Some(word) => *Purpose::ALL
            .iter()
            .find(|purpose| purpose.word() == word)
            .ok_or("purpose must be a purpose of the contract, such as HEALTH_CHECK_IN")?,
    };
    let named = line.procedure.unwrap_or_default();
    if !named.is_empty() && ProcedureCode::published(&named).is_none() {
        return Err("procedure must be a code of the published form, such as 1.004222");
    }
    let (officer, procedure, dossier) = purpose.requires();
    let many = line.items.len() > 1;
    let shape = match line.shape.as_deref() {
        Some("unary") if !many && !verb.is_sync() => form::Shape::Unary,
        Some("batch") => form::Shape::Batch,
        Some("stream") => form::Shape::Stream,
        None if many || verb.is_sync() => form::Shape::Batch,
        None => form::Shape::Unary,
        Some(_) => {
            return Err("shape must be unary (of one lookup or authentication), batch or stream");
        }
    };
    let items = line
        .items
        .into_iter()
        .map(|item| self::item(nation, *verb, item));
    let items: Vec<form::Item> = items.collect::<Result<_, _>>()?;
    let refused = items
        .iter()
        .any(|item| item.outcome == i32::from(Outcome::Refused.code()));
    if refused {
        return Err("outcome must be one of an answered item: refusals are not imported");
    }
    Ok(form::Exchange {
        at_micros: (line.at * 1e6) as u64,
        verb: verb.code().into(),
        shape: shape.into(),
        agency: agency.text().to_owned(),
        purpose: purpose.code().into(),
        officer,
        has_procedure: procedure,
        procedure: named,
        dossier,
        freshness: match line.freshness.as_deref() {
            None => form::Freshness::Unspecified,
            Some("at_least") => form::Freshness::AtLeast,
            Some("consistent") => form::Freshness::Consistent,
            Some(_) => return Err("freshness must be at_least or consistent"),
        }
        .into(),
        wanted: match line.wanted {
            None => AttributeSet::BASIC,
            Some(words) => attributes(&words)?,
        }
        .bits(),
        event_day: match line.event_day {
            None => None,
            Some(day) => Some(
                CivilDate::from_iso(&day)
                    .map(CivilDate::days_since_epoch)
                    .map_err(|_| "event_day must be a day such as 2023-03-01")?,
            ),
        },
        count: items.len() as u32,
        items,
        ..Default::default()
    })
}

fn attributes(words: &[String]) -> Result<AttributeSet, &'static str> {
    let mut set = AttributeSet::NONE;
    for word in words {
        let attribute = Attribute::ALL.iter().find(|a| a.word() == word);
        set.insert(*attribute.ok_or("attributes must be words such as full_name or sex")?);
    }
    Ok(set)
}

fn item(nation: &Nation, verb: Verb, line: LineItem) -> Result<form::Item, &'static str> {
    use form::item::Subject;
    let subject = match (line.citizen, &line.persona, line.stranger) {
        (Some(index), None, None) if index < nation.len() => Subject::Citizen(index),
        (None, Some(key), None) => {
            let place = nation.personas().iter().position(|p| p.key == key.as_str());
            Subject::Persona(place.ok_or("persona must be the key of one")? as u32)
        }
        (None, None, Some(hash)) => Subject::Stranger(hash),
        _ => {
            return Err(
                "an item must have one of citizen (a place in the nation), persona, stranger",
            );
        }
    };
    let usual = match verb {
        _ if matches!(subject, Subject::Stranger(_)) && verb != Verb::Push => Outcome::NoMatch,
        Verb::Lookup => Outcome::Found,
        Verb::Authenticate => Outcome::Match,
        Verb::Reconcile => Outcome::InStep,
        Verb::Push => Outcome::Applied,
    };
    let outcome = match &line.outcome {
        None => usual,
        Some(word) => *Outcome::ALL
            .iter()
            .find(|outcome| outcome.word() == word)
            .ok_or("outcome must be an outcome of the contract, such as NO_MATCH")?,
    };
    if !verb.can_end(outcome) {
        return Err("outcome must be one that an item of this verb can have");
    }
    let (held, differed) = (attributes(&line.held)?, attributes(&line.differed)?);
    let event = match (verb, line.event) {
        (Verb::Push, Some(number @ 1..)) => {
            let index = match subject {
                Subject::Citizen(index) => index,
                _ => return Err("event must be of a citizen"),
            };
            let event = nation.event(index, number - 1);
            let event = event.ok_or("event must be one that lies ahead of the citizen, from 1")?;
            Some(form::Event {
                kind: match event.kind() {
                    EventKind::ResidenceChange => form::EventKind::ResidenceChange,
                    EventKind::Death => form::EventKind::Death,
                }
                .into(),
                number,
                record: index,
                record_version: u64::from(number),
                ..Default::default()
            })
        }
        (Verb::Push, _) => return Err("event must be given of a push, from 1"),
        (_, None) => None,
        (_, Some(_)) => return Err("event must be left out but of a push"),
    };
    Ok(form::Item {
        subject: Some(subject),
        legacy: line.legacy,
        name: match line.name.as_deref() {
            _ if outcome == Outcome::NoMatch => form::NameForm::Unspecified,
            None | Some("exact") => form::NameForm::Exact,
            Some("tone_placement") => form::NameForm::TonePlacement,
            Some("unaccented") => form::NameForm::Unaccented,
            Some("none") => form::NameForm::None,
            Some(_) => return Err("name must be exact, tone_placement, unaccented or none"),
        }
        .into(),
        birth: match line.birth.as_deref() {
            None | Some("day") => form::BirthForm::Day,
            Some("month") => form::BirthForm::Month,
            Some("year") => form::BirthForm::Year,
            Some("none") => form::BirthForm::Unspecified,
            Some(_) => return Err("birth must be day, month, year or none"),
        }
        .into(),
        outcome: outcome.code().into(),
        row: (verb == Verb::Reconcile).then(|| form::Row {
            held: held.bits(),
            differed: differed.bits(),
        }),
        event,
        ..Default::default()
    })
}
