//! Names of people, and how closely two of them agree.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::{Fault, Reason};

/// A person's full name in the order family, middle, given: NFC, spaces folded, case as written.
///
/// `Debug` shows the number of letters only, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(Box<str>);

/// How closely a claimed name agrees with the recorded one, closest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agreement {
    /// Equal after NFC, folded case and folded spaces.
    Exact,
    /// Equal but for where a tone mark stands in its syllable (hoà, hòa).
    TonePlacement,
    /// Equal once all marks are dropped and đ is read as d.
    Unaccented,
}

/// The longest name taken, in bytes of the text as received.
const MAX_BYTES: usize = 512;
/// The longest name taken, in characters after NFC.
const MAX_CHARS: usize = 128;
/// Combining marks that may follow one letter once the text is composed.
const MAX_MARKS: usize = 2;

impl PersonName {
    /// Takes a name at the door: composes it, folds its spaces, and refuses what no Vietnamese
    /// name holds. The fault names `field` and never echoes the text.
    pub fn parse(text: &str, field: &str) -> Result<Self, Fault> {
        let wrong = |reason| Err(Fault::new(field, reason));
        if text.len() > MAX_BYTES {
            return wrong(Reason::NameTooLong);
        }
        let mut name = String::with_capacity(text.len());
        let (mut letters, mut marks, mut chars, mut gap) = (0, 0, 0, false);
        for c in text.nfc() {
            if c == ' ' || c == '\u{a0}' {
                gap = !name.is_empty();
                continue;
            }
            if gap {
                name.push(' ');
                gap = false;
                marks = 0;
            }
            if is_combining(c) {
                marks += 1;
                if marks > MAX_MARKS || name.is_empty() || name.ends_with(' ') {
                    return wrong(Reason::NameMarks);
                }
            } else if is_name_letter(c) {
                letters += 1;
                marks = 0;
            } else if matches!(c, '\'' | '’' | '-' | '.') {
                marks = 0;
            } else {
                return wrong(Reason::NameCharacter);
            }
            name.push(c);
            chars += 1;
        }
        if name.is_empty() {
            return wrong(Reason::FieldRequired);
        }
        if letters < 2 {
            return wrong(Reason::NameTooShort);
        }
        if chars > MAX_CHARS {
            return wrong(Reason::NameTooLong);
        }
        Ok(Self(name.into_boxed_str()))
    }

    /// A name that is known to be composed and folded already, as one read back from the store.
    pub fn from_trusted(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The name as text, for an answer or a row.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// How closely `claimed` agrees with this name, or `None` when it does not.
    pub fn agreement(&self, claimed: &Self) -> Option<Agreement> {
        if self.0 == claimed.0 || uppercase(&self.0).eq(uppercase(&claimed.0)) {
            return Some(Agreement::Exact);
        }
        if self.unaccented() != claimed.unaccented() {
            return None;
        }
        if tones_apart(&self.0) == tones_apart(&claimed.0) {
            Some(Agreement::TonePlacement)
        } else {
            Some(Agreement::Unaccented)
        }
    }

    /// Upper case, all marks dropped, Đ read as D: the form that is searched by.
    pub fn unaccented(&self) -> String {
        uppercase(&self.0)
            .nfd()
            .filter(|c| !is_combining(*c))
            .map(undash)
            .collect()
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonName({} letters)", self.0.chars().count())
    }
}

fn uppercase(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .flat_map(char::to_uppercase)
        .map(|c| if c == '’' { '\'' } else { c })
}

/// đ has no decomposition: it is folded by hand.
fn undash(c: char) -> char {
    if c == 'Đ' { 'D' } else { c }
}

/// Each syllable as its letters without tone, with the tones behind: wherever in the syllable a
/// tone stood, the text is the same. Đ stays Đ.
fn tones_apart(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut tones = String::new();
    for c in uppercase(text).nfd() {
        if matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}') {
            tones.push(c);
            continue;
        }
        if c == ' ' {
            out.push_str(&tones);
            tones.clear();
        }
        out.push(c);
    }
    out.push_str(&tones);
    out
}

const fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Latin letters only: a look-alike of another script is no letter of a Vietnamese name.
const fn is_name_letter(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{24f}'
        | '\u{1e00}'..='\u{1eff}')
}
