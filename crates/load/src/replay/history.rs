//! What the recorded pushes made of citizens: their records at any version.

use std::collections::HashMap;

use dancu_domain::{ChangeEvent, Citizen, CivilDate, Detail};
use dancu_population::Nation;
use dancu_wire::pb::recording::{Event, EventKind, Exchange, item::Subject};
use dancu_wire::pb::{Outcome, Verb};

/// The changes of a recording so far.
#[derive(Debug, Default)]
pub(super) struct History(HashMap<u64, Vec<(u32, Event)>>);

impl History {
    /// Takes note of what a message changed.
    pub(super) fn note(&mut self, exchange: &Exchange) {
        if exchange.verb() != Verb::Push {
            return;
        }
        for item in &exchange.items {
            if let (Outcome::Applied, Some(Subject::Citizen(index)), Some(event)) =
                (item.outcome(), &item.subject, &item.event)
            {
                self.0
                    .entry(*index)
                    .or_default()
                    .push((item.version, *event));
            }
        }
    }

    /// Whether a citizen's record is at a version now; `None` where no message has told.
    pub(super) fn is_at(&self, index: u64, version: u32) -> Option<bool> {
        let (now, _) = self.0.get(&index)?.last()?;
        Some(*now == version)
    }

    /// A citizen's record at a version. Changes from before the recording are taken to be the ones
    /// that lie ahead of everybody, in their order.
    pub(super) fn record(&self, nation: &Nation, index: u64, version: u32) -> Citizen {
        let seeded = |version| nation.citizen_at(index, version);
        let whole = || seeded(version).unwrap_or_else(|| nation.citizen(index));
        let Some(changes) = self.0.get(&index) else {
            return whole();
        };
        let first = changes.first().map_or(0, |(version, _)| *version);
        if version < first {
            return whole();
        }
        let mut citizen = seeded(first.saturating_sub(1)).unwrap_or_else(|| nation.citizen(index));
        for (_, event) in changes.iter().filter(|(made, _)| *made <= version) {
            match what(nation, index, event) {
                Some(ChangeEvent::Residence { place, since }) => {
                    citizen.current_residence = place;
                    citizen.resident_since = since;
                }
                Some(ChangeEvent::Death { on }) => citizen.died_on = Some(on),
                None => {}
            }
        }
        citizen.version = version;
        citizen
    }
}

/// The event itself. A residence that is none of the nation's is somebody else's, with a detail of
/// its own; the same one is always the same.
pub(super) fn what(nation: &Nation, index: u64, event: &Event) -> Option<ChangeEvent> {
    if event.number > 0 {
        return nation.event(index, event.number - 1);
    }
    let day = CivilDate::from_days_since_epoch(event.day)?;
    match event.kind() {
        EventKind::Death => Some(ChangeEvent::Death { on: day }),
        EventKind::ResidenceChange => {
            let like = nation.citizen(event.place % nation.len());
            let mut place = like.permanent_residence;
            place.detail = Detail::new(format!("Số {}", event.place % 10_000));
            Some(ChangeEvent::Residence { place, since: day })
        }
        EventKind::Unspecified => None,
    }
}
