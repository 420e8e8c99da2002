//! A run beside an earlier one, with a bound for what is noise.

use std::ops::Range;

use serde::Serialize;

use super::model::Account;
use crate::measure::Interval;

/// How many seconds must have been measured before their scatter means anything.
const ENOUGH: usize = 10;

/// One figure of two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What it is, such as `p99(LOOKUP)`.
    pub figure: String,
    /// Its value in the earlier run: microseconds, or a second.
    pub earlier: f64,
    /// Its value now.
    pub now: f64,
    /// The change as a share of the earlier value that is taken for noise.
    pub noise: f64,
    /// Whether more is better.
    pub more_is_better: bool,
}

/// What a change is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Within the bound.
    Noise,
    /// Beyond it, for the better.
    Better,
    /// Beyond it, for the worse.
    Worse,
}

impl Compared {
    /// The change as a share of the earlier value.
    pub fn change(&self) -> f64 {
        if self.earlier > 0.0 && self.now.total_cmp(&self.earlier).is_ne() {
            self.now / self.earlier - 1.0
        } else {
            0.0
        }
    }

    /// What it is taken for.
    pub fn verdict(&self) -> Change {
        let change = self.change();
        // What lies beyond every bound in one run only is no noise, however the other one scatters.
        let lost = self.earlier.is_infinite() != self.now.is_infinite();
        if !lost && (change.abs() <= self.noise || self.earlier <= 0.0) {
            Change::Noise
        } else if (change > 0.0) == self.more_is_better {
            Change::Better
        } else {
            Change::Worse
        }
    }
}

impl Account {
    /// Warns of what this run and an earlier one differ in, beside which it is to be held.
    pub fn beside(&mut self, earlier: Option<&Self>) {
        let Some(earlier) = earlier else { return };
        let seconds = [&*self, earlier].map(|account| whole_seconds(account).count());
        if let Some(few) = seconds.into_iter().min().filter(|n| *n < ENOUGH) {
            self.warnings.push(format!(
                "one of the two runs was measured for {few} whole seconds: how much its figures \
                 scatter is known from {ENOUGH} on, and the bound of noise is a guess"
            ));
        }
        let runs = self.runs.first().zip(earlier.runs.first());
        let mut apart = runs.map_or_else(Vec::new, |(now, then)| now.apart(then));
        if self.runs.len() != earlier.runs.len() {
            apart.push("the number of generators");
        }
        if !apart.is_empty() {
            self.warnings.push(format!(
                "the earlier run was another one, in {}: the figures do not tell which is faster",
                apart.join(", ")
            ));
        }
    }

    /// In what this is no other part of the run of which another is a part; both may be merged
    /// already.
    pub fn apart_from(&self, other: &Self) -> Option<&'static str> {
        let (mine, theirs) = self.runs.first().zip(other.runs.first())?;
        if mine.seconds.total_cmp(&theirs.seconds).is_ne() {
            return Some("how long they ran");
        }
        let parts = |account: &Self| account.runs.iter().map(|run| run.part).collect::<Vec<_>>();
        let (ours, others) = (parts(self), parts(other));
        if mine.part.1 != theirs.part.1 {
            return Some("how many parts there are");
        }
        if mine.part.1 > 1 && ours.iter().any(|part| others.contains(part)) {
            return Some("nothing: they are the same part");
        }
        // Generators may be unlike each other in what they ask and in how they are connected.
        let one = [
            "the nation",
            "the size of the nation",
            "the loop",
            "the warm-up",
            "the profile or the recording",
        ];
        let apart = mine.apart(theirs);
        apart.into_iter().find(|what| one.contains(what))
    }

    /// Holds this run beside an earlier one. The bound of noise is `least`, or what the figures of
    /// single seconds, in either run, scatter by: twice the median deviation from their median,
    /// both runs added, over the root of how many seconds there are.
    pub fn compare(&self, earlier: &Self, least: f64) -> Vec<Compared> {
        let bound = |of: &dyn Fn(&Interval) -> f64| {
            let scatter = scatter(earlier, of) + scatter(self, of);
            least.max(2.0 * scatter)
        };
        let rate_noise = bound(&|i| i.rate(i.all().answered));
        let median_noise = bound(&|i| i.corrected.quantile(0.5) as f64);
        let tail_noise = bound(&|i| i.corrected.quantile(0.99) as f64);
        let mut list = Vec::new();
        let both = self.verbs.iter().zip(&earlier.verbs);
        for (now, then) in both.chain([(&self.all, &earlier.all)]) {
            // What nobody asked for in one of them tells nothing; what nobody was answered does.
            if then.calls.answered == 0 || now.calls.answered + now.calls.lost() == 0 {
                continue;
            }
            let mut add = |name: &str, earlier: f64, now_is: f64, noise, more_is_better| {
                list.push(Compared {
                    figure: format!("{name}({})", now.verb),
                    earlier,
                    now: now_is,
                    noise,
                    more_is_better,
                });
            };
            add("rate", then.rate, now.rate, rate_noise, true);
            let quantiles = |calls: &crate::measure::Calls, q: f64| {
                calls.corrected.quantile_with_missed(q, calls.lost())
            };
            for (name, share, noise) in [("p50", 0.5, median_noise), ("p99", 0.99, tail_noise)] {
                // What was missed or failed is beyond every bound.
                let value = |calls| quantiles(calls, share).map_or(f64::INFINITY, |us| us as f64);
                add(name, value(&then.calls), value(&now.calls), noise, false);
            }
        }
        list
    }
}

/// The median deviation from the median of a figure, as a share of it, over the root of how many
/// seconds were measured.
fn scatter(account: &Account, of: &dyn Fn(&Interval) -> f64) -> f64 {
    let whole = whole_seconds(account);
    let within = |i: &&Interval| whole.start <= i.second && i.end() <= whole.end;
    let seconds: Vec<f64> = account.intervals.iter().filter(within).map(of).collect();
    let middle = median(seconds.clone());
    if middle <= 0.0 {
        return 0.0;
    }
    let apart = seconds.iter().map(|value| (value - middle).abs()).collect();
    median(apart) / middle / (seconds.len() as f64).sqrt()
}

/// The seconds of a run that were measured from their beginning to their end.
fn whole_seconds(account: &Account) -> Range<u64> {
    let warm_up = account.runs.iter().map(|run| run.warm_up);
    let warm_up = warm_up.fold(0.0, f64::max).ceil() as u64;
    let end = account
        .runs
        .iter()
        .map(|run| run.seconds.min(account.elapsed));
    warm_up..end.fold(0.0, f64::max).floor() as u64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(earlier: f64, now: f64, more_is_better: bool) -> Change {
        Compared {
            figure: "p99(ALL)".into(),
            earlier,
            now,
            noise: 0.1,
            more_is_better,
        }
        .verdict()
    }

    #[test]
    fn only_what_is_beyond_the_bound_is_better_or_worse() {
        assert_eq!(compared(100.0, 109.0, false), Change::Noise);
        assert_eq!(compared(100.0, 91.0, false), Change::Noise);
        assert_eq!(compared(100.0, 120.0, false), Change::Worse);
        assert_eq!(compared(100.0, 80.0, false), Change::Better);
        assert_eq!(compared(100.0, 120.0, true), Change::Better);
        assert_eq!(compared(100.0, f64::INFINITY, false), Change::Worse);
        assert_eq!(compared(0.0, 5.0, false), Change::Noise);
        assert_eq!(compared(f64::INFINITY, 100.0, false), Change::Better);
        let scattered = Compared {
            noise: 3.0,
            figure: String::new(),
            earlier: f64::INFINITY,
            now: 100.0,
            more_is_better: false,
        };
        assert_eq!(scattered.verdict(), Change::Better);
        // Both are beyond every bound.
        assert_eq!(compared(f64::INFINITY, f64::INFINITY, false), Change::Noise);
    }

    fn described(change: impl FnOnce(&mut super::super::Described)) -> Account {
        let mut account = Account::empty();
        account.runs[0].scheduled = 1_000;
        (account.runs[0].seconds, account.elapsed) = (10.0, 10.0);
        change(&mut account.runs[0]);
        account
    }

    #[test]
    fn parts_of_one_run_are_merged_and_no_other_runs() {
        let whole = described(|run| run.part = (0, 2));
        let apart = |account: &Account| account.apart_from(&whole);
        assert_eq!(apart(&described(|run| run.part = (1, 2))), None);
        let others = [
            described(|run| run.part = (0, 2)),
            described(|run| run.part = (1, 3)),
            described(|run| (run.part, run.seconds) = ((1, 2), 4.0)),
            described(|run| (run.part, run.nation_seed) = ((1, 2), 9)),
            described(|run| (run.part, run.loop_kind) = ((1, 2), "closed".to_owned())),
        ];
        assert!(others.iter().all(|other| apart(other).is_some()));
    }

    #[test]
    fn runs_that_were_driven_otherwise_are_told_of() {
        let earlier = described(|_| {});
        let warned = |mut account: Account| {
            account.beside(Some(&earlier));
            account.warnings.concat()
        };
        assert_eq!(warned(described(|_| {})), "");
        assert!(warned(described(|run| run.scheduled = 2_000)).contains("the rate"));
        assert!(warned(described(|run| run.shape = "batch".into())).contains("the shape"));
        let window = |run: &mut super::super::Described| {
            (run.shape, run.window) = ("stream".into(), 64);
        };
        let streams = described(|run| run.shape = "stream".into());
        let mut wider = described(window);
        wider.beside(Some(&streams));
        let told = wider.warnings.concat();
        assert!(
            told.contains("the messages of a stream in flight"),
            "{told}"
        );
        assert!(warned(described(|run| run.threads = 2)).contains("the threads"));
        assert!(warned(described(|run| run.seed = 2)).contains("the seed of what is drawn"));
        let verified = warned(described(|run| run.verified_share = 0.1));
        assert!(verified.contains("replies that is verified"), "{verified}");
        let profile =
            |words: &str| described(|run| (run.deadline, run.profile) = (3.0, words.to_owned()));
        let mut another = profile("another");
        another.beside(Some(&profile("one")));
        assert!(another.warnings.concat().contains("in the profile"));
        // An earlier build kept no deadline and no profile.
        assert_eq!(warned(profile("one")), "");
        // As many messages in the same time, and yet another run.
        let course = |words: &str| described(|run| run.schedule = words.to_owned());
        let beside = |now: &str, then: &str| {
            let mut now = course(now);
            now.beside(Some(&course(then)));
            now.warnings.concat()
        };
        assert!(beside("ramp 0 200 10s", "hold 100 10s").contains("the schedule"));
        assert_eq!(beside("ramp 0 200 10s", "ramp 0 200 10s"), "");
        assert_eq!(beside("hold 100 10s", "hold 100.5 10s"), "");
        assert_eq!(beside("ramp 0 200 10s", ""), "");
        // Of ten seconds half a second warmed up, which leaves nine whole ones.
        let short = warned(described(|run| run.warm_up = 0.5));
        assert!(short.contains("9 whole seconds"), "{short}");
    }
}
