//! The ways in which real callers write one and the same Vietnamese name.
//!
//! Decomposition is done here by a table of its own, so that the service's folding is not checked
//! by itself.

use dancu_domain::Agreement;

/// A way of writing a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// As the registry has it.
    AsRecorded,
    /// In capitals, as most systems send it.
    Capitals,
    /// Decomposed: letters, then their marks.
    Decomposed,
    /// With the tone marks of open syllables on the other vowel (hoà, hòa).
    ToneMoved,
    /// Without any marks, đ as d.
    Unaccented,
}

impl Spelling {
    /// Every way.
    pub const ALL: &[Self] = &[
        Self::AsRecorded,
        Self::Capitals,
        Self::Decomposed,
        Self::ToneMoved,
        Self::Unaccented,
    ];

    /// Writes the name, and tells how closely the registry must say that it agrees.
    pub fn write(self, name: &str) -> (String, Agreement) {
        let written = match self {
            Self::AsRecorded => name.to_owned(),
            Self::Capitals => name.chars().flat_map(char::to_uppercase).collect(),
            Self::Decomposed => decomposed(name),
            Self::ToneMoved => tone_moved(name),
            Self::Unaccented => unaccented(name),
        };
        let agreement = match self {
            Self::ToneMoved if written != name => Agreement::TonePlacement,
            Self::Unaccented if written != name => Agreement::Unaccented,
            _ => Agreement::Exact,
        };
        (written, agreement)
    }
}

/// Each vowel without a tone, then with grave, acute, hook, tilde and dot.
const VOWELS: [[char; 6]; 12] = [
    ['a', 'à', 'á', 'ả', 'ã', 'ạ'],
    ['ă', 'ằ', 'ắ', 'ẳ', 'ẵ', 'ặ'],
    ['â', 'ầ', 'ấ', 'ẩ', 'ẫ', 'ậ'],
    ['e', 'è', 'é', 'ẻ', 'ẽ', 'ẹ'],
    ['ê', 'ề', 'ế', 'ể', 'ễ', 'ệ'],
    ['i', 'ì', 'í', 'ỉ', 'ĩ', 'ị'],
    ['o', 'ò', 'ó', 'ỏ', 'õ', 'ọ'],
    ['ô', 'ồ', 'ố', 'ổ', 'ỗ', 'ộ'],
    ['ơ', 'ờ', 'ớ', 'ở', 'ỡ', 'ợ'],
    ['u', 'ù', 'ú', 'ủ', 'ũ', 'ụ'],
    ['ư', 'ừ', 'ứ', 'ử', 'ữ', 'ự'],
    ['y', 'ỳ', 'ý', 'ỷ', 'ỹ', 'ỵ'],
];
const TONES: [&str; 6] = ["", "\u{300}", "\u{301}", "\u{309}", "\u{303}", "\u{323}"];

/// A letter taken apart: the vowel's row, the tone, and whether it is a capital.
fn apart(letter: char) -> Option<(usize, usize, bool)> {
    if letter.is_ascii()
        && !matches!(
            letter.to_ascii_lowercase(),
            'a' | 'e' | 'i' | 'o' | 'u' | 'y'
        )
    {
        return None;
    }
    let small = letter.to_lowercase().next()?;
    VOWELS.iter().enumerate().find_map(|(row, tones)| {
        let tone = tones.iter().position(|c| *c == small)?;
        Some((row, tone, small != letter))
    })
}

fn together(row: usize, tone: usize, capital: bool) -> char {
    let small = VOWELS[row][tone];
    if capital {
        small.to_uppercase().next().unwrap_or(small)
    } else {
        small
    }
}

/// The plain letter under a vowel, and the mark that makes it another vowel.
const fn quality(row: usize) -> (usize, &'static str) {
    match row {
        1 => (0, "\u{306}"),
        2 => (0, "\u{302}"),
        4 => (3, "\u{302}"),
        7 => (6, "\u{302}"),
        8 => (6, "\u{31b}"),
        10 => (9, "\u{31b}"),
        _ => (row, ""),
    }
}

fn decomposed(name: &str) -> String {
    let mut written = String::with_capacity(name.len() * 2);
    for letter in name.chars() {
        let Some((row, tone, capital)) = apart(letter) else {
            written.push(letter);
            continue;
        };
        let (plain, mark) = quality(row);
        written.push(together(plain, 0, capital));
        written.push_str(mark);
        written.push_str(TONES[tone]);
    }
    written
}

fn unaccented(name: &str) -> String {
    let plain = |letter: char| match letter {
        'đ' => 'd',
        'Đ' => 'D',
        other => apart(other).map_or(other, |(row, _, capital)| {
            together(quality(row).0, 0, capital)
        }),
    };
    name.chars().map(plain).collect()
}

/// Moves the tone within the last two letters of syllables that end in oa, oe or uy.
fn tone_moved(name: &str) -> String {
    let moved = |syllable: &str| -> String {
        let mut letters: Vec<char> = syllable.chars().collect();
        let n = letters.len();
        if n < 2 {
            return syllable.to_owned();
        }
        let (Some(first), Some(last)) = (apart(letters[n - 2]), apart(letters[n - 1])) else {
            return syllable.to_owned();
        };
        let open = matches!(
            (VOWELS[first.0][0], VOWELS[last.0][0]),
            ('o', 'a' | 'e') | ('u', 'y')
        );
        if open && (first.1 == 0) != (last.1 == 0) {
            letters[n - 2] = together(first.0, last.1, first.2);
            letters[n - 1] = together(last.0, first.1, last.2);
        }
        letters.into_iter().collect()
    };
    name.split(' ').map(moved).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dancu_domain::PersonName;

    #[test]
    fn each_spelling_agrees_as_closely_as_it_says() {
        for name in [
            "Nguyễn Thị Thuý Hoà",
            "Đặng Văn Hòa",
            "Lê Quý Đôn",
            "Trần Kim",
            "Y Êban",
            "Huỳnh Ngọc Thủy Tiên",
            "Phạm Đức Trưởng",
        ] {
            let recorded = PersonName::parse(name, "name").unwrap();
            for spelling in Spelling::ALL {
                let (written, agreement) = spelling.write(name);
                let claimed = PersonName::parse(&written, "name").unwrap();
                assert_eq!(
                    recorded.agreement(&claimed),
                    Some(agreement),
                    "{spelling:?} of {name}"
                );
            }
        }
    }

    #[test]
    fn each_spelling_of_everybodys_name_agrees_as_closely_as_it_says() {
        let nation = dancu_population::Nation::new(1, 3_200);
        let blocks = (0..nation.blocks()).flat_map(|block| nation.block(block));
        let personas = nation.personas().into_iter().map(|p| p.citizen);
        for citizen in blocks.chain(personas) {
            for spelling in Spelling::ALL {
                let (written, agreement) = spelling.write(citizen.name.text());
                let claimed = PersonName::parse(&written, "name").unwrap();
                assert_eq!(citizen.name.agreement(&claimed), Some(agreement));
            }
        }
    }

    #[test]
    fn spellings_differ_where_they_should() {
        assert_eq!(Spelling::ToneMoved.write("Thuý Hoà").0, "Thúy Hòa");
        assert_eq!(Spelling::Unaccented.write("Đặng Quý").0, "Dang Quy");
        assert_eq!(Spelling::Decomposed.write("Lệ").0, "Le\u{302}\u{323}");
    }
}
