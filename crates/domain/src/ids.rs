//! The numbers by which a person is known.

use std::fmt;

use crate::{Fault, Reason};

/// A personal identification number (số định danh cá nhân): twelve digits, `PPP G YY NNNNNN`.
///
/// The number carries no check digit. Its `Debug` form shows the last two digits only, and it has
/// no `Display`: a number is written out by [`PersonalId::text`] alone, where an answer is made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonalId(u64);

/// One past the largest twelve-digit number.
const PERSONAL_LIMIT: u64 = 1_000_000_000_000;
/// One past the largest nine-digit number.
const LEGACY_LIMIT: u32 = 1_000_000_000;

impl PersonalId {
    /// Reads exactly twelve ASCII digits; the fault names `field` and never echoes the text.
    pub fn parse(text: &str, field: &str) -> Result<Self, Fault> {
        digits(text, 12)
            .map(Self)
            .map_err(|reason| Fault::new(field, reason))
    }

    /// The number with these digits, if it has at most twelve of them.
    pub const fn from_digits(digits: u64) -> Option<Self> {
        if digits < PERSONAL_LIMIT {
            Some(Self(digits))
        } else {
            None
        }
    }

    /// The twelve digits as one integer.
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// The twelve digits as text, leading zeros kept.
    pub fn text(self) -> String {
        format!("{:012}", self.0)
    }
}

impl fmt::Debug for PersonalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonalId(..{:02})", self.0 % 100)
    }
}

/// The old nine-digit identity card number (số CMND). Not unique: some were issued twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegacyId(u32);

impl LegacyId {
    /// Reads exactly nine ASCII digits; the fault names `field` and never echoes the text.
    pub fn parse(text: &str, field: &str) -> Result<Self, Fault> {
        digits(text, 9)
            .map(|n| Self(u32::try_from(n).expect("nine digits fit into 32 bits")))
            .map_err(|reason| Fault::new(field, reason))
    }

    /// The number with these digits, if it has at most nine of them.
    pub const fn from_digits(digits: u32) -> Option<Self> {
        if digits < LEGACY_LIMIT {
            Some(Self(digits))
        } else {
            None
        }
    }

    /// The nine digits as one integer.
    pub const fn digits(self) -> u32 {
        self.0
    }

    /// The nine digits as text, leading zeros kept.
    pub fn text(self) -> String {
        format!("{:09}", self.0)
    }
}

impl fmt::Debug for LegacyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegacyId(..{:02})", self.0 % 100)
    }
}

/// What a citizen is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdKey {
    /// The twelve-digit number: at most one person.
    Personal(PersonalId),
    /// The nine-digit number: up to two people.
    Legacy(LegacyId),
}

impl IdKey {
    /// One integer for either kind; the two ranges do not meet. For hashing and ordering only.
    pub const fn packed(self) -> u64 {
        match self {
            Self::Personal(id) => id.0,
            Self::Legacy(id) => PERSONAL_LIMIT + id.0 as u64,
        }
    }

    /// Undoes [`IdKey::packed`].
    pub const fn unpack(packed: u64) -> Option<Self> {
        if packed < PERSONAL_LIMIT {
            return Some(Self::Personal(PersonalId(packed)));
        }
        let rest = packed - PERSONAL_LIMIT;
        if rest < LEGACY_LIMIT as u64 {
            Some(Self::Legacy(LegacyId(rest as u32)))
        } else {
            None
        }
    }
}

/// Reads exactly as many ASCII digits; the reason tells a wrong character from a wrong length.
pub(crate) fn digits(text: &str, length: usize) -> Result<u64, Reason> {
    if text.is_empty() {
        return Err(Reason::FieldRequired);
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::NumberNotDigits);
    }
    if text.len() != length {
        return Err(Reason::NumberLength);
    }
    Ok(text.bytes().fold(0, |n, b| n * 10 + u64::from(b - b'0')))
}
