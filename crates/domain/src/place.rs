//! Addresses: codes of the administrative units of 2023 and a line of detail.

use std::fmt;

use compact_str::CompactString;

/// A place: province (2 digits), district (3), commune (5), detail, country.
///
/// Codes are numbers of the statistics office; 0 means unknown or abroad.
/// Places have an order only so that of two events on one day the same one stands whatever came
/// first. `Debug` shows province and country.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Two digits, as `1` for Hà Nội.
    pub province: u8,
    /// Three digits.
    pub district: u16,
    /// Five digits.
    pub commune: u32,
    /// House, street, hamlet; may be empty. Personal.
    pub detail: Detail,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: [u8; 2],
}

/// Which provinces there are, by their codes of two digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provinces(u128);

impl Provinces {
    /// Every code of two digits.
    pub const EVERY_CODE: Self = Self((1 << 100) - 2);

    /// Those with these codes; a code that has more digits is left out.
    pub fn of(codes: impl IntoIterator<Item = u8>) -> Self {
        let bit = |bits: u128, code: u8| bits | (1_u128 << code.min(127));
        let bits = codes.into_iter().fold(0, bit);
        Self(bits & Self::EVERY_CODE.0)
    }

    /// Whether there is one with this code.
    pub const fn has(self, code: u8) -> bool {
        code < 100 && self.0 >> code & 1 == 1
    }
}

/// A line of an address; a short one lies in the value itself. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Detail(CompactString);

impl Detail {
    /// The line, as it is.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(CompactString::new(text))
    }

    /// The line.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({:02}, {})", self.province, self.country())
    }
}

impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Detail({} bytes)", self.0.len())
    }
}

impl Place {
    /// A place in Viet Nam.
    pub fn domestic(province: u8, district: u16, commune: u32, detail: &str) -> Self {
        Self {
            province,
            district,
            commune,
            detail: Detail::new(detail),
            country: *b"VN",
        }
    }

    /// Whether both name the same administrative unit, as far as this one says. A code of 0 on
    /// this side is not known and not compared; the detail never is.
    pub fn same_unit(&self, recorded: &Self) -> bool {
        self.country == recorded.country
            && (self.province == 0 || self.province == recorded.province)
            && (self.district == 0 || self.district == recorded.district)
            && (self.commune == 0 || self.commune == recorded.commune)
    }

    /// The country code as text.
    pub fn country(&self) -> &str {
        std::str::from_utf8(&self.country).unwrap_or("")
    }
}
