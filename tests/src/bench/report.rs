//! Medians, spreads and the table of ratios.

use std::fmt::Write as _;

/// Measurements of one quantity over the rounds of a run.
#[derive(Clone, Debug, Default)]
pub struct Rounds(pub Vec<f64>);

impl Rounds {
    /// The middle one.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The smallest.
    pub fn least(&self) -> f64 {
        self.quantile(0.0)
    }

    /// The largest.
    pub fn most(&self) -> f64 {
        self.quantile(1.0)
    }

    fn quantile(&self, q: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        if sorted.is_empty() {
            return f64::NAN;
        }
        sorted[((sorted.len() - 1) as f64 * q).round() as usize]
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
    pub name: &'static str,
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

/// A table of the sides at one concurrency; every ratio is to the first side, round by round.
pub fn table(concurrency: &str, sides: &[Side]) -> String {
    let mut text = format!(
        "{concurrency}\n  {:<28} {:>10} {:>22} {:>10} {:>10} {:>8} {:>8} {:>7}\n",
        "side", "calls/s", "ratio (least..most)", "srv us", "gen us", "p50 us", "p99 us", "failed"
    );
    for side in sides {
        let ratio = side.rate.over(&sides[0].rate);
        writeln!(
            text,
            "  {:<28} {:>10.0} {:>8.3} ({:.3}..{:.3}) {:>10.2} {:>10.2} {:>8.0} {:>8.0} {:>7}",
            side.name,
            side.rate.median(),
            ratio.median(),
            ratio.least(),
            ratio.most(),
            side.server_cpu.median(),
            side.generator_cpu.median(),
            side.p50.median(),
            side.p99.median(),
            side.failed,
        )
        .expect("a string takes every write");
    }
    text
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
}
