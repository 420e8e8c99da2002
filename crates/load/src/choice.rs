//! Whom a run asks about: everybody alike, the same few most of the time, or by rank.

use std::fmt;
use std::str::FromStr;

use crate::chance::Chance;

/// How citizens are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Choice {
    /// Everybody alike.
    #[default]
    Uniform,
    /// By rank: the nth is asked about as often as n to the minus this exponent tells. Ranks are
    /// spread over the nation. The share of each rank is that of the continuous law.
    Zipf(f64),
    /// A share of the nation, in a thousand, gets this share of the asking, in a thousand.
    Hot {
        /// How much of the nation is hot.
        citizens: u64,
        /// How much of the asking is about them.
        asking: u64,
    },
}

/// Spreads neighbouring ranks over the nation: a prime that no nation's size is a multiple of.
const SPREAD: u64 = 2_305_843_009_213_693_951;

impl Choice {
    /// The index of somebody in a nation of so many.
    pub fn index(self, chance: &mut Chance, citizens: u64) -> u64 {
        match self {
            Self::Uniform => chance.below(citizens),
            Self::Zipf(exponent) => spread(rank(chance, citizens, exponent), citizens),
            Self::Hot {
                citizens: hot,
                asking,
            } => {
                let few = (citizens * hot / 1000).clamp(1, citizens);
                let rank = if chance.permille(asking) || few == citizens {
                    chance.below(few)
                } else {
                    few + chance.below(citizens - few)
                };
                spread(rank, citizens)
            }
        }
    }
}

/// A rank from 0, by inverting the continuous law.
fn rank(chance: &mut Chance, citizens: u64, exponent: f64) -> u64 {
    let share = (chance.bits() >> 11) as f64 / (1_u64 << 53) as f64;
    let most = citizens as f64 + 1.0;
    let rank = if (exponent - 1.0).abs() < 1e-9 {
        most.powf(share)
    } else {
        let power = 1.0 - exponent;
        (share * (most.powf(power) - 1.0) + 1.0).powf(1.0 / power)
    };
    (rank as u64).clamp(1, citizens) - 1
}

fn spread(rank: u64, citizens: u64) -> u64 {
    (u128::from(rank) * u128::from(SPREAD) % u128::from(citizens.max(1))) as u64
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Zipf(exponent) => write!(f, "zipf:{exponent}"),
            Self::Hot { citizens, asking } => {
                write!(f, "hot:{citizens}:{asking}")
            }
        }
    }
}

impl FromStr for Choice {
    type Err = &'static str;

    /// Reads `uniform`, `zipf:EXPONENT`, or `hot:CITIZENS:ASKING` with shares in a thousand.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WORDS: &str = "write `uniform`, `zipf:EXPONENT` with 0.1 to 4, or \
                             `hot:CITIZENS:ASKING` with shares in a thousand";
        let parts: Vec<&str> = text.split(':').collect();
        let share = |text: &str| text.parse().ok().filter(|n| (1..=1000).contains(n));
        match parts.as_slice() {
            ["uniform"] => Ok(Self::Uniform),
            ["zipf", exponent] => exponent
                .parse()
                .ok()
                .filter(|n| (0.1..=4.0).contains(n))
                .map(Self::Zipf)
                .ok_or(WORDS),
            ["hot", citizens, asking] => match (share(citizens), share(asking)) {
                (Some(citizens), Some(asking)) => Ok(Self::Hot { citizens, asking }),
                _ => Err(WORDS),
            },
            _ => Err(WORDS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn drawn(choice: Choice, citizens: u64) -> HashMap<u64, u64> {
        let mut chance = Chance::new(3, 0);
        let mut seen = HashMap::new();
        for _ in 0..100_000 {
            let index = choice.index(&mut chance, citizens);
            assert!(index < citizens);
            *seen.entry(index).or_default() += 1;
        }
        seen
    }

    #[test]
    fn a_hot_set_gets_its_share_of_the_asking() {
        let seen = drawn("hot:10:900".parse().unwrap(), 10_048);
        let mut counts: Vec<u64> = seen.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let hot: u64 = counts.iter().take(100).sum();
        assert!((88_500..91_500).contains(&hot), "{hot}");
    }

    #[test]
    fn the_first_rank_of_a_zipf_law_is_asked_about_most() {
        let seen = drawn(Choice::Zipf(1.0), 10_048);
        let mut counts: Vec<u64> = seen.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        // ln 2 / ln n of all.
        assert!((6_500..8_500).contains(&counts[0]), "{}", counts[0]);
        assert!(drawn(Choice::Zipf(0.5), 64).len() == 64);
        assert!(drawn(Choice::Zipf(2.5), 64).len() > 10);
    }

    #[test]
    fn choices_are_read_as_they_are_written() {
        for text in ["uniform", "zipf:0.9", "hot:1:800"] {
            let choice: Choice = text.parse().unwrap();
            assert_eq!(choice.to_string(), text);
        }
        for text in [
            "",
            "zipf",
            "zipf:9",
            "zipf:NaN",
            "hot:0:5",
            "hot:5",
            "hot:1:1001",
        ] {
            assert!(text.parse::<Choice>().is_err(), "{text}");
        }
    }
}
