//! Latencies in microseconds, kept so that they can be added up, written down and read again.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The quantiles that reports show.
pub const QUANTILES: [f64; 7] = [0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1.0];

/// The longest latency that is told apart from longer ones: ten minutes.
const MOST: u64 = 600_000_000;

/// How many digits of a latency are told apart.
const DIGITS: u8 = 3;

/// An HDR histogram of microseconds with three significant digits.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, MOST, DIGITS);
        Self(histogram.expect("the bounds are in order and the digits are allowed"))
    }
}

impl Latency {
    /// One with two significant digits, which takes no more memory than what it has seen needs: there are
    /// two of them for every second of a run.
    pub(crate) fn of_a_second() -> Self {
        Self::growing(2)
    }

    fn growing(digits: u8) -> Self {
        let mut histogram = Histogram::new(digits).expect("the digits are allowed");
        histogram.auto(true);
        Self(histogram)
    }

    /// Takes note of one.
    pub fn note(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.put(micros, 1);
    }

    /// Takes note of so many of one length. It lies within the bounds, or room is made for it.
    fn put(&mut self, micros: u64, count: u64) {
        let put = self.0.record_n(micros.clamp(1, MOST), count);
        debug_assert!(put.is_ok(), "{put:?}");
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        for value in other.0.iter_recorded() {
            self.put(value.value_iterated_to(), value.count_at_value());
        }
    }

    /// How many were noted.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The latency that `share` of them did not exceed, in microseconds; 0 of none.
    pub fn quantile(&self, share: f64) -> u64 {
        self.0.value_at_quantile(share)
    }

    /// The same; `None` of none.
    pub fn known(&self, share: f64) -> Option<u64> {
        (!self.is_empty()).then(|| self.quantile(share))
    }

    /// The same among these and so many `missed` ones, each of which is worse than all of these;
    /// `None` where it is one of the missed, and of none.
    pub fn quantile_with_missed(&self, share: f64, missed: u64) -> Option<u64> {
        let all = self.len() + missed;
        if missed == 0 || self.is_empty() {
            return self.known(share);
        }
        // The rank is counted among all; the histogram is asked for that rank among its own.
        let rank = (share * all as f64).ceil().max(1.0);
        let within = rank / self.len() as f64;
        (within <= 1.0).then(|| self.quantile(within))
    }

    /// The mean in microseconds.
    pub fn mean(&self) -> f64 {
        self.0.mean()
    }

    /// The longest, in microseconds.
    pub fn most(&self) -> u64 {
        self.0.max()
    }

    /// The histogram itself.
    pub const fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }

    /// Starts anew.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// As pairs of value and count, so that any tool can read and merge them.
impl Serialize for Latency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = self.0.iter_recorded();
        serializer.collect_seq(pairs.map(|v| (v.value_iterated_to(), v.count_at_value())))
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // An account has two for every second that its run lasted.
        let mut latency = Self::growing(DIGITS);
        for (value, count) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            latency.put(value, count);
        }
        Ok(latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Latency {
        let mut latency = Latency::default();
        for n in micros {
            latency.note(Duration::from_micros(n));
        }
        latency
    }

    #[test]
    fn what_was_written_is_read_again() {
        let latency = of((1..5000).map(|n| n * 37));
        let text = serde_json::to_string(&latency).unwrap();
        let again: Latency = serde_json::from_str(&text).unwrap();
        for share in QUANTILES {
            assert_eq!(again.quantile(share), latency.quantile(share));
        }
        assert_eq!(again.len(), latency.len());
    }

    #[test]
    fn missed_slots_are_worse_than_everything_that_was_measured() {
        let latency = of(1..=90);
        assert_eq!(latency.quantile_with_missed(0.5, 10), Some(50));
        assert_eq!(latency.quantile_with_missed(0.9, 10), Some(90));
        assert_eq!(latency.quantile_with_missed(0.99, 10), None);
        assert_eq!(latency.quantile_with_missed(0.99, 0), Some(90));
    }

    #[test]
    fn of_nothing_there_is_no_quantile_whether_slots_were_missed_or_not() {
        let nothing = Latency::default();
        for missed in [0, 1, 3] {
            for share in QUANTILES {
                assert_eq!(
                    nothing.quantile_with_missed(share, missed),
                    None,
                    "{missed}"
                );
            }
        }
        assert_eq!(nothing.known(0.5), None);
    }

    #[test]
    fn what_a_second_takes_is_what_it_has_seen_and_no_longer_than_ten_minutes() {
        let mut second = Latency::of_a_second();
        (1..=1_000).for_each(|n| second.note(Duration::from_micros(n * 10)));
        assert!(second.histogram().distinct_values() < 1_200);
        assert!(second.quantile(0.5).abs_diff(5_000) <= 50);
        second.note(Duration::from_hours(3));
        assert!(second.most().abs_diff(MOST) <= MOST / 100);
        let text = serde_json::to_string(&second).unwrap();
        let again: Latency = serde_json::from_str(&text).unwrap();
        assert!(again.most().abs_diff(MOST) <= MOST / 100);
        // Whatever somebody writes into a file.
        let wild: Latency = serde_json::from_str("[[18446744073709551615, 2], [0, 1]]").unwrap();
        assert_eq!(wild.len(), 3);
        assert!(wild.histogram().distinct_values() < 40_000);
    }

    #[test]
    fn two_halves_add_up_to_the_whole() {
        let mut half = of(1..=500);
        half.add(&of(501..=1000));
        assert_eq!(half, of(1..=1000));
    }
}
