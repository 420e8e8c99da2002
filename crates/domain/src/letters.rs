//! The letters of names, taken apart: what they stand on, what shapes them, what tone they carry.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// A letter of a name in upper case, or a character between syllables, with its marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// The letter without any mark; Đ stands on D.
    pub(crate) base: char,
    /// The marks that make another letter of it (Ă, Ê, Ơ, Đ): a bit each, in no order.
    pub(crate) shape: u64,
    /// The tones, as they follow each other, four bits each; 0 without.
    pub(crate) tones: u16,
}

/// The shape of Đ and Ƀ, which Unicode does not take apart.
const STROKE: u64 = 1 << 63;

impl Letter {
    /// What stands where one name has ended and another has not.
    pub(crate) const NONE: Self = Self {
        base: '\0',
        shape: 0,
        tones: 0,
    };

    /// Takes one character apart. What is more than one letter in upper case stays as it is.
    fn of(c: char) -> Self {
        let mut parts = c.to_uppercase().nfd();
        let (base, shape) = match parts.next().unwrap_or(c) {
            'Đ' => ('D', STROKE),
            'Ƀ' => ('B', STROKE),
            '’' | '‘' | 'ʼ' => ('\'', 0),
            base => (base, 0),
        };
        let mut letter = Self {
            base,
            shape,
            tones: 0,
        };
        for part in parts {
            if !is_mark(part) {
                return Self {
                    base: c,
                    ..Self::NONE
                };
            }
            letter.add(part);
        }
        letter
    }

    /// Adds a mark. It is a tone on a vowel only: the Ñ of the Êđê is a letter of its own.
    fn add(&mut self, mark: char) {
        match tone(mark) {
            Some(tone) if matches!(self.base, 'A' | 'E' | 'I' | 'O' | 'U' | 'Y') => {
                self.tones = self.tones << 4 | tone;
            }
            _ => self.shape |= 1 << (mark as u32 & 0x3f),
        }
    }

    /// Whether a syllable ends here.
    pub(crate) const fn ends_syllable(self) -> bool {
        matches!(self.base, ' ' | '-' | '.' | '\'' | '\0')
    }
}

/// The Latin letters up to U+024F, then those of U+1E00 to U+1EFF, among them all that carry both
/// a shape and a tone. Taking a character apart costs as much as looking forty of them up.
static LATIN: LazyLock<Box<[Letter]>> = LazyLock::new(|| {
    ('\0'..='\u{24f}')
        .chain('\u{1e00}'..='\u{1eff}')
        .map(Letter::of)
        .collect()
});

/// The letters of a text in NFC, each with the marks that follow it.
pub(crate) fn letters(text: &str) -> impl Iterator<Item = Letter> {
    let latin: &'static [Letter] = &LATIN;
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        let c = chars.next()?;
        let mut letter = match c {
            '\0'..='\u{24f}' => latin[c as usize],
            '\u{1e00}'..='\u{1eff}' => latin[c as usize - 0x1e00 + 0x250],
            _ => Letter::of(c),
        };
        while let Some(mark) = chars.next_if(|c| is_mark(*c)) {
            letter.add(mark);
        }
        Some(letter)
    })
}

/// Huyền, sắc, ngã, hỏi, nặng.
const fn tone(mark: char) -> Option<u16> {
    match mark {
        '\u{300}' => Some(1),
        '\u{301}' => Some(2),
        '\u{303}' => Some(3),
        '\u{309}' => Some(4),
        '\u{323}' => Some(5),
        _ => None,
    }
}

/// Whether a character is a combining mark of the block by that name.
pub(crate) const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Whether a name may hold this mark: the tones, the shapes of Vietnamese letters, and those of
/// the other Latin orthographies of the country and its neighbours (Č, Ĕ, Ơ̆, Ü, Å, Ḇ).
pub(crate) const fn is_name_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{304}'
            | '\u{306}'..='\u{30c}'
            | '\u{31b}'
            | '\u{323}'..='\u{325}'
            | '\u{327}'
            | '\u{328}'
            | '\u{32d}'
            | '\u{32e}'
            | '\u{330}'
            | '\u{331}'
    )
}

/// Whether a name may hold this letter: all of Vietnamese, and the Latin letters with marks in
/// which other names of the country are written.
///
/// A look-alike is no letter of a name, neither of another script nor a Latin one: Ð (U+00D0,
/// Icelandic, what Đ turns into when an old Vietnamese code page is read as Western), ı, ſ, ŉ, ĸ.
/// To read Ð as Đ would hide from an agency that its rows are damaged.
pub(crate) const fn is_name_letter(c: char) -> bool {
    match c {
        'A'..='Z' | 'a'..='z' => true,
        'Ð' | 'ð' | '×' | '÷' | 'ß' | 'ı' | 'ĸ' | 'ŉ' => false,
        '\u{c0}'..='\u{17e}' => true,
        'ƀ' | 'Ƀ' | 'Ơ' | 'ơ' | 'Ư' | 'ư' => true,
        '\u{1cd}'..='\u{1dc}' => true,
        '\u{1e00}'..='\u{1e99}' | '\u{1ea0}'..='\u{1ef9}' => true,
        _ => false,
    }
}

/// What may stand between the letters of a name beside spaces: `K'Brơi`, `H’Hen`, `Lê-Bá`.
pub(crate) const fn is_name_punctuation(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '-' | '.')
}
