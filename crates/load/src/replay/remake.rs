//! A recorded message made again: from whoever may ask it, about the same people, with claims that
//! are as true as they were.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dancu_domain::{
    AgencyCode, AttributeSet, ChangeEvent, CivilDate, Day, EventDays, EventKind, Freshness,
    Purpose, Reason, Revision, Verb,
};
use dancu_population::{KeyState, Nation};
use dancu_wire::pb::recording::{self as form, Exchange};
use dancu_wire::{from_wire, pb};

use super::history::{History, what};
use super::persons::{Person, Persons, must_be_wrong};
use super::rows;
use crate::ask::{About, Body, ClaimText, End, Event, Expect, Item, Message, Number, View};
use crate::callers::{Caller, Envelope, Standing, dossier_of};
use crate::draw::Shape;
use crate::flaws;

/// The name of the database from which replayed events come.
const SOURCE: &str = "dancu-replay";

/// A message that can be asked again.
pub(super) struct Remade {
    /// The message.
    pub(super) message: Message,
    /// How it travels.
    pub(super) shape: Shape,
    /// Under what it queues.
    pub(super) about: Vec<u64>,
    /// The day under which it is counted, where it names one.
    pub(super) day: Option<Day>,
}

/// Makes messages again.
pub(super) struct Remaker {
    pub(super) persons: Persons,
    callers: HashMap<AgencyCode, Arc<Caller>>,
    authorities: HashSet<(AgencyCode, EventKind)>,
    today: CivilDate,
    run: String,
    /// The days that the service allows to be named.
    days: Option<EventDays>,
}

impl Remaker {
    pub(super) fn new(nation: &Nation, run: String, days: Option<EventDays>) -> Self {
        let agencies = Nation::agencies();
        let kinds: HashMap<_, _> = agencies.iter().map(|a| (a.code, a.kind)).collect();
        let callers = nation.sandbox_keys().into_iter();
        let callers = callers
            .filter(|key| key.state == KeyState::Valid)
            .filter_map(|key| {
                let caller = Caller {
                    agency: key.agency,
                    kind: *kinds.get(&key.agency)?,
                    key: key.key,
                    officer: key.officer,
                    procedure: key.procedure,
                };
                Some((key.agency, Arc::new(caller)))
            });
        let authorities = nation.licences().into_iter().flat_map(|licence| {
            let agency = licence.agency;
            let of = licence.authority.into_iter();
            of.map(move |kind| (agency, kind))
        });
        Self {
            callers: callers.collect(),
            authorities: authorities.collect(),
            today: nation.reference_date(),
            persons: Persons::new(nation),
            run,
            days,
        }
    }

    /// Makes a message again; `None` where it cannot be: it was not answered, its agency has no
    /// sandbox key, or it is about people of whom this nation knows nothing.
    pub(super) fn remake(
        &self,
        exchange: &Exchange,
        position: u64,
        history: &History,
        seen: Option<Revision>,
    ) -> Option<Remade> {
        let refused = denied(exchange)?;
        let verb = Verb::from_code(u8::try_from(exchange.verb).ok()?)?;
        let agency = AgencyCode::parse(&exchange.agency, "agency").ok()?;
        let caller = Arc::clone(self.callers.get(&agency)?);
        // Whom a malformed item is about is the same whenever the same request is sent again.
        let drawn = if verb == Verb::Push {
            exchange.request
        } else {
            position
        };
        let mut about = Vec::new();
        let mut items = Vec::with_capacity(exchange.items.len());
        for (nth, item) in (0_u64..).zip(&exchange.items) {
            self.persons.keys(item, &mut about);
            let person = self
                .persons
                .of(item, history, drawn.wrapping_add(nth * 7))?;
            items.push(self.item(exchange, verb, item, &person, nth)?);
        }
        if items.is_empty() {
            return None;
        }
        let request_id = if verb == Verb::Push {
            // The same request gets the same id, and its messages go one after the other.
            about.push(1 << 61 | exchange.request >> 4);
            format!("{}-p{:016x}", self.run, exchange.request)
        } else {
            format!("{}-{position:x}", self.run)
        };
        let envelope = self.envelope(exchange, &caller, refused)?;
        let message = Message {
            verb,
            request_id,
            key: Some(caller.key.clone()),
            standing: Arc::new(Standing {
                caller,
                envelope: envelope.clone(),
                granted: AttributeSet::NONE,
                number_alone: false,
                explain: false,
                debug: false,
                authority: Vec::new(),
            }),
            envelope,
            freshness: match (exchange.freshness(), seen) {
                (form::Freshness::Consistent, _) => Freshness::FullyConsistent,
                (form::Freshness::AtLeast, Some(revision)) => Freshness::AtLeast(revision),
                _ => Freshness::MinimizeLatency,
            },
            view: view(exchange.wanted),
            items,
            end: End::Answered,
        };
        let shape = match exchange.shape() {
            form::Shape::Unary => Shape::Unary,
            form::Shape::Stream => Shape::Stream,
            form::Shape::Batch | form::Shape::Unspecified => Shape::Batch,
        };
        Some(Remade {
            message,
            shape,
            about,
            day: self.day(exchange),
        })
    }

    /// The day that a message named, where the service allows it.
    fn day(&self, exchange: &Exchange) -> Option<Day> {
        let (day, allowed) = (Day(exchange.event_day?), self.days?);
        allowed.has(day).then_some(day)
    }

    /// Whether a message named a day and is asked again without one.
    pub(super) fn undated(&self, exchange: &Exchange) -> bool {
        exchange.event_day.is_some() && self.day(exchange).is_none()
    }

    fn envelope(
        &self,
        exchange: &Exchange,
        caller: &Caller,
        refused: Option<Reason>,
    ) -> Option<Envelope> {
        let officer = match refused {
            Some(Reason::OfficerNotAuthorised) => "nobody-we-know",
            _ => &caller.officer,
        };
        let procedure = match (exchange.procedure.as_str(), refused) {
            ("", Some(Reason::ProcedureNotLicensed)) => "9.999999",
            ("", _) => &caller.procedure,
            (code, _) => code,
        };
        let given = |there: bool, text: &str| {
            if there {
                text.to_owned()
            } else {
                String::new()
            }
        };
        let dossier = dossier_of(caller.agency, self.today, 1);
        Some(Envelope {
            officer: given(exchange.officer, officer),
            procedure: given(exchange.has_procedure, procedure),
            dossier: given(exchange.dossier, &dossier),
            purpose: Some(Purpose::from_code(u8::try_from(exchange.purpose).ok()?)?),
        })
    }

    fn item(
        &self,
        exchange: &Exchange,
        verb: Verb,
        item: &form::Item,
        person: &Person,
        nth: u64,
    ) -> Option<Item> {
        let agency = AgencyCode::parse(&exchange.agency, "agency").ok()?;
        let event = item.event.as_ref();
        let kind = event.and_then(|event| match event.kind() {
            form::EventKind::ResidenceChange => Some(EventKind::ResidenceChange),
            form::EventKind::Death => Some(EventKind::Death),
            form::EventKind::Unspecified => None,
        });
        let authority = kind.is_some_and(|kind| self.authorities.contains(&(agency, kind)));
        // A malformed item keeps nothing. Where a procedure is named and no dossier stands over all
        // items, some item had one of its own, or the message would not have been answered; it may
        // have been this one.
        let own_dossier =
            item.dossier || (item.subject.is_none() && exchange.has_procedure && !exchange.dossier);
        let wrong = must_be_wrong(verb, person, item, authority);
        let mut made = Item {
            id: String::new(),
            dossier: if own_dossier {
                dossier_of(agency, self.today, 2 + nth)
            } else {
                String::new()
            },
            claims: self.persons.claims(person, item, wrong),
            body: match verb {
                Verb::Lookup | Verb::Authenticate => Body::Claims,
                Verb::Reconcile => {
                    let row = item.row.unwrap_or_default();
                    let set = AttributeSet::from_bits;
                    let row = rows::row(&person.citizen, set(row.held), set(row.differed));
                    Body::Row(Box::new(row))
                }
                Verb::Push => Body::Event(Box::new(self.event(person, event))),
            },
            about: About::Nobody,
            floor: 0,
            expect: Expect::Ambiguous,
        };
        if item.subject.is_none() {
            // Malformed claims stand on whole ones.
            made.claims = ClaimText {
                number: Number::Personal(person.citizen.personal_id.text()),
                name: person.citizen.name.text().to_owned(),
                birth: Some(crate::claims::parts(person.citizen.birth)),
            };
        }
        if let Some(reason) = from_wire(item.fault()) {
            flaws::spoil_like(&mut made, reason, &item.field);
        }
        Some(made)
    }

    fn event(&self, person: &Person, event: Option<&form::Event>) -> Event {
        let nation = self.persons.nation();
        let happened = match (event, person.index) {
            (Some(event), Some(index)) => what(nation, index, event),
            // Of nobody's events only the day and the kind matter.
            (Some(event), None) => what(
                nation,
                0,
                &form::Event {
                    number: 0,
                    ..*event
                },
            ),
            // A malformed one stands on a whole one.
            (None, _) => Some(ChangeEvent::Residence {
                place: person.citizen.permanent_residence.clone(),
                since: self.today,
            }),
        };
        Event {
            source: SOURCE.to_owned(),
            record_id: event.map_or_else(
                || "malformed".to_owned(),
                |event| format!("r{:016x}", event.record),
            ),
            record_version: event.map_or(1, |event| {
                i64::try_from(event.record_version).unwrap_or(i64::MAX)
            }),
            event: happened,
        }
    }
}

/// Why a message was refused, if it was; `None` of a message that was neither answered nor refused.
#[expect(
    clippy::option_option,
    reason = "answered, refused, or neither: three cases, and the last one ends the remaking"
)]
fn denied(exchange: &Exchange) -> Option<Option<Reason>> {
    match from_wire(exchange.reason()) {
        None => Some(None),
        Some(reason) if reason.class() == dancu_domain::ErrorClass::Denied => Some(Some(reason)),
        Some(_) => None,
    }
}

fn view(wanted: u32) -> View {
    match AttributeSet::from_bits(wanted) {
        wanted if wanted == AttributeSet::BASIC => View::Basic,
        wanted if wanted == AttributeSet::all() => View::Full,
        wanted => View::Of(wanted),
    }
}

/// The outcome that a recording names; `None` of an item without one.
pub(super) fn outcome(item: &form::Item) -> Option<dancu_domain::Outcome> {
    match item.outcome() {
        pb::Outcome::Unspecified => None,
        outcome => dancu_domain::Outcome::from_code(outcome as u8),
    }
}
