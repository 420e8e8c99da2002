//! Bad input is told: the right reason, the field by name, and never the value.
//!
//! Each row breaks a well-formed item in one way and is walked through every verb that it fits, as
//! the one item of a unary call and as the middle one of a batch.

use crate::samples;
use std::fmt::Debug;

use dancu_domain::{Failure, Fault, Reason};
use dancu_wire::pb::claims::Number;
use dancu_wire::{
    Lang, authenticate_citizen, batch_authenticate_citizens, batch_lookup_citizens, code,
    lookup_citizen, pb, push_changes, reconcile_citizens, rpc_status, status, text,
};
use samples::{date, door};
use tonic::Code;

/// What is told of a fault, in any way and either language, holds nothing of what was planted.
fn assert_told(fault: &Fault, failure: &Failure, planted: &[&str]) {
    for lang in [Lang::Vi, Lang::En] {
        let call = status(failure, lang, None);
        let item = rpc_status(&Failure::from(fault.clone()), lang);
        let told = [
            format!("{fault:?} {failure:?}"),
            format!("{call:?} {call}"),
            format!("{item:?}"),
            String::from_utf8_lossy(call.details()).into_owned(),
            text(fault.reason, lang).to_owned(),
        ];
        for planted in planted {
            let found = told.iter().find(|told| told.contains(planted));
            assert_eq!(found, None, "the value is echoed");
        }
    }
}

/// The middle item has the fault, its neighbours are unharmed, and nothing prints what it held.
fn assert_middle<T: Debug>(
    items: &[Result<T, Fault>],
    reason: Reason,
    field: &str,
    planted: &[&str],
) {
    assert_eq!(items.len(), 3);
    assert!(items[0].is_ok() && items[2].is_ok(), "{field}: neighbours");
    let fault = items[1].as_ref().expect_err("the item is malformed");
    assert_eq!((fault.field.as_ref(), fault.reason), (field, reason));
    assert_told(fault, &Failure::from(fault.clone()), planted);
}

fn assert_only(failure: &Failure, reason: Reason, field: &str, planted: &[&str]) {
    let field = format!("item.{field}");
    assert_eq!(failure.reason, reason);
    assert_eq!(failure.faults.len(), 1);
    assert_eq!(failure.faults[0].field, field);
    assert_eq!(status(failure, Lang::En, None).code(), code(reason));
    assert_told(&failure.faults[0], failure, planted);
}

/// Walks broken claims through every verb. A push goes by the personal number alone.
fn walk(claims: &pb::Claims, reason: Reason, field: &str, planted: &[&str]) {
    walk_lookup(claims, reason, field, planted);
    walk_others(claims, reason, field, planted);
    let mut push = samples::push();
    push.records[1].claims = Some(claims.clone());
    let parsed = push_changes(&door(), push).expect("the message is good");
    assert_middle(&parsed.message.items, reason, field, planted);
}

fn walk_lookup(claims: &pb::Claims, reason: Reason, field: &str, planted: &[&str]) {
    let mut batch = samples::lookup();
    batch.items[1].claims = Some(claims.clone());
    let one = pb::LookupCitizenRequest {
        context: batch.context.clone(),
        item: Some(batch.items[1].clone()),
        ..Default::default()
    };
    assert!(!planted.iter().any(|p| format!("{batch:?}").contains(p)));
    let parsed = batch_lookup_citizens(&door(), batch).expect("the message is good");
    assert_eq!(parsed.ids, ["a", "b", "c"]);
    assert_middle(&parsed.message.items, reason, field, planted);
    let failure = lookup_citizen(&door(), one).expect_err("the call fails");
    assert_only(&failure, reason, field, planted);
}

fn walk_others(claims: &pb::Claims, reason: Reason, field: &str, planted: &[&str]) {
    let mut batch = samples::authenticate();
    batch.items[1].claims = Some(claims.clone());
    let one = pb::AuthenticateCitizenRequest {
        context: batch.context.clone(),
        item: Some(batch.items[1].clone()),
        ..Default::default()
    };
    let parsed = batch_authenticate_citizens(&door(), batch).expect("the message is good");
    assert_middle(&parsed.message.items, reason, field, planted);
    let failure = authenticate_citizen(&door(), one).expect_err("the call fails");
    assert_only(&failure, reason, field, planted);

    let mut reconcile = samples::reconcile();
    reconcile.records[1].claims = Some(claims.clone());
    let parsed = reconcile_citizens(&door(), reconcile).expect("the message is good");
    assert_middle(&parsed.message.items, reason, field, planted);
}

#[test]
fn the_table_speaks_of_invalid_argument_throughout() {
    for &reason in Reason::ALL {
        if reason.class() == dancu_domain::ErrorClass::Malformed {
            assert_eq!(code(reason), Code::InvalidArgument);
        }
    }
}

#[test]
fn numbers_that_are_none_are_told() {
    use Reason::{FieldRequired, NumberLength, NumberNotDigits};
    for (number, reason) in [
        ("", FieldRequired),
        ("98765432", NumberLength),
        ("987654321", NumberLength),
        ("98765432109", NumberLength),
        ("9876543210987", NumberLength),
        (" 98765432109", NumberNotDigits),
        ("987654 321098", NumberNotDigits),
        ("+98765432109", NumberNotDigits),
        ("-98765432109", NumberNotDigits),
        ("98765432109.", NumberNotDigits),
        ("９８７６５４３２１０９８", NumberNotDigits),
        ("٩٨٧٦٥٤٣٢١٠٩٨", NumberNotDigits),
        ("98765432\u{200b}1098", NumberNotDigits),
        ("\u{feff}987654321098", NumberNotDigits),
        ("98765432109\0", NumberNotDigits),
    ] {
        let mut claims = samples::claims();
        claims.number = Some(Number::PersonalNumber(number.into()));
        let planted: &[&str] = if number.is_empty() { &[] } else { &[number] };
        walk(&claims, reason, "claims.personal_number", planted);
    }
    for (number, reason) in [
        ("", FieldRequired),
        ("98765432", NumberLength),
        ("9876543210", NumberLength),
        ("987654321098", NumberLength),
        ("98765432x", NumberNotDigits),
    ] {
        let mut claims = samples::claims();
        claims.number = Some(Number::LegacyNumber(number.into()));
        let planted: &[&str] = if number.is_empty() { &[] } else { &[number] };
        walk(&claims, reason, "claims.legacy_number", planted);
    }
    let mut claims = samples::claims();
    claims.number = None;
    walk(&claims, FieldRequired, "claims.number", &[samples::NAME]);
}

#[test]
fn names_that_nobody_has_are_told() {
    use Reason::{FieldRequired, NameCharacter, NameMarks, NameTooLong, NameTooShort};
    let huge = "Ngườ".repeat(64 * 1024 / 7);
    let stacked = format!("Ngườí{}", "\u{301}".repeat(100));
    for (name, reason) in [
        (" \u{a0} ", FieldRequired),
        ("Ẅ", NameTooShort),
        (huge.as_str(), NameTooLong),
        ("Quỳnh\u{7}Xyz", NameCharacter),
        ("Quỳnh\nXyz", NameCharacter),
        ("Quỳnh\0Xyz", NameCharacter),
        ("Quỳnh\u{202e}Xyz", NameCharacter),
        ("\u{200f}Quỳnh Xyz", NameCharacter),
        ("Quỳnh\u{200d}Xyz", NameCharacter),
        ("Quỳnh Х", NameCharacter),
        ("Nguyễn Vаn", NameCharacter),
        ("Quỳnh Ｘｙｚ", NameCharacter),
        ("Quỳnh 42", NameCharacter),
        (stacked.as_str(), NameMarks),
        ("\u{301}Quỳnh", NameMarks),
    ] {
        let mut claims = samples::claims();
        claims.full_name = name.into();
        walk(&claims, reason, "claims.full_name", &[name]);
    }
}

#[test]
fn birth_dates_that_cannot_be_are_told() {
    use Reason::{DateInFuture, DateInvalid, FieldRequired};
    for (year, month, day, reason) in [
        (0, 0, 0, FieldRequired),
        (1987, 2, 29, DateInvalid),
        (1987, 13, 1, DateInvalid),
        (1987, 4, 31, DateInvalid),
        (1987, 0, 7, DateInvalid),
        (1987, 6, -7, DateInvalid),
        (0, 6, 7, DateInvalid),
        (-1987, 6, 7, DateInvalid),
        (1799, 6, 7, DateInvalid),
        (i32::MAX, i32::MAX, i32::MIN, DateInvalid),
        (2023, 1, 2, DateInFuture),
        (2023, 2, 0, DateInFuture),
        (2024, 0, 0, DateInFuture),
    ] {
        let mut claims = samples::claims();
        claims.birth_date = Some(date(year, month, day));
        let year = year.to_string();
        let planted: &[&str] = if year == "0" { &[] } else { &[&year] };
        walk(&claims, reason, "claims.birth_date", planted);
    }
}

#[test]
fn a_lookup_may_go_by_the_number_alone_and_nothing_else_may() {
    let no_name = pb::Claims {
        full_name: String::new(),
        ..samples::claims()
    };
    let no_birth = pb::Claims {
        birth_date: None,
        ..samples::claims()
    };
    for (claims, field) in [
        (no_name, "claims.full_name"),
        (no_birth, "claims.birth_date"),
    ] {
        walk_others(&claims, Reason::FieldRequired, field, &[samples::NUMBER]);
        let mut push = samples::push();
        push.records[1].claims = Some(claims.clone());
        let parsed = push_changes(&door(), push).expect("the message is good");
        assert_middle(&parsed.message.items, Reason::FieldRequired, field, &[]);
        let mut lookup = samples::lookup();
        lookup.items[1].claims = Some(claims);
        let parsed = batch_lookup_citizens(&door(), lookup).expect("the message is good");
        assert!(parsed.message.items.iter().all(Result::is_ok));
    }
}

#[test]
fn items_without_claims_and_bad_ids_and_dossiers_are_told() {
    let break_item = |change: fn(&mut pb::LookupItem), reason, field, planted: &[&str]| {
        let mut batch = samples::lookup();
        change(&mut batch.items[1]);
        let one = pb::LookupCitizenRequest {
            context: batch.context.clone(),
            item: Some(batch.items[1].clone()),
            ..Default::default()
        };
        let parsed = batch_lookup_citizens(&door(), batch).expect("the message is good");
        assert_middle(&parsed.message.items, reason, field, planted);
        assert!(planted.iter().all(|p| !parsed.ids.contains(&(*p).into())));
        let failure = lookup_citizen(&door(), one).expect_err("the call fails");
        assert_only(&failure, reason, field, planted);
    };
    break_item(|i| i.claims = None, Reason::FieldRequired, "claims", &[]);
    let long = "Q".repeat(41);
    break_item(
        |i| i.item_id = "Q".repeat(41),
        Reason::FieldTooLong,
        "item_id",
        &[&long],
    );
    break_item(
        |i| i.item_id = "Quỳnh".into(),
        Reason::FieldInvalid,
        "item_id",
        &["Quỳnh"],
    );
    break_item(
        |i| i.dossier = "H26-231399-0001".into(),
        Reason::FieldInvalid,
        "dossier",
        &["H26-231399"],
    );
}
