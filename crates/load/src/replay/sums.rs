//! What a replay came to beside what was recorded: by verb and outcome, to the unit.

use std::collections::BTreeMap;

use dancu_domain::{ErrorClass, Outcome, Verb};
use dancu_wire::from_wire;
use dancu_wire::pb::recording::Exchange;
use serde::{Deserialize, Serialize};

use super::heard::{Answer, End};
use super::kept::{Ends, Kept};
use super::order::Missing;
use super::plan::ReplayError;
use super::remake::outcome;

/// The most differences that are kept one by one; all of them are counted.
const KEPT: usize = 100;

/// How items of one verb ended: the outcome's word, or `MALFORMED` without one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// In the recording, of the messages that were asked again and answered.
    pub recorded: u64,
    /// In the replay.
    pub replayed: u64,
}

/// What a replay came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Messages of the recordings within window and filters.
    pub messages: u64,
    /// Of those, messages that were acknowledged, in this replay or before it was interrupted.
    pub acknowledged: u64,
    /// Of those, messages that were acknowledged before it was interrupted.
    pub before: u64,
    /// Messages that were not asked again: they had failed, or this nation cannot make them.
    pub passed_over: u64,
    /// Messages that had named a day and are asked without it, because the service does not allow it.
    pub undated: u64,
    /// Messages outside window and filters.
    pub left_out: u64,
    /// Messages that were asked and not answered.
    pub unanswered: u64,
    /// Messages that were not asked, because one before them, about the same citizen, was not
    /// answered.
    #[serde(default)]
    pub held_back: u64,
    /// Messages that were answered and whose answer could not be kept: whoever goes on asks them
    /// again.
    #[serde(default)]
    pub unkept: u64,
    /// Items of the acknowledged.
    pub items: u64,
    /// Items that ended otherwise than recorded.
    pub different: u64,
    /// Items that ended ALREADY_APPLIED where APPLIED was recorded, because an attempt of the replay
    /// itself, whose answer was lost, had applied them; they differ in nothing.
    #[serde(default)]
    pub applied_before: u64,
    /// Messages that the service had dropped from the recording.
    pub missing: u64,
    /// Files that were cut off.
    pub cut: u64,
    /// Files that were not given, though a later one of their recording was.
    #[serde(default)]
    pub parts_missing: u64,
    /// Files that have grown since the replay began; what was written since was not asked.
    #[serde(default)]
    pub grown: u64,
    /// By verb and outcome.
    pub outcomes: BTreeMap<String, BTreeMap<String, Ended>>,
    /// The first differences, in words that name nobody.
    pub differences: Vec<String>,
}

/// The word for items without an outcome.
const MALFORMED: &str = "MALFORMED";

fn word(outcome: Option<Outcome>) -> &'static str {
    outcome.map_or(MALFORMED, Outcome::word)
}

/// What an answer is beside the recorded one: what to keep of it, how many items differ, and the
/// first differences in words, one for each item.
pub(super) struct Held {
    pub(super) kept: Kept,
    pub(super) different: u64,
    pub(super) told: Vec<String>,
}

/// What is looked at when an answer is held against the recorded one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside {
    /// Versions, which an imported recording does not know.
    pub(super) versions: bool,
    /// Whether an attempt before, of the same request, may have applied it and its answer was lost.
    pub(super) may_be_applied: bool,
}

/// Holds an answer against the recorded one; `None` where it is none: the message must be asked again.
pub(super) fn hold(exchange: &Exchange, answer: &Answer, beside: Beside) -> Option<Held> {
    let wanted: Vec<End> = exchange
        .items
        .iter()
        .map(|item| End {
            outcome: outcome(item),
            version: item.version,
            differed: dancu_domain::AttributeSet::from_bits(item.row.map_or(0, |row| row.differed)),
        })
        .collect();
    let (ends, failed) = match answer {
        Answer::Items(ends, _) => (ends.clone(), None),
        Answer::Failed(told) => {
            let reason = told.reason?;
            let end = match reason.class() {
                ErrorClass::Denied => Some(Outcome::Refused),
                ErrorClass::Malformed
                | ErrorClass::Precondition
                | ErrorClass::AlreadyExists
                | ErrorClass::NotFound
                | ErrorClass::Unauthenticated => None,
                _ => return None,
            };
            let ends = wanted.iter().map(|_| End {
                outcome: end,
                ..End::default()
            });
            (ends.collect(), Some(reason))
        }
    };
    let refused = from_wire(exchange.reason());
    let mut held = Held {
        kept: Kept::Same,
        different: 0,
        told: Vec::new(),
    };
    let mut applied_before = 0;
    let mut tell = |n: u64, what: String| {
        held.different += n;
        if held.told.len() < KEPT {
            held.told.push(what);
        }
    };
    if ends.len() != wanted.len() {
        tell(
            wanted.len() as u64,
            format!("{} items, recorded {}", ends.len(), wanted.len()),
        );
    } else if failed.is_some() && failed != refused {
        let reason = failed.map_or("", dancu_domain::Reason::word);
        tell(
            wanted.len() as u64,
            format!("all {} items failed: {reason}", wanted.len()),
        );
    } else {
        for (nth, (wanted, end)) in wanted.iter().zip(&ends).enumerate() {
            let own = beside.may_be_applied
                && wanted.outcome == Some(Outcome::Applied)
                && end.outcome == Some(Outcome::AlreadyApplied);
            let (what, is, was) = if wanted.outcome != end.outcome && !own {
                (
                    "",
                    word(end.outcome).to_owned(),
                    word(wanted.outcome).to_owned(),
                )
            } else if beside.versions && wanted.version != end.version {
                (
                    "version ",
                    end.version.to_string(),
                    wanted.version.to_string(),
                )
            } else if wanted.differed != end.differed {
                (
                    "differing ",
                    format!("{:?}", end.differed),
                    format!("{:?}", wanted.differed),
                )
            } else {
                applied_before += u64::from(own);
                continue;
            };
            tell(1, format!("item {nth}: {what}{is}, recorded {what}{was}"));
        }
    }
    if held.different + applied_before > 0 {
        held.kept = Kept::Other(Ends {
            different: held.different,
            applied_before,
            outcomes: ends.iter().map(|end| end.outcome).collect(),
        });
    }
    Some(held)
}

impl Sums {
    /// Takes note of a message that was acknowledged.
    pub(super) fn acknowledged(&mut self, verb: Verb, exchange: &Exchange, kept: &Kept) {
        self.acknowledged += 1;
        self.ended(kept);
        self.items += exchange.items.len() as u64;
        let of_verb = self.outcomes.entry(verb.word().to_owned()).or_default();
        let mut count = |outcome, recorded, replayed| {
            let ended = of_verb.entry(word(outcome).to_owned()).or_default();
            ended.recorded += recorded;
            ended.replayed += replayed;
        };
        for item in &exchange.items {
            let same = u64::from(*kept == Kept::Same);
            count(outcome(item), 1, same);
        }
        if let Kept::Other(ends) = kept {
            for outcome in &ends.outcomes {
                count(*outcome, 0, 1);
            }
        }
    }

    /// Takes note of how the items of a message ended, whether or not that could be kept.
    pub(super) const fn ended(&mut self, kept: &Kept) {
        self.different += kept.different();
        self.applied_before += kept.applied_before();
    }

    /// Keeps what differs in words.
    pub(super) fn differs(&mut self, position: u64, exchange: &Exchange, held: &Held) {
        let verb = Verb::from_code(exchange.verb as u8).map_or("", Verb::word);
        let seconds = exchange.at_micros as f64 / 1e6;
        let room = KEPT.saturating_sub(self.differences.len());
        let told = held.told.iter().take(room);
        let told = told.map(|what| format!("{verb} #{position} at {seconds:.3} s: {what}"));
        self.differences.extend(told);
    }

    /// Takes note of what is missing from the files.
    pub(super) const fn missing(&mut self, missing: Missing) {
        self.missing = missing.messages;
        self.cut = missing.cut;
        self.parts_missing = missing.parts;
        self.grown = missing.grown;
    }

    /// What must be known of files that do not hold all that was asked.
    pub fn warning(&self) -> Option<String> {
        let lacking = [
            (self.parts_missing, "files are missing"),
            (self.cut, "files were cut off"),
            (self.missing, "messages were not recorded"),
            (
                self.grown,
                "files have grown since the replay began, and what was written since was not asked",
            ),
        ];
        let lacking = lacking.iter().filter(|(n, _)| *n > 0);
        let lacking: Vec<String> = lacking.map(|(n, what)| format!("{n} {what}")).collect();
        (!lacking.is_empty()).then(|| {
            format!(
                "the recordings are not whole, and what differs may come of that: {}",
                lacking.join(", ")
            )
        })
    }

    /// Refuses a replay that asked nothing: what was given and what was recorded did not fit each
    /// other, and no difference would be found either. So many files were cut off.
    pub(super) const fn of_something(&self, cut: u64) -> Result<(), ReplayError> {
        if self.messages == 0 {
            Err(ReplayError::Nothing(cut))
        } else if self.passed_over == self.messages {
            Err(ReplayError::NoneAsked(self.messages))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dancu_wire::pb;

    fn push(outcomes: &[pb::Outcome]) -> Exchange {
        let item = |outcome: &pb::Outcome| pb::recording::Item {
            outcome: (*outcome).into(),
            version: 4,
            ..Default::default()
        };
        Exchange {
            verb: pb::Verb::Push.into(),
            items: outcomes.iter().map(item).collect(),
            ..Exchange::default()
        }
    }

    fn came(ends: &[(Outcome, u32)]) -> Answer {
        let end = |(outcome, version): &(Outcome, u32)| End {
            outcome: Some(*outcome),
            version: *version,
            ..End::default()
        };
        Answer::Items(ends.iter().map(end).collect(), None)
    }

    fn beside(may_be_applied: bool) -> Beside {
        Beside {
            versions: true,
            may_be_applied,
        }
    }

    #[test]
    fn what_ends_otherwise_is_told_item_by_item_and_no_more_than_is_kept() {
        use Outcome::{Applied, Stale};
        let recorded = push(&[pb::Outcome::Applied; 4]);
        let answer = came(&[(Stale, 4), (Applied, 4), (Applied, 5), (Stale, 4)]);
        let held = hold(&recorded, &answer, beside(false)).unwrap();
        let mut sums = Sums::default();
        sums.acknowledged(Verb::Push, &recorded, &held.kept);
        sums.differs(7, &recorded, &held);
        let of = |what: &str| format!("PUSH #7 at 0.000 s: item {what}");
        let told = [
            of("0: STALE, recorded APPLIED"),
            of("2: version 5, recorded version 4"),
            of("3: STALE, recorded APPLIED"),
        ];
        assert_eq!((&sums.differences[..], sums.different), (&told[..], 3));
        for _ in 0..50 {
            sums.differs(7, &recorded, &held);
        }
        assert_eq!(sums.differences.len(), KEPT);
        // What is kept in the file says as many.
        let kept = Kept::read(&held.kept.to_string()).unwrap();
        assert_eq!(kept.different(), 3);
        let mut again = Sums::default();
        again.acknowledged(Verb::Push, &recorded, &kept);
        assert_eq!((again.different, again.outcomes), (3, sums.outcomes));
    }

    #[test]
    fn a_push_that_an_attempt_of_its_own_had_applied_is_not_different() {
        use Outcome::{AlreadyApplied, Stale};
        let recorded = push(&[pb::Outcome::Applied, pb::Outcome::Applied]);
        let answer = came(&[(AlreadyApplied, 4), (AlreadyApplied, 4)]);
        let strict = hold(&recorded, &answer, beside(false)).unwrap();
        assert_eq!((strict.different, strict.kept.applied_before()), (2, 0));
        let own = hold(&recorded, &answer, beside(true)).unwrap();
        assert_eq!((own.different, own.kept.applied_before()), (0, 2));
        // What the service says it was is told as that, and nothing else is excused.
        let mut sums = Sums::default();
        sums.acknowledged(Verb::Push, &recorded, &own.kept);
        let ended = sums.outcomes["PUSH"]["ALREADY_APPLIED"];
        assert_eq!((ended.recorded, ended.replayed), (0, 2));
        let other = came(&[(AlreadyApplied, 5), (Stale, 4)]);
        let other = hold(&recorded, &other, beside(true)).unwrap();
        assert_eq!((other.different, other.kept.applied_before()), (2, 0));
    }

    #[test]
    fn a_replay_that_asked_nothing_is_refused_and_says_why() {
        let sums = |messages, passed_over| Sums {
            messages,
            passed_over,
            ..Sums::default()
        };
        let why = |sums: Sums, cut| sums.of_something(cut).map_err(|error| error.to_string());
        assert_eq!(why(sums(3, 2), 1), Ok(()));
        assert!(why(sums(3, 3), 0).is_err_and(|why| why.contains("sandbox key")));
        assert!(why(sums(0, 0), 0).is_err_and(|why| !why.contains("cut")));
        assert!(why(sums(0, 0), 2).is_err_and(|why| why.contains("cut of 2 files")));
    }
}
