//! A drawn message as the contract carries it.

use dancu_domain::{
    Attribute, ChangeEvent, CivilDate, Freshness, LegacyId, MaritalStatus, Place, Purpose, Sex,
    SocialInsuranceNumber,
};
use dancu_wire::pb;

use crate::ask::{Body, ClaimText, Event, Held, Item, Message, Number, View};
use crate::claims::day_parts;

/// A lookup message.
pub(crate) fn lookup(message: &Message) -> pb::BatchLookupCitizensRequest {
    let mut request = pb::BatchLookupCitizensRequest {
        context: Some(context(message)),
        freshness: freshness(message),
        items: message
            .items
            .iter()
            .map(|item| pb::LookupItem {
                item_id: item.id.clone(),
                dossier: item.dossier.clone(),
                claims: Some(claims(&item.claims)),
            })
            .collect(),
        ..Default::default()
    };
    match message.view {
        View::Basic => request.view = pb::LookupView::Basic.into(),
        View::Full => request.view = pb::LookupView::Full.into(),
        View::Mask(paths, _) => {
            let mask = request.read_mask.get_or_insert_default();
            mask.paths = paths.iter().map(|path| (*path).to_owned()).collect();
        }
        View::Of(attributes) => {
            let mask = request.read_mask.get_or_insert_default();
            mask.paths = attributes.iter().map(|a| field(a).to_owned()).collect();
            if mask.paths.is_empty() {
                // The one field that needs no attribute.
                mask.paths.push("version".to_owned());
            }
        }
    }
    request
}

/// A field of a record that is granted with an attribute.
const fn field(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Household => "relation_to_head",
        Attribute::Death => "died_on",
        Attribute::SocialInsurance => "social_insurance_number",
        // The others are called like their fields.
        attribute => attribute.word(),
    }
}

/// An authentication message.
pub(crate) fn authenticate(message: &Message) -> pb::BatchAuthenticateCitizensRequest {
    pb::BatchAuthenticateCitizensRequest {
        context: Some(context(message)),
        freshness: freshness(message),
        items: message
            .items
            .iter()
            .map(|item| pb::AuthenticationItem {
                item_id: item.id.clone(),
                dossier: item.dossier.clone(),
                claims: Some(claims(&item.claims)),
            })
            .collect(),
    }
}

/// A reconcile message.
pub(crate) fn reconcile(message: &Message) -> pb::ReconcileCitizensRequest {
    pb::ReconcileCitizensRequest {
        context: Some(context(message)),
        freshness: freshness(message),
        records: message.items.iter().map(row).collect(),
    }
}

/// A push message.
pub(crate) fn push(message: &Message) -> pb::PushChangesRequest {
    pb::PushChangesRequest {
        context: Some(context(message)),
        records: message.items.iter().map(change).collect(),
    }
}

fn context(message: &Message) -> pb::RequestContext {
    let envelope = &message.envelope;
    pb::RequestContext {
        request_id: message.request_id.clone(),
        officer: envelope.officer.clone(),
        procedure: envelope.procedure.clone(),
        dossier: envelope.dossier.clone(),
        purpose: envelope
            .purpose
            .map_or(0, |purpose| self::purpose(purpose).into()),
        unit: String::new(),
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

fn freshness(message: &Message) -> Option<pb::Freshness> {
    use pb::freshness::Requirement;
    let requirement = match message.freshness {
        // Left out is the same as asked for: both are sent.
        Freshness::MinimizeLatency if message.items.len() == 1 => return None,
        Freshness::MinimizeLatency => Requirement::MinimizeLatency(true),
        Freshness::FullyConsistent => Requirement::FullyConsistent(true),
        Freshness::AtLeast(revision) => Requirement::AtLeastAsFresh(pb::Revision {
            nation: revision.nation.text(),
            number: i64::try_from(revision.number).unwrap_or(i64::MAX),
        }),
    };
    Some(pb::Freshness {
        requirement: Some(requirement),
    })
}

fn claims(claims: &ClaimText) -> pb::Claims {
    pb::Claims {
        number: match &claims.number {
            Number::Missing => None,
            Number::Personal(text) => Some(pb::claims::Number::PersonalNumber(text.clone())),
            Number::Legacy(text) => Some(pb::claims::Number::LegacyNumber(text.clone())),
        },
        full_name: claims.name.clone(),
        birth_date: claims
            .birth
            .map(|(year, month, day)| pb::Date { year, month, day }),
    }
}

fn row(item: &Item) -> pb::ReconcileRecord {
    let nothing = Held::default();
    let held = match &item.body {
        Body::Row(held) => held.as_ref(),
        _ => &nothing,
    };
    pb::ReconcileRecord {
        item_id: item.id.clone(),
        dossier: item.dossier.clone(),
        claims: Some(claims(&item.claims)),
        sex: held.sex.map_or(0, |sex| match sex {
            Sex::Unknown => 0,
            Sex::Male => pb::Sex::Male.into(),
            Sex::Female => pb::Sex::Female.into(),
        }),
        legacy_number: held.legacy_id.map(LegacyId::text).unwrap_or_default(),
        current_residence: held.current_residence.as_ref().map(address),
        permanent_residence: held.permanent_residence.as_ref().map(address),
        marital_status: held.marital_status.map_or(0, |status| match status {
            MaritalStatus::Unknown => 0,
            MaritalStatus::Single => pb::MaritalStatus::Single.into(),
            MaritalStatus::Married => pb::MaritalStatus::Married.into(),
            MaritalStatus::Divorced => pb::MaritalStatus::Divorced.into(),
            MaritalStatus::Widowed => pb::MaritalStatus::Widowed.into(),
        }),
        social_insurance_number: held
            .social_insurance
            .map(SocialInsuranceNumber::text)
            .unwrap_or_default(),
        died_on: held.died_on.map(date),
    }
}

fn change(item: &Item) -> pb::ChangeRecord {
    let mut record = pb::ChangeRecord {
        item_id: item.id.clone(),
        claims: Some(claims(&item.claims)),
        ..Default::default()
    };
    if let Body::Event(event) = &item.body {
        let Event {
            source,
            record_id,
            record_version,
            event,
        } = event.as_ref();
        record.source.clone_from(source);
        record.record_id.clone_from(record_id);
        record.record_version = *record_version;
        record.event = event.as_ref().map(life_event);
    }
    record
}

fn life_event(event: &ChangeEvent) -> pb::change_record::Event {
    use pb::change_record::Event;
    match event {
        ChangeEvent::Residence { place, since } => Event::ResidenceChange(pb::ResidenceChange {
            residence: Some(address(place)),
            since: Some(date(*since)),
        }),
        ChangeEvent::Death { on } => Event::Death(pb::Death {
            died_on: Some(date(*on)),
        }),
    }
}

/// An address; what is at home may leave the country out.
fn address(place: &Place) -> pb::Address {
    let code = |number: u32, width: usize| match number {
        0 => String::new(),
        _ => format!("{number:0width$}"),
    };
    pb::Address {
        province: code(place.province.into(), 2),
        district: code(place.district.into(), 3),
        commune: code(place.commune, 5),
        detail: place.detail.text().to_owned(),
        country: match place.country() {
            "VN" => String::new(),
            abroad => abroad.to_owned(),
        },
    }
}

fn date(date: CivilDate) -> pb::Date {
    let (year, month, day) = day_parts(date);
    pb::Date { year, month, day }
}
