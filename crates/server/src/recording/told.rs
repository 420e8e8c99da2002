//! Notes become frames: nothing that is not in the form of the file gets past here.

use std::time::Instant;

use dancu_domain::{Agreement, ChangeEvent, EventKind, Freshness, Purpose};
use dancu_wire::pb::recording as form;
use dancu_wire::{pb, to_wire};

use super::notes::{BirthNote, EventNote, ItemNote, Lost, NameNote, Note};
use super::places::{Places, is_legacy};
use crate::grpc::method::{Kind, Method};

/// A frame that holds a message.
pub(super) fn exchange(
    places: &mut Places,
    began: Instant,
    note: &Note,
    items: &[ItemNote],
) -> form::Frame {
    let exchange = form::Exchange {
        at_micros: micros(began, note.at),
        took_micros: note.took.as_micros() as u64,
        verb: note.method.verb().map_or(0, |verb| verb.code().into()),
        shape: shape(note.method).into(),
        agency: note.agency.text().to_owned(),
        purpose: purpose(note.purpose).into(),
        officer: note.officer,
        procedure: note.procedure.as_ref().map_or_else(String::new, |code| {
            String::from_utf8_lossy(code).into_owned()
        }),
        has_procedure: note.has_procedure,
        dossier: note.dossier,
        freshness: match note.freshness {
            Freshness::MinimizeLatency => form::Freshness::Unspecified,
            Freshness::AtLeast(_) => form::Freshness::AtLeast,
            Freshness::FullyConsistent => form::Freshness::Consistent,
        }
        .into(),
        wanted: note.wanted.bits(),
        request: note.request,
        reason: note.reason.map_or(0, |reason| to_wire(reason).into()),
        revision: note.revision,
        items: items.iter().map(|note| item(places, note)).collect(),
        count: note.count,
    };
    form::Frame {
        frame: Some(form::frame::Frame::Exchange(exchange)),
    }
}

/// A frame that tells of lost messages.
pub(super) fn gap(began: Instant, lost: &Lost) -> form::Frame {
    form::Frame {
        frame: Some(form::frame::Frame::Gap(form::Gap {
            from_micros: micros(began, lost.from),
            to_micros: micros(began, lost.to),
            messages: lost.messages,
            items: lost.items,
        })),
    }
}

fn micros(began: Instant, at: Instant) -> u64 {
    at.saturating_duration_since(began).as_micros() as u64
}

const fn shape(method: Method) -> form::Shape {
    match method {
        Method::LookupCitizen | Method::AuthenticateCitizen => form::Shape::Unary,
        method => match method.kind() {
            Kind::Unary => form::Shape::Batch,
            Kind::ServerStream | Kind::Bidi => form::Shape::Stream,
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

fn item(places: &mut Places, note: &ItemNote) -> form::Item {
    let subject = note.key.map(|key| places.subject(key, note.holder));
    let row = (!note.held.is_empty() || !note.differed.is_empty()).then(|| form::Row {
        held: note.held.bits(),
        differed: note.differed.bits(),
    });
    let event = note.event.as_ref().map(|event| {
        let index = match subject {
            Some(form::item::Subject::Citizen(index)) => Some(index),
            _ => None,
        };
        self::event(places, index, event)
    });
    form::Item {
        subject,
        legacy: note.key.is_some_and(is_legacy),
        name: name(note).into(),
        birth: match note.birth {
            BirthNote::None => form::BirthForm::Unspecified,
            BirthNote::Year => form::BirthForm::Year,
            BirthNote::Month => form::BirthForm::Month,
            BirthNote::Day => form::BirthForm::Day,
        }
        .into(),
        dossier: note.dossier,
        outcome: note.outcome.map_or(0, |outcome| outcome.code().into()),
        version: note.version,
        fault: note
            .fault
            .as_ref()
            .map_or(0, |fault| to_wire(fault.reason).into()),
        field: note
            .fault
            .as_ref()
            .map_or_else(String::new, |fault| fault.field.clone().into_owned()),
        row,
        event,
    }
}

const fn name(note: &ItemNote) -> form::NameForm {
    match note.name {
        NameNote::Claimed => form::NameForm::Unspecified,
        NameNote::None => form::NameForm::None,
        NameNote::Agreed(Agreement::Exact) => form::NameForm::Exact,
        NameNote::Agreed(Agreement::TonePlacement) => form::NameForm::TonePlacement,
        NameNote::Agreed(Agreement::Unaccented) => form::NameForm::Unaccented,
    }
}

fn event(places: &Places, index: Option<u64>, note: &EventNote) -> form::Event {
    let number = index
        .zip(places.nation())
        .and_then(|(index, nation)| nation.version_before(index, &note.event))
        .map_or(0, |version| version + 1);
    let (day, place) = match (number, &note.event) {
        (0, ChangeEvent::Residence { place, since }) => {
            (since.days_since_epoch(), places.place(place))
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
