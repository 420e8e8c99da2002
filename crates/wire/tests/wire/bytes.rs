//! What is read without building messages is what the general decoder reads, whatever the bytes.

use crate::samples;
use dancu_domain::{Authenticate, Failure, Fault, Lookup, Reason, RequestContext};
use dancu_wire::codec::undecodable;
use dancu_wire::door::{
    self, Parsed, read_authenticate_citizen, read_batch_authenticate_citizens,
    read_batch_lookup_citizens, read_lookup_citizen, read_stream_authenticate_citizens,
    read_stream_lookup_citizens,
};
use dancu_wire::pb;
use dancu_wire::pb::claims::Number;
use dancu_wire::pb::freshness::Requirement;
use proptest::prelude::*;
use prost::Message;

type Seen = Result<(RequestContext, String, Vec<Item>, Vec<String>), Failure>;
type Item = Result<dancu_domain::Subject, Fault>;

fn of_lookup(read: Result<Parsed<Lookup>, Failure>) -> Seen {
    read.map(|parsed| {
        let Lookup {
            freshness,
            wanted,
            items,
        } = parsed.message;
        let rest = format!("{freshness:?} {wanted:?}");
        (parsed.context, rest, items, parsed.ids)
    })
}

fn of_authentication(read: Result<Parsed<Authenticate>, Failure>) -> Seen {
    read.map(|parsed| {
        let Authenticate { freshness, items } = parsed.message;
        (parsed.context, format!("{freshness:?}"), items, parsed.ids)
    })
}

/// Reads by way of a message.
fn built<M: Message + Default>(bytes: &[u8], door: impl Fn(M) -> Seen) -> Seen {
    match M::decode(bytes) {
        Ok(message) => door(message),
        Err(error) => Err(undecodable(&error)),
    }
}

fn no_batch() -> Failure {
    Fault::new("batch", Reason::FieldRequired).into()
}

fn both_ways(bytes: &[u8]) {
    let door = samples::door();
    let same = |direct: Seen, built: Seen| assert_eq!(direct, built);
    same(
        of_lookup(read_lookup_citizen(&door, bytes)),
        built(bytes, |m| of_lookup(door::lookup_citizen(&door, m))),
    );
    same(
        of_lookup(read_batch_lookup_citizens(&door, bytes)),
        built(bytes, |m| of_lookup(door::batch_lookup_citizens(&door, m))),
    );
    same(
        of_lookup(read_stream_lookup_citizens(&door, bytes)),
        built(bytes, |m: pb::StreamLookupCitizensRequest| {
            let batch = m.batch.ok_or_else(no_batch)?;
            of_lookup(door::batch_lookup_citizens(&door, batch))
        }),
    );
    same(
        of_authentication(read_authenticate_citizen(&door, bytes)),
        built(bytes, |m| {
            of_authentication(door::authenticate_citizen(&door, m))
        }),
    );
    same(
        of_authentication(read_batch_authenticate_citizens(&door, bytes)),
        built(bytes, |m| {
            of_authentication(door::batch_authenticate_citizens(&door, m))
        }),
    );
    same(
        of_authentication(read_stream_authenticate_citizens(&door, bytes)),
        built(bytes, |m: pb::StreamAuthenticateCitizensRequest| {
            let batch = m.batch.ok_or_else(no_batch)?;
            of_authentication(door::batch_authenticate_citizens(&door, batch))
        }),
    );
}

/// A lookup of every field, with as much as `n` says left out, twice, or beyond what is known.
fn lookup(n: u32) -> pb::BatchLookupCitizensRequest {
    let mut request = samples::lookup();
    let bit = |place: u32| n >> place & 1 != 0;
    if bit(0) {
        request.freshness = Some(pb::Freshness {
            requirement: Some(if bit(1) {
                Requirement::AtLeastAsFresh(pb::Revision {
                    nation: samples::nation().text(),
                    number: i64::from(n),
                })
            } else {
                Requirement::FullyConsistent(bit(2))
            }),
        });
    }
    if bit(3) {
        let paths = vec!["full_name".to_owned(), "birth_date".to_owned()];
        request.read_mask = Some(prost_types::FieldMask { paths });
    }
    request.view = (n >> 4 & 3) as i32 - i32::from(bit(6));
    if bit(7) {
        request.context = None;
    }
    if bit(8)
        && let Some(context) = &mut request.context
    {
        context.dossier.clear();
        "H26.12-231012-0001".clone_into(&mut request.items[1].dossier);
    }
    if bit(9)
        && let Some(claims) = &mut request.items[1].claims
    {
        claims.number = Some(Number::LegacyNumber("012345678".to_owned()));
    }
    if bit(10) {
        request.items[2].claims = None;
    }
    if bit(11) {
        request.items.truncate(1);
    }
    if bit(12) {
        request.items[0].item_id = "ư".repeat(40);
    }
    request
}

fn one(batch: pb::BatchLookupCitizensRequest) -> pb::LookupCitizenRequest {
    pb::LookupCitizenRequest {
        context: batch.context,
        freshness: batch.freshness,
        view: batch.view,
        read_mask: batch.read_mask,
        item: batch.items.into_iter().next(),
    }
}

fn authenticate(batch: pb::BatchLookupCitizensRequest) -> pb::BatchAuthenticateCitizensRequest {
    pb::BatchAuthenticateCitizensRequest {
        context: batch.context,
        freshness: batch.freshness,
        items: batch
            .items
            .into_iter()
            .map(|item| pb::AuthenticationItem {
                item_id: item.item_id,
                dossier: item.dossier,
                claims: item.claims,
            })
            .collect(),
    }
}

/// The message in every form that a method takes.
fn forms(n: u32) -> Vec<Vec<u8>> {
    let (lookup, authenticate) = (lookup(n), authenticate(lookup(n)));
    vec![
        one(lookup.clone()).encode_to_vec(),
        lookup.encode_to_vec(),
        pb::StreamLookupCitizensRequest {
            batch: Some(lookup),
        }
        .encode_to_vec(),
        pb::AuthenticateCitizenRequest {
            context: authenticate.context.clone(),
            freshness: authenticate.freshness.clone(),
            item: authenticate.items.first().cloned(),
        }
        .encode_to_vec(),
        authenticate.encode_to_vec(),
        pb::StreamAuthenticateCitizensRequest {
            batch: Some(authenticate),
        }
        .encode_to_vec(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_are_read_alike(n in any::<u32>()) {
        for bytes in forms(n) {
            both_ways(&bytes);
        }
    }

    #[test]
    fn messages_with_bytes_changed_cut_put_in_or_said_twice_are_read_alike(
        n in any::<u32>(),
        which in 0..6_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..5_u8), 1..5),
    ) {
        let mut bytes = forms(n).swap_remove(which);
        for (at, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.truncate(at),
                3 => bytes[at] ^= 1 << (byte & 7),
                _ => bytes.extend_from_within(at..),
            }
        }
        both_ways(&bytes);
    }

    #[test]
    fn arbitrary_bytes_are_read_alike(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        both_ways(&bytes);
    }
}
