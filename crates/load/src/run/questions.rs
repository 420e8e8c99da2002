//! What the tool asks for itself, outside of what it measures: which nation answers, and totals.

use std::net::SocketAddr;
use std::time::Duration;

use dancu_domain::{CivilDate, Day, EventDays, NationId, Verb};
use dancu_population::{KeyState, Nation};
use dancu_wire::pb;
use prost::Message as _;
use tokio::task::LocalSet;

use super::ask::{Heads, frame};
use super::link::{Heard, Link};
use super::plan::LoadError;

const VOLUMES: &str = "/dancu.v1.StatisticsService/GetVolumes";
const PATIENCE: Duration = Duration::from_mins(1);

/// What a service tells of itself.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The id of the nation that answers.
    pub nation: NationId,
    /// Which event days callers may name, where they may.
    pub event_days: Option<EventDays>,
}

/// The id of the nation that answers at an address: see [`told_at`].
pub fn nation_at(server: SocketAddr, nation: &Nation) -> Result<NationId, LoadError> {
    told_at(server, nation).map(|told| told.nation)
}

/// What the service at an address tells of itself. Asked with a sandbox key of `nation`, so that
/// a service with another seed is found out here, and one of another size or with another kind of
/// numbers by what it says that its nation is made of.
pub fn told_at(server: SocketAddr, nation: &Nation) -> Result<Told, LoadError> {
    // A day on which nothing can have been counted, so that the answer is short.
    let early = pb::Date {
        year: 1900,
        month: 1,
        day: 1,
    };
    let answer = ask(server, nation, None, Some((early, early)))?;
    if let Some(made) = answer.mock_nation {
        let served = Nation::made_by(made.generator, nation.seed(), made.citizens).ok_or(
            LoadError::Asked(
                "make the nation again: another version of the generator made the one that answers",
            ),
        )?;
        if served.len() != nation.len() || served.generator() != nation.generator() {
            return Err(LoadError::Nation {
                citizens: served.len(),
                real_looking: served.has_real_looking_numbers(),
            });
        }
    }
    let revision = answer.header.and_then(|header| header.revision);
    let nation = revision
        .and_then(|revision| NationId::parse(&revision.nation))
        .ok_or(LoadError::Asked(
            "read the nation's id: the service told none that can be read",
        ))?;
    let date = |date: Option<pb::Date>| {
        let date = date?;
        CivilDate::from_parts(date.year, date.month, date.day, "").ok()
    };
    let days = answer.event_days.and_then(|days| {
        let (first, last) = date(days.first_day).zip(date(days.last_day))?;
        EventDays::new(first, last)
    });
    Ok(Told {
        nation,
        event_days: days,
    })
}

/// Every total of these days, both included. Asked verb by verb: all of them over many days could
/// be more than one answer may hold.
pub fn volumes(
    server: SocketAddr,
    nation: &Nation,
    days: Option<(Day, Day)>,
) -> Result<Vec<pb::Volume>, LoadError> {
    let date = |day: Day| {
        let date = day.date()?;
        Some(pb::Date {
            year: date.year().into(),
            month: date.month().into(),
            day: date.day().into(),
        })
    };
    let days = match days {
        Some((from, to)) => Some(
            date(from)
                .zip(date(to))
                .ok_or(LoadError::Asked("name days beyond the calendar"))?,
        ),
        None => None,
    };
    let mut volumes = Vec::new();
    for verb in Verb::ALL {
        volumes.extend(ask(server, nation, Some(*verb), days)?.volumes);
    }
    Ok(volumes)
}

fn ask(
    server: SocketAddr,
    nation: &Nation,
    verb: Option<Verb>,
    days: Option<(pb::Date, pb::Date)>,
) -> Result<pb::GetVolumesResponse, LoadError> {
    let keys = nation.sandbox_keys();
    let key = keys.iter().find(|key| key.state == KeyState::Valid);
    let key = key.ok_or(LoadError::Nobody)?;
    let request = pb::GetVolumesRequest {
        context: Some(pb::RequestContext {
            request_id: "load-volumes".to_owned(),
            purpose: pb::Purpose::Statistics.into(),
            ..Default::default()
        }),
        from_day: days.map(|(from, _)| from),
        to_day: days.map(|(_, to)| to),
        verb: verb.map_or(0, |verb| verb.code().into()),
        ..Default::default()
    };
    let head = Heads::new(server.to_string(), "en", PATIENCE).head(VOLUMES, Some(&key.key), None);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(LoadError::Start)?;
    let heard = LocalSet::new().block_on(&runtime, async {
        let link = Link::new(server);
        link.open().await.map_err(|_| LoadError::Connect(server))?;
        let call = link.call(head, frame(&request));
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(heard)) => Ok(heard),
            _ => Err(LoadError::Connect(server)),
        }
    })?;
    match heard {
        Heard { code: 0, body, .. } => pb::GetVolumesResponse::decode(body)
            .map_err(|_| LoadError::Asked("read the totals: the service answered something else")),
        Heard { code: 16, .. } => Err(LoadError::Stranger),
        _ => Err(LoadError::Asked("get the totals: the service refused")),
    }
}
