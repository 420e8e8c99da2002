//! What is written without building messages is what the general encoder writes.

use crate::samples;
use std::sync::Arc;
use std::time::Duration;

use dancu_domain::{
    Agreement, Answer, AttributeSet, AuthenticateResult, ChangeOutcome, Citizen, Failure, Fault,
    LookupResult, NoMatchCause, PushResult, Reason, Receipt, ReconcileResult, RequestId, Source,
    WriterId,
};
use dancu_wire::answer::{FRAME, Form, Opening, Reply, Told, stream_status};
use dancu_wire::{Lang, pb, rpc_status};
use proptest::prelude::*;
use prost::Message;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_are_written_alike(bits in any::<u32>(), version in any::<i32>(), gaps in any::<u16>()) {
        let citizen = with_gaps(version.unsigned_abs(), gaps);
        written_alike(&citizen, AttributeSet::from_bits(bits), "i-1");
    }
}

/// The record of the samples without some of its parts.
fn with_gaps(version: u32, gaps: u16) -> Arc<Citizen> {
    let mut citizen = Citizen::clone(&samples::citizen());
    let gap = |place: u16| gaps >> place & 1 != 0;
    citizen.version = version;
    if gap(0) {
        citizen.legacy_id = None;
    }
    if gap(1) {
        citizen.father = None;
        citizen.head = None;
    }
    if gap(2) {
        citizen.died_on = None;
    }
    if gap(3) {
        citizen.missing_since = None;
        citizen.social_insurance = None;
    }
    if gap(4) {
        citizen.current_residence.detail = dancu_domain::Detail::new("Đ".repeat(70));
    }
    if gap(5) {
        citizen.native_place.province = 0;
        citizen.native_place.district = 0;
        citizen.native_place.commune = 0;
        citizen.native_place.country = *b"LA";
    }
    if gap(6) {
        (citizen.ethnicity, citizen.religion) = (0, 200);
    }
    if gap(7) {
        citizen.sex = dancu_domain::Sex::Unknown;
    }
    if gap(8) {
        citizen.native_place.province = 200;
    }
    Arc::new(citizen)
}

fn lookups(citizen: &Arc<Citizen>, attributes: AttributeSet) -> Vec<LookupResult> {
    let found = |deceased, agreement| LookupResult::Found {
        citizen: Arc::clone(citizen),
        attributes,
        agreement,
        deceased,
    };
    vec![
        found(false, Agreement::Exact),
        LookupResult::NoMatch(None),
        LookupResult::NoMatch(Some(NoMatchCause::Locked)),
        LookupResult::Ambiguous,
        LookupResult::Malformed(Fault::new("claims.full_name", Reason::NameTooShort)),
        LookupResult::Withheld(Duration::from_millis(61_250)),
        found(true, Agreement::Unaccented),
    ]
}

fn verdicts(version: u32) -> Vec<AuthenticateResult> {
    let matched = |deceased, agreement| AuthenticateResult::Match {
        version,
        agreement,
        deceased,
    };
    vec![
        matched(true, Agreement::TonePlacement),
        AuthenticateResult::NoMatch(Some(NoMatchCause::Birth)),
        AuthenticateResult::NoMatch(None),
        AuthenticateResult::Ambiguous,
        AuthenticateResult::Malformed(Fault::new("claims.number", Reason::FieldRequired)),
        AuthenticateResult::Withheld(Duration::from_millis(61_250)),
        matched(false, Agreement::Exact),
    ]
}

/// The items as the service writes them: one by one, and then the header.
fn written<T: Told + Clone>(
    form: Form,
    answer: &Answer<T>,
    ids: &[String],
) -> Result<Vec<u8>, Failure> {
    let mut reply = T::Reply::open(Opening {
        form,
        lang: Lang::Vi,
        request_id: &answer.request_id,
        ids: ids.to_vec(),
        items: answer.items.len(),
    });
    for item in &answer.items {
        reply.result(item.clone());
    }
    let message = reply.close(answer.clone().with_items(vec![(); answer.items.len()]))?;
    Ok(unframed(&message))
}

/// The message in a frame.
fn unframed(framed: &[u8]) -> Vec<u8> {
    let (frame, message) = framed.split_at(FRAME);
    let length = u32::try_from(message.len()).expect("a short message");
    assert_eq!(frame[0], 0);
    assert_eq!(frame[1..], length.to_be_bytes());
    message.to_vec()
}

/// Asserts that what is written is what the message encodes to.
fn same(what: &str, message: &impl Message, written: Result<Vec<u8>, Failure>) {
    assert_eq!(written, Ok(message.encode_to_vec()), "{what}");
}

fn written_alike(citizen: &Arc<Citizen>, attributes: AttributeSet, id: &str) {
    let ids = vec![id.to_owned(), String::new(), "i-3".to_owned()];
    for item in lookups(citizen, attributes) {
        let answer = samples::answer(vec![item]);
        let written = written(Form::One, &answer, &ids);
        let built = dancu_wire::lookup_citizen_response(answer, ids.clone());
        assert_eq!(written, built.map(|message| message.encode_to_vec()));
    }
    for item in verdicts(citizen.version) {
        let answer = samples::answer(vec![item]);
        let written = written(Form::One, &answer, &ids);
        let built = dancu_wire::authenticate_citizen_response(answer, ids.clone());
        assert_eq!(written, built.map(|message| message.encode_to_vec()));
    }
    let (lang, all) = (Lang::Vi, lookups(citizen, attributes));
    let many = all.iter().cycle().take(400).cloned().collect();
    for items in [Vec::new(), all[..1].to_vec(), all, many] {
        let answer = samples::answer(items);
        let batch = dancu_wire::batch_lookup_citizens_response(answer.clone(), ids.clone(), lang);
        same("batch", &batch, written(Form::Batch, &answer, &ids));
        let reply = pb::StreamLookupCitizensResponse {
            reply: Some(pb::stream_lookup_citizens_response::Reply::Answer(batch)),
        };
        same("stream", &reply, written(Form::Stream, &answer, &ids));
    }
    let answer = samples::answer(verdicts(citizen.version));
    let batch = dancu_wire::batch_authenticate_citizens_response(answer.clone(), ids.clone(), lang);
    same("verdicts", &batch, written(Form::Batch, &answer, &ids));
    let reply = pb::StreamAuthenticateCitizensResponse {
        reply: Some(pb::stream_authenticate_citizens_response::Reply::Answer(
            batch,
        )),
    };
    same("verdicts", &reply, written(Form::Stream, &answer, &ids));
}

#[test]
fn every_attribute_alone_and_all_together_are_written_alike() {
    let citizen = samples::citizen();
    for attribute in AttributeSet::all().iter() {
        written_alike(&citizen, AttributeSet::of(&[attribute]), "");
    }
    written_alike(&citizen, AttributeSet::all(), &"x".repeat(40));
}

#[test]
fn there_is_room_for_the_longest_header_there_is() {
    let mut answer = samples::answer(vec![LookupResult::Ambiguous; 3]);
    answer.request_id = RequestId::parse(&"r".repeat(40), "").expect("an id");
    answer.revision.number = u64::MAX;
    answer.source = Some(Source::Registry);
    answer.receipt = Receipt {
        writer: WriterId(u32::MAX),
        first: u64::MAX,
        count: u32::MAX,
    };
    let batch = dancu_wire::batch_lookup_citizens_response(answer.clone(), Vec::new(), Lang::Vi);
    let reply = pb::StreamLookupCitizensResponse {
        reply: Some(pb::stream_lookup_citizens_response::Reply::Answer(
            batch.clone(),
        )),
    };
    same("batch", &batch, written(Form::Batch, &answer, &[]));
    same("stream", &reply, written(Form::Stream, &answer, &[]));
}

#[test]
fn an_answer_holds_no_more_memory_than_it_is_long_twice() {
    let answer = samples::answer(vec![LookupResult::NoMatch(None); 1_000]);
    let mut reply = <LookupResult as Told>::Reply::open(Opening {
        form: Form::Stream,
        lang: Lang::Vi,
        request_id: &answer.request_id,
        ids: Vec::new(),
        items: answer.items.len(),
    });
    answer
        .items
        .iter()
        .for_each(|item| reply.result(item.clone()));
    assert_eq!(format!("{reply:?}").matches("bytes").count(), 1);
    let message = reply.close(answer).expect("an answer");
    let length = message.len();
    let buffer = message.try_into_mut().expect("nobody else has it");
    assert!(
        buffer.capacity() <= 2 * length,
        "{} for {length}",
        buffer.capacity()
    );
}

#[test]
fn a_call_about_one_that_has_no_item_is_a_defect() {
    let answer = samples::answer(Vec::<LookupResult>::new());
    let defect = Failure::new(Reason::Internal);
    assert_eq!(written(Form::One, &answer, &[]), Err(defect));
}

#[test]
fn answers_that_are_built_first_stand_in_their_frames_too() {
    let ids = vec!["i-1".to_owned()];
    for rows in [1, 2_000] {
        let answer = samples::answer(vec![ReconcileResult::InStep { version: 3 }; rows]);
        let built = dancu_wire::reconcile_citizens_response(answer.clone(), ids.clone());
        same("rows", &built, written(Form::Batch, &answer, &ids));
        let reply = pb::StreamReconcileCitizensResponse {
            reply: Some(pb::stream_reconcile_citizens_response::Reply::Answer(built)),
        };
        same("rows", &reply, written(Form::Stream, &answer, &ids));
    }
    let answer = samples::answer(vec![PushResult::Settled(ChangeOutcome::Stale)]);
    let built = dancu_wire::push_changes_response(answer.clone(), ids.clone());
    same("events", &built, written(Form::Batch, &answer, &ids));
}

#[test]
fn a_status_among_answers_is_written_alike() {
    let failure = Failure::malformed(vec![Fault::new("context.officer", Reason::FieldRequired)]);
    let status = rpc_status(&failure, Lang::Vi);
    let reply = pb::StreamPushChangesResponse {
        reply: Some(pb::stream_push_changes_response::Reply::Status(
            status.clone(),
        )),
    };
    let written = stream_status(&status).map(|framed| unframed(&framed));
    same("status", &reply, written);
}
