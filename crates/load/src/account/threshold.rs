//! Thresholds such as `p99(lookup)<20ms`: what is asked of a run, and whether it held.

use std::fmt;
use std::str::FromStr;

use dancu_domain::Verb;
use serde::{Deserialize, Serialize};

use super::model::Account;
use super::plot::{short, time};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Metric {
    /// A quantile; `service` even where latency counts from when messages were due. Else slots that were
    /// missed and messages that failed count as if they had been answered never: a service that turns
    /// most of them away is not a fast one.
    Quantile { share: f64, service: bool },
    /// The mean of the same.
    Mean { service: bool },
    /// Messages answered a second.
    Rate,
    /// The share of messages that failed.
    Errors,
    /// The share of slots that were missed.
    Missed,
    /// By which share of its time the last message left behind the end of the schedule.
    Overrun,
    /// Wrong replies.
    Wrong,
}

/// Something that must hold of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    text: String,
    metric: Metric,
    verb: Option<Verb>,
    less: bool,
    equal: bool,
    bound: f64,
}

/// A threshold, and whether it held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The threshold as it was written.
    pub threshold: String,
    /// What was measured: microseconds, messages a second, a share, or a count; `null` where the
    /// quantile is one of the missed slots, or nothing was measured.
    pub value: Option<f64>,
    /// The same in words.
    pub measured: String,
    /// Whether it held.
    pub held: bool,
}

/// Why a text is no threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThresholdError(String);

impl fmt::Display for ThresholdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no threshold: write METRIC<BOUND, METRIC(VERB)<BOUND or the same with <=, > \
             or >=, where METRIC is p50, p99, p99.9, max, mean, the same after `service.`, rate, \
             errors, missed, overrun or wrong, and VERB is lookup, authenticate, reconcile or push; such \
             as `p99(lookup)<20ms`, `errors<0.1%`, `rate>=5000`",
            self.0
        )
    }
}

impl std::error::Error for ThresholdError {}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| ThresholdError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Threshold> {
    let at = text.find(['<', '>'])?;
    let (left, right) = text.split_at(at);
    let less = right.starts_with('<');
    let equal = right[1..].starts_with('=');
    let bound = right[1..].strip_prefix('=').unwrap_or(&right[1..]).trim();
    let left = left.trim();
    let (name, verb) = match left.split_once('(') {
        None => (left, None),
        Some((name, rest)) => {
            let word = rest.strip_suffix(')')?.trim();
            let verb = Verb::ALL
                .iter()
                .find(|verb| verb.word().eq_ignore_ascii_case(word))?;
            (name.trim(), Some(*verb))
        }
    };
    let (latency, service) = match name.strip_prefix("service.") {
        Some(rest) => (rest, true),
        None => (name, false),
    };
    let metric = match latency {
        "max" => Metric::Quantile {
            share: 1.0,
            service,
        },
        "mean" => Metric::Mean { service },
        "rate" if !service => Metric::Rate,
        "errors" if !service => Metric::Errors,
        "missed" if !service => Metric::Missed,
        // All verbs have one schedule.
        "overrun" if !service && verb.is_none() => Metric::Overrun,
        // Of which verb a wrong reply was is not counted.
        "wrong" if !service && verb.is_none() => Metric::Wrong,
        quantile => {
            let per_cent: f64 = quantile.strip_prefix('p')?.parse().ok()?;
            if !(0.0..=100.0).contains(&per_cent) {
                return None;
            }
            Metric::Quantile {
                // To a millionth of a per cent, so that p99.9 is 0.999 and no more.
                share: (per_cent * 1e6).round() / 1e8,
                service,
            }
        }
    };
    let bound = match metric {
        Metric::Quantile { .. } | Metric::Mean { .. } => micros(bound)?,
        Metric::Errors | Metric::Missed | Metric::Overrun => match bound.strip_suffix('%') {
            Some(per_cent) => per_cent.trim().parse::<f64>().ok()? / 100.0,
            None => bound.parse().ok()?,
        },
        Metric::Rate | Metric::Wrong => bound.parse().ok()?,
    };
    (bound.is_finite() && bound >= 0.0).then(|| Threshold {
        text: text.to_owned(),
        metric,
        verb,
        less,
        equal,
        bound,
    })
}

/// A time with its unit, in microseconds.
fn micros(text: &str) -> Option<f64> {
    let units = [("us", 1.0), ("µs", 1.0), ("ms", 1e3), ("s", 1e6)];
    let (number, unit) = units
        .iter()
        .find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)))?;
    Some(number.trim().parse::<f64>().ok()? * unit)
}

/// What a rate must also keep to have been the rate of a run: nearly all that was due was sent, nearly
/// all of that was not turned away, and none of it waited until the schedule was long over. Without the
/// last a backlog within everybody's patience makes a short run look faster by patience ÷ time.
const DRIVEN: [&str; 3] = ["missed<=1%", "errors<=1%", "overrun<=1%"];

impl Held {
    /// A condition that is no threshold of anybody's, and whether it held.
    pub fn condition(words: &str, differences: u64) -> Self {
        Self {
            threshold: words.to_owned(),
            value: Some(differences as f64),
            measured: format!("{differences} differences"),
            held: differences == 0,
        }
    }
}

impl Threshold {
    /// These thresholds, and those without which nobody can say that a rate held: a service is fast to
    /// whoever never asks. One that speaks of the same itself is taken at its word.
    pub fn of_a_rate(asked: &[Self]) -> Vec<Self> {
        let silent = |implied: &Self| {
            let same = |one: &Self| one.metric == implied.metric && one.verb.is_none();
            !asked.iter().any(same)
        };
        let implied = DRIVEN.iter().filter_map(|text| parse(text)).filter(silent);
        let implied: Vec<Self> = implied.collect();
        [asked, &implied].concat()
    }

    /// Holds it against an account. Where nothing of the verb was measured it did not hold.
    pub fn judge(&self, account: &Account) -> Held {
        let value = self.value(account);
        let held = value.is_some_and(|value| {
            (self.equal && (value - self.bound).abs() < 1e-12)
                || if self.less {
                    value < self.bound
                } else {
                    value > self.bound
                }
        });
        // A quantile among the missed and the failed is above every bound.
        let endless = value.is_none() && !self.less && self.has_lost(account);
        Held {
            threshold: self.text.clone(),
            value,
            measured: self.words(value, account),
            held: held || endless,
        }
    }

    fn words(&self, value: Option<f64>, account: &Account) -> String {
        match (value, self.metric) {
            (None, _) if self.has_lost(account) => {
                let calls = &account.of(self.verb).calls;
                let what = if calls.missed > 0 {
                    "a missed slot"
                } else {
                    "a failed message"
                };
                what.to_owned()
            }
            (None, _) => "nothing".to_owned(),
            (Some(value), Metric::Quantile { .. } | Metric::Mean { .. }) => time(value),
            (Some(value), Metric::Errors | Metric::Missed | Metric::Overrun) => {
                format!("{:.3} %", value * 100.0)
            }
            (Some(value), Metric::Rate | Metric::Wrong) => short(value),
        }
    }

    fn has_lost(&self, account: &Account) -> bool {
        account.of(self.verb).calls.lost() > 0
            && matches!(self.metric, Metric::Quantile { service: false, .. })
    }

    fn value(&self, account: &Account) -> Option<f64> {
        let calls = &account.of(self.verb).calls;
        let tried = calls.answered + calls.failed;
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        match self.metric {
            Metric::Quantile { share, service } => {
                if service {
                    (!calls.service.is_empty()).then(|| calls.service.quantile(share) as f64)
                } else if calls.corrected.is_empty() {
                    None
                } else {
                    let value = calls.corrected.quantile_with_missed(share, calls.lost());
                    value.map(|micros| micros as f64)
                }
            }
            Metric::Mean { service } => {
                let latency = if service {
                    &calls.service
                } else {
                    &calls.corrected
                };
                (!latency.is_empty() && (service || calls.lost() == 0)).then(|| latency.mean())
            }
            Metric::Rate => Some(account.of(self.verb).rate),
            Metric::Errors => share(calls.failed, tried),
            Metric::Missed => share(calls.missed, tried + calls.missed),
            Metric::Overrun => account.overrun_share(),
            Metric::Wrong => Some(account.wrong as f64),
        }
    }
}

impl Account {
    /// Holds thresholds against this account, and keeps what came of it.
    pub fn judge(&mut self, thresholds: &[Threshold]) {
        self.thresholds = thresholds.iter().map(|t| t.judge(self)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(asked: &[&str]) -> Vec<String> {
        let asked: Vec<Threshold> = asked.iter().map(|text| text.parse().unwrap()).collect();
        let all = Threshold::of_a_rate(&asked);
        all.into_iter().map(|threshold| threshold.text).collect()
    }

    #[test]
    fn a_rate_that_was_not_asked_or_was_turned_away_did_not_hold_unless_that_is_allowed() {
        assert_eq!(
            texts(&["service.p99<1s"]),
            ["service.p99<1s", "missed<=1%", "errors<=1%", "overrun<=1%"]
        );
        assert_eq!(
            texts(&["errors<9%", "overrun<9%"]),
            ["errors<9%", "overrun<9%", "missed<=1%"]
        );
        // What is asked of one verb says nothing of the others.
        assert_eq!(texts(&["missed(push)<9%"]).len(), 4);
        let mut account = Account::empty();
        account.all.calls.answered = 98;
        account.all.calls.missed = 2;
        account.judge(&Threshold::of_a_rate(&["errors<1%".parse().unwrap()]));
        assert!(account.thresholds[0].held && !account.is_good());
    }

    #[test]
    fn a_rate_that_was_worked_off_after_its_time_did_not_hold() {
        let judged = |overrun: f64| {
            let mut account = Account::empty();
            (account.all.calls.answered, account.overrun) = (100, overrun);
            account.measured = 1.0 + overrun;
            account.judge(&Threshold::of_a_rate(&["errors<9%".parse().unwrap()]));
            account.is_good()
        };
        assert!(judged(0.009) && !judged(0.011));
    }

    #[test]
    fn thresholds_are_read_as_they_are_written() {
        let read: Threshold = "p99(lookup)<20ms".parse().unwrap();
        assert_eq!(read.verb, Some(Verb::Lookup));
        assert!((read.bound - 20_000.0).abs() < 1e-9);
        assert!(read.less && !read.equal);
        let read: Threshold = " service.p99.9 ( push ) <= 1.5 s ".trim().parse().unwrap();
        assert_eq!(
            read.metric,
            Metric::Quantile {
                share: 0.99_9,
                service: true
            }
        );
        let read: Threshold = "errors<0.1%".parse().unwrap();
        assert!((read.bound - 0.001).abs() < 1e-12);
        for text in [
            "",
            "p99",
            "p99<20",
            "p999<20ms",
            "p99(nobody)<20ms",
            "p99(lookup<20ms",
            "service.rate>1",
            "rate>-1",
            "rate>NaN",
            "p99=20ms",
            "wrong(lookup)<1",
            "overrun(push)<1%",
            "service.overrun<1%",
        ] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
