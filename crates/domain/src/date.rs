//! Calendar dates, and birth dates of which only the year may be known.

use std::fmt;

use crate::{Fault, Reason};

/// A date of the Gregorian calendar, from 1800-01-01 to 2199-12-31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate {
    year: u16,
    month: u8,
    day: u8,
}

impl CivilDate {
    /// The date, if the calendar has it.
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        if year < 1800 || year > 2199 || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        Some(Self { year, month, day })
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The number `YYYYMMDD`.
    pub const fn packed(self) -> u32 {
        self.year as u32 * 10_000 + self.month as u32 * 100 + self.day as u32
    }

    /// Undoes [`CivilDate::packed`].
    pub const fn unpack(packed: u32) -> Option<Self> {
        if packed > 21_991_231 {
            return None;
        }
        Self::new(
            (packed / 10_000) as u16,
            (packed / 100 % 100) as u8,
            (packed % 100) as u8,
        )
    }

    /// Days since 1970-01-01; may be negative.
    pub const fn days_since_epoch(self) -> i32 {
        // After Howard Hinnant's `days_from_civil`, with years that begin in March.
        let year = if self.month <= 2 {
            self.year as i32 - 1
        } else {
            self.year as i32
        };
        let era = year / 400;
        let year_of_era = year - era * 400;
        let month = (self.month as i32 + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + self.day as i32 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// Undoes [`CivilDate::days_since_epoch`]; `None` outside the years 1800 to 2199.
    pub const fn from_days_since_epoch(days: i32) -> Option<Self> {
        if days < -62_091 || days > 84_005 {
            return None;
        }
        let days = days + 719_468;
        let era = days / 146_097;
        let day_of_era = days - era * 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_index + 2) / 5 + 1;
        let month = if month_index < 10 {
            month_index + 3
        } else {
            month_index - 9
        };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        Self::new(year as u16, month as u8, day as u8)
    }

    /// The date `days` later (or earlier, when negative).
    pub const fn plus_days(self, days: i32) -> Option<Self> {
        match self.days_since_epoch().checked_add(days) {
            Some(days) => Self::from_days_since_epoch(days),
            None => None,
        }
    }

    /// Reads `YYYY-MM-DD`, exactly; the reason tells a wrong form from a day that no calendar has.
    pub fn from_iso(text: &str) -> Result<Self, Reason> {
        let digits = |range: std::ops::Range<usize>| {
            let part = text.as_bytes().get(range)?;
            part.iter().try_fold(0_u32, |n, byte| {
                Some(n * 10 + char::from(*byte).to_digit(10)?)
            })
        };
        let dashes = |at: usize| text.as_bytes().get(at) == Some(&b'-');
        match (digits(0..4), digits(5..7), digits(8..10)) {
            (Some(year), Some(month), Some(day)) if text.len() == 10 && dashes(4) && dashes(7) => {
                Self::unpack(year * 10_000 + month * 100 + day).ok_or(Reason::DateInvalid)
            }
            _ => Err(Reason::FieldInvalid),
        }
    }

    /// Reads year, month and day as the contract carries them; all three must be known.
    pub fn from_parts(year: i32, month: i32, day: i32, field: &str) -> Result<Self, Fault> {
        match BirthDate::from_parts(year, month, day, field)? {
            BirthDate::Day(date) => Ok(date),
            _ => Err(Fault::new(field, Reason::DateIncomplete)),
        }
    }
}

impl fmt::Debug for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A birth date as far as it is known. `Debug` shows the year only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BirthDate {
    /// Only the year, as for one or two in a hundred of the old.
    Year(u16),
    /// Year and month.
    Month(u16, u8),
    /// The whole date.
    Day(CivilDate),
}

impl BirthDate {
    /// Reads `google.type.Date`, where month 0 and day 0 mean unknown.
    pub fn from_parts(year: i32, month: i32, day: i32, field: &str) -> Result<Self, Fault> {
        let wrong = || Fault::new(field, Reason::DateInvalid);
        if year == 0 && month == 0 && day == 0 {
            return Err(Fault::new(field, Reason::FieldRequired));
        }
        if !(1800..=9999).contains(&year) {
            return Err(wrong());
        }
        let year = u16::try_from(year).map_err(|_| wrong())?;
        let month = u8::try_from(month).map_err(|_| wrong())?;
        let day = u8::try_from(day).map_err(|_| wrong())?;
        if year > 2199 {
            // No nation is made as of so late a day, so these lie in the future of all of them.
            let there = (month == 0 || (1..=12).contains(&month)) && day <= days_in(year, month);
            return Err(if there {
                Fault::new(field, Reason::DateInFuture)
            } else {
                wrong()
            });
        }
        match (month, day) {
            (0, 0) => Ok(Self::Year(year)),
            (1..=12, 0) => Ok(Self::Month(year, month)),
            _ => CivilDate::new(year, month, day)
                .map(Self::Day)
                .ok_or_else(wrong),
        }
    }

    /// Year, month and day with 0 for what is unknown.
    pub const fn parts(self) -> (u16, u8, u8) {
        match self {
            Self::Year(year) => (year, 0, 0),
            Self::Month(year, month) => (year, month, 0),
            Self::Day(date) => (date.year, date.month, date.day),
        }
    }

    /// The number `YYYYMMDD` with zeros for what is unknown.
    pub const fn packed(self) -> u32 {
        let (year, month, day) = self.parts();
        year as u32 * 10_000 + month as u32 * 100 + day as u32
    }

    /// Undoes [`BirthDate::packed`].
    pub fn unpack(packed: u32) -> Option<Self> {
        let (year, month, day) = (packed / 10_000, packed / 100 % 100, packed % 100);
        Self::from_parts(
            i32::try_from(year).ok()?,
            i32::try_from(month).ok()?,
            i32::try_from(day).ok()?,
            "",
        )
        .ok()
    }

    /// The earliest day it can mean.
    pub const fn earliest(self) -> CivilDate {
        match self {
            Self::Year(year) => CivilDate {
                year,
                month: 1,
                day: 1,
            },
            Self::Month(year, month) => CivilDate {
                year,
                month,
                day: 1,
            },
            Self::Day(date) => date,
        }
    }

    /// Whether two birth dates agree in every part that both of them know.
    pub const fn agrees(self, other: Self) -> bool {
        let (a, b) = (self.parts(), other.parts());
        a.0 == b.0 && (a.1 == b.1 || a.1 == 0 || b.1 == 0) && (a.2 == b.2 || a.2 == 0 || b.2 == 0)
    }
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BirthDate({:04}..)", self.parts().0)
    }
}

/// The days that may stand beside a month; none beside an unknown one.
const fn days_in(year: u16, month: u8) -> u8 {
    if month == 0 {
        0
    } else {
        days_in_month(year, month)
    }
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}
