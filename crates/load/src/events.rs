//! Life events as the authorities push them, and what else arrives at such a counter.

use std::collections::VecDeque;
use std::sync::Arc;

use dancu_domain::{ChangeEvent, Detail, EventKind, Rejection};

use crate::ask::{Body, Event, Expect, Item};
use crate::callers::Standing;
use crate::chance::Chance;
use crate::claims;
use crate::flaws;
use crate::people::People;
use crate::versions::Versions;

/// The name of the database from which the demo's events come. Citizens changed from any other
/// one are not drawn.
pub const SOURCE: &str = "dancu-demo";

/// Between two versions of a record lie nine that are never sent, so that there are old ones.
const STEP: i64 = 10;

/// By which it is drawn who stays as they are.
const UNMOVED: u64 = 0x0071_7569_6574;

/// How many acknowledged events a lane remembers, to send them again.
const REMEMBERED: usize = 64;

/// Whether the events of a citizen are pushed by anybody: those of three citizens of four are, the
/// others stay as they are for the whole run. It is the same however many lanes there are, so that
/// generators that know nothing of each other's lanes agree on it.
pub(crate) fn is_pushed(citizen: u64) -> bool {
    Chance::new(UNMOVED, citizen).below(4) != 0
}

/// An event that was acknowledged.
#[derive(Clone, Debug)]
struct Pushed {
    item: Item,
    standing: Arc<Standing>,
    revision: u64,
    version: u32,
}

/// The citizens whose events one lane may push, and those it has pushed.
#[derive(Debug)]
pub(crate) struct Register {
    lane: u64,
    lanes: u64,
    cursor: u64,
    scouted: VecDeque<u64>,
    pushed: VecDeque<Pushed>,
}

impl Register {
    /// The register of one of so many lanes; it begins at a place that depends on `start`.
    pub(crate) const fn new(lane: u64, lanes: u64, start: u64) -> Self {
        Self {
            lane,
            lanes,
            cursor: start,
            scouted: VecDeque::new(),
            pushed: VecDeque::new(),
        }
    }

    /// Whether this lane may push the events of this citizen.
    pub(crate) fn owns(&self, citizen: u64) -> bool {
        citizen % self.lanes == self.lane && is_pushed(citizen)
    }

    /// The next citizens to look up, so that their events can be pushed.
    pub(crate) fn scout(&mut self, people: &People, wanted: usize) -> Vec<u64> {
        let places = people.nation().len().div_ceil(self.lanes);
        let mut found = Vec::with_capacity(wanted);
        for _ in 0..places.min(16 * wanted as u64) {
            if found.len() == wanted {
                break;
            }
            self.cursor = (self.cursor + 1) % places;
            let citizen = self.cursor * self.lanes + self.lane;
            if citizen < people.nation().len()
                && self.owns(citizen)
                && !self.scouted.contains(&citizen)
                && people.nation().events(citizen) > 0
            {
                found.push(citizen);
            }
        }
        self.scouted.extend(&found);
        found
    }

    /// Whether so many citizens have been looked up and wait for their next event.
    pub(crate) fn ready(&self, wanted: usize) -> bool {
        self.scouted.len() >= wanted
    }

    /// Up to `wanted` events of one kind that come next for citizens of this lane, of a kind for
    /// which `sender` is the authority where there is one already. Who has none left, or whose
    /// version is not known for sure, drops out.
    pub(crate) fn due(
        &mut self,
        people: &People,
        versions: &Versions,
        wanted: usize,
        sender: Option<&Standing>,
    ) -> Vec<Item> {
        let mut kind = sender.and_then(|s| s.authority.first().copied());
        let (mut due, mut later) = (Vec::with_capacity(wanted), Vec::new());
        if sender.is_some() && kind.is_none() {
            return due;
        }
        while let Some(citizen) = self.scouted.pop_front() {
            if due.len() == wanted {
                self.scouted.push_front(citizen);
                break;
            }
            let sure = versions.span(citizen).filter(|s| s.low == s.high);
            let Some(version) = sure.map(|s| s.low) else {
                continue;
            };
            let (Some(event), Some((index, record))) = (
                people.nation().event(citizen, version),
                people.citizen(citizen),
            ) else {
                continue;
            };
            if *kind.get_or_insert(event.kind()) != event.kind() {
                later.push(citizen);
                continue;
            }
            let drawn = claims::exact(index, record);
            due.push(Item {
                id: String::new(),
                dossier: String::new(),
                claims: drawn.claims,
                body: Body::Event(Box::new(Event {
                    source: SOURCE.into(),
                    record_id: format!("c{index}"),
                    record_version: (i64::from(version) + 1) * STEP,
                    event: Some(event),
                })),
                about: drawn.about,
                floor: version,
                expect: Expect::Applied(version + 1),
            });
        }
        self.scouted.extend(later);
        due
    }

    /// Takes note of an event that was acknowledged; the citizen's next one may be sent.
    pub(crate) fn acknowledge(&mut self, item: Item, standing: Arc<Standing>, revision: u64) {
        let (Some(citizen), Expect::Applied(version)) = (item.about.index(), item.expect) else {
            return;
        };
        self.scouted.push_back(citizen);
        if self.pushed.len() == REMEMBERED {
            self.pushed.pop_front();
        }
        self.pushed.push_back(Pushed {
            item,
            standing,
            revision,
            version,
        });
    }

    /// An event that was acknowledged before, sent again: as it was, with another content, or as
    /// an older version of the record; with the one who must send it.
    pub(crate) fn again(&self, chance: &mut Chance) -> Option<(Item, Arc<Standing>)> {
        let at = chance.below(self.pushed.len() as u64) as usize;
        let pushed = self.pushed.get(at)?;
        let mut item = pushed.item.clone();
        let Body::Event(event) = &mut item.body else {
            return None;
        };
        item.expect = match chance.below(4) {
            0 => {
                alter(event);
                Expect::Conflict
            }
            1 => {
                event.record_version -= 1;
                Expect::Stale
            }
            _ => Expect::AlreadyApplied(pushed.revision, pushed.version),
        };
        Some((item, Arc::clone(&pushed.standing)))
    }
}

/// The kind of an item's event.
pub(crate) fn kind(item: &Item) -> Option<EventKind> {
    match &item.body {
        Body::Event(event) => event.event.as_ref().map(ChangeEvent::kind),
        _ => None,
    }
}

/// An event that must not be taken, under a record id of its own: somebody's whose claims do not
/// agree, nobody's, before the birth, of an agency that is no authority for it, or malformed.
pub(crate) fn unwelcome(
    chance: &mut Chance,
    people: &People,
    standing: &Standing,
    record_id: String,
) -> Option<Item> {
    let (index, citizen) = people.somebody(chance)?;
    let kind = *chance.one_of(EventKind::ALL)?;
    let authority = standing.authority.contains(&kind);
    let today = people.nation().reference_date();
    let mut on = today.plus_days(1 + chance.below(300) as i32)?;
    let (drawn, expect) = match chance.below(4) {
        0 => {
            let drawn = claims::mistaken(chance, index, citizen);
            (drawn, Expect::Rejected(Rejection::NoMatch))
        }
        1 => {
            let drawn = claims::unknown(chance, people, &citizen);
            (drawn, Expect::Rejected(Rejection::NoMatch))
        }
        2 if People::barred(&citizen).is_none() => {
            on = citizen.birth.earliest().plus_days(-1)?;
            let drawn = claims::exact(index, citizen);
            (drawn, Expect::Rejected(Rejection::BeforeBirth))
        }
        _ => {
            let drawn = claims::exact(index, citizen);
            (
                drawn,
                Expect::Malformed(dancu_domain::Reason::FieldRequired, "event"),
            )
        }
    };
    let event = match kind {
        EventKind::ResidenceChange => ChangeEvent::Residence {
            place: people.nation().citizen(index).permanent_residence,
            since: on,
        },
        EventKind::Death => ChangeEvent::Death { on },
    };
    let mut drawn_claims = drawn.claims;
    // Events go by the personal number only.
    if matches!(drawn_claims.number, crate::ask::Number::Legacy(_)) {
        let citizen = people.nation().citizen(index);
        drawn_claims.number = crate::ask::Number::Personal(citizen.personal_id.text());
    }
    let mut item = Item {
        id: String::new(),
        dossier: String::new(),
        claims: drawn_claims,
        body: Body::Event(Box::new(Event {
            source: SOURCE.into(),
            record_id,
            record_version: 1,
            event: Some(event),
        })),
        about: drawn.about,
        floor: 0,
        expect,
    };
    match item.expect {
        Expect::Malformed(..) => flaws::spoil(chance, &mut item, false),
        _ if !authority => item.expect = Expect::Rejected(Rejection::NotTheAuthority),
        _ => {}
    }
    Some(item)
}

/// The same event with another content.
fn alter(event: &mut Event) {
    match &mut event.event {
        Some(ChangeEvent::Residence { place, .. }) => {
            place.detail = Detail::new(format!("{} (2)", place.detail.text()));
        }
        Some(ChangeEvent::Death { on }) => *on = on.plus_days(-1).unwrap_or(*on),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_citizen_is_at_most_one_lanes_and_about_three_of_four_are_somebodys() {
        for lanes in [1, 5, 64, 256] {
            let registers = (0..lanes).map(|lane| Register::new(lane, lanes, 0));
            let registers: Vec<_> = registers.collect();
            let mut owned = vec![0_u64; registers.len()];
            for citizen in 0..100 * lanes {
                let mut owners = registers.iter().zip(&mut owned);
                let owner = owners.find(|(register, _)| register.owns(citizen));
                let is_owned = owner.map(|(_, owned)| *owned += 1).is_some();
                assert!(owners.all(|(register, _)| !register.owns(citizen)));
                assert_eq!(is_owned, is_pushed(citizen));
            }
            // Each lane has its share.
            assert!(
                owned.iter().all(|of| (55..=92).contains(of)),
                "{lanes}: {owned:?}"
            );
            let all: u64 = owned.iter().sum();
            assert!(lanes < 64 || all.abs_diff(75 * lanes) < 2 * lanes, "{all}");
        }
    }
}
