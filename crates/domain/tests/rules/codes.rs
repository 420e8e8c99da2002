//! The words of an envelope: ids, codes, dossier numbers.

use dancu_domain::{
    AgencyCode, Dossier, Failure, Fault, NationId, OfficerId, Outcome, ProcedureCode, Provinces,
    Purpose, PurposeSet, Reason, RequestId, ServiceCode, SourceKey, UnitCode, Verb,
};
use proptest::prelude::*;

use crate::people::reason_of;

#[test]
fn a_request_id_has_one_to_forty_letters_digits_or_signs() {
    let longest = "x".repeat(40);
    for text in [
        "a",
        "2023-01-01T00:00:00/7_a.b",
        "1.004222",
        longest.as_str(),
    ] {
        assert_eq!(RequestId::parse(text, "r").unwrap().text(), text);
    }
    let long = "x".repeat(41);
    let cases = [
        ("", Reason::FieldRequired),
        (long.as_str(), Reason::FieldTooLong),
        (" ", Reason::FieldInvalid),
        ("a b", Reason::FieldInvalid),
        ("a\n", Reason::FieldInvalid),
        ("a\0", Reason::FieldInvalid),
        ("mã", Reason::FieldInvalid),
        ("０", Reason::FieldInvalid),
        ("a\u{200b}", Reason::FieldInvalid),
        ("a;b", Reason::FieldInvalid),
        ("a'b", Reason::FieldInvalid),
    ];
    for (text, reason) in cases {
        let parsed = RequestId::parse(text, "context.request_id");
        assert_eq!(
            reason_of(parsed, "context.request_id"),
            Some(reason),
            "{text:?}"
        );
        assert_eq!(
            reason_of(OfficerId::parse(text, "f"), "f"),
            Some(reason),
            "{text:?}"
        );
        assert_eq!(
            reason_of(ProcedureCode::parse(text, "f"), "f"),
            Some(reason),
            "{text:?}"
        );
        assert_eq!(
            reason_of(UnitCode::parse(text, "f"), "f"),
            Some(reason),
            "{text:?}"
        );
    }
    assert!(SourceKey::parse(&"x".repeat(64), "s").is_ok());
    let parsed = SourceKey::parse(&"x".repeat(65), "s");
    assert_eq!(reason_of(parsed, "s"), Some(Reason::FieldTooLong));
}

#[test]
fn a_dossier_number_is_taken_in_both_published_forms() {
    let taken = [
        "000.00.00.H26-231012-0001",
        "000.00.12.H29-231012-0001",
        "001.02.03.G05-240229-123456",
        "H26-231012-0001",
        "H26.12-231012-0001",
        "H26.12.3-231012-00001",
        "H26.12.03.004-231012-0001",
    ];
    for text in taken {
        assert_eq!(Dossier::parse(text, "d").unwrap().text(), text);
    }
    let long = format!("H26-231012-{}", "1".repeat(40));
    let refused = [
        ("", Reason::FieldRequired),
        (long.as_str(), Reason::FieldTooLong),
        ("H26", Reason::FieldInvalid),
        ("H26-231012", Reason::FieldInvalid),
        ("H26-231012-0001-1", Reason::FieldInvalid),
        ("-231012-0001", Reason::FieldInvalid),
        ("H26--0001", Reason::FieldInvalid),
        ("H26-231012-", Reason::FieldInvalid),
        ("H26-231012-001", Reason::FieldInvalid),
        ("H26-231012-1234567", Reason::FieldInvalid),
        ("H26-231312-0001", Reason::FieldInvalid),
        ("H26-230229-0001", Reason::FieldInvalid),
        ("H26-231000-0001", Reason::FieldInvalid),
        ("H26-23101-0001", Reason::FieldInvalid),
        ("H26-20231012-0001", Reason::FieldInvalid),
        ("H26-+31012-0001", Reason::FieldInvalid),
        ("H26-231012-+001", Reason::FieldInvalid),
        ("H26-231012-000a", Reason::FieldInvalid),
        ("000.00.00-231012-0001", Reason::FieldInvalid),
        ("h26-231012-0001", Reason::FieldInvalid),
        ("H26.-231012-0001", Reason::FieldInvalid),
        (".H26-231012-0001", Reason::FieldInvalid),
        ("H26..1-231012-0001", Reason::FieldInvalid),
        ("H260-231012-0001", Reason::FieldInvalid),
        ("0.000.00.00.H26-231012-0001", Reason::FieldInvalid),
        ("H26-231012-0001 ", Reason::FieldInvalid),
        ("H26-23101２-0001", Reason::FieldInvalid),
        ("Đ26-231012-0001", Reason::FieldInvalid),
    ];
    for (text, reason) in refused {
        let parsed = Dossier::parse(text, "context.dossier");
        assert_eq!(
            reason_of(parsed, "context.dossier"),
            Some(reason),
            "{text:?}"
        );
    }
}

#[test]
fn an_agency_code_has_one_to_eleven_upper_case_letters_digits_or_signs() {
    for text in ["H", "H26", "G05", "000.00.H26", "CSKCB-01234"] {
        let code = AgencyCode::parse(text, "a").unwrap();
        assert_eq!((code.text(), code.to_string().as_str()), (text, text));
        assert_eq!(format!("{code:?} {code:>12}"), format!("{text} {text:>12}"));
    }
    for text in ["", "h26", "H 26", "Đ26", "H26_1", "123456789012", "H26\0"] {
        let parsed = AgencyCode::parse(text, "a");
        assert_eq!(
            reason_of(parsed, "a"),
            Some(Reason::FieldInvalid),
            "{text:?}"
        );
    }
}

#[test]
fn a_nation_id_comes_back_from_its_text() {
    let nation = NationId([0x0f; 16]);
    assert_eq!(nation.text(), "0f".repeat(16));
    assert_eq!(NationId::parse(&nation.text()), Some(nation));
    for text in [
        "",
        "0f",
        &"0f".repeat(17),
        &"0g".repeat(16),
        &"+f".repeat(16),
        &"é".repeat(16),
    ] {
        assert_eq!(NationId::parse(text), None, "{text}");
    }
}

#[test]
fn a_fault_is_seen_from_the_message_that_holds_it() {
    let fault = Fault::new("claims.birth_date", Reason::DateInvalid).within("items[3]");
    assert_eq!(fault.field, "items[3].claims.birth_date");
    let failure = Failure::malformed(vec![fault.clone()]);
    assert_eq!(
        (failure.reason, &failure.faults),
        (Reason::DateInvalid, &vec![fault.clone()])
    );
    assert_eq!(Failure::from(fault), failure);
    assert_eq!(Failure::malformed(Vec::new()).reason, Reason::FieldInvalid);
}

#[test]
fn a_purpose_requires_what_the_table_of_the_contract_says() {
    let table = [
        (Purpose::AdministrativeProcedure, (true, true, true)),
        (Purpose::HealthCheckIn, (true, false, false)),
        (Purpose::DataCleaning, (false, false, false)),
        (Purpose::LifeEvent, (false, false, false)),
        (Purpose::Statistics, (false, false, false)),
    ];
    assert_eq!(table.len(), Purpose::ALL.len());
    for (purpose, required) in table {
        assert_eq!(purpose.requires(), required, "{purpose}");
    }
}

#[test]
fn a_set_of_purposes_has_what_it_was_made_of() {
    let set = PurposeSet::of(&[Purpose::HealthCheckIn, Purpose::Statistics]);
    for purpose in Purpose::ALL {
        let expected = matches!(purpose, Purpose::HealthCheckIn | Purpose::Statistics);
        assert_eq!(set.has(*purpose), expected);
        assert!(!PurposeSet::default().has(*purpose));
    }
}

#[test]
fn a_service_code_is_written_with_three_digits() {
    assert_eq!(ServiceCode::LOOKUP_CITIZEN.to_string(), "037");
    assert_eq!(ServiceCode::PUSH_CHANGES.to_string(), "903");
}

#[test]
fn reasons_have_words_of_their_own() {
    let mut words: Vec<_> = Reason::ALL.iter().map(|reason| reason.word()).collect();
    assert!(words.iter().all(|word| {
        word.len() <= 63 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    }));
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Reason::ALL.len());
}

proptest! {
    #[test]
    fn any_text_is_taken_whole_or_refused(text in "\\PC{0,50}") {
        for parsed in [
            RequestId::parse(&text, "f").map(|code| code.text().to_owned()),
            Dossier::parse(&text, "f").map(|code| code.text().to_owned()),
            AgencyCode::parse(&text, "f").map(|code| code.text().to_owned()),
        ] {
            match parsed {
                Ok(taken) => prop_assert_eq!(&taken, &text),
                Err(fault) => prop_assert_eq!(fault.field, "f"),
            }
        }
    }

    #[test]
    fn the_days_of_dossiers_are_those_of_the_calendar(day in 0..1_000_000_u32) {
        let dossier = Dossier::parse(&format!("H26-{day:06}-0001"), "d");
        let date = dancu_domain::CivilDate::unpack(20_000_000 + day);
        prop_assert_eq!(dossier.is_ok(), date.is_some());
    }
}

#[test]
fn a_province_is_one_of_those_that_there_are() {
    let provinces = Provinces::of([1, 79, 200]);
    let all: Vec<u8> = (0..=255).filter(|code| provinces.has(*code)).collect();
    assert_eq!(all, [1, 79]);
    let every: Vec<u8> = (0..=255)
        .filter(|code| Provinces::EVERY_CODE.has(*code))
        .collect();
    assert_eq!(every, (1..=99).collect::<Vec<_>>());
}

#[test]
fn every_outcome_is_one_of_some_verb_and_only_a_refusal_one_of_all() {
    for outcome in Outcome::ALL {
        let verbs = Verb::ALL.iter().filter(|verb| verb.can_end(*outcome));
        let many = verbs.count();
        assert!(many >= 1, "{outcome}");
        assert_eq!(many == Verb::ALL.len(), *outcome == Outcome::Refused);
    }
    assert!(!Verb::Push.can_end(Outcome::NoMatch) && !Verb::Lookup.can_end(Outcome::Match));
}
