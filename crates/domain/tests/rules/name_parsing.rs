//! Names at the door.

use dancu_domain::{PersonName, Reason};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use crate::people::{name, reason_of};

/// The letters of Vietnamese, the toned vowels of each shape spelt out.
pub(crate) const LETTERS: &str = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợ\
    pqrstuùủũúụưừửữứựvxyỳỷỹýỵfjwz";

fn refused(text: &str) -> Option<Reason> {
    reason_of(
        PersonName::parse(text, "claims.full_name"),
        "claims.full_name",
    )
}

#[test]
fn every_vietnamese_letter_is_taken_in_both_compositions_and_cases() {
    for letter in LETTERS.chars() {
        let upper: String = letter.to_uppercase().collect();
        for one in [letter.to_string(), upper] {
            let composed = format!("{one}a {one}");
            let decomposed: String = composed.nfd().collect();
            assert_eq!(name(&composed).text(), composed);
            assert_eq!(name(&decomposed).text(), composed, "{letter} decomposed");
        }
    }
}

#[test]
fn a_horn_is_composed_wherever_its_tone_stands_in_the_text() {
    // The horn before and after the tone, and the deprecated tone marks of Unicode.
    for text in [
        "o\u{31b}\u{300}i",
        "o\u{300}\u{31b}i",
        "ơ\u{300}i",
        "ò\u{31b}i",
        "o\u{31b}\u{340}i",
    ] {
        assert_eq!(name(text).text(), "ời", "{}", text.escape_unicode());
    }
    assert_eq!(name("u\u{31b}\u{341}a").text(), "ứa");
}

#[test]
fn names_of_all_peoples_of_the_country_are_taken() {
    let names = [
        "Y Êban",
        "K'Brơi",
        "H’Hen Niê",
        "HʼHen Niê",
        "Y Ƀlŭk Čil",
        "Ksor Phước",
        "Siu Ơ\u{306}t",
        "Ñan Ê\u{306}ban",
        "Thạch Sa-rây",
        "Lê Thị B.",
        "Lý",
        "Nguyễn Phúc Bảo Long Tôn Thất Vĩnh Thuỵ",
    ];
    for text in names {
        assert_eq!(name(text).text(), text);
    }
}

#[test]
fn spaces_are_folded_and_case_is_kept() {
    let cases = [
        ("  Nguyễn   Văn  An ", "Nguyễn Văn An"),
        ("\u{a0}NGUYỄN\u{a0}\u{a0}văn An", "NGUYỄN văn An"),
    ];
    for (text, folded) in cases {
        assert_eq!(name(text).text(), folded);
    }
}

#[test]
fn what_no_vietnamese_name_holds_is_refused_by_its_reason() {
    let marks = format!("Nguye{}n", "\u{302}".repeat(100));
    let long_word = "a".repeat(129);
    let cases = [
        ("", Reason::FieldRequired),
        ("    ", Reason::FieldRequired),
        ("\u{a0}", Reason::FieldRequired),
        ("A", Reason::NameTooShort),
        ("ế", Reason::NameTooShort),
        (" Y ", Reason::NameTooShort),
        ("Y.", Reason::NameTooShort),
        ("'-.", Reason::NameTooShort),
        (long_word.as_str(), Reason::NameTooLong),
        (marks.as_str(), Reason::NameMarks),
        ("\u{301}Nam", Reason::NameMarks),
        ("Lê \u{301}Nam", Reason::NameMarks),
        ("K'\u{301}Nam", Reason::NameMarks),
        ("Lê-\u{301}Nam", Reason::NameMarks),
        ("D\u{336}ặng", Reason::NameMarks),
        ("D\u{335}ặng", Reason::NameMarks),
        ("Na\u{34f}m", Reason::NameMarks),
        ("Na\u{363}m", Reason::NameMarks),
        ("Nguyễn\tAn", Reason::NameCharacter),
        ("Nguyễn\nAn", Reason::NameCharacter),
        ("Nguyễn\0An", Reason::NameCharacter),
        ("Nguyễn\u{7f}An", Reason::NameCharacter),
        ("Nguyễn\u{85}An", Reason::NameCharacter),
        ("Nguyễn\u{200b}An", Reason::NameCharacter),
        ("Nguyễn\u{200d}An", Reason::NameCharacter),
        ("\u{feff}Nguyễn An", Reason::NameCharacter),
        ("Nguyễn\u{ad}An", Reason::NameCharacter),
        ("\u{202e}nA nễyugN", Reason::NameCharacter),
        ("Nguyễn\u{200f}An", Reason::NameCharacter),
        ("Nguyễn\u{2066}An", Reason::NameCharacter),
        ("Nguyễn\u{3000}An", Reason::NameCharacter),
        ("Nguyễn An2", Reason::NameCharacter),
        ("Nguyễn, An", Reason::NameCharacter),
        ("Nguyễn;DROP", Reason::NameCharacter),
        ("Nguyễn 😀", Reason::NameCharacter),
        ("阮文安", Reason::NameCharacter),
        ("Ｎguyễn", Reason::NameCharacter),
        ("Nguyễn\u{fffd}", Reason::NameCharacter),
        ("Na\u{20dd}m", Reason::NameCharacter),
    ];
    for (text, reason) in cases {
        assert_eq!(refused(text), Some(reason), "{}", text.escape_unicode());
    }
    assert_eq!(refused(&"Nguyễn ".repeat(8_192)), Some(Reason::NameTooLong));
    assert_eq!(
        refused(&"\u{301}".repeat(32_768)),
        Some(Reason::NameTooLong)
    );
}

#[test]
fn look_alike_letters_are_refused() {
    // Cyrillic А, о, е and Greek Α, ο; then Latin ones: Eth for Đ in both cases, the African D,
    // dotless ı, long ſ, ŉ, ĸ, a click that looks like l, ß.
    let look_alikes = [
        "Lê Văn \u{410}n",
        "H\u{43e}à",
        "L\u{435} Nam",
        "\u{391}n Nam",
        "H\u{3bf}a",
        "\u{d0}ặng Nam",
        "\u{f0}ặng Nam",
        "\u{189}ặng Nam",
        "L\u{131} Nam",
        "\u{17f}on Nam",
        "\u{149}am",
        "\u{138}im",
        "\u{1c0}an",
        "Wei\u{df}",
    ];
    for text in look_alikes {
        assert_eq!(
            refused(text),
            Some(Reason::NameCharacter),
            "{}",
            text.escape_unicode()
        );
    }
}

#[test]
fn the_longest_name_is_taken_decomposed_too() {
    let longest = "ệ".repeat(128);
    let decomposed: String = longest.nfd().collect();
    assert_eq!(decomposed.chars().count(), 3 * 128);
    assert_eq!(name(&decomposed).text(), longest);
    assert_eq!(refused(&"ệ".repeat(129)), Some(Reason::NameTooLong));
}

#[test]
fn two_marks_beyond_the_composed_letter_are_taken_and_a_third_is_not() {
    assert_eq!(name("Na\u{323}\u{331}\u{30c}m").text().nfd().count(), 6);
    assert_eq!(refused("Nô\u{307}\u{308}\u{30c}m"), Some(Reason::NameMarks));
}

proptest! {
    #[test]
    fn any_text_is_taken_folded_or_refused(text in "\\PC{0,60}") {
        if let Ok(name) = PersonName::parse(&text, "n") {
            let folded = name.text().to_owned();
            prop_assert_eq!(folded.nfc().collect::<String>(), folded.clone());
            prop_assert!(!folded.contains("  ") && folded.trim() == folded);
            prop_assert_eq!(PersonName::parse(&folded, "n"), Ok(name));
        }
    }

    #[test]
    fn a_name_is_the_same_in_both_compositions(
        text in proptest::collection::vec(proptest::sample::select(
            LETTERS.chars().chain(" '-.".chars()).collect::<Vec<_>>()), 2..40)
    ) {
        let text: String = text.into_iter().collect();
        let decomposed: String = text.nfd().collect();
        prop_assert_eq!(PersonName::parse(&text, "n"), PersonName::parse(&decomposed, "n"));
    }

    #[test]
    fn a_name_with_one_foreign_character_is_refused(
        place in 0..14_usize,
        foreign in any::<char>().prop_filter("of no Latin block", |c| {
            !matches!(*c, '\u{20}' | '\'' | '-' | '.' | '\u{a0}' | 'A'..='Z' | 'a'..='z')
                && !matches!(*c, '\u{c0}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}')
                && !matches!(*c, '\u{2018}' | '\u{2019}' | '\u{212a}' | '\u{212b}')
        }),
    ) {
        let mut text: Vec<char> = "Nguyen Van Binh".chars().collect();
        text.insert(place, foreign);
        let text: String = text.into_iter().collect();
        prop_assert!(PersonName::parse(&text, "n").is_err(), "{}", text.escape_unicode());
    }
}
