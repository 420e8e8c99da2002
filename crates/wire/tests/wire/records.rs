//! Records of a sync: a malformed one keeps its place and its class, whatever is wrong with it.

use crate::samples;
use dancu_domain::{ChangeEvent, Fault, LifeEvent, MaritalStatus, Place, Reason, Row, Sex};
use dancu_wire::pb::change_record::Event;
use dancu_wire::{pb, push_changes, reconcile_citizens};
use samples::{address, date, day, door};

fn read_row(row: pb::ReconcileRecord) -> Result<Row, Fault> {
    let mut request = samples::reconcile();
    request.records[1] = row;
    let parsed = reconcile_citizens(&door(), request).expect("the message is good");
    let mut items = parsed.message.items;
    assert!(items[0].is_ok() && items[2].is_ok());
    items.swap_remove(1)
}

fn read_event(record: pb::ChangeRecord) -> Result<LifeEvent, Fault> {
    let mut request = samples::push();
    request.records[1] = record;
    let parsed = push_changes(&door(), request).expect("the message is good");
    let mut items = parsed.message.items;
    assert!(items[0].is_ok() && items[2].is_ok());
    items.swap_remove(1)
}

/// The field and the reason that were told; nothing where the record was taken.
fn told<T>(read: Result<T, Fault>) -> Vec<(String, Reason)> {
    let fault = read.err().map(|fault| {
        assert!(!format!("{fault:?}").contains("Qx"), "the value is echoed");
        (fault.field.into_owned(), fault.reason)
    });
    fault.into_iter().collect()
}

fn fault(field: &str, reason: Reason) -> Vec<(String, Reason)> {
    vec![(field.to_owned(), reason)]
}

fn nothing() -> Vec<(String, Reason)> {
    Vec::new()
}

#[test]
fn a_whole_row_is_read() {
    let row = read_row(samples::row("b")).expect("a good row");
    assert_eq!(row.sex, Some(Sex::Female));
    assert_eq!(row.marital_status, Some(MaritalStatus::Widowed));
    assert_eq!(
        row.legacy_id.map(dancu_domain::LegacyId::text),
        Some("012345678".into())
    );
    let card = row
        .social_insurance
        .map(dancu_domain::SocialInsuranceNumber::text);
    assert_eq!(card, Some("0123456789".into()));
    let place = Place::domestic(1, 7, 49, "12 Ngõ Huyện");
    assert_eq!(row.current_residence, Some(place.clone()));
    assert_eq!(row.permanent_residence, Some(place));
    assert_eq!(row.died_on, Some(day(2022, 12, 31)));
    let bare = pb::ReconcileRecord {
        claims: Some(samples::claims()),
        ..Default::default()
    };
    let row = read_row(bare).expect("only claims are needed");
    assert_eq!(
        (row.sex, row.legacy_id, row.died_on, row.marital_status),
        (None, None, None, None)
    );
}

#[test]
fn what_a_row_holds_is_held_to_its_form() {
    let row = |change: fn(&mut pb::ReconcileRecord)| {
        let mut row = samples::row("b");
        change(&mut row);
        told(read_row(row))
    };
    use Reason::{
        DateIncomplete, DateInvalid, EnumInvalid, FieldInvalid, NumberLength, NumberNotDigits,
    };
    assert_eq!(row(|r| r.sex = 3), fault("sex", EnumInvalid));
    assert_eq!(row(|r| r.sex = -1), fault("sex", EnumInvalid));
    assert_eq!(
        row(|r| r.marital_status = 5),
        fault("marital_status", EnumInvalid)
    );
    assert_eq!(
        row(|r| r.legacy_number = "1".into()),
        fault("legacy_number", NumberLength)
    );
    assert_eq!(
        row(|r| r.social_insurance_number = "Qx".into()),
        fault("social_insurance_number", NumberNotDigits)
    );
    assert_eq!(
        row(|r| r.died_on = Some(date(2022, 2, 29))),
        fault("died_on", DateInvalid)
    );
    assert_eq!(
        row(|r| r.died_on = Some(date(2022, 2, 0))),
        fault("died_on", DateIncomplete)
    );
    assert_eq!(
        row(|r| r.item_id = "Qx y".into()),
        fault("item_id", FieldInvalid)
    );
    assert_eq!(
        row(|r| r.current_residence = Some(pb::Address::default())),
        fault("current_residence.province", Reason::FieldRequired)
    );
    assert_eq!(
        row(|r| r.permanent_residence.as_mut().expect("one").country = "vn".into()),
        fault("permanent_residence.country", FieldInvalid)
    );
}

fn residence(change: impl FnOnce(&mut pb::Address)) -> Result<LifeEvent, Fault> {
    let mut to = address();
    change(&mut to);
    let mut record = samples::record("b");
    record.event = Some(Event::ResidenceChange(pb::ResidenceChange {
        residence: Some(to),
        since: Some(date(2023, 5, 4)),
    }));
    read_event(record)
}

#[test]
fn addresses_hold_codes_of_their_length_and_a_line_of_text() {
    let at = |part: &str, reason| fault(&format!("residence_change.residence.{part}"), reason);
    use Reason::{FieldInvalid, FieldRequired, FieldTooLong, NumberLength, NumberNotDigits};
    for (text, reason) in [
        ("1", NumberLength),
        ("001", NumberLength),
        ("0x", NumberNotDigits),
        ("０１", NumberNotDigits),
        ("00", FieldInvalid),
        ("", FieldRequired),
    ] {
        let read = residence(|a| a.province = text.into());
        assert_eq!(told(read), at("province", reason), "{text}");
    }
    assert_eq!(
        told(residence(|a| a.district = "07".into())),
        at("district", NumberLength)
    );
    assert_eq!(
        told(residence(|a| a.district.clear())),
        at("district", FieldRequired)
    );
    assert_eq!(
        told(residence(|a| a.commune = "0049".into())),
        at("commune", NumberLength)
    );
    assert_eq!(told(residence(|a| a.commune.clear())), nothing());
    for country in ["V", "VNM", "v1", "ＶＮ", "Qx"] {
        let read = residence(|a| a.country = country.into());
        assert_eq!(told(read), at("country", FieldInvalid), "{country}");
    }
    assert_eq!(
        told(residence(|a| a.country = "LA".into())),
        at("province", FieldInvalid)
    );
    let abroad = residence(|a| {
        *a = pb::Address {
            country: "LA".into(),
            detail: "Viêng Chăn".into(),
            ..Default::default()
        };
    });
    assert_eq!(told(abroad), nothing());
    let long = "ệ".repeat(201);
    for (detail, reason) in [
        (long.as_str(), FieldTooLong),
        ("Qx\n", FieldInvalid),
        ("Qx\u{0}", FieldInvalid),
        ("Qx\u{202e}", FieldInvalid),
        ("Qx\u{200b}", FieldInvalid),
    ] {
        let read = residence(|a| a.detail = detail.into());
        assert_eq!(told(read), at("detail", reason));
    }
    assert_eq!(told(residence(|a| a.detail = "ệ".repeat(200))), nothing());
}

#[test]
fn events_need_their_key_their_person_and_their_day() {
    let record = |change: fn(&mut pb::ChangeRecord)| {
        let mut record = samples::record("b");
        change(&mut record);
        told(read_event(record))
    };
    use Reason::{FieldInvalid, FieldRequired, FieldTooLong};
    assert_eq!(record(|r| r.source.clear()), fault("source", FieldRequired));
    assert_eq!(
        record(|r| r.source = "Qx y".into()),
        fault("source", FieldInvalid)
    );
    assert_eq!(
        record(|r| r.source = "Q".repeat(65)),
        fault("source", FieldTooLong)
    );
    assert_eq!(
        record(|r| r.record_id.clear()),
        fault("record_id", FieldRequired)
    );
    assert_eq!(
        record(|r| r.record_id = "Qx\t".into()),
        fault("record_id", FieldInvalid)
    );
    assert_eq!(
        record(|r| r.record_version = 0),
        fault("record_version", FieldRequired)
    );
    assert_eq!(
        record(|r| r.record_version = -1),
        fault("record_version", FieldInvalid)
    );
    assert_eq!(record(|r| r.claims = None), fault("claims", FieldRequired));
    assert_eq!(record(|r| r.event = None), fault("event", FieldRequired));
    assert_eq!(
        record(|r| {
            let number = pb::claims::Number::LegacyNumber("012345678".into());
            r.claims.as_mut().expect("claims").number = Some(number);
        }),
        fault("claims.personal_number", FieldRequired)
    );
    assert_eq!(
        record(|r| r.event = Some(Event::ResidenceChange(pb::ResidenceChange::default()))),
        fault("residence_change.residence", FieldRequired)
    );
    assert_eq!(
        record(|r| {
            r.event = Some(Event::ResidenceChange(pb::ResidenceChange {
                residence: Some(address()),
                since: None,
            }));
        }),
        fault("residence_change.since", FieldRequired)
    );
    assert_eq!(
        record(|r| r.event = Some(Event::Death(pb::Death { died_on: None }))),
        fault("death.died_on", FieldRequired)
    );
    assert_eq!(
        record(|r| r.claims.as_mut().expect("claims").birth_date = Some(date(1950, 0, 0))),
        nothing()
    );
}

fn death(year: i32, month: i32, day: i32) -> Result<LifeEvent, Fault> {
    let mut record = samples::record("b");
    record.event = Some(Event::Death(pb::Death {
        died_on: Some(date(year, month, day)),
    }));
    read_event(record)
}

#[test]
fn events_lie_at_most_one_year_after_the_reference_date() {
    let read = death(2024, 1, 1).expect("the last day that is taken");
    assert_eq!(
        read.event,
        ChangeEvent::Death {
            on: day(2024, 1, 1)
        }
    );
    let field = "death.died_on";
    assert_eq!(told(death(2024, 1, 2)), fault(field, Reason::DateInFuture));
    assert_eq!(told(death(2023, 2, 29)), fault(field, Reason::DateInvalid));
    assert_eq!(
        told(death(2023, 2, 0)),
        fault(field, Reason::DateIncomplete)
    );
    assert_eq!(
        told(death(2023, 0, 0)),
        fault(field, Reason::DateIncomplete)
    );
    assert_eq!(told(death(0, 0, 0)), fault(field, Reason::FieldRequired));
}

#[test]
fn an_event_is_known_again_by_its_content_however_it_is_written() {
    let digest = |change: fn(&mut pb::ChangeRecord)| {
        let mut record = samples::record("b");
        change(&mut record);
        read_event(record).expect("a good record").digest
    };
    let first = digest(|_| ());
    assert_eq!(first, digest(|r| r.item_id = "other".into()));
    assert_eq!(
        first,
        digest(|r| {
            let claims = r.claims.as_mut().expect("claims");
            claims.full_name = claims.full_name.replace(' ', "  ");
        })
    );
    let others = [
        digest(|r| r.source = "x".into()),
        digest(|r| r.record_id = "x".into()),
        digest(|r| r.record_version = 2),
        digest(|r| r.claims.as_mut().expect("claims").full_name = "Lê Văn An".into()),
        digest(|r| r.claims.as_mut().expect("claims").birth_date = Some(date(1987, 6, 0))),
        digest(|r| {
            let number = pb::claims::Number::PersonalNumber("012345678904".into());
            r.claims.as_mut().expect("claims").number = Some(number);
        }),
        digest(|r| {
            r.event = Some(Event::Death(pb::Death {
                died_on: Some(date(2023, 5, 4)),
            }));
        }),
        digest(|r| {
            if let Some(Event::ResidenceChange(change)) = &mut r.event {
                change.since = Some(date(2023, 5, 5));
            }
        }),
        digest(|r| {
            if let Some(Event::ResidenceChange(change)) = &mut r.event {
                change.residence.as_mut().expect("one").detail = "13".into();
            }
        }),
    ];
    assert!(others.iter().all(|other| *other != first));
}

#[test]
fn a_message_is_known_again_by_its_body_without_its_request_id() {
    let digest = |change: fn(&mut pb::PushChangesRequest)| {
        let mut request = samples::push();
        change(&mut request);
        let parsed = push_changes(&door(), request).expect("a good message");
        parsed.message.digest
    };
    let first = digest(|_| ());
    let id = |r: &mut pb::PushChangesRequest, id: &str| {
        r.context.as_mut().expect("one").request_id = id.into();
    };
    let mut other_id = samples::push();
    id(&mut other_id, "another");
    let parsed = push_changes(&door(), other_id).expect("a good message");
    assert_eq!(parsed.context.request_id.text(), "another");
    assert_eq!(parsed.message.digest, first);
    assert_ne!(digest(|r| r.records[2].record_version = 2), first);
    assert_ne!(digest(|r| r.records.swap(0, 1)), first);
    assert_ne!(
        digest(|r| r.context.as_mut().expect("one").unit.clear()),
        first
    );
}
