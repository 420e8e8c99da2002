//! Whatever bytes come, every decoder and the door behind it give an answer or a fault.

use crate::samples;
use dancu_domain::{CivilDate, EventDays, Reason};
use dancu_wire::codec::undecodable;
use dancu_wire::pb::change_record::Event;
use dancu_wire::pb::claims::Number;
use dancu_wire::pb::freshness::Requirement;
use dancu_wire::{Lang, pb, rpc_status};
use proptest::prelude::*;
use prost::Message;

/// Decodes the bytes as the message, goes through the door, and prints whatever failed.
fn through<M: Message + Default>(
    bytes: &[u8],
    door: impl Fn(M) -> Result<(), dancu_domain::Failure>,
) {
    let failure = match M::decode(bytes) {
        Ok(message) => door(message).err(),
        Err(error) => Some(undecodable(&error)),
    };
    if let Some(failure) = failure {
        let told = rpc_status(&failure, Lang::Vi);
        assert!(told.code != 0 && !told.details.is_empty());
    }
}

fn every_door(bytes: &[u8]) {
    let door = samples::door();
    through(bytes, |m| dancu_wire::lookup_citizen(&door, m).map(drop));
    through(bytes, |m| {
        dancu_wire::batch_lookup_citizens(&door, m).map(drop)
    });
    through(bytes, |m| {
        dancu_wire::authenticate_citizen(&door, m).map(drop)
    });
    through(bytes, |m| {
        dancu_wire::batch_authenticate_citizens(&door, m).map(drop)
    });
    through(bytes, |m| {
        dancu_wire::reconcile_citizens(&door, m).map(drop)
    });
    through(bytes, |m| dancu_wire::push_changes(&door, m).map(drop));
    through(bytes, |m| dancu_wire::get_volumes(&door, m).map(drop));
    through::<pb::StreamLookupCitizensRequest>(bytes, |m| {
        dancu_wire::batch_lookup_citizens(&door, m.batch.unwrap_or_default()).map(drop)
    });
    through::<pb::StreamPushChangesRequest>(bytes, |m| {
        dancu_wire::push_changes(&door, m.batch.unwrap_or_default()).map(drop)
    });
}

/// The good messages of every method, as bytes.
fn good() -> Vec<Vec<u8>> {
    vec![
        samples::lookup().encode_to_vec(),
        samples::authenticate().encode_to_vec(),
        samples::reconcile().encode_to_vec(),
        samples::push().encode_to_vec(),
        samples::volumes().encode_to_vec(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_header_of_any_bytes_is_a_day_in_the_one_form_or_a_fault_that_names_it(
        values in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..20),
                "[0-9]{4}-[0-9]{2}-[0-9]{2}".prop_map(String::into_bytes),
            ],
            0..3,
        ),
        open in any::<bool>(),
    ) {
        let (first, last) = (CivilDate::new(1800, 1, 1), CivilDate::new(2199, 12, 31));
        let all = EventDays::new(first.unwrap(), last.unwrap());
        let allowed = all.filter(|_| open);
        let bytes = values.iter().map(Vec::as_slice);
        match dancu_wire::event_day(bytes, allowed) {
            Ok(None) => prop_assert!(values.is_empty()),
            Ok(Some(day)) => {
                let text = day.date().unwrap().to_string();
                prop_assert_eq!(&values, &[text.into_bytes()]);
                prop_assert!(open);
            }
            Err(failure) => {
                prop_assert_eq!(failure.faults.len(), 1);
                prop_assert_eq!(&*failure.faults[0].field, "dancu-event-day");
                prop_assert_eq!(failure.reason == Reason::EventDaysOff, !open);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        every_door(&bytes);
    }

    #[test]
    fn good_messages_with_bytes_changed_cut_or_put_in_never_panic(
        which in 0..5_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
    ) {
        let mut bytes = good().swap_remove(which);
        for (at, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                _ => bytes.insert(at, byte),
            }
        }
        every_door(&bytes);
    }

    #[test]
    fn an_arbitrary_text_in_any_one_field_never_panics(
        text in prop_oneof![any::<String>(), "[0-9０-９٣ỵ\u{301}\u{200b} .-]{0,14}", "\\PC{100,400}"],
    ) {
        for set in CLAIM_TEXTS {
            let mut claims = samples::claims();
            set(&mut claims, &text);
            everywhere(&claims);
        }
        for set in CONTEXT_TEXTS {
            let mut request = samples::push();
            set(request.context.as_mut().expect("a context"), &text);
            every_door(&request.encode_to_vec());
        }
        for set in ADDRESS_TEXTS {
            let mut row = samples::row("");
            set(row.current_residence.as_mut().expect("an address"), &text);
            reconcile(row);
        }
        for set in ROW_TEXTS {
            let mut row = samples::row("");
            set(&mut row, &text);
            reconcile(row);
        }
        for set in RECORD_TEXTS {
            let mut record = samples::record("");
            set(&mut record, &text);
            push(record);
        }
        let mut lookup = samples::lookup();
        lookup.read_mask = Some(prost_types::FieldMask { paths: vec![text.clone()] });
        every_door(&lookup.encode_to_vec());
        lookup.read_mask = None;
        lookup.freshness = Some(pb::Freshness {
            requirement: Some(Requirement::AtLeastAsFresh(pb::Revision { nation: text, number: 1 })),
        });
        every_door(&lookup.encode_to_vec());
    }

    #[test]
    fn arbitrary_numbers_in_any_one_field_never_panic(
        [year, month, day] in any::<[i32; 3]>(),
        near in (1_790..2_210_i32, -1..14_i32, -1..33_i32),
        big in any::<i64>(),
    ) {
        for date in [samples::date(year, month, day), samples::date(near.0, near.1, near.2)] {
            let mut claims = samples::claims();
            claims.birth_date = Some(date);
            everywhere(&claims);
            let mut row = samples::row("");
            row.died_on = Some(date);
            reconcile(row);
            let mut record = samples::record("");
            record.event = Some(Event::Death(pb::Death { died_on: Some(date) }));
            push(record);
            let mut volumes = samples::volumes();
            volumes.from_day = Some(date);
            every_door(&volumes.encode_to_vec());
        }
        let mut record = samples::record("");
        record.record_version = big;
        push(record);
        let mut request = samples::lookup();
        request.view = year;
        request.context.as_mut().expect("a context").purpose = month;
        every_door(&request.encode_to_vec());
        let mut row = samples::row("");
        row.sex = year;
        row.marital_status = month;
        reconcile(row);
    }
}

const CLAIM_TEXTS: &[fn(&mut pb::Claims, &str)] = &[
    |c, text| c.number = Some(Number::PersonalNumber(text.into())),
    |c, text| c.number = Some(Number::LegacyNumber(text.into())),
    |c, text| c.full_name = text.into(),
];

const CONTEXT_TEXTS: &[fn(&mut pb::RequestContext, &str)] = &[
    |c, text| c.request_id = text.into(),
    |c, text| c.officer = text.into(),
    |c, text| c.procedure = text.into(),
    |c, text| c.dossier = text.into(),
    |c, text| c.unit = text.into(),
];

const ADDRESS_TEXTS: &[fn(&mut pb::Address, &str)] = &[
    |a, text| a.province = text.into(),
    |a, text| a.district = text.into(),
    |a, text| a.commune = text.into(),
    |a, text| a.detail = text.into(),
    |a, text| a.country = text.into(),
];

const ROW_TEXTS: &[fn(&mut pb::ReconcileRecord, &str)] = &[
    |r, text| r.item_id = text.into(),
    |r, text| r.dossier = text.into(),
    |r, text| r.legacy_number = text.into(),
    |r, text| r.social_insurance_number = text.into(),
];

const RECORD_TEXTS: &[fn(&mut pb::ChangeRecord, &str)] = &[
    |r, text| r.source = text.into(),
    |r, text| r.record_id = text.into(),
];

fn reconcile(row: pb::ReconcileRecord) {
    let mut request = samples::reconcile();
    request.records = vec![row];
    every_door(&request.encode_to_vec());
}

fn push(record: pb::ChangeRecord) {
    let mut request = samples::push();
    request.records = vec![record];
    every_door(&request.encode_to_vec());
}

/// The claims in an item of every verb.
fn everywhere(claims: &pb::Claims) {
    let mut lookup = samples::lookup();
    lookup.items[0].claims = Some(claims.clone());
    every_door(&lookup.encode_to_vec());
    let mut row = samples::row("");
    row.claims = Some(claims.clone());
    reconcile(row);
    let mut record = samples::record("");
    record.claims = Some(claims.clone());
    push(record);
}
