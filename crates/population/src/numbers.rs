//! The numbers of the made-up: unless somebody asks for others, none of them can have been given
//! to a living person.

use std::ops::RangeInclusive;

use dancu_domain::{LegacyId, PersonalId, SocialInsuranceNumber};

use crate::chance::{Chance, Stream};
use crate::nation::BLOCK;
use crate::permute::Permutation;
use crate::provinces::provinces;
use crate::skeleton::EQUALS;
use crate::template::DOCUMENTED;

/// The six last digits that only personas have; no permutation yields them.
pub const PERSONA_SUFFIXES: RangeInclusive<u64> = 0..=999;
/// The CMNDs each of which two citizens of different provinces have.
pub const DOUBLED_LEGACY: RangeInclusive<u32> = 990_000_000..=990_099_999;

/// Six digits, less those of the personas.
pub(crate) const PLACES: u64 = 999_000;
/// A first digit under which no CMND was issued; assumed.
const LEGACY_BASE: u32 = 900_000_000;
/// CMNDs that one citizen has: from 900,001,000 to 989,999,999.
const LEGACY_PLACES: u64 = 89_999_000;
/// CMNDs that two have.
const DOUBLED_PLACES: u64 = 100_000;
/// The first two digits of social insurance numbers, which are no province's; assumed.
const INSURANCE_BASE: u64 = 9_900_000_000;
const INSURANCE_PLACES: u64 = 99_999_000;
const PERSONA_PLACES: u64 = 1_000;

/// Among so many blocks two neighbours share a CMND.
const DOUBLED_EVERY: u64 = 16;
/// Which of them is the first of the two.
const DOUBLED_AT: u64 = 7;

/// The first digit of the province code in personal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A 9, which is no province's: nobody alive has such a number.
    Synthetic,
    /// A 0, as in real numbers. Somebody alive may have the same number.
    RealLooking,
}

impl Mark {
    const fn digit(self) -> u64 {
        match self {
            Self::Synthetic => 9,
            Self::RealLooking => 0,
        }
    }

    /// A number that was written down with the mark of the synthetic, with this one in its place.
    pub(crate) fn put_on(self, id: PersonalId) -> PersonalId {
        let rest = id.digits() % 100_000_000_000;
        PersonalId::from_digits(self.digit() * 100_000_000_000 + rest)
            .expect("one leading and eleven other digits make twelve")
    }
}

/// The leading six digits of a personal number, and the permutation of the six behind them.
struct Series {
    lead: u64,
    digits: Permutation,
}

impl Series {
    fn new(chance: &Chance, province: u8, century_and_sex: u64, year: u64) -> Self {
        let under = |mark: Mark| {
            ((mark.digit() * 100 + u64::from(province)) * 10 + century_and_sex) * 100 + year
        };
        // The digits behind are the same under either mark.
        let drawn = chance.draw(Stream::PersonalDigits, under(Mark::Synthetic));
        Self {
            lead: under(chance.mark),
            digits: Permutation::new(drawn, PLACES),
        }
    }
}

/// The personal number of somebody: `order` among the equals of the block of that rank.
pub(crate) fn personal_id(
    chance: &Chance,
    province: u8,
    rank: u64,
    (year, male, order): (u16, bool, u8),
) -> PersonalId {
    let century = (u64::from(year) - 1900) / 100;
    let series = Series::new(
        chance,
        province,
        century * 2 + u64::from(!male),
        u64::from(year % 100),
    );
    let place = rank * EQUALS + u64::from(order);
    let suffix = PERSONA_PLACES + series.digits.forth(place);
    PersonalId::from_digits(series.lead * 1_000_000 + suffix)
        .expect("six leading and six last digits make twelve")
}

/// Where a personal number was issued: block, year of birth, whether it is a man's, and the order
/// among equals. `None` for a number that no permutation yields.
pub(crate) fn issued(chance: &Chance, id: PersonalId) -> Option<(u64, u16, bool, u8)> {
    let (lead, suffix) = (id.digits() / 1_000_000, id.digits() % 1_000_000);
    let (century_and_sex, year) = (lead / 100 % 10, lead % 100);
    let code = u8::try_from((lead / 1000).checked_sub(chance.mark.digit() * 100)?).ok()?;
    let province = provinces().position(code)?;
    let suffix = suffix.checked_sub(PERSONA_PLACES)?;
    let place = Series::new(chance, code, century_and_sex, year)
        .digits
        .back(suffix);
    let block = provinces().block_of(province, place / EQUALS);
    let year = 1900 + century_and_sex / 2 * 100 + year;
    Some((
        block,
        year as u16,
        century_and_sex.is_multiple_of(2),
        (place % EQUALS) as u8,
    ))
}

/// Whether the first citizen of this block shares his CMND, and with the first of which block.
pub(crate) const fn twin_block(block: u64) -> Option<u64> {
    match block % DOUBLED_EVERY {
        DOUBLED_AT => Some(block + 1),
        at if at == DOUBLED_AT + 1 => Some(block - 1),
        _ => None,
    }
}

/// The CMND that two have: of the pair to which the block belongs.
pub(crate) fn doubled_legacy_id(chance: &Chance, block: u64) -> LegacyId {
    let digits = Permutation::new(chance.draw(Stream::DoubledDigits, 0), DOUBLED_PLACES);
    let digits = digits.forth(block / DOUBLED_EVERY);
    LegacyId::from_digits(DOUBLED_LEGACY.start() + digits as u32)
        .expect("the doubled range has nine digits")
}

/// The CMND of the holder with this rank in the block.
pub(crate) fn legacy_id(chance: &Chance, block: u64, document: u8) -> LegacyId {
    let digits = Permutation::new(chance.draw(Stream::LegacyDigits, 0), LEGACY_PLACES);
    let digits = digits.forth(place(block, document)) + PERSONA_PLACES;
    LegacyId::from_digits(LEGACY_BASE + digits as u32).expect("the range has nine digits")
}

/// To whom a CMND was issued: block, and rank among the holders of the block; no rank where two
/// have it, of whom the first citizen of this block is one. `None` for a number of no range.
pub(crate) fn legacy_issued(chance: &Chance, id: LegacyId) -> Option<(u64, Option<u8>)> {
    if DOUBLED_LEGACY.contains(&id.digits()) {
        let digits = u64::from(id.digits() - DOUBLED_LEGACY.start());
        let pairs = Permutation::new(chance.draw(Stream::DoubledDigits, 0), DOUBLED_PLACES);
        return Some((pairs.back(digits) * DOUBLED_EVERY + DOUBLED_AT, None));
    }
    let digits = u64::from(id.digits().checked_sub(LEGACY_BASE)?).checked_sub(PERSONA_PLACES)?;
    if digits >= LEGACY_PLACES {
        return None;
    }
    let place = Permutation::new(chance.draw(Stream::LegacyDigits, 0), LEGACY_PLACES).back(digits);
    let holders = DOCUMENTED as u64;
    Some((place / holders, Some((place % holders) as u8)))
}

/// The social insurance number of the holder with this rank in the block.
pub(crate) fn insurance(chance: &Chance, block: u64, document: u8) -> SocialInsuranceNumber {
    let digits = Permutation::new(chance.draw(Stream::InsuranceDigits, 0), INSURANCE_PLACES);
    let digits = digits.forth(place(block, document)) + PERSONA_PLACES;
    SocialInsuranceNumber::from_digits(INSURANCE_BASE + digits).expect("the range has ten digits")
}

const fn place(block: u64, document: u8) -> u64 {
    block * DOCUMENTED as u64 + document as u64
}

/// The block of a citizen, and the slot in it.
pub(crate) const fn split(index: u64) -> (u64, usize) {
    (index / BLOCK, (index % BLOCK) as usize)
}

#[cfg(test)]
mod tests;
