//! The search for the highest rate at which everything that was asked of a run holds.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dancu_load::account::Account;
use dancu_load::measure::Watch;
use dancu_load::pace::{Pace, Schedule};
use dancu_load::run::{Found, LoadPlan, highest, run};
use serde_json::{Value, json};

use super::{Load, shown};
use crate::edge::fresh_id;
use crate::exit::Failure;
use crate::output::tell;
use crate::words::Lang;

/// The highest rate that is tried.
const MOST: f64 = 10_000_000.0;

/// How often the gap between what held and what did not is halved.
const HALVINGS: u32 = 6;

/// How long the service gets its breath back before the next rate.
const BREATH: Duration = Duration::from_millis(500);

/// What came of a search.
pub(super) struct Searched {
    /// The account of the highest rate that held, or of the try with which the search ended.
    pub(super) account: Account,
    /// Every rate that was tried, for the JSON.
    pub(super) search: Value,
    /// Why the last rate could not be tried, where it could not.
    pub(super) failure: Option<Failure>,
}

/// The tries of a search so far.
#[derive(Default)]
struct Tries {
    best: Option<(f64, Account)>,
    last: Option<Account>,
    /// At which rate the service was away.
    away_at: Option<f64>,
    /// Why a try could not be made, after others.
    failure: Option<Failure>,
    ended: bool,
}

impl Load {
    /// Runs at one rate after the other. What was tried before the service went is told all the same.
    pub(super) fn search(&self, plan: LoadPlan, lang: Lang) -> Result<Searched, Failure> {
        if self.threshold.is_empty() {
            return Err(Failure::Usage(
                "--find-rate needs a --threshold that a rate can miss".to_owned(),
            ));
        }
        let Pace::Open { schedule, arrivals } = &plan.pace else {
            return Err(Failure::Usage("--find-rate needs a schedule".to_owned()));
        };
        let (start, seconds, arrivals) = (schedule.peak(), schedule.seconds(), *arrivals);
        let mut tries = Tries::default();
        let found = highest(start, MOST, HALVINGS, |rate| {
            let mut plan = plan.clone();
            plan.run_id = fresh_id();
            plan.pace = Pace::Open {
                schedule: Schedule::hold(rate, seconds),
                arrivals,
            };
            self.try_at(rate, plan, &mut tries, lang)
        })?;
        tell(&shown::found(&found, lang));
        let search = searched(&found, tries.away_at);
        let mut account = tries
            .best
            .map(|(_, account)| account)
            .or(tries.last)
            .ok_or_else(|| Failure::just("find a rate: nothing was tried"))?;
        if let Some(rate) = tries.away_at {
            account.warnings.push(format!(
                "the search ended at {rate:.0}/s, where the service was away: a higher rate than those \
                 that were tried may hold"
            ));
        } else if found.ended {
            let told = "the search was ended before its time: a higher rate may hold";
            account.warnings.push(told.to_owned());
        }
        Ok(Searched {
            account,
            search,
            failure: tries.failure,
        })
    }

    /// Runs at a rate: whether everything held; `None` where the search is to end.
    fn try_at(
        &self,
        rate: f64,
        plan: LoadPlan,
        tries: &mut Tries,
        lang: Lang,
    ) -> Result<Option<bool>, Failure> {
        if tries.ended {
            return Ok(None);
        }
        let watch: Arc<Watch> = Arc::default();
        let mut account = match self.show(plan, &watch, lang, run) {
            Ok(account) => account,
            Err(failure) if tries.last.is_none() => return Err(failure),
            Err(failure) => {
                (tries.away_at, tries.failure) = (Some(rate), Some(failure));
                return Ok(None);
            }
        };
        account.judge(&self.thresholds());
        if account.stopped {
            // A try that was cut short says nothing of its rate. It is told where it is all.
            tries.last.get_or_insert(account);
            return Ok(None);
        }
        if account.away_at_the_end().is_some() {
            // The account is that of the try in which it went.
            (tries.best, tries.last) = (None, Some(account));
            tries.away_at = Some(rate);
            return Ok(None);
        }
        let held = account.is_good();
        tell(&shown::tried(rate, &account, lang));
        let best = tries.best.as_ref();
        if held && best.is_none_or(|(before, _)| rate > *before) {
            tries.best = Some((rate, account.clone()));
        }
        tries.last = Some(account);
        thread::sleep(BREATH);
        // Whoever ends the search may do so between two tries.
        tries.ended = watch.is_stopped();
        Ok(Some(held))
    }
}

/// What a search found, as a JSON value.
fn searched(found: &Found, away_at: Option<f64>) -> Value {
    let tried = found.tried.iter();
    let tried = tried.map(|(rate, held)| json!({ "rate": rate, "held": held }));
    json!({
        "highest_that_held": found.best,
        "lowest_that_did_not": found.worst,
        "tried": tried.collect::<Vec<_>>(),
        "ended_before_its_time": found.ended,
        "away_at": away_at,
    })
}
