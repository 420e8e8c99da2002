//! The calendar of the profile: which days it has, how busy each is, and how busy its hours are.

use dancu_domain::{CivilDate, Day};

use super::table::Table;

/// A day of the calendar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CalendarDay {
    /// Which.
    pub(crate) day: Day,
    /// How busy it is, beside the others.
    pub(crate) weight: u64,
    /// Whether offices are closed.
    pub(crate) off: bool,
}

/// The days of the table with their weights.
pub(crate) fn days(table: &Table) -> Vec<CalendarDay> {
    let (first, last) = (
        table.from.days_since_epoch(),
        table.until.days_since_epoch(),
    );
    (first..=last)
        .filter_map(|day| {
            let date = CivilDate::from_days_since_epoch(day)?;
            let weight = if table.holidays.contains(&date) {
                table.days[3]
            } else {
                // 1 January 1970 was a Thursday.
                match (day + 3).rem_euclid(7) {
                    5 => table.days[1],
                    6 => table.days[2],
                    _ => table.days[0],
                }
            };
            Some(CalendarDay {
                day: Day(day),
                weight,
                off: weight < table.days[0],
            })
        })
        .collect()
}

/// Seconds in a day.
pub(crate) const DAY_SECONDS: f64 = 86_400.0;

/// How many seconds after midnight this share of a day's messages has been due, where the hours
/// have these weights.
pub(crate) fn seconds_into(hours: &[u64; 24], share: f64) -> f64 {
    let whole = hours.iter().sum::<u64>().max(1) as f64;
    let mut wanted = share.clamp(0.0, 1.0) * whole;
    for (hour, weight) in hours.iter().enumerate() {
        let weight = *weight as f64;
        if wanted < weight {
            return (hour as f64 + wanted / weight) * 3_600.0;
        }
        wanted -= weight;
    }
    DAY_SECONDS
}

/// Shares a total out by weights, in whole numbers that add up to it: each sum of the first parts
/// is the nearest below its exact share.
pub(crate) fn shared_out(total: u64, weights: &[u64]) -> Vec<u64> {
    let whole: u128 = weights.iter().map(|w| u128::from(*w)).sum::<u128>().max(1);
    let (mut weight, mut given) = (0_u128, 0_u64);
    weights
        .iter()
        .map(|w| {
            weight += u128::from(*w);
            let due = (u128::from(total) * weight / whole) as u64;
            let part = due - given;
            given = due;
            part
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nine_months_have_their_days_and_holidays() {
        let table = Table::nine_months();
        let days = days(&table);
        assert_eq!(days.len(), 273);
        let of = |year, month, day| {
            let day = Day::of(CivilDate::new(year, month, day).unwrap());
            let day = days.iter().find(|d| d.day == day).unwrap();
            (day.weight, day.off)
        };
        assert_eq!(of(2023, 1, 23), (80, true), "Tết");
        assert_eq!(of(2023, 3, 4), (250, true), "a Saturday");
        assert_eq!(of(2023, 3, 5), (100, true), "a Sunday");
        assert_eq!(of(2023, 3, 6), (1000, false), "a Monday");
        assert_eq!(table.provinces.len(), 63);
        assert_eq!(
            table.kinds.map(|kinds| kinds.iter().sum::<u64>()),
            [1000; 4]
        );
        assert_eq!(
            table.hours.map(|hours| hours.iter().sum::<u64>()),
            [1000; 2]
        );
    }

    #[test]
    fn a_working_day_is_busy_while_offices_are_open() {
        let hours = Table::nine_months().hours;
        assert!(seconds_into(&hours[0], 0.0).abs() < 1e-9);
        assert!((seconds_into(&hours[0], 1.0) - DAY_SECONDS).abs() < 1e-9);
        let until_seven = hours[0][..7].iter().sum::<u64>() as f64 / 1_000.0;
        assert!((seconds_into(&hours[0], until_seven) - 7.0 * 3_600.0).abs() < 1e-6);
        let noon = seconds_into(&hours[0], 0.5) / 3_600.0;
        assert!((10.0..13.0).contains(&noon), "{noon}");
        for hours in &hours {
            let steps: Vec<f64> = (0..=1_000)
                .map(|n| seconds_into(hours, f64::from(n) / 1_000.0))
                .collect();
            assert!(steps.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn parts_add_up_to_the_total_whatever_the_weights() {
        for total in [0, 1, 7, 1_000, 1_200_000_000] {
            for weights in [&[1, 1, 1][..], &[1000, 250, 0, 80, 3], &[5]] {
                let parts = shared_out(total, weights);
                assert_eq!(parts.iter().sum::<u64>(), total);
            }
        }
        assert_eq!(shared_out(10, &[1, 0, 1]), [5, 0, 5]);
    }
}
