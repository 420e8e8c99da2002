//! Claims that are bad: numbers, names, birth dates.

use dancu_domain::Reason;
use dancu_wire::pb::dancu::v1::claims::Number;

use super::Rows;

pub(super) fn numbers(rows: &mut Rows) {
    use Reason::{FieldRequired, NumberLength, NumberNotDigits};
    for (what, number, reason) in [
        ("empty", "", FieldRequired),
        ("8 digits", "98765432", NumberLength),
        ("9 digits, an old one", "987654321", NumberLength),
        ("11 digits", "98765432109", NumberLength),
        ("13 digits", "9876543210987", NumberLength),
        ("a space before", " 98765432109", NumberNotDigits),
        ("a space within", "987654 321098", NumberNotDigits),
        ("a line end", "987654321098\n", NumberNotDigits),
        ("a plus", "+98765432109", NumberNotDigits),
        ("a minus", "-98765432109", NumberNotDigits),
        ("a dot", "987654.32109", NumberNotDigits),
        (
            "full-width digits",
            "９８７６５４３２１０９８",
            NumberNotDigits,
        ),
        ("Arabic digits", "٩٨٧٦٥٤٣٢١٠٩٨", NumberNotDigits),
        (
            "a zero-width space",
            "98765432\u{200b}1098",
            NumberNotDigits,
        ),
        ("a byte order mark", "\u{feff}987654321098", NumberNotDigits),
        ("a NUL", "98765432109\0", NumberNotDigits),
    ] {
        rows.claims(
            (what, reason, "claims.personal_number"),
            &[number],
            |claims| {
                claims.number = Some(Number::PersonalNumber(number.to_owned()));
            },
        );
    }
    for (what, number, reason) in [
        ("empty", "", FieldRequired),
        ("8 digits", "98765432", NumberLength),
        ("10 digits", "9876543210", NumberLength),
        ("12 digits, a new one", "987654321099", NumberLength),
        ("a letter", "98765432x", NumberNotDigits),
        ("full-width digits", "９８７６５４３２１", NumberNotDigits),
    ] {
        rows.claims(
            (what, reason, "claims.legacy_number"),
            &[number],
            |claims| {
                claims.number = Some(Number::LegacyNumber(number.to_owned()));
            },
        );
    }
    rows.claims(
        ("left out", FieldRequired, "claims.number"),
        &[],
        |claims| {
            claims.number = None;
        },
    );
}

pub(super) fn names(rows: &mut Rows) {
    use Reason::{FieldRequired, NameCharacter, NameMarks, NameTooLong, NameTooShort};
    let huge = "Ẅqz".repeat(64 * 1024 / 5);
    let long = format!("Ẅ{}", "qz".repeat(64));
    let stacked = format!("Ẅqz{}", "\u{301}".repeat(100));
    for (what, name, reason) in [
        ("empty", "", FieldRequired),
        ("spaces", " \u{a0} ", FieldRequired),
        ("one letter", "Ẅ", NameTooShort),
        ("one letter and a mark", "Q\u{302}", NameTooShort),
        ("64 KiB", huge.as_str(), NameTooLong),
        ("129 letters", long.as_str(), NameTooLong),
        ("a bell", "Ẅqz\u{7}xw", NameCharacter),
        ("a line end", "Ẅqz\nxw", NameCharacter),
        ("a NUL", "Ẅqz\0xw", NameCharacter),
        ("an escape", "Ẅqz\u{1b}[2J", NameCharacter),
        ("a right-to-left override", "Ẅqz\u{202e}xw", NameCharacter),
        ("a right-to-left mark", "\u{200f}Ẅqz xw", NameCharacter),
        ("Hebrew", "Ẅqz שלום", NameCharacter),
        ("a zero-width joiner", "Ẅqz\u{200d}xw", NameCharacter),
        ("a Cyrillic look-alike", "Ẅqz Vаn", NameCharacter),
        ("a Greek look-alike", "Ẅqz Αnh", NameCharacter),
        ("full-width letters", "Ẅqz Ａｎｈ", NameCharacter),
        ("digits", "Ẅqz 42", NameCharacter),
        ("an emoji", "Ẅqz 🙂", NameCharacter),
        ("100 marks on a letter", stacked.as_str(), NameMarks),
        ("a mark on nothing", "\u{301}Ẅqz", NameMarks),
    ] {
        // What is planted is a piece, so that an answer that repeats a part is caught too.
        let values: &[&str] = if name.contains("qz") { &["Ẅqz"] } else { &[] };
        rows.claims((what, reason, "claims.full_name"), values, |claims| {
            name.clone_into(&mut claims.full_name);
        });
    }
}

pub(super) fn births(rows: &mut Rows) {
    use Reason::{DateInFuture, DateInvalid, FieldRequired};
    rows.claims(
        ("left out", FieldRequired, "claims.birth_date"),
        &[],
        |claims| claims.birth_date = None,
    );
    for (what, reason, parts) in [
        ("nothing known", FieldRequired, (0, 0, 0)),
        ("29 February 2023", DateInvalid, (2023, 2, 29)),
        ("29 February 1900", DateInvalid, (1900, 2, 29)),
        ("month 13", DateInvalid, (1986, 13, 1)),
        ("31 April", DateInvalid, (1986, 4, 31)),
        ("day 32", DateInvalid, (1986, 1, 32)),
        ("a day without a month", DateInvalid, (1986, 0, 7)),
        ("a month without a year", DateInvalid, (0, 6, 7)),
        ("a day below nothing", DateInvalid, (1986, 6, -7)),
        ("a year below nothing", DateInvalid, (-1986, 6, 7)),
        ("a year of two digits", DateInvalid, (86, 6, 7)),
        (
            "the ends of the integers",
            DateInvalid,
            (i32::MAX, i32::MAX, i32::MIN),
        ),
        (
            "the day after the reference date",
            DateInFuture,
            (2023, 1, 2),
        ),
        ("the month after it", DateInFuture, (2023, 2, 0)),
        ("the year after it", DateInFuture, (2024, 0, 0)),
        ("a far year", DateInFuture, (2199, 12, 31)),
    ] {
        rows.birth(what, reason, parts);
    }
}
