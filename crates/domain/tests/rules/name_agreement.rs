//! How closely two names agree.

use dancu_domain::{Agreement, PersonName};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use crate::name_parsing::LETTERS;
use crate::people::name;

const EXACT: Option<Agreement> = Some(Agreement::Exact);
const TONE: Option<Agreement> = Some(Agreement::TonePlacement);
const UNACCENTED: Option<Agreement> = Some(Agreement::Unaccented);

fn agreement(one: &str, other: &str) -> Option<Agreement> {
    let found = name(one).agreement(&name(other));
    let turned = name(other).agreement(&name(one));
    assert_eq!(found, turned, "{one} and {other} agree both ways");
    found
}

#[test]
fn names_agree_as_closely_as_the_table_says() {
    let cases = [
        ("Nguyễn Thị Hoà", "Nguyễn Thị Hoà", EXACT),
        ("Nguyễn Thị Hoà", "NGUYỄN THỊ HOÀ", EXACT),
        ("Nguyễn Thị Hoà", " nguyễn  thị\u{a0}hoà ", EXACT),
        ("K'Brơi", "K’BRƠI", EXACT),
        ("K'Brơi", "KʼBrơi", EXACT),
        ("K'Brơi", "K‘Brơi", EXACT),
        ("Y Êban", "Y ÊBAN", EXACT),
        ("Ơ\u{306}t Nam", "ơ\u{306}t nam", EXACT),
        // The tone in the old and in the new place.
        ("Nguyễn Thị Hoà", "Nguyễn Thị Hòa", TONE),
        ("Nguyễn Thị Hoà", "NGUYỄN THỊ HÒA", TONE),
        ("Lê Thuý", "Lê Thúy", TONE),
        ("Lê Khoẻ", "Lê Khỏe", TONE),
        ("Trần Quý", "Trần Qúy", TONE),
        ("Hoà-Thuý", "Hòa-Thúy", TONE),
        ("Thuỵ.Hoà", "Thụy.Hòa", TONE),
        // A tone that moves to another syllable is another name.
        ("Hòa Mai", "Hoa Mài", UNACCENTED),
        ("Hòa-Mai", "Hoa-Mài", UNACCENTED),
        ("Hòa.Mai", "Hoa.Mài", UNACCENTED),
        ("H'òa'mai", "H'oa'mài", UNACCENTED),
        // So is another tone, or another shape.
        ("Hoà Mai", "Hoá Mai", UNACCENTED),
        ("Hoà Mai", "Hoa Mai", UNACCENTED),
        ("Trần Ân", "Trần Ăn", UNACCENTED),
        ("Trần Ơn", "Trần Ôn", UNACCENTED),
        ("Trần Ưng", "Trần Ung", UNACCENTED),
        ("Đặng", "Dặng", UNACCENTED),
        ("Đặng", "Dang", UNACCENTED),
        ("đặng", "DANG", UNACCENTED),
        ("Ƀlŭk", "Bluk", UNACCENTED),
        // A tilde makes another letter of N: it is no tone that wanders.
        ("Ñan Nam", "Nãn Nam", UNACCENTED),
        // Other letters, other spaces, other signs.
        ("Nguyễn An", "Nguyễn Anh", None),
        ("Nguyễn An", "Nguyễn Am", None),
        ("Nguyễn An", "Nguyễn A", None),
        ("Nguyễn An", "An Nguyễn", None),
        ("Nguyễn Vănan", "Nguyễn Văn An", None),
        ("K'Brơi", "KBrơi", None),
        ("Lê-Bá", "Lê Bá", None),
        ("Phan Thị Hoa", "Phạm Thị Hoa", None),
    ];
    for (one, other, expected) in cases {
        assert_eq!(agreement(one, other), expected, "{one} and {other}");
    }
}

#[test]
fn every_letter_agrees_exactly_with_its_upper_case_in_both_compositions() {
    for letter in LETTERS.chars() {
        let lower = format!("{letter}b{letter}");
        let upper = lower.to_uppercase();
        for text in [&upper, &upper.nfd().collect(), &lower.nfd().collect()] {
            assert_eq!(agreement(&lower, text), EXACT, "{lower} and {text}");
        }
    }
}

#[test]
fn every_letter_agrees_unaccented_with_its_plain_one_and_with_no_other() {
    let plain = |c: char| match c {
        'đ' => 'd',
        _ => c.nfd().next().unwrap(),
    };
    for one in LETTERS.chars() {
        for other in LETTERS.chars() {
            let found = agreement(&format!("B{one}ch"), &format!("B{other}ch"));
            let expected = if one == other {
                EXACT
            } else if plain(one) == plain(other) {
                UNACCENTED
            } else {
                None
            };
            assert_eq!(found, expected, "{one} and {other}");
        }
    }
}

#[test]
fn levels_are_ordered_closest_first() {
    assert!(Agreement::Exact < Agreement::TonePlacement);
    assert!(Agreement::TonePlacement < Agreement::Unaccented);
}

#[test]
fn the_searched_form_is_plain_upper_case() {
    let cases = [
        ("Nguyễn Thị Hoà", "NGUYEN THI HOA"),
        ("đặng Văn Đức", "DANG VAN DUC"),
        ("K’Brơi", "K'BROI"),
        ("Ƀlŭk Ñan", "BLUK NAN"),
        ("Siu Ơ\u{306}t", "SIU OT"),
    ];
    for (text, unaccented) in cases {
        assert_eq!(name(text).unaccented(), unaccented);
    }
}

#[test]
fn names_of_the_store_are_compared_without_a_panic_whatever_they_hold() {
    let odd = [
        "",
        "\u{301}",
        "\u{301}\u{301}a",
        "ß",
        "\u{10ffff}",
        "ǆ",
        "a\0b",
        "\u{fb03}",
    ];
    for one in odd {
        for other in odd {
            let (one, other) = (
                PersonName::from_trusted(one),
                PersonName::from_trusted(other),
            );
            assert_eq!(one.agreement(&other), other.agreement(&one));
            assert_eq!(one.agreement(&one), EXACT);
        }
    }
}

/// The level by the definition, worked out on whole strings.
fn by_definition(one: &str, other: &str) -> Option<Agreement> {
    let upper = |text: &str| -> String { text.to_uppercase().nfc().collect() };
    let is_tone = |c: &char| "\u{300}\u{301}\u{303}\u{309}\u{323}".contains(*c);
    let toneless = |text: &str| -> String { text.nfd().filter(|c| !is_tone(c)).nfc().collect() };
    let tones = |text: &str| -> Vec<String> {
        let syllables = text.split([' ', '-', '.', '\'']);
        syllables
            .map(|s| s.nfd().filter(is_tone).collect())
            .collect()
    };
    let plain = |text: &str| -> String {
        let bare = text.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}'));
        bare.collect::<String>().replace('Đ', "D")
    };
    let (one, other) = (upper(one), upper(other));
    if one == other {
        EXACT
    } else if toneless(&one) == toneless(&other) && tones(&one) == tones(&other) {
        TONE
    } else if plain(&one) == plain(&other) {
        UNACCENTED
    } else {
        None
    }
}

/// A name of few letters, so that two of them are often near each other.
fn near_names() -> impl Strategy<Value = String> {
    let letters: Vec<char> = "hHoòóôồốơờớaàáâầấăằắDdĐđ '-.".chars().collect();
    proptest::collection::vec(proptest::sample::select(letters), 1..7)
        .prop_map(|tail| format!("Ha{}", tail.into_iter().collect::<String>()))
}

/// A name and the same with its tones moved within their syllables, or dropped.
fn respelt() -> impl Strategy<Value = (String, String)> {
    let syllable = proptest::sample::select(vec![
        ("Hoà", "Hòa"),
        ("Thuý", "Thúy"),
        ("Hoà", "Hoà"),
        ("Nguyễn", "NGUYỄN"),
        ("Khoẻ", "Khoe"),
        ("Đức", "Duc"),
        ("An", "An"),
        ("Loan", "Lòan"),
    ]);
    proptest::collection::vec(syllable, 1..6).prop_map(|syllables| {
        let (one, other): (Vec<_>, Vec<_>) = syllables.into_iter().unzip();
        (one.join(" "), other.join(" "))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn names_agree_by_the_definition(one in near_names(), other in near_names()) {
        let (a, b) = (name(&one), name(&other));
        prop_assert_eq!(a.agreement(&b), by_definition(a.text(), b.text()));
        prop_assert_eq!(b.agreement(&a), a.agreement(&b));
        prop_assert_eq!(a.agreement(&a), EXACT);
    }

    #[test]
    fn respelt_names_agree_by_the_definition((one, other) in respelt()) {
        let found = agreement(&one, &other);
        prop_assert!(found.is_some());
        prop_assert_eq!(found, by_definition(&one, &other));
    }

    #[test]
    fn names_agree_if_and_only_if_their_searched_forms_are_equal(
        one in near_names(), other in near_names()
    ) {
        let (a, b) = (name(&one), name(&other));
        prop_assert_eq!(a.agreement(&b).is_some(), a.unaccented() == b.unaccented());
    }

    #[test]
    fn one_letter_more_less_or_other_is_another_name(
        place in 0..12_usize, letter in proptest::sample::select("bcghklmnpqrstvx".chars().collect::<Vec<_>>())
    ) {
        let text: Vec<char> = "Hoà Ái Yêu Ơi".chars().collect();
        let recorded = name(&text.iter().collect::<String>());
        let mut longer = text.clone();
        longer.insert(place + 1, letter);
        let mut other = text.clone();
        let was = other[place];
        for text in [longer.iter().collect::<String>(), {
            if was == ' ' || was.eq_ignore_ascii_case(&letter) {
                other.push(letter);
            } else {
                other[place] = letter;
            }
            other.iter().collect()
        }] {
            prop_assert_eq!(recorded.agreement(&name(&text)), None, "{}", text);
        }
    }
}
