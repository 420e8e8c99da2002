//! Medians, spreads and the table of ratios.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// The sides at one concurrency.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What is measured, at which concurrency.
    pub name: String,
    /// What a call of the rates is: a call, or an item of a stream.
    pub unit: &'static str,
    /// The sides; every ratio is to the first.
    pub sides: Vec<Side>,
}

/// Measurements of one quantity over the rounds of a run.
#[derive(Clone, Debug, Default)]
pub struct Rounds(pub Vec<f64>);

impl Rounds {
    /// The middle one; of an even number, the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        let Some(last) = sorted.len().checked_sub(1) else {
            return f64::NAN;
        };
        f64::midpoint(sorted[last / 2], sorted[last.div_ceil(2)])
    }

    /// The smallest.
    pub fn least(&self) -> f64 {
        self.sorted().first().copied().unwrap_or(f64::NAN)
    }

    /// The largest.
    pub fn most(&self) -> f64 {
        self.sorted().last().copied().unwrap_or(f64::NAN)
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// Round by round, this divided by `other`.
    pub fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect())
    }
}

/// One side of the comparison at one concurrency.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Its name.
    pub name: String,
    /// Calls a second.
    pub rate: Rounds,
    /// Microseconds of the server's processor time a call.
    pub server_cpu: Rounds,
    /// Microseconds of the generator's processor time a call.
    pub generator_cpu: Rounds,
    /// Median latency in microseconds.
    pub p50: Rounds,
    /// 99th percentile in microseconds.
    pub p99: Rounds,
    /// Calls that were not answered with OK.
    pub failed: u64,
}

impl Table {
    /// Each side with its ratios to the first one, round by round.
    pub fn ratios(&self) -> impl Iterator<Item = (&Side, Rounds)> {
        let first = self.sides.first().map(|side| &side.rate);
        self.sides
            .iter()
            .filter_map(move |side| Some((side, side.rate.over(first?))))
    }

    /// The table as text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}\n  {:<34} {:>10} {:>22} {:>9} {:>9} {:>8} {:>8} {:>7}\n",
            self.name,
            "side",
            format!("{}/s", self.unit),
            "ratio (least..most)",
            "srv us",
            "gen us",
            "p50 us",
            "p99 us",
            "failed"
        );
        for (side, ratio) in self.ratios() {
            writeln!(
                text,
                "  {:<34} {:>10.0} {:>8.3} ({:.3}..{:.3}) {:>9} {:>9} {:>8} {:>8} {:>7}",
                side.name,
                side.rate.median(),
                ratio.median(),
                ratio.least(),
                ratio.most(),
                shown(&side.server_cpu, 2),
                shown(&side.generator_cpu, 2),
                shown(&side.p50, 0),
                shown(&side.p99, 0),
                side.failed,
            )
            .expect("a string takes every write");
        }
        text
    }

    /// The table with every round's figures.
    pub fn json(&self) -> Value {
        let sides: Vec<Value> = self
            .ratios()
            .map(|(side, ratio)| {
                json!({
                    "side": side.name,
                    "rate": side.rate.0,
                    "ratio": {
                        "median": ratio.median(),
                        "least": ratio.least(),
                        "most": ratio.most(),
                    },
                    "server_cpu_us": side.server_cpu.0,
                    "generator_cpu_us": side.generator_cpu.0,
                    "p50_us": side.p50.0,
                    "p99_us": side.p99.0,
                    "failed": side.failed,
                })
            })
            .collect();
        json!({ "name": self.name, "unit": self.unit, "sides": sides })
    }
}

/// The median, where there is one: a tool with a generator of its own does not tell all.
fn shown(rounds: &Rounds, digits: usize) -> String {
    match rounds.median() {
        median if median.is_finite() => format!("{median:.digits$}"),
        _ => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_round_by_round() {
        let (a, b) = (
            Rounds(vec![10.0, 40.0, 20.0]),
            Rounds(vec![20.0, 40.0, 80.0]),
        );
        let ratio = a.over(&b);
        assert_eq!(
            (ratio.least(), ratio.median(), ratio.most()),
            (0.25, 0.5, 1.0)
        );
    }

    #[test]
    fn the_median_of_an_even_number_of_rounds_lies_between_the_two_in_the_middle() {
        let told = |rounds: &[f64]| {
            let rounds = Rounds(rounds.to_vec());
            (rounds.least(), rounds.median(), rounds.most())
        };
        assert_eq!(told(&[7.0]), (7.0, 7.0, 7.0));
        assert_eq!(told(&[4.0, 1.0]), (1.0, 2.5, 4.0));
        assert_eq!(told(&[9.0, 1.0, 2.0]), (1.0, 2.0, 9.0));
        assert_eq!(told(&[8.0, 1.0, 4.0, 2.0]), (1.0, 3.0, 8.0));
        assert_eq!(told(&[5.0, 8.0, 1.0, 4.0, 2.0]), (1.0, 4.0, 8.0));
        assert!(Rounds::default().median().is_nan());
        // Nor is it the better one of two ratios.
        let (a, b) = (Rounds(vec![1.0, 3.0]), Rounds(vec![2.0, 2.0]));
        assert_eq!(told(&a.over(&b).0), (0.5, 1.0, 1.5));
    }
}
