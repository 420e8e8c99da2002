//! Whatever bytes come, every decoder and the door behind it give an answer or a fault.

mod samples;

use dancu_wire::codec::undecodable;
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
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

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
    fn arbitrary_texts_and_dates_in_every_field_never_panic(
        text in any::<String>(),
        numbers in any::<[i32; 3]>(),
        big in any::<i64>(),
    ) {
        let date = Some(samples::date(numbers[0], numbers[1], numbers[2]));
        let address = Some(pb::Address {
            province: text.clone(),
            district: text.clone(),
            commune: text.clone(),
            detail: text.clone(),
            country: text.clone(),
        });
        let claims = Some(pb::Claims {
            number: Some(pb::claims::Number::PersonalNumber(text.clone())),
            full_name: text.clone(),
            birth_date: date,
        });
        let mut push = samples::push();
        push.records[0] = pb::ChangeRecord {
            item_id: text.clone(),
            source: text.clone(),
            record_id: text.clone(),
            record_version: big,
            claims: claims.clone(),
            event: Some(pb::change_record::Event::ResidenceChange(pb::ResidenceChange {
                residence: address.clone(),
                since: date,
            })),
        };
        every_door(&push.encode_to_vec());
        let mut reconcile = samples::reconcile();
        reconcile.records[0].claims = claims;
        reconcile.records[1].current_residence = address;
        reconcile.records[2].died_on = date;
        reconcile.freshness = Some(pb::Freshness {
            requirement: Some(pb::freshness::Requirement::AtLeastAsFresh(pb::Revision {
                nation: text.clone(),
                number: big,
            })),
        });
        every_door(&reconcile.encode_to_vec());
        let mut lookup = samples::lookup();
        lookup.view = numbers[0];
        lookup.read_mask = Some(prost_types::FieldMask { paths: vec![text] });
        every_door(&lookup.encode_to_vec());
    }
}
