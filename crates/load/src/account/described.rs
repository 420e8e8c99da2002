//! What a run was, as it stands in its account.

use std::collections::BTreeMap;

use dancu_domain::Verb;
use serde::{Deserialize, Serialize};

use crate::draw::Shape;
use crate::mix::place;
use crate::pace::{Arrivals, Pace};
use crate::run::LoadPlan;

/// What a run was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Described {
    /// The run's id.
    pub run: String,
    /// The service's address.
    pub server: String,
    /// The nation's seed.
    pub nation_seed: u64,
    /// The nation's citizens.
    pub citizens: u64,
    /// The seed of what was drawn.
    pub seed: u64,
    /// `open, constant`, `open, poisson`, `open, calendar …` or `closed`.
    pub loop_kind: String,
    /// When its first slot was by the clock of its machine, in milliseconds since 1970; 0 where nobody
    /// kept it.
    #[serde(default)]
    pub began_ms: u64,
    /// The schedule as it is written on a command line; nothing without one.
    #[serde(default)]
    pub schedule: String,
    /// Messages that the schedule had due in all; 0 without one.
    pub scheduled: u64,
    /// Seconds of the schedule.
    pub seconds: f64,
    /// Seconds that were not measured.
    pub warm_up: f64,
    /// Threads.
    pub threads: usize,
    /// Connections.
    pub connections: usize,
    /// Calls in flight, or streams, on a connection.
    pub in_flight: usize,
    /// `unary`, `batch` or `stream`.
    pub shape: String,
    /// Items of a message.
    pub size: usize,
    /// Messages of a stream lane that may be unanswered at once.
    pub window: usize,
    /// Parts of each verb.
    pub mix: BTreeMap<String, u64>,
    /// Shares in a thousand: mistaken, unknown, malformed, personas, denied, unfit.
    pub shares: BTreeMap<String, u64>,
    /// Whom it asked about.
    pub choice: String,
    /// Items prepared for each verb and thread.
    pub stock: usize,
    /// The share of replies that was verified.
    pub verified_share: f64,
    /// The deadline of a call in seconds; 0 where nobody kept it.
    #[serde(default)]
    pub deadline: f64,
    /// How late a slot could be taken, in seconds; 0 where nobody kept it, or there were none.
    #[serde(default)]
    pub patience: f64,
    /// The profile, its items and whether its days were simulated; nothing without one.
    #[serde(default)]
    pub profile: String,
    /// Which recordings were replayed, and what of them; nothing unless it was a replay.
    #[serde(default)]
    pub recording: String,
    /// Which part of the run it was, from 0 on, and how many parts there were.
    #[serde(default)]
    pub part: (u32, u32),
}

impl Described {
    /// In what two runs differ that must be one for their figures to be held beside each other; no
    /// more than names of what was asked for.
    pub(super) fn apart(&self, other: &Self) -> Vec<&'static str> {
        let rate = |run: &Self| run.scheduled as f64 / run.seconds.max(1e-9);
        let rates = (rate(self), rate(other));
        [
            ("the nation", self.nation_seed != other.nation_seed),
            ("the size of the nation", self.citizens != other.citizens),
            ("the seed of what is drawn", self.seed != other.seed),
            ("the loop", self.loop_kind != other.loop_kind),
            // A schedule is rounded to whole messages.
            ("the rate", (rates.0 - rates.1).abs() > 0.01 * rates.0 + 1.0),
            ("the schedule", self.is_scheduled_apart(other)),
            (
                "the warm-up",
                self.warm_up.total_cmp(&other.warm_up).is_ne(),
            ),
            ("the shape", self.shape != other.shape),
            ("the size of a message", self.size != other.size),
            ("the mix", self.mix != other.mix),
            ("the shares", self.shares != other.shares),
            ("the choice of citizens", self.choice != other.choice),
            ("the connections", self.connections != other.connections),
            ("the calls in flight", self.in_flight != other.in_flight),
            (
                "the messages of a stream in flight",
                self.shape == "stream" && self.window != other.window,
            ),
            ("the threads", self.threads != other.threads),
            ("the stock", self.stock != other.stock),
            (
                "the share of replies that is verified",
                self.verified_share.total_cmp(&other.verified_share).is_ne(),
            ),
            ("the deadline", known(self.deadline, other.deadline)),
            ("the patience", known(self.patience, other.patience)),
            (
                "the profile or the recording",
                // An earlier build kept neither of them.
                self.deadline > 0.0
                    && other.deadline > 0.0
                    && (&self.profile, &self.recording) != (&other.profile, &other.recording),
            ),
        ]
        .into_iter()
        .filter_map(|(what, apart)| apart.then_some(what))
        .collect()
    }

    /// Whether the rate took another course over time. Of two that hold one rate the rate and the time
    /// say all, and an earlier build kept no schedule.
    fn is_scheduled_apart(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.schedule, &other.schedule);
        let one_rate = |words: &str| words.starts_with("hold ") && !words.contains(',');
        let told = !ours.is_empty() && !theirs.is_empty();
        told && ours != theirs && !(one_rate(ours) && one_rate(theirs))
    }
}

/// Whether two lengths of time are known and differ.
fn known(ours: f64, theirs: f64) -> bool {
    ours > 0.0 && theirs > 0.0 && ours.total_cmp(&theirs).is_ne()
}

/// Describes a plan.
pub(super) fn describe(plan: &LoadPlan) -> Described {
    let word = |arrivals: &Arrivals| match arrivals {
        Arrivals::Constant => "constant",
        Arrivals::Poisson => "poisson",
    };
    let (loop_kind, scheduled) = match &plan.pace {
        Pace::Open { schedule, arrivals } => (
            format!("open, {}", word(arrivals)),
            schedule.messages().round() as u64,
        ),
        // How many messages it had due is known once they were sent.
        Pace::Calendar {
            speed, arrivals, ..
        } => (
            format!("open, calendar at {speed} times, {}", word(arrivals)),
            0,
        ),
        Pace::Closed { .. } => ("closed".to_owned(), 0),
    };
    let schedule = match &plan.pace {
        Pace::Open { schedule, .. } => schedule.words(),
        Pace::Calendar { .. } | Pace::Closed { .. } => String::new(),
    };
    let words = |list: [(&str, u64); 6]| list.map(|(word, n)| (word.to_owned(), n)).into();
    let shares = &plan.shares;
    Described {
        run: plan.run_id.clone(),
        server: plan.server.to_string(),
        nation_seed: plan.nation.seed(),
        citizens: plan.nation.len(),
        seed: plan.seed,
        loop_kind,
        began_ms: 0,
        schedule,
        scheduled,
        seconds: plan.pace.duration().as_secs_f64(),
        warm_up: plan.warm_up.as_secs_f64(),
        threads: plan.threads.clamp(1, plan.connections),
        connections: plan.connections,
        in_flight: plan.in_flight,
        shape: match plan.shape {
            Shape::Unary => "unary",
            Shape::Batch => "batch",
            Shape::Stream => "stream",
        }
        .to_owned(),
        size: plan.size,
        window: plan.window,
        mix: Verb::ALL
            .iter()
            .map(|verb| (verb.word().to_owned(), plan.mix[place(*verb)]))
            .collect(),
        shares: words([
            ("mistaken", shares.mistaken),
            ("unknown", shares.unknown),
            ("malformed", shares.malformed),
            ("personas", shares.personas),
            ("denied", shares.denied),
            ("unfit", shares.unfit),
        ]),
        choice: plan.choice.to_string(),
        stock: plan.stock,
        verified_share: plan.verified as f64 / 1000.0,
        deadline: plan.deadline.as_secs_f64(),
        patience: match plan.pace {
            Pace::Closed { .. } => 0.0,
            Pace::Open { .. } | Pace::Calendar { .. } => plan.patience.as_secs_f64(),
        },
        profile: plan.goal.map_or_else(String::new, |items| {
            let days = if plan.simulated_days {
                "on their days"
            } else {
                "counted today"
            };
            format!("nine-months, {items} items, {days}")
        }),
        recording: String::new(),
        part: plan.part,
    }
}
