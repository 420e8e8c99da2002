//! The account of a run: everything that a report shows, in one value that any tool can read.

use std::collections::BTreeMap;
use std::time::Duration;

use dancu_domain::Verb;
use serde::{Deserialize, Serialize};

use super::described::{Described, describe};
use super::threshold::Held;
use super::warn::warnings;
use crate::clock::began_ms;
use crate::measure::{Absence, Calls, Interval, Latency, QUANTILES, Verified, widened};
use crate::mix::place;
use crate::pace::Pace;
use crate::run::{LoadPlan, Ran};
use crate::tally::VerbTally;

/// The form of the account; a later one may not be readable here.
const FORM: u32 = 1;

/// One verb.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Share {
    /// The verb's word.
    pub verb: String,
    /// Items of the whole run.
    pub items: VerbTally,
    /// What was measured.
    pub calls: Calls,
    /// Messages answered a second, of the measured.
    pub rate: f64,
    /// Items answered a second, of the measured.
    pub item_rate: f64,
    /// Quantiles of the service time in microseconds; `null` where nothing was answered.
    pub service_us: BTreeMap<String, Option<u64>>,
    /// Quantiles from when messages were due, missed slots among them: `null` where the quantile
    /// is one of the missed, or nothing was answered.
    pub corrected_us: BTreeMap<String, Option<u64>>,
}

/// Items by agency, verb, outcome and simulated day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// The agency's code.
    pub agency: String,
    /// The verb.
    pub verb: String,
    /// The outcome.
    pub outcome: String,
    /// The simulated day, where there is one.
    pub day: Option<String>,
    /// Items.
    pub count: u64,
}

/// What a run, or several that were merged, came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The form of this account.
    pub form: u32,
    /// The version of the tool.
    pub version: String,
    /// The runs: one, or all that were merged.
    pub runs: Vec<Described>,
    /// Seconds from the first slot to the last reply.
    pub elapsed: f64,
    /// Seconds that were measured.
    pub measured: f64,
    /// Those of them, behind the end of the schedule, in which what was behind was still sent.
    #[serde(default)]
    pub overrun: f64,
    /// Seconds of processor time of the generators.
    pub cpu: f64,
    /// Whether a run was ended before its time.
    pub stopped: bool,
    /// Verb by verb.
    pub verbs: Vec<Share>,
    /// All verbs.
    pub all: Share,
    /// How much later than due messages were sent.
    pub lag: Latency,
    /// Messages by gRPC code.
    pub codes: BTreeMap<String, u64>,
    /// Items by agency, verb, outcome and day.
    pub volumes: Vec<Volume>,
    /// How replies were verified.
    pub verified: Verified,
    /// Wrong replies.
    pub wrong: u64,
    /// The first of them, in words that name nobody.
    pub discrepancies: Vec<String>,
    /// Connections made anew.
    pub reconnects: u64,
    /// Calls in flight that were asked for and left out, because the service takes fewer at once on
    /// a connection.
    #[serde(default)]
    pub left_out: u64,
    /// Messages that were sent after their calendar was over, because they were missed or shed.
    #[serde(default)]
    pub put_off: u64,
    /// How long messages found no connection at the end, and nothing was answered.
    #[serde(default)]
    pub away: Absence,
    /// Second by second.
    pub intervals: Vec<Interval>,
    /// What whoever reads this must know.
    pub warnings: Vec<String>,
    /// Thresholds, and whether they held.
    pub thresholds: Vec<Held>,
}

impl Account {
    /// The account of a run.
    pub fn new(plan: &LoadPlan, ran: Ran) -> Self {
        let duration = plan.pace.duration();
        let mut overrun = Duration::ZERO;
        let measured = match plan.pace {
            // What was put off is sent after its end.
            Pace::Calendar { .. } => ran.elapsed,
            // The last message may be due long before the schedule ends. It may also leave as late
            // behind its end as anybody has patience: what was answered then took that time too.
            Pace::Open { .. } if !ran.stopped => {
                overrun = ran.figures.sent_until.saturating_sub(duration);
                duration + overrun
            }
            Pace::Open { .. } | Pace::Closed { .. } => duration.min(ran.elapsed),
        };
        let measured = measured.saturating_sub(plan.warm_up);
        let mut described = describe(plan);
        described.began_ms = began_ms(ran.elapsed);
        let mut account = Self::of_run(described, measured, ran);
        account.overrun = overrun.as_secs_f64();
        if matches!(plan.pace, Pace::Calendar { .. }) {
            let calls = &account.all.calls;
            account.runs[0].scheduled = calls.answered + calls.failed + calls.missed;
        }
        account.work_out();
        account
    }

    /// The account of a run that is described already, of which so much was measured.
    pub(crate) fn of_run(described: Described, measured: Duration, ran: Ran) -> Self {
        let measured = measured.as_secs_f64();
        let figures = ran.figures;
        let verbs: Vec<Share> = Verb::ALL
            .iter()
            .map(|verb| {
                let at = place(*verb);
                Share::new(verb.word(), figures.tally[at], figures.calls[at].clone())
            })
            .collect();
        let volumes = figures.cells.counts().into_iter();
        let volumes = volumes.map(|(cell, count)| Volume {
            agency: cell.agency.text().to_owned(),
            verb: cell.verb.word().to_owned(),
            outcome: cell.outcome.word().to_owned(),
            day: cell.day.and_then(|day| Some(day.date()?.to_string())),
            count,
        });
        let mut account = Self {
            form: FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            runs: vec![described],
            elapsed: ran.elapsed.as_secs_f64(),
            measured,
            overrun: 0.0,
            cpu: ran.cpu,
            stopped: ran.stopped,
            all: Share::sum(&verbs),
            verbs,
            lag: figures.lag,
            codes: figures.codes,
            volumes: volumes.collect(),
            verified: figures.verified,
            wrong: figures.wrong,
            discrepancies: figures
                .discrepancies
                .iter()
                .map(ToString::to_string)
                .collect(),
            reconnects: figures.reconnects,
            left_out: figures.left_out,
            put_off: figures.put_off,
            away: figures.absences.unreached,
            intervals: ran.intervals,
            warnings: Vec::new(),
            thresholds: Vec::new(),
        };
        account.work_out();
        account
    }

    /// The account of nothing.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        let verbs = Verb::ALL.iter();
        let verbs = verbs.map(|v| Share::new(v.word(), VerbTally::default(), Calls::default()));
        let verbs: Vec<Share> = verbs.collect();
        Self {
            form: FORM,
            version: String::new(),
            runs: vec![Described::default()],
            elapsed: 1.0,
            measured: 1.0,
            overrun: 0.0,
            cpu: 0.0,
            stopped: false,
            all: Share::sum(&verbs),
            verbs,
            lag: Latency::default(),
            codes: BTreeMap::new(),
            volumes: Vec::new(),
            verified: Verified::default(),
            wrong: 0,
            discrepancies: Vec::new(),
            reconnects: 0,
            left_out: 0,
            put_off: 0,
            away: Absence::default(),
            intervals: Vec::new(),
            warnings: Vec::new(),
            thresholds: Vec::new(),
        }
    }

    /// When the first of the runs began, in milliseconds since 1970, where it was kept.
    pub fn began_ms(&self) -> Option<u64> {
        let began = self.runs.iter().map(|run| run.began_ms);
        began.filter(|began| *began > 0).min()
    }

    /// Reads an account.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut account: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if account.form != FORM {
            return Err(format!(
                "it is of form {}, and this build reads form {FORM}",
                account.form
            ));
        }
        if let Some(field) = account.unsound() {
            return Err(format!("no run can have filled `{field}` so"));
        }
        account.work_out();
        Ok(account)
    }

    /// Adds the account of another generator that ran at the same time.
    pub fn merge(&mut self, other: Self) {
        self.runs.extend(other.runs);
        self.elapsed = self.elapsed.max(other.elapsed);
        self.measured = self.measured.max(other.measured);
        self.overrun = self.overrun.max(other.overrun);
        self.cpu += other.cpu;
        self.stopped |= other.stopped;
        for (mine, theirs) in self.verbs.iter_mut().zip(&other.verbs) {
            mine.items.add(&theirs.items);
            mine.calls.add(&theirs.calls);
        }
        self.lag.add(&other.lag);
        for (code, count) in other.codes {
            *self.codes.entry(code).or_default() += count;
        }
        let key = |v: &Volume| {
            let Volume {
                agency,
                verb,
                outcome,
                day,
                count: _,
            } = v.clone();
            (agency, verb, outcome, day)
        };
        let mut volumes: BTreeMap<_, u64> = BTreeMap::new();
        for volume in self.volumes.iter().chain(&other.volumes) {
            *volumes.entry(key(volume)).or_default() += volume.count;
        }
        self.volumes = volumes
            .into_iter()
            .map(|((agency, verb, outcome, day), count)| Volume {
                agency,
                verb,
                outcome,
                day,
                count,
            })
            .collect();
        self.verified.add(&other.verified);
        self.wrong += other.wrong;
        self.discrepancies.extend(other.discrepancies);
        self.reconnects += other.reconnects;
        self.left_out += other.left_out;
        self.put_off += other.put_off;
        self.away.add(&other.away);
        let both = std::mem::take(&mut self.intervals).into_iter();
        let both: Vec<Interval> = both.chain(other.intervals).collect();
        let longest = both.iter().map(|interval| interval.seconds).max();
        let whole = widened(both, longest.unwrap_or(1));
        self.intervals = whole.into_values().collect();
        // What was told of one part need not hold of the whole.
        self.thresholds.clear();
        self.work_out();
    }

    /// The share of a verb, or of all.
    pub fn of(&self, verb: Option<Verb>) -> &Share {
        verb.and_then(|verb| self.verbs.get(place(verb)))
            .unwrap_or(&self.all)
    }

    /// Whether there was a schedule, so that latency counts from when messages were due.
    pub fn is_open(&self) -> bool {
        self.runs.iter().all(|run| run.scheduled > 0)
    }

    /// Whether every reply that was looked into was right and every threshold held.
    pub fn is_good(&self) -> bool {
        self.wrong == 0 && self.thresholds.iter().all(|held| held.held)
    }

    /// By which share of its time the schedule was overrun, where it lasted at all.
    pub(super) fn overrun_share(&self) -> Option<f64> {
        let schedule = self.measured - self.overrun;
        (schedule > 0.0).then(|| self.overrun / schedule)
    }

    /// Works out what follows from the counts.
    fn work_out(&mut self) {
        self.all = Share::sum(&self.verbs);
        let measured = self.measured;
        for share in self.verbs.iter_mut().chain([&mut self.all]) {
            share.work_out(measured);
        }
        self.warnings = warnings(self);
    }
}

impl Share {
    fn new(verb: &str, items: VerbTally, calls: Calls) -> Self {
        Self {
            verb: verb.to_owned(),
            items,
            calls,
            rate: 0.0,
            item_rate: 0.0,
            service_us: BTreeMap::new(),
            corrected_us: BTreeMap::new(),
        }
    }

    fn sum(verbs: &[Self]) -> Self {
        let mut all = Self::new("ALL", VerbTally::default(), Calls::default());
        for verb in verbs {
            all.items.add(&verb.items);
            all.calls.add(&verb.calls);
        }
        all
    }

    fn work_out(&mut self, measured: f64) {
        let seconds = measured.max(1e-9);
        self.rate = self.calls.answered as f64 / seconds;
        self.item_rate = self.calls.items as f64 / seconds;
        let calls = &self.calls;
        self.service_us = QUANTILES
            .iter()
            .map(|q| (quantile_word(*q), calls.service.known(*q)))
            .collect();
        self.corrected_us = QUANTILES
            .iter()
            .map(|q| {
                let value = calls.corrected.quantile_with_missed(*q, calls.missed);
                (quantile_word(*q), value)
            })
            .collect();
    }
}

/// The name of a quantile: `p50`, `p99.9`, `max`.
pub(crate) fn quantile_word(share: f64) -> String {
    if share >= 1.0 {
        "max".to_owned()
    } else {
        // Hundredths of a per cent, so that 0.999 is not 99.90000000000001.
        format!("p{}", (share * 10_000.0).round() / 100.0)
    }
}

#[cfg(test)]
mod tests;
