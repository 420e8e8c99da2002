//! `dancu replay`: recorded traffic asked again, and every outcome held against the recorded one.

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use dancu_domain::{AgencyCode, Verb};
use dancu_load::account::{Account, Threshold};
use dancu_load::measure::Watch;
use dancu_load::pace::duration;
use dancu_load::replay::{
    PositionError, RecordingError, ReplayError, ReplayPlan, Replayed, Speed, Sums, replay,
    without_empty,
};
use dancu_load::run::LoadError;

use crate::edge::fresh_id;
use crate::exit::Failure;
use crate::load::files::{self, Files};
use crate::load::shown;
use crate::load::wanted::address;
use crate::output::{Form, Table, print, print_json, tell};
use crate::signals;
use crate::words::Lang;

/// Asks a running service again what was recorded, of a nation in the state of the recording.
/// Exits with 1 if an item ended otherwise than recorded, a message was not answered, or a
/// threshold was missed, with 3 if the service was away when the replay ended.
#[derive(Args, Clone, Debug)]
pub(crate) struct Replay {
    /// The files: any parts of any recordings of one nation.
    #[arg(required = true, value_name = "RECORDING")]
    recordings: Vec<PathBuf>,
    /// The service's address.
    #[arg(long, env = "DANCU_SERVER", default_value = "http://127.0.0.1:50051")]
    server: String,
    /// Drive a service beyond loopback. Ask whoever runs it first.
    #[arg(long)]
    beyond_loopback: bool,
    /// How fast messages follow each other: so many times the recorded pace, from 0.1 to 1000, or
    /// `max` for as fast as answers come.
    #[arg(long, default_value = "1", value_parser = speed)]
    speed: Speed,
    /// From when on, counted from the beginning of the recording: 30s, 1.5m.
    #[arg(long, default_value = "0s", value_parser = duration)]
    from: f64,
    /// Until when, counted from the beginning of the recording.
    #[arg(long, value_parser = duration)]
    until: Option<f64>,
    /// Only messages of this verb; may be repeated.
    #[arg(long, value_parser = verb)]
    verb: Vec<Verb>,
    /// Only messages of this agency; may be repeated.
    #[arg(long, value_parser = agency)]
    agency: Vec<AgencyCode>,
    /// Keep in this file how far the replay has come, and go on from there if it is there already.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Report items that end otherwise than recorded, and exit with 0 all the same: the nation is
    /// not in the state of the recording.
    #[arg(long)]
    allow_differences: bool,
    /// Connections.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Calls in flight on a connection.
    #[arg(long, default_value_t = 32)]
    calls: usize,
    /// The deadline of a call.
    #[arg(long, default_value = "10s", value_parser = duration)]
    deadline: f64,
    /// For how long a message is asked again while the service does not answer it; a service that
    /// answers nothing for so long ends the replay.
    #[arg(long, default_value = "30s", value_parser = duration)]
    patience: f64,
    /// What must hold, such as `p99(lookup)<20ms`; may be repeated.
    #[arg(long, value_name = "THRESHOLD")]
    threshold: Vec<Threshold>,
    #[command(flatten)]
    files: Files,
}

impl Replay {
    /// Replays and reports.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let earlier = self.files.look(lang)?;
        let mut plan = self.plan(lang)?;
        let empty;
        (plan.recordings, empty) = self.recordings(lang)?;
        let Replayed {
            mut account,
            sums,
            away,
            unkept,
        } = drive(&plan, lang)?;
        self.settle(&mut account, &sums);
        account.warnings.extend(sums.warning());
        account.warnings.extend(passed_over(empty.len()));
        if away {
            account.warnings.push(gone(&sums, Lang::En));
        }
        if let Some(error) = &unkept {
            account.warnings.push(lost(error, &sums));
        }
        account.judge(&self.threshold);
        account.beside(earlier.as_ref());
        let compared = self.files.compared(&account, earlier.as_ref());
        let against = serde_json::to_value(&sums).map_err(|error| {
            Failure::unable(lang.of("ghi kết quả", "write the sums"), &error, lang)
        })?;
        // Whatever becomes of the files, what was measured is told.
        let more = Some(("replay", &against));
        match form {
            Form::Json => print_json(&files::shown(&account, &compared, more, lang)?),
            Form::Table => {
                print(&shown::text(&account, &compared, lang));
                print(&text(&sums, account.discrepancies.is_empty(), lang));
            }
        }
        self.files.write(&account, more, lang)?;
        let differs = sums.different > 0 && !self.allow_differences;
        if let Some(error) = unkept {
            return Err(unable(&error, lang));
        }
        if away && !differs {
            let doing = lang.of("phát lại đến hết", "replay to the end");
            return Err(Failure::just(&format!("{doing}: {}", gone(&sums, lang))));
        }
        if differs || sums.unanswered + sums.held_back > 0 || !account.is_good() {
            return Err(Failure::Wrong);
        }
        Ok(())
    }

    /// Says of what differs from the recording that it is wrong, or that it is allowed, and says so
    /// wherever the account has it.
    fn settle(&self, account: &mut Account, sums: &Sums) {
        let before = sums.different.saturating_sub(account.wrong);
        if before > 0 {
            account.warnings.push(format!(
                "{before} items ended otherwise than recorded before the replay was interrupted"
            ));
        }
        if sums.applied_before > 0 {
            account.warnings.push(format!(
                "{} items ended ALREADY_APPLIED where APPLIED was recorded: an attempt of this replay \
                 had applied them and its answer was lost; they are not taken for different",
                sums.applied_before
            ));
        }
        if !self.allow_differences {
            account.discrepancies.clone_from(&sums.differences);
            return;
        }
        if account.wrong > 0 {
            account.warnings.push(format!(
                "{} items ended otherwise than recorded, and --allow-differences takes none of them \
                 for wrong",
                account.wrong
            ));
        }
        account.wrong = 0;
        for interval in &mut account.intervals {
            interval.wrong = 0;
        }
    }

    /// The files that hold something, and those that are empty.
    fn recordings(&self, lang: Lang) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Failure> {
        without_empty(&self.recordings).map_err(|error| match error {
            RecordingError::Unreadable(..) => {
                Failure::unable(lang.of("phát lại", "replay"), &error, lang)
            }
            _ => Failure::Usage(error.to_string()),
        })
    }

    fn plan(&self, lang: Lang) -> Result<ReplayPlan, Failure> {
        let server = address(&self.server)?;
        if !(self.beyond_loopback || server.ip().is_loopback()) {
            return Err(Failure::Usage(format!(
                "{server} is not on loopback: say --beyond-loopback if you may drive it"
            )));
        }
        let plan = ReplayPlan {
            beyond_loopback: self.beyond_loopback,
            speed: self.speed,
            from: Duration::from_secs_f64(self.from),
            until: self.until.map(Duration::from_secs_f64),
            verbs: self.verb.clone(),
            agencies: self.agency.clone(),
            resume: self.resume.clone(),
            connections: self.connections,
            in_flight: self.calls,
            deadline: Duration::from_secs_f64(self.deadline),
            patience: Duration::from_secs_f64(self.patience),
            language: lang.tag(),
            ..ReplayPlan::new(fresh_id(), server, self.recordings.clone())
        };
        plan.validate()
            .map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(plan)
    }
}

/// What is told of files that are empty.
fn passed_over(empty: usize) -> Option<String> {
    let (are, them) = match empty {
        0 => return None,
        1 => ("is", "it"),
        _ => ("are", "them"),
    };
    Some(format!(
        "{empty} of the files {are} empty: nothing was recorded in {them}"
    ))
}

/// Drives, and tells a line a second.
fn drive(plan: &ReplayPlan, lang: Lang) -> Result<Replayed, Failure> {
    let watch = Arc::new(Watch::default());
    signals::stop(&watch);
    let (seen, planned) = (Arc::clone(&watch), plan.clone());
    let driving = thread::Builder::new()
        .name("dancu-replay".to_owned())
        .spawn(move || replay(&planned, &seen))
        .map_err(|error| Failure::unable(lang.of("mở luồng", "start a thread"), &error, lang))?;
    let mut next = 0;
    loop {
        let over = driving.is_finished();
        let intervals = watch.intervals(next);
        // The last interval may still grow, until the replay is over.
        let whole = intervals.len().saturating_sub(usize::from(!over));
        for interval in &intervals[..whole] {
            tell(&shown::line(interval, lang));
            next = interval.end();
        }
        if over {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    match driving.join() {
        Ok(replayed) => replayed.map_err(|error| match error {
            ReplayError::Plan(..)
            | ReplayError::Generator
            | ReplayError::Nothing(_)
            | ReplayError::NoneAsked(_)
            | ReplayError::Service(LoadError::Stranger | LoadError::Nation { .. }) => {
                Failure::Usage(error.to_string())
            }
            ReplayError::Position(_, PositionError::NotOne | PositionError::Another) => {
                Failure::Usage(format!("{} {error}", lang.of("không thể", "cannot")))
            }
            error => unable(&error, lang),
        }),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn unable(error: &ReplayError, lang: Lang) -> Failure {
    Failure::unable(lang.of("phát lại", "replay"), error, lang)
}

/// What is told of answers that could not be kept.
fn lost(error: &ReplayError, sums: &Sums) -> String {
    let Sums {
        acknowledged,
        unkept,
        ..
    } = sums;
    let why = error.source().map(|why| format!(": {why}"));
    let why = why.unwrap_or_default();
    format!(
        "{error}{why}; {acknowledged} messages were acknowledged before, and --resume asks {unkept} again that were \
         answered"
    )
}

/// What is told of a service that answered nothing any more.
fn gone(sums: &Sums, lang: Lang) -> String {
    let acknowledged = sums.acknowledged;
    match lang {
        Lang::Vi => format!(
            "dịch vụ không còn trả lời; đã xác nhận {acknowledged} thông điệp, --resume đi tiếp từ đó"
        ),
        Lang::En => format!(
            "the service answers nothing any more; {acknowledged} messages were acknowledged, and \
             --resume goes on behind them"
        ),
    }
}

/// What a replay came to beside the recording, with the first differences where they were not told.
fn text(sums: &Sums, differences: bool, lang: Lang) -> String {
    let numbers = lang.numbers();
    let mut table = Table::new(
        &[0, 1],
        &[
            "",
            lang.of("kết quả", "outcome"),
            lang.of("đã ghi", "recorded"),
            lang.of("phát lại", "replayed"),
        ],
    );
    for (verb, outcomes) in &sums.outcomes {
        for (outcome, ended) in outcomes {
            table.row([
                verb.clone(),
                lang.word(outcome).to_owned(),
                numbers.whole(ended.recorded),
                numbers.whole(ended.replayed),
            ]);
        }
    }
    let mut lines = vec![String::new(), table.text()];
    let counts = [
        (lang.of("thông điệp", "messages"), sums.messages),
        (lang.of("đã xác nhận", "acknowledged"), sums.acknowledged),
        (lang.of("trước khi ngắt", "of them before"), sums.before),
        (
            lang.of("không hỏi lại", "not asked again"),
            sums.passed_over,
        ),
        (lang.of("không trả lời", "not answered"), sums.unanswered),
        (
            lang.of("chưa hỏi vì thế", "held back by them"),
            sums.held_back,
        ),
        (
            lang.of("không lưu được trả lời", "answers not kept"),
            sums.unkept,
        ),
        (
            lang.of("không nêu được ngày", "without the day they named"),
            sums.undated,
        ),
        (lang.of("ngoài bộ lọc", "outside the window"), sums.left_out),
        (lang.of("mất khi ghi", "not recorded"), sums.missing),
        (lang.of("tệp bị cắt", "files cut off"), sums.cut),
        (lang.of("tệp bị thiếu", "files missing"), sums.parts_missing),
        (lang.of("tệp còn lớn thêm", "files that grew"), sums.grown),
        (lang.of("mục khác", "items that differ"), sums.different),
        (
            lang.of("đã áp dụng, mất trả lời", "applied before, answer lost"),
            sums.applied_before,
        ),
    ];
    let counts: Vec<String> = counts
        .iter()
        .map(|(word, n)| format!("{word} {}", numbers.whole(*n)))
        .collect();
    lines.push(counts.join(", "));
    let told = if differences { 20 } else { 0 };
    for difference in sums.differences.iter().take(told) {
        lines.push(format!("{}: {difference}", lang.of("khác", "differs")));
    }
    lines.join("\n") + "\n"
}

fn speed(text: &str) -> Result<Speed, String> {
    text.parse()
}

fn verb(text: &str) -> Result<Verb, String> {
    let verb = Verb::ALL
        .iter()
        .find(|verb| verb.word().eq_ignore_ascii_case(text));
    verb.copied().ok_or_else(|| format!("`{text}` is no verb"))
}

fn agency(text: &str) -> Result<AgencyCode, String> {
    AgencyCode::parse(text, "agency").map_err(|_| format!("`{text}` is no code of an agency"))
}
