//! One vocabulary, one table, two voices: every reason has its code, its texts and its place in
//! the contract, and a caller finds it again in the status.

use std::collections::HashSet;
use std::time::Duration;

use dancu_domain::{ErrorClass, Failure, Fault, Period, Quota, Reason};
use dancu_wire::pb::ErrorReason;
use dancu_wire::{
    Lang, code, fault_status, faults_of, from_wire, localised, quota_of, reason_of, reason_of_rpc,
    retry_after_of, rpc_status, status, text, to_wire,
};
use prost::Message as _;
use tonic::{Code, Status};

#[test]
fn every_reason_has_a_text_in_both_languages_and_no_two_are_the_same() {
    let mut seen = HashSet::new();
    for &reason in Reason::ALL {
        for lang in [Lang::Vi, Lang::En] {
            let text = text(reason, lang);
            assert!(text.len() > 20, "{reason:?} says next to nothing");
            assert!(seen.insert(text), "{reason:?} repeats another text");
            assert!(text.ends_with('.'), "{reason:?} does not end its sentence");
        }
        assert!(text(reason, Lang::En).is_ascii(), "{reason:?}");
        assert!(!text(reason, Lang::Vi).is_ascii(), "{reason:?}");
    }
}

#[test]
fn reasons_and_the_enum_of_the_contract_name_each_other() {
    for &reason in Reason::ALL {
        let wire = to_wire(reason);
        assert_eq!(from_wire(wire), Some(reason));
        assert_eq!(
            wire.as_str_name(),
            format!("ERROR_REASON_{}", reason.word())
        );
    }
    let known = (1..=999).filter_map(|number| ErrorReason::try_from(number).ok());
    assert_eq!(known.count(), Reason::ALL.len());
    assert_eq!(from_wire(ErrorReason::Unspecified), None);
}

#[test]
fn the_contract_tells_the_code_that_each_reason_really_has() {
    let proto = include_str!("../../../../proto/dancu/v1/errors.proto");
    let lines: Vec<&str> = proto.lines().map(str::trim).collect();
    for &reason in Reason::ALL {
        let value = format!("ERROR_REASON_{} = ", reason.word());
        let at = lines
            .iter()
            .position(|line| line.starts_with(&value))
            .expect("the reason stands in the proto");
        let told = lines[at - 1].trim_start_matches("// ");
        let told = told.split('.').next().expect("a first word");
        assert_eq!(told, word(code(reason)), "{reason:?}");
    }
}

fn word(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::Unauthenticated => "UNAUTHENTICATED",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Unavailable => "UNAVAILABLE",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        other => panic!("{other:?} is not one of ours"),
    }
}

/// A status as the caller has it after it went through the headers of a response.
fn received(sent: &Status) -> Status {
    let mut headers = tonic::codegen::http::HeaderMap::new();
    sent.add_header(&mut headers).expect("headers hold it");
    assert!(headers.contains_key("grpc-status-details-bin"));
    Status::from_header_map(&headers).expect("a status")
}

#[test]
fn a_caller_finds_reason_fields_and_text_in_the_status() {
    for &reason in Reason::ALL {
        for lang in [Lang::Vi, Lang::En] {
            let failure = Failure::from(Fault::new("context.officer", reason));
            let got = received(&status(&failure, lang, None));
            assert_eq!(got.code(), code(reason));
            assert_eq!(got.message(), text(reason, Lang::En));
            assert_eq!(reason_of(&got), Some(reason));
            let details = dancu_wire::pb::rpc::Status::decode(got.details()).expect("details");
            assert_eq!(details, rpc_status(&failure, lang));
            assert_eq!(details, fault_status(&failure.faults[0], lang));
            assert_eq!(reason_of_rpc(&details), Some(reason));
            assert_eq!(faults_of(&details), failure.faults);
            let localized = details
                .details
                .iter()
                .find(|any| any.type_url == "type.googleapis.com/google.rpc.LocalizedMessage")
                .expect("a localized message");
            let localized =
                dancu_wire::pb::rpc::LocalizedMessage::decode(localized.value.as_slice())
                    .expect("which decodes");
            assert_eq!(localized.locale, lang.tag());
            assert_eq!(localized.message, text(reason, lang));
        }
    }
}

#[test]
fn a_delay_is_told_where_trying_again_may_help_and_nowhere_else() {
    let delay = Duration::from_millis(250);
    for &reason in Reason::ALL {
        let helps = matches!(
            reason.class(),
            ErrorClass::Exhausted | ErrorClass::Unavailable
        );
        let told = status(&Failure::new(reason), Lang::En, Some(delay));
        assert_eq!(retry_after_of(&told), helps.then_some(delay), "{reason:?}");
        let default = status(&Failure::new(reason), Lang::En, None);
        assert_eq!(retry_after_of(&default).is_some(), helps, "{reason:?}");
    }
}

#[test]
fn a_used_up_quota_tells_its_limit_and_its_own_delay() {
    let quota = Quota {
        limit: 50,
        per: Period::Second,
        retry_after: Some(Duration::from_millis(400)),
    };
    let told = status(
        &Failure::exceeding(quota),
        Lang::En,
        Some(Duration::from_secs(9)),
    );
    let got = received(&told);
    assert_eq!(got.code(), Code::ResourceExhausted);
    assert_eq!(reason_of(&got), Some(Reason::QuotaExceeded));
    assert_eq!(quota_of(&got), Some(quota));
    assert_eq!(retry_after_of(&got), quota.retry_after);
    let vietnamese = localised(told, Lang::Vi);
    assert_eq!(
        vietnamese.details(),
        status(&Failure::exceeding(quota), Lang::Vi, None).details()
    );
    let other = status(&Failure::new(Reason::Overloaded), Lang::En, None);
    assert_eq!(quota_of(&other), None);
}

#[test]
fn a_used_up_day_tells_when_it_ends_unless_waiting_does_not_help() {
    for retry_after in [Some(Duration::from_hours(5)), None] {
        let quota = Quota {
            limit: 1_000,
            per: Period::Day,
            retry_after,
        };
        let usual = Some(Duration::from_millis(200));
        let told = status(&Failure::exceeding(quota), Lang::En, usual);
        for got in [received(&told), localised(told, Lang::Vi)] {
            assert_eq!(got.code(), Code::ResourceExhausted);
            assert_eq!(reason_of(&got), Some(Reason::DailyQuotaExceeded));
            assert_eq!(quota_of(&got), Some(quota));
            assert_eq!(retry_after_of(&got), retry_after);
        }
    }
}

#[test]
fn claims_that_are_not_judged_tell_the_delay_and_nothing_else() {
    let wait = Duration::from_mins(4);
    let usual = Some(Duration::from_millis(200));
    let told = status(&Failure::withheld(wait), Lang::En, usual);
    for got in [received(&told), localised(told, Lang::Vi)] {
        assert_eq!(got.code(), Code::ResourceExhausted);
        assert_eq!(reason_of(&got), Some(Reason::GuessLimitExceeded));
        assert_eq!(retry_after_of(&got), Some(wait));
        assert_eq!(quota_of(&got), None);
    }
    let item = dancu_wire::withheld_status(wait, Lang::En);
    assert_eq!(item, rpc_status(&Failure::withheld(wait), Lang::En));
}

#[test]
fn a_status_changes_its_language_and_nothing_else() {
    let failure = Failure::malformed(vec![
        Fault::new("context.officer", Reason::FieldRequired),
        Fault::new("context.purpose", Reason::EnumInvalid),
    ]);
    let english = status(&failure, Lang::En, None);
    let vietnamese = localised(english.clone(), Lang::Vi);
    assert_eq!(
        vietnamese.details(),
        status(&failure, Lang::Vi, None).details()
    );
    assert_ne!(vietnamese.details(), english.details());
    let busy = status(
        &Failure::new(Reason::Overloaded),
        Lang::En,
        Some(Duration::from_millis(30)),
    );
    let kept = retry_after_of(&localised(busy, Lang::Vi));
    assert_eq!(kept, Some(Duration::from_millis(30)));
    let foreign = Status::not_found("somebody else's");
    assert_eq!(
        localised(foreign.clone(), Lang::Vi).message(),
        foreign.message()
    );
    assert_eq!(reason_of(&foreign), None);
}

#[test]
fn the_language_is_the_one_of_the_highest_weight_that_is_spoken() {
    for (header, lang) in [
        ("", Lang::En),
        ("vi", Lang::Vi),
        ("VI-vn", Lang::Vi),
        ("en", Lang::En),
        ("vi-VN;q=0.9,en", Lang::En),
        ("vi-VN, en;q=0.9", Lang::Vi),
        ("fr, de;q=0.9, vi;q=0.1", Lang::Vi),
        ("en;q=0.5,vi;q=0.5", Lang::En),
        ("vi;q=0.5,en;q=0.5", Lang::Vi),
        ("vi;q=0", Lang::En),
        ("vi;q=2,en;q=0.1", Lang::En),
        ("*;q=0.1", Lang::En),
        ("vietnamese", Lang::En),
        (";;,,q=,vi;q=;q=1", Lang::En),
        ("\u{1f600},vi", Lang::Vi),
    ] {
        assert_eq!(Lang::from_header(header), lang, "{header}");
    }
}
