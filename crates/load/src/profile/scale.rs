//! How much of the nine months is sent.

use std::fmt;
use std::str::FromStr;

use super::table::Table;

/// A part of the nine months: `1:1000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale(pub u64);

impl FromStr for Scale {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = text.strip_prefix("1:").and_then(|n| n.parse().ok());
        part.filter(|n| (1..=10_000_000).contains(n))
            .map(Self)
            .ok_or("write 1:N with N from 1 to 10,000,000")
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1:{}", self.0)
    }
}

impl Scale {
    /// Items of each verb, in the order of `Verb::ALL`; rounded so that lookups and
    /// authentications together, and syncs together, are the totals divided by the scale.
    pub fn items(self) -> [u64; 4] {
        let table = Table::nine_months();
        let scaled = |total: u64| (total + self.0 / 2) / self.0;
        let (reads, syncs) = (scaled(table.reads), scaled(table.syncs));
        let lookups = reads * table.lookups_of_reads / 1000;
        let pushes = syncs * table.pushes_of_syncs / 1000;
        [lookups, reads - lookups, syncs - pushes, pushes]
    }

    /// Of the reconciles, the rows of social insurance.
    pub fn insurance(self) -> u64 {
        (Table::nine_months().insurance + self.0 / 2) / self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_exact_after_rounding() {
        for (scale, reads, syncs) in [
            (1, 1_200_000_000, 536_000_000),
            (1000, 1_200_000, 536_000),
            (1_000_000, 1_200, 536),
        ] {
            let [lookups, authentications, reconciles, pushes] = Scale(scale).items();
            assert_eq!(lookups + authentications, reads);
            assert_eq!(reconciles + pushes, syncs);
            assert_eq!(lookups * 4, authentications * 6);
            assert!(Scale(scale).insurance() < reconciles);
        }
        assert_eq!(Scale(1).insurance(), 91_200_000);
        assert_eq!("1:1000".parse(), Ok(Scale(1000)));
        for text in ["", "1000", "2:1000", "1:0"] {
            assert!(text.parse::<Scale>().is_err(), "{text}");
        }
    }
}
