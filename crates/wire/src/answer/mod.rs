//! Answers: what the verbs came to becomes what goes over the wire, and nothing beyond it.
//!
//! A record leaves with the attributes of its answer only. Whether nobody has a number, the claims
//! differ or the record is locked: the bytes of the result are the same.

mod citizen;
mod pen;
mod read;
mod record;
mod reply;
mod sync;
mod volumes;
mod written;

use dancu_domain::{Agreement, Answer, CivilDate, NoMatchCause, Revision, Source};

pub use citizen::citizen;
pub use read::{
    authenticate_citizen_response, batch_authenticate_citizens_response,
    batch_lookup_citizens_response, lookup_citizen_response,
};
pub use reply::{Built, FRAME, Form, Gathered, Opening, Reply, Told, Written, stream_status};
pub use sync::{push_changes_response, reconcile_citizens_response};
pub use volumes::{YARDSTICK, event_days, get_volumes_response};
pub use written::InBytes;

use crate::pb;

/// The header of an answer.
pub fn header<T>(answer: &Answer<T>) -> pb::AnswerHeader {
    pb::AnswerHeader {
        request_id: answer.request_id.text().to_owned(),
        revision: Some(revision(answer.revision)),
        source: source(answer.source).into(),
        receipt: Some(pb::Receipt {
            writer: answer.receipt.writer.0,
            first_index: signed(answer.receipt.first),
            count: i32::try_from(answer.receipt.count).unwrap_or(i32::MAX),
        }),
    }
}

const fn source(source: Option<Source>) -> pb::Source {
    match source {
        None => pb::Source::Unspecified,
        Some(Source::Memory) => pb::Source::Memory,
        Some(Source::Redis) => pb::Source::Redis,
        Some(Source::Registry) => pb::Source::Registry,
    }
}

/// A revision, as callers send it back.
pub fn revision(revision: Revision) -> pb::Revision {
    pb::Revision {
        nation: revision.nation.text(),
        number: signed(revision.number),
    }
}

/// Numbers of this service stay far below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn version(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

fn level(agreement: Agreement) -> i32 {
    match agreement {
        Agreement::Exact => pb::MatchLevel::Exact,
        Agreement::TonePlacement => pb::MatchLevel::TonePlacement,
        Agreement::Unaccented => pb::MatchLevel::Unaccented,
    }
    .into()
}

fn cause(cause: Option<NoMatchCause>) -> i32 {
    match cause {
        None => pb::NoMatchCause::Unspecified,
        Some(NoMatchCause::Unknown) => pb::NoMatchCause::UnknownNumber,
        Some(NoMatchCause::Locked) => pb::NoMatchCause::Locked,
        Some(NoMatchCause::Name) => pb::NoMatchCause::Name,
        Some(NoMatchCause::Birth) => pb::NoMatchCause::BirthDate,
    }
    .into()
}

fn date(date: CivilDate) -> pb::Date {
    pb::Date {
        year: i32::from(date.year()),
        month: i32::from(date.month()),
        day: i32::from(date.day()),
    }
}

/// Each item's own id beside its result; ids that are missing are empty.
fn paired<T, U>(items: Vec<T>, ids: Vec<String>, make: impl Fn(String, T) -> U) -> Vec<U> {
    let mut ids = ids.into_iter();
    items
        .into_iter()
        .map(|item| make(ids.next().unwrap_or_default(), item))
        .collect()
}
