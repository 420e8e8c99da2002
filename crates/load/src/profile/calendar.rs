//! How many items fall on which day: whole numbers that add up to the total.

use dancu_domain::{CivilDate, Day};

use super::table::Table;

/// The days of the table with their weights.
pub(crate) fn days(table: &Table) -> Vec<(Day, u64)> {
    let (first, last) = (
        table.from.days_since_epoch(),
        table.until.days_since_epoch(),
    );
    (first..=last)
        .map(|day| {
            let weight = CivilDate::from_days_since_epoch(day).map_or(0, |date| {
                if table.holidays.contains(&date) {
                    return table.days[3];
                }
                // 1 January 1970 was a Thursday.
                match (day + 3).rem_euclid(7) {
                    5 => table.days[1],
                    6 => table.days[2],
                    _ => table.days[0],
                }
            });
            (Day(day), weight)
        })
        .collect()
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
            days.iter().find(|(d, _)| *d == day).unwrap().1
        };
        assert_eq!(of(2023, 1, 23), 80, "Tết");
        assert_eq!(of(2023, 3, 4), 250, "a Saturday");
        assert_eq!(of(2023, 3, 5), 100, "a Sunday");
        assert_eq!(of(2023, 3, 6), 1000, "a Monday");
        assert_eq!(table.provinces.len(), 63);
        assert_eq!(
            table.kinds.map(|kinds| kinds.iter().sum::<u64>()),
            [1000; 4]
        );
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
