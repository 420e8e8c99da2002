//! Names of people, and how closely two of them agree.

use std::fmt;

use compact_str::CompactString;
use unicode_normalization::UnicodeNormalization;

use crate::letters::{Letter, is_mark, is_name_letter, is_name_mark, is_name_punctuation, letters};
use crate::{Fault, Reason};

/// A person's full name in the order family, middle, given: NFC, spaces folded, case as written.
///
/// Most names lie in the value itself, so that a record is read from one place in memory. `Debug`
/// shows the number of characters only, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(CompactString);

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

/// The longest name taken, in characters after NFC.
const MAX_CHARS: usize = 128;
/// The longest name taken, in bytes of the text as received: the longest one decomposed, where a
/// letter with two marks has five bytes, and some spaces to fold.
const MAX_BYTES: usize = 1024;
/// Combining marks that may follow one letter once the text is composed.
const MAX_MARKS: usize = 2;

impl PersonName {
    /// Takes a name at the door: composes it, folds its spaces, and refuses what no Vietnamese
    /// name holds. The fault names `field` and never echoes the text.
    pub fn parse(text: &str, field: &str) -> Result<Self, Fault> {
        if text.len() > MAX_BYTES {
            return Err(Fault::new(field, Reason::NameTooLong));
        }
        // Most names come as they are kept, and one look at each letter is enough.
        let folded = match as_kept(text) {
            Some(Ok(())) => Ok(CompactString::new(text)),
            Some(Err(reason)) => Err(reason),
            None => fold(text.nfc(), text.len()),
        };
        folded.map(Self).map_err(|reason| Fault::new(field, reason))
    }

    /// A name that is known to be composed and folded already, as one read back from the store.
    pub fn from_trusted(text: impl AsRef<str>) -> Self {
        Self(CompactString::new(text))
    }

    /// The name as text, for an answer or a row.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// How closely `claimed` agrees with this name, or `None` when it does not.
    pub fn agreement(&self, claimed: &Self) -> Option<Agreement> {
        if self == claimed {
            Some(Agreement::Exact)
        } else {
            compare(&self.0, &claimed.0)
        }
    }

    /// Upper case, all marks dropped, Đ read as D: the form that is searched by.
    pub fn unaccented(&self) -> String {
        letters(&self.0).map(|letter| letter.base).collect()
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonName({} characters)", self.0.chars().count())
    }
}

/// Whether a name is one, if it holds letters, punctuation and single spaces between them only:
/// there is nothing to compose then and nothing to fold. `None` of any other.
fn as_kept(text: &str) -> Option<Result<(), Reason>> {
    let (mut letters, mut chars, mut gap) = (0, 0, true);
    for c in text.chars() {
        chars += 1;
        if is_name_letter(c) {
            letters += 1;
            gap = false;
        } else if is_name_punctuation(c) {
            gap = false;
        } else if c == ' ' && !gap {
            gap = true;
        } else {
            return None;
        }
    }
    (!gap).then(|| measure(letters, chars))
}

/// Whether so many letters and characters are a name's.
const fn measure(letters: usize, chars: usize) -> Result<(), Reason> {
    if letters < 2 {
        Err(Reason::NameTooShort)
    } else if chars > MAX_CHARS {
        Err(Reason::NameTooLong)
    } else {
        Ok(())
    }
}

/// Folds spaces and checks every character of a composed text.
fn fold(text: impl Iterator<Item = char>, capacity: usize) -> Result<CompactString, Reason> {
    let mut name = CompactString::with_capacity(capacity);
    // `marks` counts those on the letter that stands last, and is `None` where none stands.
    let (mut letters, mut chars, mut gap, mut marks) = (0, 0, false, None);
    for c in text {
        if c == ' ' || c == '\u{a0}' {
            gap = !name.is_empty();
            marks = None;
            continue;
        }
        if is_mark(c) {
            marks = marks.map(|marks| marks + 1);
            if !is_name_mark(c) || marks.is_none_or(|marks| marks > MAX_MARKS) {
                return Err(Reason::NameMarks);
            }
        } else if is_name_letter(c) {
            letters += 1;
            marks = Some(0);
        } else if is_name_punctuation(c) {
            marks = None;
        } else {
            return Err(Reason::NameCharacter);
        }
        if gap {
            name.push(' ');
            chars += 1;
            gap = false;
        }
        name.push(c);
        chars += 1;
    }
    if name.is_empty() {
        return Err(Reason::FieldRequired);
    }
    measure(letters, chars)?;
    Ok(name)
}

/// Compares two names letter by letter, to the end of the longer one whatever differs on the way,
/// so that the work does not tell where they part. Allocates nothing.
///
/// Tones are compared by syllable, in their order: where in it they stand is a habit of spelling.
/// Spaces, hyphens, dots and apostrophes end a syllable.
pub(crate) fn compare(recorded: &str, claimed: &str) -> Option<Agreement> {
    let (mut ours, mut theirs) = (letters(recorded), letters(claimed));
    let (mut bases, mut shapes, mut places, mut tones) = (true, true, true, true);
    let (mut our_tones, mut their_tones) = (0, 0);
    loop {
        let (our, their) = match (ours.next(), theirs.next()) {
            (None, None) => break,
            (our, their) => (our.unwrap_or(Letter::NONE), their.unwrap_or(Letter::NONE)),
        };
        bases &= our.base == their.base;
        shapes &= our.shape == their.shape;
        places &= our.tones == their.tones;
        if our.ends_syllable() {
            tones &= our_tones == their_tones;
            (our_tones, their_tones) = (0, 0);
        }
        our_tones = sung(our_tones, our.tones);
        their_tones = sung(their_tones, their.tones);
    }
    tones &= our_tones == their_tones;
    match (bases, shapes, places, tones) {
        (false, ..) => None,
        (true, true, true, _) => Some(Agreement::Exact),
        (true, true, false, true) => Some(Agreement::TonePlacement),
        _ => Some(Agreement::Unaccented),
    }
}

/// The tones of a syllable so far, with those of one more letter behind. A syllable has one tone;
/// the last eight letters with any are kept.
const fn sung(so_far: u128, tones: u16) -> u128 {
    if tones == 0 {
        so_far
    } else {
        so_far << 16 | tones as u128
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_taken_as_it_is_is_what_composing_and_folding_make_of_it(
            text in "[aN đỗƠ\u{301}\u{a0}'.Ð9]{0,6}[ a]{0,140}",
        ) {
            let taken = as_kept(&text).map(|taken| taken.map(|()| CompactString::new(&text)));
            if let Some(taken) = taken {
                prop_assert_eq!(taken, fold(text.nfc(), text.len()));
            }
        }
    }

    #[test]
    fn names_as_they_are_written_are_taken_as_they_are() {
        for text in ["Nguyễn Văn An", "K'Brơi", "Lê-Bá H. Hen"] {
            assert_eq!(as_kept(text), Some(Ok(())));
        }
        for text in [
            "",
            " An",
            "An ",
            "Văn  An",
            "Văn\u{a0}An",
            "An\u{301}",
            "Ðỗ An",
        ] {
            assert_eq!(as_kept(text), None);
        }
        assert_eq!(as_kept("A."), Some(Err(Reason::NameTooShort)));
        assert_eq!(as_kept(&"a".repeat(129)), Some(Err(Reason::NameTooLong)));
    }
}
