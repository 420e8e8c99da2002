//! What is kept of a message that was acknowledged: nothing where it ended as recorded, and else
//! how its items ended.

use std::fmt;

use dancu_domain::Outcome;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Every item ended as recorded.
    Same,
    /// Some did not, or an attempt before had applied them.
    Other(Ends),
}

/// How the items of a message ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// How many ended otherwise than recorded: in the outcome, the version or what differed of a row.
    pub(super) different: u64,
    /// How many were applied by an attempt of the replay itself, whose answer was lost.
    pub(super) applied_before: u64,
    /// The outcomes; `None` of those without one.
    pub(super) outcomes: Vec<Option<Outcome>>,
}

/// The word for an item without an outcome.
const NONE: &str = "-";
/// The most items of a message.
const MOST: usize = 1_000;

impl Kept {
    /// How many items ended otherwise than recorded.
    pub(super) const fn different(&self) -> u64 {
        match self {
            Self::Same => 0,
            Self::Other(ends) => ends.different,
        }
    }

    /// How many items an attempt before had applied.
    pub(super) const fn applied_before(&self) -> u64 {
        match self {
            Self::Same => 0,
            Self::Other(ends) => ends.applied_before,
        }
    }

    /// Undoes `Display`.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Same);
        }
        let mut words = text.split('\t');
        let mut number = || words.next()?.parse::<u64>().ok();
        let (different, applied_before) = (number()?, number()?);
        if different.max(applied_before) > MOST as u64 {
            return None;
        }
        let mut outcomes = Vec::new();
        for run in words.next()?.split(',') {
            let (word, count) = run.split_once('*')?;
            let outcome = match word {
                NONE => None,
                word => Some(*Outcome::ALL.iter().find(|o| o.word() == word)?),
            };
            let count: usize = count.parse().ok()?;
            if count > MOST || outcomes.len() > MOST {
                return None;
            }
            outcomes.extend(std::iter::repeat_n(outcome, count));
        }
        Some(Self::Other(Ends {
            different,
            applied_before,
            outcomes,
        }))
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Other(ends) = self else {
            return Ok(());
        };
        write!(f, "{}\t{}\t", ends.different, ends.applied_before)?;
        for (place, run) in ends.outcomes.chunk_by(|a, b| a == b).enumerate() {
            let word = run[0].map_or(NONE, Outcome::word);
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{word}*{}", run.len())?;
        }
        if ends.outcomes.is_empty() {
            write!(f, "{NONE}*0")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_differ_is_kept_whatever_the_outcomes_say() {
        let found = Some(Outcome::Found);
        for ends in [
            Ends {
                different: 3,
                applied_before: 0,
                outcomes: vec![found, found, None, found],
            },
            Ends {
                different: 1,
                applied_before: 2,
                outcomes: Vec::new(),
            },
        ] {
            let kept = Kept::Other(ends);
            assert_eq!(Kept::read(&kept.to_string()), Some(kept));
        }
        // The last one is of an earlier build.
        for none in ["x", "1\t0", "1\t0\tFOUND", "1001\t0\tFOUND*1", "FOUND*1"] {
            assert_eq!(Kept::read(none), None, "{none}");
        }
    }
}
