//! Dates of birth and of death.

use dancu_domain::{BirthDate, CivilDate};

use crate::chance::{Chance, Stream, again, below, falls};
use crate::skeleton::LAST_YEAR;
use crate::template::Slot;

/// Of a hundred thousand born before [`WHOLE_FROM`], so many are known by year, and by month.
const YEAR_ONLY: u64 = 1_500;
const MONTH_ONLY: u64 = 300;
/// From this year on every birth date is whole.
const WHOLE_FROM: u16 = 1965;
/// The first year of which deaths are on file.
const FIRST_DEATHS: u16 = 2008;

/// The birth date of somebody born in `year`. Children of one mother and one year are twins: they
/// share the day.
pub(crate) fn birth_date(chance: &Chance, slot: &Slot, index: u64, year: u16) -> BirthDate {
    let first = index - index % crate::BLOCK;
    let mother = slot
        .mother
        .map_or(index, |mother| first + u64::from(mother));
    let day = day_of(
        year,
        chance.draw(Stream::BirthDay, mother << 12 | u64::from(year)),
    );
    if year >= WHOLE_FROM {
        return BirthDate::Day(day);
    }
    let known = chance.draw(Stream::BirthPrecision, index);
    if falls(known, YEAR_ONLY) {
        BirthDate::Year(year)
    } else if falls(again(known), MONTH_ONLY) {
        BirthDate::Month(year, day.month())
    } else {
        BirthDate::Day(day)
    }
}

/// A day of a year.
pub(crate) fn day_of(year: u16, draw: u64) -> CivilDate {
    let first = CivilDate::new(year, 1, 1).expect("years of the simulation are on the calendar");
    let next = CivilDate::new(year + 1, 1, 1).expect("the year after is on the calendar too");
    let days = next.days_since_epoch() - first.days_since_epoch();
    first
        .plus_days(below(draw, days as u64) as i32)
        .expect("a day within a year of the calendar is on it")
}

/// The day of death, of those who had died before the reference date. Nobody dies in or before
/// the year of birth of the own youngest child, `last_child`, nor in the own year of birth.
pub(crate) fn death(chance: &Chance, index: u64, year: u16, last_child: u16) -> Option<CivilDate> {
    let share = match LAST_YEAR - year {
        0..20 => 60,
        20..40 => 200,
        40..60 => 1_200,
        60..75 => 6_000,
        _ => 22_000,
    };
    if !falls(chance.draw(Stream::Dead, index), share) {
        return None;
    }
    let from = (year.max(last_child) + 1).max(FIRST_DEATHS);
    let years = (LAST_YEAR + 1).checked_sub(from).filter(|n| *n > 0)?;
    let draw = chance.draw(Stream::DeathDay, index);
    let year = from + below(draw, u64::from(years)) as u16;
    Some(day_of(year, again(draw)))
}
