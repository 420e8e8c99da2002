//! Numbers of people.

use dancu_domain::{IdKey, LegacyId, PersonalId, Reason, SocialInsuranceNumber};
use proptest::prelude::*;

use crate::people::{legacy, personal, reason_of};

/// Texts with exactly as many characters as `digits` says that are no number all the same.
fn spoilt(digits: &str) -> Vec<String> {
    let rest = &digits[1..];
    [
        " ", "+", "-", "\u{ff10}", "\u{660}", "\u{6f0}", "\u{200b}", "\u{200d}", "\u{feff}",
        "\u{202e}", "A", "l", "O", ".", "\0", "\n", "²", "①", "０", "٠",
    ]
    .iter()
    .flat_map(|bad| {
        let mut middle = digits.to_owned();
        middle.insert_str(4, bad);
        [
            format!("{bad}{rest}"),
            format!("{rest}{bad}"),
            middle,
            format!("{bad}{digits}"),
            format!("{digits}{bad}"),
        ]
    })
    .collect()
}

#[test]
fn a_personal_number_has_exactly_twelve_ascii_digits() {
    let cases = [
        ("", Some(Reason::FieldRequired)),
        ("9", Some(Reason::NumberLength)),
        ("91234567", Some(Reason::NumberLength)),
        ("912345678", Some(Reason::NumberLength)),
        ("91234567890", Some(Reason::NumberLength)),
        ("9123456789012", Some(Reason::NumberLength)),
        ("912345678901", None),
        ("000000000000", None),
        ("999999999999", None),
    ];
    for (text, reason) in cases {
        let parsed = PersonalId::parse(text, "claims.personal_number");
        assert_eq!(
            reason_of(parsed, "claims.personal_number"),
            reason,
            "{text}"
        );
    }
    for text in spoilt("912345678901") {
        let parsed = PersonalId::parse(&text, "n");
        assert_eq!(
            reason_of(parsed, "n"),
            Some(Reason::NumberNotDigits),
            "{text:?}"
        );
    }
    let long = "9".repeat(65_536);
    assert_eq!(
        reason_of(PersonalId::parse(&long, "n"), "n"),
        Some(Reason::NumberLength)
    );
}

#[test]
fn an_old_number_has_exactly_nine_ascii_digits() {
    let cases = [
        ("", Some(Reason::FieldRequired)),
        ("91234567", Some(Reason::NumberLength)),
        ("9123456789", Some(Reason::NumberLength)),
        ("912345678901", Some(Reason::NumberLength)),
        ("912345678", None),
        ("000000000", None),
        ("999999999", None),
    ];
    for (text, reason) in cases {
        let parsed = LegacyId::parse(text, "claims.legacy_number");
        assert_eq!(reason_of(parsed, "claims.legacy_number"), reason, "{text}");
    }
    for text in spoilt("912345678") {
        let parsed = LegacyId::parse(&text, "n");
        assert_eq!(
            reason_of(parsed, "n"),
            Some(Reason::NumberNotDigits),
            "{text:?}"
        );
    }
}

#[test]
fn a_social_insurance_number_has_exactly_ten_ascii_digits() {
    let cases = [
        ("", Some(Reason::FieldRequired)),
        ("123456789", Some(Reason::NumberLength)),
        ("12345678901", Some(Reason::NumberLength)),
        ("123456789Z", Some(Reason::NumberNotDigits)),
        ("0123456789", None),
    ];
    for (text, reason) in cases {
        let parsed = SocialInsuranceNumber::parse(text, "s");
        assert_eq!(reason_of(parsed, "s"), reason, "{text}");
    }
    for text in spoilt("9123456789") {
        assert!(
            SocialInsuranceNumber::parse(&text, "s").is_err(),
            "{text:?}"
        );
    }
    assert_eq!(SocialInsuranceNumber::from_digits(10_000_000_000), None);
    let zeros = SocialInsuranceNumber::from_digits(12).unwrap();
    assert_eq!((zeros.text().as_str(), zeros.digits()), ("0000000012", 12));
}

#[test]
fn a_number_beyond_its_digits_is_none() {
    assert_eq!(PersonalId::from_digits(1_000_000_000_000), None);
    assert_eq!(LegacyId::from_digits(1_000_000_000), None);
    assert_eq!(IdKey::unpack(1_001_000_000_000), None);
    assert_eq!(IdKey::unpack(u64::MAX), None);
}

#[test]
fn the_packed_ranges_of_both_kinds_do_not_meet() {
    let last = IdKey::Personal(personal(999_999_999_999));
    let first = IdKey::Legacy(legacy(0));
    assert_eq!(last.packed() + 1, first.packed());
}

proptest! {
    #[test]
    fn a_personal_number_comes_back_with_its_zeros(digits in 0..1_000_000_000_000_u64) {
        let id = personal(digits);
        prop_assert_eq!(id.text().len(), 12);
        prop_assert_eq!(PersonalId::parse(&id.text(), "n"), Ok(id));
        prop_assert_eq!(IdKey::unpack(IdKey::Personal(id).packed()), Some(IdKey::Personal(id)));
    }

    #[test]
    fn an_old_number_comes_back_with_its_zeros(digits in 0..1_000_000_000_u32) {
        let id = legacy(digits);
        prop_assert_eq!(id.text().len(), 9);
        prop_assert_eq!(LegacyId::parse(&id.text(), "n"), Ok(id));
        prop_assert_eq!(IdKey::unpack(IdKey::Legacy(id).packed()), Some(IdKey::Legacy(id)));
    }

    #[test]
    fn any_text_is_read_without_a_panic_and_never_echoed(text in "\\PC{1,40}") {
        let faults = [PersonalId::parse(&text, "n").err(), LegacyId::parse(&text, "n").err()];
        for fault in faults.into_iter().flatten() {
            prop_assert_eq!(fault.field, "n");
        }
    }
}
