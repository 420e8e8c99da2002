//! Answers hold what was granted and no more, and do not tell apart what must not be told.

use crate::samples;
use dancu_domain::{
    Agreement, Attribute, AttributeSet, AuthenticateResult, ChangeOutcome, Fault, LookupResult,
    NoMatchCause, PushResult, Reason, ReconcileResult, Rejection,
};
use dancu_wire::{
    Lang, authenticate_citizen_response, batch_authenticate_citizens_response,
    batch_lookup_citizens_response, citizen, lookup_citizen_response, pb, push_changes_response,
    reason_of_rpc, reconcile_citizens_response,
};
use prost::Message as _;

/// What of a Citizen on the wire is there, as attributes: read off the message, not off the code
/// that made it.
fn holds(message: &pb::Citizen) -> AttributeSet {
    let mut held = AttributeSet::NONE;
    let mut note = |there: bool, attribute| {
        if there {
            held.insert(attribute);
        }
    };
    note(
        !message.personal_number.is_empty(),
        Attribute::PersonalNumber,
    );
    note(!message.legacy_number.is_empty(), Attribute::LegacyNumber);
    note(!message.full_name.is_empty(), Attribute::FullName);
    note(message.birth_date.is_some(), Attribute::BirthDate);
    note(message.sex != 0, Attribute::Sex);
    note(
        message.birth_registration.is_some(),
        Attribute::BirthRegistration,
    );
    note(message.native_place.is_some(), Attribute::NativePlace);
    note(message.ethnicity != 0, Attribute::Ethnicity);
    note(message.religion != 0, Attribute::Religion);
    note(!message.nationality.is_empty(), Attribute::Nationality);
    note(message.marital_status != 0, Attribute::MaritalStatus);
    note(
        message.permanent_residence.is_some(),
        Attribute::PermanentResidence,
    );
    note(
        message.current_residence.is_some(),
        Attribute::CurrentResidence,
    );
    note(
        message.resident_since.is_some(),
        Attribute::CurrentResidence,
    );
    note(message.blood_type != 0, Attribute::BloodType);
    note(message.father.is_some(), Attribute::Father);
    note(message.mother.is_some(), Attribute::Mother);
    note(message.spouse.is_some(), Attribute::Spouse);
    note(message.representative.is_some(), Attribute::Representative);
    note(message.head_of_household.is_some(), Attribute::Household);
    note(message.relation_to_head != 0, Attribute::Household);
    note(message.died_on.is_some(), Attribute::Death);
    note(message.missing_since.is_some(), Attribute::Death);
    note(
        !message.social_insurance_number.is_empty(),
        Attribute::SocialInsurance,
    );
    held
}

#[test]
fn an_answer_never_holds_a_denied_attribute() {
    let record = samples::citizen();
    for &attribute in Attribute::ALL {
        let one = AttributeSet::of(&[attribute]);
        let rest = AttributeSet::all().without(one);
        assert_eq!(holds(&citizen(&record, one)), one);
        assert_eq!(holds(&citizen(&record, rest)), rest);
        assert_eq!(record.present(one), one, "the sample has every attribute");
    }
    let bare = citizen(&record, AttributeSet::NONE);
    let version_alone = pb::Citizen {
        version: 3,
        ..Default::default()
    };
    assert_eq!(bare, version_alone);
}

#[test]
fn every_field_of_a_citizen_is_filled_from_its_own_attribute() {
    let all = citizen(&samples::citizen(), AttributeSet::all());
    assert_eq!(all.personal_number, samples::NUMBER);
    assert_eq!(all.legacy_number, "012345678");
    assert_eq!(all.full_name, "Đặng Thị Thuý Quỳnh");
    assert_eq!(all.birth_date, Some(samples::date(1950, 0, 0)));
    assert_eq!(all.sex(), pb::Sex::Female);
    let place = |a: &Option<pb::Address>| {
        let a = a.clone().expect("an address");
        [a.province, a.district, a.commune, a.detail, a.country].join("|")
    };
    assert_eq!(place(&all.birth_registration), "01|007|00049|Trạm y tế|VN");
    assert_eq!(place(&all.native_place), "79|760|26734||VN");
    assert_eq!(
        place(&all.permanent_residence),
        "01|007|00049|12 Ngõ Huyện|VN"
    );
    assert_eq!(
        place(&all.current_residence),
        "01|007|00049|14 Ngõ Huyện|VN"
    );
    assert_eq!(all.resident_since, Some(samples::date(2020, 2, 29)));
    assert_eq!((all.ethnicity, all.religion), (54, 2));
    assert_eq!(all.nationality, "VN");
    assert_eq!(all.marital_status(), pb::MaritalStatus::Widowed);
    assert_eq!(all.blood_type(), pb::BloodType::Ab);
    let name = |r: &Option<pb::Relative>| r.clone().expect("a relative").full_name;
    assert_eq!(name(&all.father), "Đặng Văn Cha");
    assert_eq!(name(&all.mother), "Lê Thị Mẹ");
    assert_eq!(name(&all.spouse), "Phạm Văn Chồng");
    assert_eq!(name(&all.representative), "Đặng Văn Diện");
    assert_eq!(name(&all.head_of_household), "Đặng Văn Hộ");
    let head = all.head_of_household.as_ref().expect("a head");
    assert_eq!(
        (head.personal_number.as_str(), head.nationality.as_str()),
        ("000000000005", "VN")
    );
    assert_eq!(all.relation_to_head(), pb::RelationToHead::Parent);
    assert_eq!(all.died_on, Some(samples::date(2023, 3, 3)));
    assert_eq!(all.missing_since, Some(samples::date(2019, 1, 1)));
    assert_eq!(all.social_insurance_number, "0123456789");
}

fn found(deceased: bool) -> LookupResult {
    LookupResult::Found {
        citizen: samples::citizen(),
        attributes: AttributeSet::BASIC,
        agreement: Agreement::TonePlacement,
        deceased,
    }
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("item-{n}")).collect()
}

#[test]
fn lookups_are_answered_in_the_order_of_their_items() {
    let answer = samples::answer(vec![
        found(false),
        found(true),
        LookupResult::NoMatch(None),
        LookupResult::NoMatch(Some(NoMatchCause::Locked)),
        LookupResult::Ambiguous,
        LookupResult::Malformed(Fault::new("claims.full_name", Reason::FieldRequired)),
    ]);
    let told = batch_lookup_citizens_response(answer, ids(6), Lang::Vi);
    let header = told.header.expect("a header");
    assert_eq!(header.request_id, "run-1:42");
    assert_eq!(header.source(), pb::Source::Memory);
    let receipt = header.receipt.expect("a receipt");
    assert_eq!(
        (receipt.writer, receipt.first_index, receipt.count),
        (2, 40, 6)
    );
    let revision = header.revision.expect("a revision");
    assert_eq!(
        (revision.nation, revision.number),
        (samples::nation().text(), 17)
    );
    use pb::LookupOutcome as O;
    let outcomes: Vec<O> = told.results.iter().map(pb::LookupResult::outcome).collect();
    let expected = [
        O::Found,
        O::Deceased,
        O::NoMatch,
        O::NoMatch,
        O::Ambiguous,
        O::Unspecified,
    ];
    assert_eq!(outcomes, expected);
    for (result, id) in told.results.iter().zip(ids(6)) {
        assert_eq!(result.item_id, id);
    }
    assert_eq!(told.results[0].level(), pb::MatchLevel::TonePlacement);
    assert!(told.results[1].citizen.is_some() && told.results[2].citizen.is_none());
    assert_eq!(told.results[3].cause(), pb::NoMatchCause::Locked);
    let status = told.results[5].status.as_ref().expect("a status");
    assert_eq!(reason_of_rpc(status), Some(Reason::FieldRequired));
}

#[test]
fn a_no_match_is_the_same_bytes_whoever_is_behind_it() {
    // Three people who must not be told apart come to the same result of the verb; what goes over
    // the wire holds its id and its outcome alone, of one size.
    let told = |id: &str| {
        let answer = samples::answer(vec![LookupResult::NoMatch(None)]);
        let told = lookup_citizen_response(answer, vec![id.into()]).expect("an answer");
        told.result.expect("a result").encode_to_vec()
    };
    assert_eq!(told("absent"), b"\x0a\x06absent\x10\x02");
    assert_eq!(told("locked"), b"\x0a\x06locked\x10\x02");
    let told = |id: &str| {
        let answer = samples::answer(vec![AuthenticateResult::NoMatch(None)]);
        let told = authenticate_citizen_response(answer, vec![id.into()]).expect("an answer");
        told.result.expect("a result").encode_to_vec()
    };
    assert_eq!(told("absent"), b"\x0a\x06absent\x10\x02");
}

#[test]
fn a_malformed_item_of_a_unary_call_is_the_failure_of_the_call() {
    let fault = Fault::new("claims.full_name", Reason::FieldRequired);
    let answer = samples::answer(vec![LookupResult::Malformed(fault.clone())]);
    let failure = lookup_citizen_response(answer, ids(1)).expect_err("no answer");
    assert_eq!(failure.faults[0].field, "item.claims.full_name");
    assert_eq!(failure.reason, Reason::FieldRequired);
    let answer = samples::answer(vec![AuthenticateResult::Malformed(fault)]);
    let failure = authenticate_citizen_response(answer, ids(1)).expect_err("no answer");
    assert_eq!(failure.faults[0].field, "item.claims.full_name");
}

#[test]
fn authentications_hold_a_verdict_and_no_record() {
    let matched = |deceased| AuthenticateResult::Match {
        version: 3,
        agreement: Agreement::Unaccented,
        deceased,
    };
    let answer = samples::answer(vec![
        matched(false),
        matched(true),
        AuthenticateResult::NoMatch(Some(NoMatchCause::Birth)),
        AuthenticateResult::Ambiguous,
        AuthenticateResult::Malformed(Fault::new("claims", Reason::FieldRequired)),
    ]);
    let told = batch_authenticate_citizens_response(answer, ids(5), Lang::En);
    use pb::AuthenticationOutcome as O;
    let outcomes: Vec<O> = told
        .results
        .iter()
        .map(pb::AuthenticationResult::outcome)
        .collect();
    assert_eq!(
        outcomes,
        [
            O::Match,
            O::Deceased,
            O::NoMatch,
            O::Ambiguous,
            O::Unspecified
        ]
    );
    assert_eq!(told.results[0].level(), pb::MatchLevel::Unaccented);
    assert_eq!((told.results[0].version, told.results[2].version), (3, 0));
    assert_eq!(told.results[2].cause(), pb::NoMatchCause::BirthDate);
    assert!(told.results[4].status.is_some());
}

#[test]
fn reconciles_tell_what_differs_and_only_what_the_licence_lets_out() {
    let answer = samples::answer(vec![
        ReconcileResult::InStep { version: 3 },
        ReconcileResult::Differs {
            citizen: samples::citizen(),
            differing: AttributeSet::of(&[Attribute::PersonalNumber, Attribute::Death]),
            given: AttributeSet::of(&[Attribute::Death]),
        },
        ReconcileResult::NoMatch(None),
        ReconcileResult::Ambiguous,
        ReconcileResult::DuplicateInSource,
        ReconcileResult::Invalid(Fault::new("sex", Reason::EnumInvalid)),
    ]);
    let told = reconcile_citizens_response(answer, ids(6)).results;
    use pb::ReconcileOutcome as O;
    let outcomes: Vec<O> = told.iter().map(pb::ReconcileResult::outcome).collect();
    let expected = [
        O::InStep,
        O::Differs,
        O::NoMatch,
        O::Ambiguous,
        O::DuplicateInSource,
        O::Invalid,
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(
        (told[0].version, told[1].version, told[2].version),
        (3, 3, 0)
    );
    let differing: Vec<pb::Attribute> = told[1].differing().collect();
    assert_eq!(
        differing,
        [pb::Attribute::PersonalNumber, pb::Attribute::Death]
    );
    let registry = told[1].registry.as_ref().expect("the registry's values");
    assert_eq!(holds(registry), AttributeSet::of(&[Attribute::Death]));
    let invalid = told[5].invalid.as_ref().expect("what is wrong");
    assert_eq!(
        (invalid.field.as_str(), invalid.reason()),
        ("sex", pb::ErrorReason::EnumInvalid)
    );
}

#[test]
fn the_attributes_of_the_contract_are_those_of_the_domain() {
    for &attribute in Attribute::ALL {
        let answer = samples::answer(vec![ReconcileResult::Differs {
            citizen: samples::citizen(),
            differing: AttributeSet::of(&[attribute]),
            given: AttributeSet::NONE,
        }]);
        let told = reconcile_citizens_response(answer, ids(1)).results;
        let names: Vec<&str> = told[0].differing().map(|a| a.as_str_name()).collect();
        let name = format!("ATTRIBUTE_{}", attribute.word().to_uppercase());
        assert_eq!(names, [name]);
    }
}

#[test]
fn pushes_tell_how_each_event_was_taken() {
    let settled = PushResult::Settled;
    let answer = samples::answer(vec![
        settled(ChangeOutcome::Applied {
            number: 17,
            version: 4,
        }),
        settled(ChangeOutcome::AlreadyApplied {
            number: 5,
            version: 2,
        }),
        settled(ChangeOutcome::Stale),
        settled(ChangeOutcome::Conflict),
        settled(ChangeOutcome::Rejected(Rejection::NotTheAuthority)),
        PushResult::Invalid(Fault::new("source", Reason::FieldRequired)),
    ]);
    let told = push_changes_response(answer, ids(6)).results;
    use pb::PushOutcome as O;
    let outcomes: Vec<O> = told.iter().map(pb::PushResult::outcome).collect();
    let expected = [
        O::Applied,
        O::AlreadyApplied,
        O::Stale,
        O::Conflict,
        O::Rejected,
        O::Invalid,
    ];
    assert_eq!(outcomes, expected);
    let revision = told[1].revision.clone().expect("the revision then");
    assert_eq!(
        (revision.nation, revision.number),
        (samples::nation().text(), 5)
    );
    assert_eq!(
        (told[0].version, told[1].version, told[2].version),
        (4, 2, 0)
    );
    assert_eq!(told[4].rejection(), pb::Rejection::NotTheAuthority);
    for &why in Rejection::ALL {
        let answer = samples::answer(vec![settled(ChangeOutcome::Rejected(why))]);
        let told = push_changes_response(answer, ids(1)).results[0].rejection();
        assert_eq!(told.as_str_name(), format!("REJECTION_{why}"));
    }
}
