//! Messages encoded once: lookups of citizens of a nation, framed for gRPC.

use bytes::{BufMut, Bytes, BytesMut};
use dancu_population::Nation;
use dancu_wire::pb::dancu::v1 as pb;
use prost::Message;

/// `count` lookups by true claims, spread over the nation.
pub fn lookups(nation: &Nation, count: u64, officer: &str, procedure: &str) -> Vec<Bytes> {
    let step = (nation.len() / count).max(1);
    (0..count)
        .map(|n| framed(&lookup(nation, n * step % nation.len(), n, officer, procedure)))
        .collect()
}

/// One lookup of the citizen at `index`.
pub fn lookup(
    nation: &Nation,
    index: u64,
    number: u64,
    officer: &str,
    procedure: &str,
) -> pb::LookupCitizenRequest {
    let citizen = nation.citizen(index);
    let (year, month, day) = citizen.birth.parts();
    pb::LookupCitizenRequest {
        context: Some(pb::RequestContext {
            request_id: format!("bench-{number}"),
            officer: officer.to_owned(),
            procedure: procedure.to_owned(),
            dossier: "000.00.00.H26-231012-0001".to_owned(),
            purpose: pb::Purpose::AdministrativeProcedure.into(),
            unit: String::new(),
        }),
        item: Some(pb::LookupItem {
            claims: Some(pb::Claims {
                number: Some(pb::claims::Number::PersonalNumber(citizen.personal_id.text())),
                full_name: citizen.name.text().to_owned(),
                birth_date: Some(dancu_wire::pb::google::r#type::Date {
                    year: i32::from(year),
                    month: i32::from(month),
                    day: i32::from(day),
                }),
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
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
