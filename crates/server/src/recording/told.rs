//! Notes become frames: nothing that is not in the form of the file gets past here.

use std::time::Instant;

use dancu_domain::{ChangeEvent, EventKind, Purpose};
use dancu_wire::pb::recording as form;
use dancu_wire::pb::recording::item::Subject;
use dancu_wire::{pb, to_wire};

use super::columns::Columns;
use super::encode::{bytes, delimited, fixed, flag, message, number, present, zigzag};
use super::notes::{
    BirthNote, EventNote, FreshNote, Items, Kind, Manner, NameNote, Note, Page, Rare, RowNote,
};
use super::places::Places;
use super::sheet::Lost;
use crate::grpc::method::{Kind as Calls, Method};

/// Writes frames.
pub(super) struct Teller {
    began: Instant,
    places: Places,
    /// The manner of the last message, as it is written: the next one is often asked in the same.
    manner: Option<(Manner, Vec<u8>)>,
    /// The columns of the last long message, to be used again.
    columns: Option<Columns>,
}

impl Teller {
    /// Of a recording that began at a moment.
    pub(super) fn new(began: Instant, places: Places) -> Self {
        Self {
            began,
            places,
            manner: None,
            columns: None,
        }
    }

    /// Appends a frame that holds a message.
    pub(super) fn exchange(&mut self, note: &mut Note, out: &mut Vec<u8>) {
        let frame = |out: &mut Vec<u8>| message(out, 2, |out| self.body(note, out));
        delimited(out, frame);
    }

    /// Appends a frame that tells of lost messages.
    pub(super) fn gap(&self, lost: &Lost, out: &mut Vec<u8>) {
        let gap = form::Gap {
            from_micros: self.micros(lost.from),
            to_micros: self.micros(lost.to),
            messages: lost.messages,
            items: lost.items,
        };
        delimited(out, |out| message(out, 3, |out| append(&gap, out)));
    }

    fn micros(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.began).as_micros() as u64
    }

    fn body(&mut self, note: &mut Note, out: &mut Vec<u8>) {
        number(out, 1, self.micros(note.at));
        number(out, 2, note.took.as_micros() as u64);
        match &self.manner {
            Some((known, written)) if *known == note.manner => out.extend_from_slice(written),
            _ => {
                let mut written = Vec::new();
                manner(&note.manner, &mut written);
                out.extend_from_slice(&written);
                self.manner = Some((note.manner, written));
            }
        }
        if note.request != 0 {
            fixed(out, 13, note.request);
        }
        if let Some(reason) = note.reason {
            number(out, 14, code(to_wire(reason)));
        }
        number(out, 15, note.revision);
        self.items(&mut note.page, out);
        number(out, 17, note.count.into());
    }

    fn items(&mut self, page: &mut Page, out: &mut Vec<u8>) {
        page.rare.sort_by_key(|(place, _)| *place);
        let mut rare = page.rare.as_slice();
        let row = |place: usize| page.rows.get(place).copied().unwrap_or_default();
        let items = match &page.items {
            Items::One(item) => {
                let of = (self.subject(item.key()), item.kind, row(0));
                message(out, 16, |out| self.whole(of, rare, out));
                return;
            }
            Items::Many(items) if items.is_empty() => return,
            Items::Many(items) => items,
        };
        let mut columns = self.columns.take().unwrap_or_default();
        columns.clear();
        for (place, item) in items.iter().enumerate() {
            let own = rare.iter().take_while(|(of, _)| *of as usize == place);
            let (own, rest) = rare.split_at(own.count());
            rare = rest;
            let alike = (item.kind, row(place));
            let citizen = item.key().filter(|_| own.is_empty());
            match citizen.and_then(|key| self.places.citizen(key)) {
                Some(citizen) => columns.citizen(citizen, alike, |out| common(alike, out)),
                None => {
                    let of = (self.subject(item.key()), item.kind, alike.1);
                    columns.other(|out| self.whole(of, own, out));
                }
            }
        }
        message(out, 18, |out| columns.append(out));
        self.columns = Some(columns);
    }

    fn subject(&mut self, key: Option<u64>) -> Option<Subject> {
        key.map(|key| self.places.subject(key))
    }

    /// An item with all that is to be said of it.
    fn whole(
        &self,
        (subject, kind, row): (Option<Subject>, Kind, RowNote),
        rare: &[(u32, Rare)],
        out: &mut Vec<u8>,
    ) {
        let citizen = match subject {
            Some(Subject::Citizen(citizen)) => {
                present(out, 1, citizen);
                Some(citizen)
            }
            Some(Subject::Persona(persona)) => {
                present(out, 2, persona.into());
                None
            }
            Some(Subject::Stranger(stranger)) => {
                fixed(out, 3, stranger);
                None
            }
            None => None,
        };
        common((kind, row), out);
        for (_, rare) in rare {
            match rare {
                Rare::Fault(fault) => {
                    number(out, 10, code(to_wire(fault.reason)));
                    bytes(out, 11, fault.field.as_bytes());
                }
                Rare::Event(event) => {
                    let event = self.event(citizen, event);
                    message(out, 13, |out| append(&event, out));
                }
            }
        }
    }

    fn event(&self, citizen: Option<u64>, note: &EventNote) -> form::Event {
        let number = citizen
            .zip(self.places.nation())
            .and_then(|(citizen, nation)| nation.version_before(citizen, &note.event))
            .map_or(0, |version| version + 1);
        let (day, place) = match (number, &note.event) {
            (0, ChangeEvent::Residence { place, since }) => {
                (since.days_since_epoch(), self.places.place(place))
            }
            (0, ChangeEvent::Death { on }) => (on.days_since_epoch(), 0),
            _ => (0, 0),
        };
        form::Event {
            kind: match note.event.kind() {
                EventKind::ResidenceChange => form::EventKind::ResidenceChange,
                EventKind::Death => form::EventKind::Death,
            }
            .into(),
            number,
            day,
            place,
            record: note.record,
            record_version: note.version,
        }
    }
}

/// How a message was asked.
fn manner(manner: &Manner, out: &mut Vec<u8>) {
    let verb = manner.method.verb().map_or(0, |verb| verb.code().into());
    number(out, 3, verb);
    number(out, 4, code(shape(manner.method)));
    bytes(out, 5, manner.agency.text().as_bytes());
    number(out, 6, code(purpose(manner.purpose)));
    flag(out, 7, manner.officer);
    bytes(out, 8, manner.procedure.as_ref().map_or(&[], |code| code));
    flag(out, 9, manner.has_procedure);
    flag(out, 10, manner.dossier);
    let freshness = match manner.freshness {
        FreshNote::Any => form::Freshness::Unspecified,
        FreshNote::AtLeast => form::Freshness::AtLeast,
        FreshNote::Consistent => form::Freshness::Consistent,
    };
    number(out, 11, code(freshness));
    number(out, 12, manner.wanted.bits().into());
    if let Some(day) = manner.event_day {
        present(out, 19, zigzag(day.0));
    }
}

/// What an item has in common with others.
fn common((kind, row): (Kind, RowNote), out: &mut Vec<u8>) {
    flag(out, 4, kind.legacy());
    number(out, 5, code(name(kind.name)));
    let birth = match kind.birth {
        BirthNote::None => form::BirthForm::Unspecified,
        BirthNote::Year => form::BirthForm::Year,
        BirthNote::Month => form::BirthForm::Month,
        BirthNote::Day => form::BirthForm::Day,
    };
    number(out, 6, code(birth));
    flag(out, 7, kind.dossier());
    number(
        out,
        8,
        kind.outcome.map_or(0, |outcome| outcome.code().into()),
    );
    number(out, 9, kind.version.into());
    if row != RowNote::default() {
        message(out, 12, |out| {
            number(out, 1, row.held.bits().into());
            number(out, 2, row.differed.bits().into());
        });
    }
}

/// A value of an enum of the form.
fn code(value: impl Into<i32>) -> u64 {
    u64::from(value.into().unsigned_abs())
}

fn append(message: &impl prost::Message, out: &mut Vec<u8>) {
    message
        .encode(out)
        .expect("a list of bytes has room for every message");
}

const fn shape(method: Method) -> form::Shape {
    match method {
        Method::LookupCitizen | Method::AuthenticateCitizen => form::Shape::Unary,
        method => match method.kind() {
            Calls::Unary => form::Shape::Batch,
            Calls::ServerStream | Calls::Bidi => form::Shape::Stream,
        },
    }
}

const fn purpose(purpose: Purpose) -> pb::Purpose {
    match purpose {
        Purpose::AdministrativeProcedure => pb::Purpose::AdministrativeProcedure,
        Purpose::HealthCheckIn => pb::Purpose::HealthCheckIn,
        Purpose::DataCleaning => pb::Purpose::DataCleaning,
        Purpose::LifeEvent => pb::Purpose::LifeEvent,
        Purpose::Statistics => pb::Purpose::Statistics,
    }
}

const fn name(name: NameNote) -> form::NameForm {
    match name {
        NameNote::Claimed => form::NameForm::Unspecified,
        NameNote::None => form::NameForm::None,
        NameNote::Exact => form::NameForm::Exact,
        NameNote::TonePlacement => form::NameForm::TonePlacement,
        NameNote::Unaccented => form::NameForm::Unaccented,
    }
}
