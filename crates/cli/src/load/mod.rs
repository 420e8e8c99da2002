//! `dancu load`: drives a running service by a schedule or in a closed loop, verifies replies,
//! and reports what it measured.

pub(crate) mod files;
pub(crate) mod live;
mod nine_months;
mod place;
mod search;
mod seen;
pub(crate) mod shown;
pub(crate) mod wanted;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use clap::Args;
use dancu_load::account::{Account, Compared, Threshold};
use dancu_load::measure::Watch;
use dancu_load::profile::Scale;
use dancu_load::run::{LoadError, LoadPlan, Ran, run};
use serde_json::Value;

use crate::exit::Failure;
use crate::output::{Form, print, print_json};
use crate::signals;
use crate::words::Lang;

/// Drives a running service and reports what it measured. Exits with 1 if a reply was wrong or a
/// threshold was missed, with 3 if the service was away when the run ended.
#[derive(Args, Clone, Debug)]
pub(crate) struct Load {
    #[command(flatten)]
    wanted: wanted::Wanted,
    /// What must hold, such as `p99(lookup)<20ms`, `errors<0.1%`, `rate>=5000`; may be repeated.
    #[arg(long, value_name = "THRESHOLD")]
    threshold: Vec<Threshold>,
    /// Search for the highest constant rate at which every threshold holds, each try as long as
    /// `--time`, beginning at `--rate`. A rate of which more than 1 % was missed, or of what was
    /// sent more than 1 % failed, or whose last message left more than 1 % of its time after the end,
    /// does not hold, unless a threshold on `missed`, `errors` or `overrun` says how much may.
    #[arg(long, conflicts_with_all = ["schedule", "closed", "merge"])]
    find_rate: bool,
    /// Send the first nine months of 2023, each item once, under its day where the service allows
    /// event days, and hold the own tally against the service's counters to the unit. Nobody else
    /// may be asking meanwhile.
    #[arg(long, value_enum, conflicts_with_all = [
        "schedule", "closed", "merge", "find_rate", "rate", "time", "warm_up", "mix", "stock",
        "malformed", "denied", "unfit", "part",
    ])]
    profile: Option<Profile>,
    /// The part of the profile that is sent: 1:N, with N from 1 to 10,000,000.
    #[arg(long, default_value = "1:1000", requires = "profile")]
    scale: Scale,
    /// Let the profile's time run so many times as fast as the wall clock, messages due by its
    /// weekdays and office hours, whether replies come or not; left out, as fast as replies come.
    #[arg(long, value_name = "TIMES", value_parser = nine_months::speed, requires = "profile")]
    speed: Option<f64>,
    #[command(flatten)]
    files: files::Files,
    /// Merge the accounts of generators that ran at the same time, in place of running.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    merge: Vec<PathBuf>,
    /// Plain lines also on a terminal.
    #[arg(long)]
    plain: bool,
}

/// A run that is known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Profile {
    /// January to September 2023: 1.2 billion lookups and authentications, 536 million syncs.
    NineMonths,
}

impl Load {
    /// Runs, or merges, and reports.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let earlier = self.files.look(lang)?;
        let (mut search, mut failure) = (None, None);
        let mut account = if self.merge.is_empty() {
            let plan = self.wanted.plan(lang)?;
            if self.profile.is_some() {
                return self.nine_months(plan, earlier.as_ref(), form, lang);
            }
            if self.find_rate {
                let searched = self.search(plan, lang)?;
                (search, failure) = (Some(searched.search), searched.failure);
                searched.account
            } else {
                self.show(plan, &Arc::default(), lang, run)?
            }
        } else {
            files::merged(&self.merge, lang)?
        };
        account.judge(&self.thresholds());
        account.beside(earlier.as_ref());
        let compared = self.files.compared(&account, earlier.as_ref());
        // Whatever becomes of the files, what was measured is told.
        let more = search.as_ref().map(|search| ("search", search));
        show_account(&account, &compared, more, form, lang)?;
        self.files.write(&account, more, lang)?;
        match failure {
            _ if account.wrong > 0 => Err(Failure::Wrong),
            Some(failure) => Err(failure),
            None if account.away_at_the_end().is_some() => Err(away(lang)),
            None if !account.is_good() => Err(Failure::Wrong),
            None => Ok(()),
        }
    }

    /// What must hold.
    fn thresholds(&self) -> Vec<Threshold> {
        if self.find_rate {
            Threshold::of_a_rate(&self.threshold)
        } else {
            self.threshold.clone()
        }
    }

    /// One run, shown while it lasts.
    fn show(
        &self,
        plan: LoadPlan,
        watch: &Arc<Watch>,
        lang: Lang,
        work: impl FnOnce(LoadPlan, &Arc<Watch>) -> Result<Ran, LoadError> + Send + 'static,
    ) -> Result<Account, Failure> {
        signals::stop(watch);
        let (seen, planned) = (Arc::clone(watch), plan.clone());
        let driving = thread::Builder::new()
            .name("dancu-load".to_owned())
            .spawn(move || work(planned, &seen))
            .map_err(|error| {
                Failure::unable(lang.of("mở luồng", "start a thread"), &error, lang)
            })?;
        let ended = || driving.is_finished();
        if self.plain || !live::possible() {
            shown::lines(&plan, watch, ended, lang);
        } else {
            live::show(&plan, watch, ended, lang).map_err(|error| {
                Failure::unable(
                    lang.of("vẽ lên màn hình", "draw on the terminal"),
                    &error,
                    lang,
                )
            })?;
        }
        match driving.join() {
            Ok(ran) => {
                let ran = ran.map_err(|error| failure(&error, lang))?;
                Ok(Account::new(&plan, ran))
            }
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// The account as it was asked for, with what else belongs into the JSON.
fn show_account(
    account: &Account,
    compared: &[Compared],
    more: Option<(&str, &Value)>,
    form: Form,
    lang: Lang,
) -> Result<(), Failure> {
    match form {
        Form::Json => print_json(&files::shown(account, compared, more, lang)?),
        Form::Table => print(&shown::text(account, compared, lang)),
    }
    Ok(())
}

/// What a run ends with in whose last seconds nobody answered.
fn away(lang: Lang) -> Failure {
    Failure::just(lang.of(
        "chạy tải đến hết: dịch vụ không còn trả lời",
        "drive the load to its end: the service answers nothing any more",
    ))
}

/// What keeps a run from being made: a wrong command line, or a service out of reach.
fn failure(error: &LoadError, lang: Lang) -> Failure {
    match error {
        LoadError::Plan(field, must) => Failure::Usage(format!("{} must be {must}", flag(field))),
        LoadError::Stranger | LoadError::Nation { .. } => Failure::Usage(error.to_string()),
        _ => Failure::unable(lang.of("chạy tải", "drive the load"), error, lang),
    }
}

/// By which flag a field of a plan is chosen.
fn flag(field: &str) -> String {
    match field {
        "in_flight" => "--calls".to_owned(),
        "verified" => "--verify".to_owned(),
        "mistaken, unknown and malformed" => "--mistaken, --unknown and --malformed".to_owned(),
        field => format!("--{}", field.replace('_', "-")),
    }
}
