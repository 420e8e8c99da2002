//! Requests about citizens of a nation, with true claims unless a test changes them.

use bytes::{BufMut, Bytes, BytesMut};
use dancu_domain::{BirthDate, ChangeEvent, Citizen, CivilDate, Place};
use dancu_population::{Nation, SandboxKey};
use dancu_wire::pb::dancu::v1 as pb;
use dancu_wire::pb::google::r#type::Date;
use prost::Message;

/// A dossier in the first published form.
pub const DOSSIER: &str = "000.00.00.H26-231012-0001";

/// The envelope of a clerk's message.
pub fn context(request_id: &str, key: &SandboxKey, purpose: pb::Purpose) -> pb::RequestContext {
    pb::RequestContext {
        request_id: request_id.to_owned(),
        officer: key.officer.clone(),
        procedure: key.procedure.clone(),
        dossier: DOSSIER.to_owned(),
        purpose: purpose.into(),
        unit: String::new(),
    }
}

/// The true claims of a citizen.
pub fn claims(citizen: &Citizen) -> pb::Claims {
    pb::Claims {
        number: Some(pb::claims::Number::PersonalNumber(
            citizen.personal_id.text(),
        )),
        full_name: citizen.name.text().to_owned(),
        birth_date: Some(birth(citizen.birth)),
    }
}

/// A birth date as the contract carries it.
pub fn birth(birth: BirthDate) -> Date {
    let (year, month, day) = birth.parts();
    Date {
        year: year.into(),
        month: month.into(),
        day: day.into(),
    }
}

/// A whole date as the contract carries it.
pub fn date(date: CivilDate) -> Date {
    birth(BirthDate::Day(date))
}

/// A place as the contract carries it.
pub fn address(place: &Place) -> pb::Address {
    pb::Address {
        province: format!("{:02}", place.province),
        district: format!("{:03}", place.district),
        commune: format!("{:05}", place.commune),
        detail: place.detail.text().to_owned(),
        country: place.country().to_owned(),
    }
}

/// A lookup of the citizen at `index`.
pub fn lookup(
    nation: &Nation,
    index: u64,
    request_id: &str,
    key: &SandboxKey,
) -> pb::LookupCitizenRequest {
    pb::LookupCitizenRequest {
        context: Some(context(
            request_id,
            key,
            pb::Purpose::AdministrativeProcedure,
        )),
        item: Some(pb::LookupItem {
            claims: Some(claims(&nation.citizen(index))),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A batch of lookups of these citizens.
pub fn lookups(
    nation: &Nation,
    indices: impl Iterator<Item = u64>,
    request_id: &str,
    key: &SandboxKey,
) -> pb::BatchLookupCitizensRequest {
    pb::BatchLookupCitizensRequest {
        context: Some(context(
            request_id,
            key,
            pb::Purpose::AdministrativeProcedure,
        )),
        items: indices
            .map(|index| pb::LookupItem {
                claims: Some(claims(&nation.citizen(index))),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    }
}

/// Asks for an answer at this revision or later.
pub fn at_least(revision: pb::Revision) -> pb::Freshness {
    pb::Freshness {
        requirement: Some(pb::freshness::Requirement::AtLeastAsFresh(revision)),
    }
}

/// The `nth` change of residence of the citizen at `index`: each a day after the one before, from
/// 2023 on, so that each takes effect.
pub fn move_on(nation: &Nation, index: u64, nth: u64, request_id: &str) -> pb::ChangeRecord {
    let citizen = nation.citizen(index);
    let (year, month, day) = (2023 + nth / 336, 1 + nth / 28 % 12, 1 + nth % 28);
    pb::ChangeRecord {
        item_id: String::new(),
        source: "tests".to_owned(),
        record_id: format!("{request_id}-{index}"),
        record_version: 1,
        claims: Some(claims(&citizen)),
        event: Some(pb::change_record::Event::ResidenceChange(
            pb::ResidenceChange {
                residence: Some(pb::Address {
                    detail: format!("Số {nth}"),
                    ..address(&citizen.current_residence)
                }),
                since: Some(Date {
                    year: year as i32,
                    month: month as i32,
                    day: day as i32,
                }),
            },
        )),
    }
}

/// A batch of authentications of `count` citizens from `from` on.
pub fn authentications(
    nation: &Nation,
    from: u64,
    count: u64,
    request_id: &str,
    key: &SandboxKey,
) -> pb::BatchAuthenticateCitizensRequest {
    pb::BatchAuthenticateCitizensRequest {
        context: Some(context(
            request_id,
            key,
            pb::Purpose::AdministrativeProcedure,
        )),
        items: (from..from + count)
            .map(|index| pb::AuthenticationItem {
                claims: Some(claims(&nation.citizen(index % nation.len()))),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    }
}

/// A change of residence of the citizen at `index`, under a record id made of the request id.
pub fn push(
    nation: &Nation,
    index: u64,
    request_id: &str,
    key: &SandboxKey,
) -> pb::PushChangesRequest {
    let citizen = nation.citizen(index);
    let (place, since) = match nation.event(index, 0) {
        Some(ChangeEvent::Residence { place, since }) => (place, since),
        _ => (citizen.current_residence.clone(), citizen.resident_since),
    };
    pb::PushChangesRequest {
        context: Some(context(request_id, key, pb::Purpose::LifeEvent)),
        records: vec![pb::ChangeRecord {
            item_id: String::new(),
            source: "tests".to_owned(),
            record_id: request_id.to_owned(),
            record_version: 1,
            claims: Some(claims(&citizen)),
            event: Some(pb::change_record::Event::ResidenceChange(
                pb::ResidenceChange {
                    residence: Some(address(&place)),
                    since: Some(date(since)),
                },
            )),
        }],
    }
}

/// `count` framed lookups, spread over the nation.
pub fn framed_lookups(nation: &Nation, count: u64, key: &SandboxKey) -> Vec<Bytes> {
    let step = (nation.len() / count).max(1);
    (0..count)
        .map(|n| {
            framed(&lookup(
                nation,
                n * step % nation.len(),
                &format!("bench-{n}"),
                key,
            ))
        })
        .collect()
}

/// A message behind its five bytes of gRPC framing.
pub fn framed(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(5 + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).expect("a message is shorter than 4 GiB"));
    message.encode(&mut frame).expect("the buffer grows");
    frame.freeze()
}
