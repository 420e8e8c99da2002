//! What is kept of a message that was acknowledged: nothing where it ended as recorded, and else
//! how its items ended.

use std::fmt;

use dancu_domain::Outcome;
use dancu_wire::pb::recording::Exchange;

use super::remake::outcome;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Every item ended as recorded.
    Same,
    /// The items ended like this; `None` of those without an outcome.
    Other(Vec<Option<Outcome>>),
}

/// The word for an item without an outcome.
const NONE: &str = "-";

impl Kept {
    /// How many items ended otherwise than recorded; at least one of a message that did.
    pub(super) fn different(&self, exchange: &Exchange) -> u64 {
        let Self::Other(outcomes) = self else {
            return 0;
        };
        let apart = exchange.items.iter().enumerate();
        let apart = apart.filter(|(nth, item)| outcomes.get(*nth) != Some(&outcome(item)));
        (apart.count() as u64).max(1)
    }

    /// Undoes `Display`.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Same);
        }
        let mut outcomes = Vec::new();
        for run in text.split(',') {
            let (word, count) = run.split_once('*')?;
            let outcome = match word {
                NONE => None,
                word => Some(*Outcome::ALL.iter().find(|o| o.word() == word)?),
            };
            let count: usize = count.parse().ok()?;
            if count > 1_000 || outcomes.len() > 1_000 {
                return None;
            }
            outcomes.extend(std::iter::repeat_n(outcome, count));
        }
        Some(Self::Other(outcomes))
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Other(outcomes) = self else {
            return Ok(());
        };
        for (place, run) in outcomes.chunk_by(|a, b| a == b).enumerate() {
            let word = run[0].map_or(NONE, Outcome::word);
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{word}*{}", run.len())?;
        }
        if outcomes.is_empty() {
            write!(f, "{NONE}*0")?;
        }
        Ok(())
    }
}
