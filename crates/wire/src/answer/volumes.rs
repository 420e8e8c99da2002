//! The answer of statistics.

use dancu_domain::{Answer, EventDays, Outcome, Verb, VolumeRow};

use super::{date, header, signed};
use crate::pb;

/// What volumes are read beside: the figures of the first nine months of 2023.
pub const YARDSTICK: pb::Yardstick = pb::Yardstick {
    lookups_and_authentications: 1_200_000_000,
    syncs: 536_000_000,
};

/// The answer of GetVolumes: these counts, already filtered, in the order of their keys, and their
/// sums. Which event days callers may name (see [`event_days`]) and what the nation was made of is for
/// whoever knows to add.
pub fn get_volumes_response(mut answer: Answer<VolumeRow>) -> pb::GetVolumesResponse {
    answer.items.sort_by_key(|row| row.key);
    let mut totals = pb::VolumeTotals::default();
    for row in &answer.items {
        let count = signed(row.count);
        if row.key.outcome == Outcome::Refused {
            totals.refused += count;
        } else if row.key.verb.is_sync() {
            totals.syncs += count;
        } else {
            totals.lookups_and_authentications += count;
        }
    }
    pb::GetVolumesResponse {
        header: Some(header(&answer)),
        volumes: answer.items.iter().map(volume).collect(),
        totals: Some(totals),
        yardstick: Some(YARDSTICK),
        event_days: None,
        mock_nation: None,
    }
}

/// The days that callers may name.
pub fn event_days(days: EventDays) -> pb::EventDays {
    pb::EventDays {
        first_day: days.first().date().map(date),
        last_day: days.last().date().map(date),
    }
}

fn volume(row: &VolumeRow) -> pb::Volume {
    pb::Volume {
        agency: row.key.agency.text().to_owned(),
        verb: verb(row.key.verb).into(),
        service_code: row.key.service.to_string(),
        outcome: outcome(row.key.outcome).into(),
        day: row.key.day.date().map(date),
        count: signed(row.count),
    }
}

const fn verb(verb: Verb) -> pb::Verb {
    match verb {
        Verb::Lookup => pb::Verb::Lookup,
        Verb::Authenticate => pb::Verb::Authenticate,
        Verb::Reconcile => pb::Verb::Reconcile,
        Verb::Push => pb::Verb::Push,
    }
}

const fn outcome(outcome: Outcome) -> pb::Outcome {
    match outcome {
        Outcome::Found => pb::Outcome::Found,
        Outcome::Match => pb::Outcome::Match,
        Outcome::NoMatch => pb::Outcome::NoMatch,
        Outcome::Deceased => pb::Outcome::Deceased,
        Outcome::Ambiguous => pb::Outcome::Ambiguous,
        Outcome::InStep => pb::Outcome::InStep,
        Outcome::Differs => pb::Outcome::Differs,
        Outcome::DuplicateInSource => pb::Outcome::DuplicateInSource,
        Outcome::Invalid => pb::Outcome::Invalid,
        Outcome::Applied => pb::Outcome::Applied,
        Outcome::AlreadyApplied => pb::Outcome::AlreadyApplied,
        Outcome::Stale => pb::Outcome::Stale,
        Outcome::Conflict => pb::Outcome::Conflict,
        Outcome::Rejected => pb::Outcome::Rejected,
        Outcome::Refused => pb::Outcome::Refused,
    }
}
