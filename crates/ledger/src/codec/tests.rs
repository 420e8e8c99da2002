//! What goes in comes out; what is not ours is refused; the form does not drift.

use dancu_domain::{
    AgencyCode, AttributeSet, Day, Dossier, IdKey, ItemRecord, LegacyId, MessageRecord, OfficerId,
    Outcome, PersonalId, ProcedureCode, Purpose, RequestContext, RequestId, ServiceCode, UnitCode,
    Verb,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::bytes::hex;

fn keys() -> LedgerKeys {
    LedgerKeys {
        pseudonym: [1; 16],
        request: [2; 16],
        checkpoint: [3; 32],
    }
}

fn subject() -> impl Strategy<Value = IdKey> {
    prop_oneof![
        (0..1_000_000_000_000_u64)
            .prop_map(|n| IdKey::Personal(PersonalId::from_digits(n).unwrap())),
        (0..1_000_000_000_u32).prop_map(|n| IdKey::Legacy(LegacyId::from_digits(n).unwrap())),
    ]
}

fn dossier() -> impl Strategy<Value = Dossier> {
    (0..100_000_u32).prop_map(|n| Dossier::parse(&format!("H26.12-231012-{n:05}"), "").unwrap())
}

fn outcome() -> impl Strategy<Value = Outcome> {
    select(Outcome::ALL)
}

fn set() -> impl Strategy<Value = AttributeSet> {
    any::<u32>().prop_map(AttributeSet::from_bits)
}

prop_compose! {
    fn item()(
        subject in option::of(subject()),
        outcome in outcome(),
        given in set(),
        dossier in option::weighted(0.1, dossier()),
    ) -> ItemRecord {
        ItemRecord { subject, outcome, given, dossier }
    }
}

fn items() -> impl Strategy<Value = Vec<ItemRecord>> {
    let alike = (item(), 1..40_usize).prop_map(|(item, n)| vec![item; n]);
    prop_oneof![vec(item(), 1..40), vec(item(), 1), alike]
}

prop_compose! {
    fn context()(
        request in "[a-zA-Z0-9.:/_-]{1,40}",
        officer in option::of("[a-z0-9]{1,40}"),
        procedure in option::of("[0-9.]{1,40}"),
        dossier in option::of(dossier()),
        unit in option::of("[A-Z0-9]{1,40}"),
        purpose in select(Purpose::ALL),
        event_day in option::of((-60_000..80_000).prop_map(Day)),
    ) -> RequestContext {
        RequestContext {
            request_id: RequestId::parse(&request, "").unwrap(),
            officer: officer.map(|t| OfficerId::parse(&t, "").unwrap()),
            procedure: procedure.map(|t| ProcedureCode::parse(&t, "").unwrap()),
            dossier,
            purpose,
            unit: unit.map(|t| UnitCode::parse(&t, "").unwrap()),
            event_day,
        }
    }
}

prop_compose! {
    fn record()(
        agency in "[A-Z][A-Z0-9.-]{0,10}",
        verb in select(Verb::ALL),
        service in any::<u16>(),
        context in context(),
        granted in set(),
        items in items(),
    ) -> MessageRecord {
        MessageRecord {
            agency: AgencyCode::parse(&agency, "").unwrap(),
            verb,
            service: ServiceCode(service),
            context,
            granted,
            items,
            kept: None,
        }
    }
}

fn encode(records: &[(MessageRecord, Day)]) -> Vec<u8> {
    let keys = keys();
    let mut bytes = vec![CODEC_VERSION];
    for (record, day) in records {
        let request = keys.request_hash(&record.context.request_id);
        put_message(&mut bytes, &keys, request, *day, record);
    }
    bytes
}

fn assert_same(view: &MessageView<'_>, record: &MessageRecord, day: Day) {
    let keys = keys();
    let context = &record.context;
    assert_eq!(view.request, keys.request_hash(&context.request_id));
    assert_eq!(view.agency, record.agency);
    assert_eq!(view.officer, context.officer.as_ref().map(OfficerId::text));
    assert_eq!(
        view.procedure,
        context.procedure.as_ref().map(ProcedureCode::text)
    );
    assert_eq!(view.dossier, context.dossier.as_ref().map(Dossier::text));
    assert_eq!(view.unit, context.unit.as_ref().map(UnitCode::text));
    assert_eq!(view.purpose, context.purpose);
    assert_eq!(view.verb, record.verb);
    assert_eq!(view.service, record.service);
    assert_eq!(view.granted, record.granted);
    assert_eq!(view.day, day);
    assert_eq!(view.event_day, context.event_day.is_some());
    let items: Vec<_> = view.items().collect();
    assert_eq!(items.len(), record.items.len());
    for (seen, put) in items.iter().zip(&record.items) {
        assert_eq!(seen.pseudonym, put.subject.map(|s| keys.pseudonym(s)));
        assert_eq!(seen.outcome, put.outcome);
        assert_eq!(seen.given, put.given);
        assert_eq!(seen.dossier, put.dossier.as_ref().map(Dossier::text));
    }
}

proptest! {
    #[test]
    fn every_message_comes_back_as_it_went_in(
        records in vec((record(), (-800_000..800_000).prop_map(Day)), 0..6),
    ) {
        let bytes = encode(&records);
        let views: Vec<_> = messages(&bytes).unwrap().map(|m| m.unwrap()).collect();
        prop_assert_eq!(views.len(), records.len());
        for (view, (record, day)) in views.iter().zip(&records) {
            assert_same(view, record, *day);
        }
    }

    #[test]
    fn bytes_that_end_too_early_are_refused(
        record in record(),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = encode(&[(record, Day(19_600))]);
        // Nothing at all behind the version is an empty list, and that is no error.
        let length = 2 + cut.index(bytes.len() - 2);
        let read: Result<Vec<_>, _> = messages(&bytes[..length]).unwrap().collect();
        prop_assert!(read.is_err(), "{length} of {} bytes", bytes.len());
    }

    #[test]
    fn any_bytes_are_read_without_panic(mut bytes in vec(any::<u8>(), 0..300)) {
        if let Some(first) = bytes.first_mut() {
            *first = CODEC_VERSION;
        }
        if let Ok(views) = messages(&bytes) {
            for view in views.flatten() {
                let _ = view.items().count();
            }
        }
    }

    #[test]
    fn a_flipped_bit_never_panics_and_never_passes_for_the_same(
        record in record(),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let mut bytes = encode(&[(record, Day(19_600))]);
        let before = bytes.clone();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        prop_assert_ne!(seen(&bytes), seen(&before));
    }
}

/// Everything that a reader can see of the bytes.
fn seen(bytes: &[u8]) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for view in messages(bytes).ok()? {
        let view = view.ok()?;
        all.push(format!(
            "{:x} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {}",
            view.request,
            view.agency,
            view.officer,
            view.procedure,
            view.dossier,
            view.unit,
            view.purpose,
            view.verb,
            view.service,
            view.granted,
            view.day,
            view.event_day,
        ));
        all.extend(view.items().map(|item| {
            let ItemView {
                pseudonym,
                outcome,
                given,
                dossier,
            } = item;
            format!("{pseudonym:?} {outcome} {given:?} {dossier:?}")
        }));
    }
    Some(all)
}

fn plain(items: Vec<ItemRecord>) -> MessageRecord {
    MessageRecord {
        agency: AgencyCode::parse("H26", "").unwrap(),
        verb: Verb::Lookup,
        service: ServiceCode::LOOKUP_CITIZEN,
        context: RequestContext {
            request_id: RequestId::parse("r-1", "").unwrap(),
            officer: None,
            procedure: None,
            dossier: None,
            purpose: Purpose::DataCleaning,
            unit: None,
            event_day: None,
        },
        granted: AttributeSet::all(),
        items,
        kept: None,
    }
}

fn plain_item(n: u64) -> ItemRecord {
    ItemRecord {
        subject: Some(IdKey::Personal(PersonalId::from_digits(n).unwrap())),
        outcome: Outcome::ALL[n as usize % Outcome::ALL.len()],
        given: AttributeSet::from_bits((n as u32).wrapping_mul(77)),
        dossier: None,
    }
}

#[test]
fn a_message_takes_at_most_64_bytes_and_an_item_in_bulk_16() {
    let one = encode(&[(plain(vec![plain_item(5)]), Day(19_600))]).len();
    assert!(one <= 64, "{one} bytes for one item");
    let many = encode(&[(plain((0..1_000).map(plain_item).collect()), Day(19_600))]).len();
    assert!(many <= 64 + 16 * 1_000, "{many} bytes for a thousand items");
}

#[test]
fn the_form_of_version_1_is_this_one() {
    let mut item = plain_item(1_099_000_001);
    item.dossier = Some(Dossier::parse("H26-231012-0001", "").unwrap());
    let bytes = encode(&[(plain(vec![plain_item(7), item]), Day(19_600))]);
    assert_eq!(hex(&bytes), GOLDEN);
}

const GOLDEN: &str = concat!(
    "0140bd34e9e87126645203483236030125ffff7fa0b20202503ab9d87c895a4a",
    "cff3dcd97736f83b080c9b048d8432000f4832362d3233313031322d30303031"
);

#[test]
fn a_day_that_the_caller_named_is_told_by_one_bit() {
    let mut message = plain(vec![plain_item(7)]);
    let today = encode(&[(message.clone(), Day(19_600))]);
    message.context.event_day = Some(Day(19_600));
    let mut named = encode(&[(message, Day(19_600))]);
    assert_eq!(named[1], today[1] | 0x80);
    named[1] &= 0x7f;
    assert_eq!(named, today);
}

#[test]
fn other_versions_and_longer_forms_are_refused() {
    assert!(matches!(messages(&[]).err(), Some(Undecodable::Version)));
    assert!(matches!(messages(&[2]).err(), Some(Undecodable::Version)));
    let mut bytes = encode(&[(plain(vec![plain_item(7)]), Day(19_600))]);
    let place = bytes.iter().position(|b| *b == 37).unwrap();
    assert!(messages(&bytes).unwrap().all(|m| m.is_ok()));
    // The service code 37 in two bytes.
    bytes.splice(place..=place, [0xa5, 0x00]);
    assert!(messages(&bytes).unwrap().any(|m| m.is_err()));
}
