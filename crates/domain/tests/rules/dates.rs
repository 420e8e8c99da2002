//! Dates, birth dates, days and instants.

use dancu_domain::{BirthDate, CivilDate, Day, EventDays, Reason, Timestamp};
use proptest::prelude::*;

use crate::people::{date, reason_of};

#[test]
fn every_day_of_the_calendar_follows_the_one_before() {
    let mut expected = date(1800, 1, 1).days_since_epoch();
    let (mut days, mut last) = (0_u32, None);
    for year in 1800..=2199 {
        for month in 0..=13 {
            for day in 0..=32 {
                let Some(date) = CivilDate::new(year, month, day) else {
                    continue;
                };
                assert!(last.is_none_or(|last| last < date));
                assert_eq!(date.days_since_epoch(), expected, "{date}");
                assert_eq!(CivilDate::from_days_since_epoch(expected), Some(date));
                assert_eq!(CivilDate::unpack(date.packed()), Some(date));
                assert_eq!((date.year(), date.month(), date.day()), (year, month, day));
                expected += 1;
                days += 1;
                last = Some(date);
            }
        }
    }
    // 400 years of the Gregorian calendar, of which 97 are leap years.
    assert_eq!(days, 400 * 365 + 97);
    assert_eq!(date(1970, 1, 1).days_since_epoch(), 0);
}

#[test]
fn a_date_is_read_in_one_form_only_and_its_faults_are_told_apart() {
    for (text, read) in [
        ("2023-01-31", Ok(date(2023, 1, 31))),
        ("1800-01-01", Ok(date(1800, 1, 1))),
        ("2199-12-31", Ok(date(2199, 12, 31))),
        ("2023-02-29", Err(Reason::DateInvalid)),
        ("1799-12-31", Err(Reason::DateInvalid)),
        ("9999-99-99", Err(Reason::DateInvalid)),
        ("2023-1-31", Err(Reason::FieldInvalid)),
        ("2023-01-311", Err(Reason::FieldInvalid)),
        ("2023 01 31", Err(Reason::FieldInvalid)),
        ("+023-01-31", Err(Reason::FieldInvalid)),
        ("２023-1-1", Err(Reason::FieldInvalid)),
        ("", Err(Reason::FieldInvalid)),
    ] {
        assert_eq!(CivilDate::from_iso(text), read, "{text}");
    }
}

#[test]
fn event_days_are_a_range_with_both_ends() {
    let (first, last) = (date(2023, 1, 1), date(2023, 9, 30));
    let days = EventDays::new(first, last).unwrap();
    for (day, allowed) in [
        (date(2022, 12, 31), false),
        (first, true),
        (date(2023, 5, 5), true),
        (last, true),
        (date(2023, 10, 1), false),
    ] {
        assert_eq!(days.has(Day::of(day)), allowed, "{day}");
    }
    assert_eq!(days.to_string(), "2023-01-01..2023-09-30");
    assert!(EventDays::new(first, first).is_some());
    assert_eq!(EventDays::new(last, first), None);
}

#[test]
fn a_day_that_the_calendar_does_not_have_is_none() {
    let absent = [
        (2023, 2, 29),
        (1900, 2, 29),
        (2100, 2, 29),
        (2024, 2, 30),
        (2023, 4, 31),
        (2023, 13, 1),
        (2023, 0, 1),
        (2023, 1, 0),
        (2023, 1, 32),
        (1799, 12, 31),
        (2200, 1, 1),
        (0, 1, 1),
        (u16::MAX, 1, 1),
    ];
    for (year, month, day) in absent {
        assert_eq!(
            CivilDate::new(year, month, day),
            None,
            "{year}-{month}-{day}"
        );
    }
    for year in [1904, 2000, 2024] {
        assert!(
            CivilDate::new(year, 2, 29).is_some(),
            "{year} is a leap year"
        );
    }
}

#[test]
fn a_packed_number_out_of_range_does_not_wrap_into_the_calendar() {
    // 67536 years are 2000 in sixteen bits, and month 257 is 1 in eight.
    for packed in [
        675_360_101,
        0,
        20_230_229,
        20_231_301,
        22_000_101,
        17_991_231,
        u32::MAX,
    ] {
        assert_eq!(CivilDate::unpack(packed), None, "{packed}");
        assert_eq!(BirthDate::unpack(packed), None, "{packed}");
    }
}

#[test]
fn days_beyond_the_calendar_are_none() {
    assert_eq!(date(2199, 12, 31).plus_days(1), None);
    assert_eq!(date(1800, 1, 1).plus_days(-1), None);
    assert_eq!(date(2023, 1, 1).plus_days(i32::MAX), None);
    assert_eq!(date(1960, 1, 1).plus_days(i32::MIN), None);
    assert_eq!(date(2023, 12, 31).plus_days(60), Some(date(2024, 2, 29)));
}

#[test]
fn a_birth_date_is_whole_or_a_month_or_a_year() {
    let cases = [
        ((0, 0, 0), Err(Reason::FieldRequired)),
        ((1950, 0, 0), Ok(BirthDate::Year(1950))),
        ((1950, 7, 0), Ok(BirthDate::Month(1950, 7))),
        ((1950, 7, 31), Ok(BirthDate::Day(date(1950, 7, 31)))),
        ((1950, 0, 5), Err(Reason::DateInvalid)),
        ((1950, 13, 0), Err(Reason::DateInvalid)),
        ((1950, 13, 1), Err(Reason::DateInvalid)),
        ((2023, 2, 29), Err(Reason::DateInvalid)),
        ((0, 2, 3), Err(Reason::DateInvalid)),
        ((1799, 0, 0), Err(Reason::DateInvalid)),
        ((2200, 0, 0), Err(Reason::DateInFuture)),
        ((2200, 2, 28), Err(Reason::DateInFuture)),
        ((2400, 2, 29), Err(Reason::DateInFuture)),
        ((9999, 12, 0), Err(Reason::DateInFuture)),
        ((2200, 2, 29), Err(Reason::DateInvalid)),
        ((2200, 13, 1), Err(Reason::DateInvalid)),
        ((2200, 0, 5), Err(Reason::DateInvalid)),
        ((10_000, 1, 1), Err(Reason::DateInvalid)),
        ((-1950, 1, 1), Err(Reason::DateInvalid)),
        ((1950, -1, 1), Err(Reason::DateInvalid)),
        ((1950, 1, -1), Err(Reason::DateInvalid)),
        ((1950, 257, 1), Err(Reason::DateInvalid)),
        ((67_486, 1, 1), Err(Reason::DateInvalid)),
        ((i32::MAX, i32::MAX, i32::MAX), Err(Reason::DateInvalid)),
        ((i32::MIN, i32::MIN, i32::MIN), Err(Reason::DateInvalid)),
    ];
    for ((year, month, day), expected) in cases {
        let parsed = BirthDate::from_parts(year, month, day, "claims.birth_date");
        match expected {
            Ok(birth) => assert_eq!(parsed, Ok(birth)),
            Err(reason) => {
                let found = reason_of(parsed, "claims.birth_date");
                assert_eq!(found, Some(reason), "{year}-{month}-{day}");
            }
        }
    }
}

#[test]
fn a_day_of_an_event_must_be_whole() {
    let whole = CivilDate::from_parts(2023, 5, 6, "died_on");
    assert_eq!(whole, Ok(date(2023, 5, 6)));
    for (month, day) in [(0, 0), (5, 0)] {
        let parsed = CivilDate::from_parts(2023, month, day, "died_on");
        assert_eq!(reason_of(parsed, "died_on"), Some(Reason::DateIncomplete));
    }
    let absent = CivilDate::from_parts(2023, 2, 29, "died_on");
    assert_eq!(reason_of(absent, "died_on"), Some(Reason::DateInvalid));
    let empty = CivilDate::from_parts(0, 0, 0, "died_on");
    assert_eq!(reason_of(empty, "died_on"), Some(Reason::FieldRequired));
}

#[test]
fn birth_dates_agree_in_what_both_of_them_know() {
    let day = BirthDate::Day(date(1950, 7, 31));
    let cases = [
        (day, day, true),
        (day, BirthDate::Day(date(1950, 7, 30)), false),
        (day, BirthDate::Day(date(1950, 8, 31)), false),
        (day, BirthDate::Day(date(1951, 7, 31)), false),
        (day, BirthDate::Month(1950, 7), true),
        (day, BirthDate::Month(1950, 8), false),
        (day, BirthDate::Month(1951, 7), false),
        (day, BirthDate::Year(1950), true),
        (day, BirthDate::Year(1951), false),
        (BirthDate::Month(1950, 7), BirthDate::Year(1950), true),
        (BirthDate::Month(1950, 7), BirthDate::Month(1950, 7), true),
        (BirthDate::Month(1950, 7), BirthDate::Month(1950, 6), false),
        (BirthDate::Year(1950), BirthDate::Year(1950), true),
        (BirthDate::Year(1950), BirthDate::Year(1949), false),
    ];
    for (one, other, agree) in cases {
        assert_eq!(
            one.agrees(other),
            agree,
            "{:?} {:?}",
            one.parts(),
            other.parts()
        );
        assert_eq!(
            other.agrees(one),
            agree,
            "{:?} {:?}",
            other.parts(),
            one.parts()
        );
    }
}

#[test]
fn the_earliest_day_of_a_birth_date_is_the_first_it_can_mean() {
    assert_eq!(BirthDate::Year(1950).earliest(), date(1950, 1, 1));
    assert_eq!(BirthDate::Month(1950, 7).earliest(), date(1950, 7, 1));
    assert_eq!(
        BirthDate::Day(date(1950, 7, 9)).earliest(),
        date(1950, 7, 9)
    );
}

#[test]
fn a_day_turns_at_midnight_of_ho_chi_minh_city() {
    const HOUR: i64 = 3_600_000;
    assert_eq!(Timestamp(0).day(), Day(0));
    assert_eq!(Timestamp(17 * HOUR - 1).day(), Day(0));
    assert_eq!(Timestamp(17 * HOUR).day(), Day(1));
    assert_eq!(Timestamp(-7 * HOUR).day(), Day(0));
    assert_eq!(Timestamp(-7 * HOUR - 1).day(), Day(-1));
    // 2022-12-31T17:00:00Z.
    assert_eq!(
        Timestamp(1_672_506_000_000).day(),
        Day::of(date(2023, 1, 1))
    );
    assert_eq!(Day::of(date(2023, 1, 1)).date(), Some(date(2023, 1, 1)));
}

#[test]
fn instants_beyond_all_calendars_have_a_day_and_no_date() {
    for instant in [i64::MAX, i64::MIN] {
        let day = Timestamp(instant).day();
        assert_eq!(day.date(), None);
        assert_eq!(i64::from(day.0.signum()), instant.signum());
    }
}

fn any_birth() -> impl Strategy<Value = BirthDate> {
    (0..146_097_i32, 0..3).prop_map(|(days, known)| {
        let day = date(1800, 1, 1).plus_days(days).unwrap();
        match known {
            0 => BirthDate::Year(day.year()),
            1 => BirthDate::Month(day.year(), day.month()),
            _ => BirthDate::Day(day),
        }
    })
}

proptest! {
    #[test]
    fn a_birth_date_comes_back_from_its_number_and_its_parts(birth in any_birth()) {
        prop_assert_eq!(BirthDate::unpack(birth.packed()), Some(birth));
        let (year, month, day) = birth.parts();
        let parsed = BirthDate::from_parts(year.into(), month.into(), day.into(), "b");
        prop_assert_eq!(parsed, Ok(birth));
    }

    #[test]
    fn what_is_read_from_any_number_packs_to_the_same_number(packed in any::<u32>()) {
        if let Some(date) = CivilDate::unpack(packed) {
            prop_assert_eq!(date.packed(), packed);
        }
        if let Some(birth) = BirthDate::unpack(packed) {
            prop_assert_eq!(birth.packed(), packed);
        }
    }

    #[test]
    fn agreement_of_birth_dates_is_mutual(one in any_birth(), other in any_birth()) {
        prop_assert!(one.agrees(one));
        prop_assert_eq!(one.agrees(other), other.agrees(one));
        if one.agrees(other) {
            prop_assert_eq!(one.parts().0, other.parts().0);
        }
    }

    #[test]
    fn any_parts_are_read_without_a_panic(
        year in any::<i32>(), month in any::<i32>(), day in any::<i32>()
    ) {
        if let Ok(birth) = BirthDate::from_parts(year, month, day, "b") {
            let parts = birth.parts();
            prop_assert_eq!((parts.0.into(), parts.1.into(), parts.2.into()), (year, month, day));
        }
    }
}
