//! What became of every item that was sent.

use std::collections::BTreeMap;

use dancu_domain::{AgencyCode, Outcome, Verb};

use crate::mix::place;

/// Items of one verb. `sent = answered + refused + malformed + unavailable`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct VerbTally {
    /// Items that went out.
    pub sent: u64,
    /// Items of which an outcome was read.
    pub answered: u64,
    /// Items to which permission was denied.
    pub refused: u64,
    /// Items that failed by any other fault of the request.
    pub malformed: u64,
    /// Items that failed in any other way.
    pub unavailable: u64,
    /// The part of `unavailable` whose entries may have been written all the same: the answer
    /// was cut off or did not come in time.
    pub in_doubt: u64,
}

impl VerbTally {
    /// Whether every item sent is found again in exactly one of the four.
    pub const fn adds_up(&self) -> bool {
        self.sent == self.answered + self.refused + self.malformed + self.unavailable
    }

    /// Takes note of what became of so many items.
    pub(crate) const fn note(&mut self, fate: Fate, items: u64) {
        match fate {
            Fate::Answered(_) => self.answered += items,
            Fate::Refused => self.refused += items,
            Fate::Malformed => self.malformed += items,
            Fate::Unavailable { in_doubt } => {
                self.unavailable += items;
                if in_doubt {
                    self.in_doubt += items;
                }
            }
        }
    }

    pub(crate) const fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.refused += other.refused;
        self.malformed += other.malformed;
        self.unavailable += other.unavailable;
        self.in_doubt += other.in_doubt;
    }
}

/// What became of one item, as the load client read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// An outcome was read.
    Answered(Outcome),
    /// Permission was denied.
    Refused,
    /// Another fault of the request.
    Malformed,
    /// Any other failure; `in_doubt` where the entry may exist.
    Unavailable {
        /// Whether the entry may have been written.
        in_doubt: bool,
    },
}

/// The key of the client's own counts; a refusal counts under [`Outcome::Refused`].
pub type TallyKey = (AgencyCode, Verb, Outcome);

/// The load client's count of everything it sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    verbs: [VerbTally; 4],
    outcomes: BTreeMap<TallyKey, u64>,
}

impl Tally {
    /// Takes note of items that go out, before they do.
    pub fn sent(&mut self, verb: Verb, items: u64) {
        self.verbs[place(verb)].sent += items;
    }

    /// Takes note of what became of one item.
    pub fn item(&mut self, agency: AgencyCode, verb: Verb, fate: Fate) {
        let tally = &mut self.verbs[place(verb)];
        let counted = match fate {
            Fate::Answered(outcome) => {
                tally.answered += 1;
                Some(outcome)
            }
            Fate::Refused => {
                tally.refused += 1;
                Some(Outcome::Refused)
            }
            Fate::Malformed => {
                tally.malformed += 1;
                None
            }
            Fate::Unavailable { in_doubt } => {
                tally.unavailable += 1;
                tally.in_doubt += u64::from(in_doubt);
                None
            }
        };
        if let Some(outcome) = counted {
            *self.outcomes.entry((agency, verb, outcome)).or_default() += 1;
        }
    }

    /// Adds another client's count.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.verbs.iter_mut().zip(&other.verbs) {
            mine.add(theirs);
        }
        for (key, count) in &other.outcomes {
            *self.outcomes.entry(*key).or_default() += count;
        }
    }

    /// The items of one verb.
    pub const fn verb(&self, verb: Verb) -> &VerbTally {
        &self.verbs[place(verb)]
    }

    /// The items of all verbs.
    pub fn total(&self) -> VerbTally {
        let mut total = VerbTally::default();
        for verb in &self.verbs {
            total.add(verb);
        }
        total
    }

    /// Outcomes read by agency, verb and outcome, refusals among them.
    pub const fn outcomes(&self) -> &BTreeMap<TallyKey, u64> {
        &self.outcomes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_sent_is_found_again_in_one_of_the_four() {
        let agency = AgencyCode::parse("H26", "agency").unwrap();
        let mut tally = Tally::default();
        tally.sent(Verb::Lookup, 4);
        tally.item(agency, Verb::Lookup, Fate::Answered(Outcome::Found));
        tally.item(agency, Verb::Lookup, Fate::Refused);
        tally.item(agency, Verb::Lookup, Fate::Malformed);
        assert!(!tally.total().adds_up(), "one item is still out");
        tally.item(agency, Verb::Lookup, Fate::Unavailable { in_doubt: true });
        assert!(tally.total().adds_up());
        assert_eq!(tally.verb(Verb::Lookup).in_doubt, 1);
        assert_eq!(
            tally.outcomes()[&(agency, Verb::Lookup, Outcome::Refused)],
            1
        );

        let mut both = tally.clone();
        both.add(&tally);
        assert_eq!(both.total().sent, 8);
        assert_eq!(both.outcomes()[&(agency, Verb::Lookup, Outcome::Found)], 2);
    }
}
