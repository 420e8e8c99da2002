//! One step: a run of the load tool, with an eye on the service meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dancu_domain::NationId;
use dancu_load::account::Account;
use dancu_load::draw::Shares;
use dancu_load::measure::Watch;
use dancu_load::pace::{Arrivals, Pace, Schedule};
use dancu_load::run::{LoadPlan, run};
use dancu_population::Nation;

use super::told::{Most, Step};
use super::{Failed, Wanted, standing};
use crate::bench::processes::{Server, cpu_of_all};

/// What the codes of shed messages are called.
const SHED: &str = "RESOURCE_EXHAUSTED";
/// What messages are called to which no answer came in time.
const LATE: &str = "DEADLINE_EXCEEDED";

/// Who asks whom.
pub(super) struct Asking<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) server: &'a Server,
    pub(super) nation: Nation,
    pub(super) id: NationId,
}

impl Asking<'_> {
    /// So many callers who wait for their answers.
    pub(super) fn closed(&self, in_flight: usize) -> Result<Step, Failed> {
        let plan = LoadPlan {
            in_flight,
            pace: Pace::Closed {
                duration: self.wanted.warm_up + self.wanted.measured,
            },
            ..self.plan()
        };
        let name = format!("closed, {} x {in_flight}", self.wanted.connections);
        self.step(name, None, &plan)
    }

    /// A schedule that waits for nobody, at so many times the capacity.
    pub(super) fn open(&self, capacity: f64, factor: f64) -> Result<Step, Failed> {
        let rate = capacity * factor;
        let seconds = (self.wanted.warm_up + self.wanted.measured).as_secs_f64();
        let plan = LoadPlan {
            in_flight: self.wanted.in_flight,
            pace: Pace::Open {
                schedule: Schedule::hold(rate, seconds),
                arrivals: Arrivals::Poisson,
            },
            ..self.plan()
        };
        self.step(format!("open, {factor} x capacity"), Some(rate), &plan)
    }

    /// Lookups and authentications that are answered with OK where there is room.
    fn plan(&self) -> LoadPlan {
        let wanted = self.wanted;
        LoadPlan {
            connections: wanted.connections,
            shape: wanted.shape,
            size: wanted.size,
            warm_up: wanted.warm_up,
            mix: [60, 40, 0, 0],
            shares: Shares {
                malformed: 0,
                denied: 0,
                unfit: 0,
                strict: 0,
                consistent: 0,
                ..Shares::default()
            },
            deadline: Duration::from_secs(5),
            patience: Duration::from_millis(100),
            ..LoadPlan::new("over".into(), self.server.address, self.nation, self.id)
        }
    }

    fn step(&self, name: String, due: Option<f64>, plan: &LoadPlan) -> Result<Step, Failed> {
        let id = self.server.id();
        let before = cpu_of_all(id);
        let ended = AtomicBool::new(false);
        let (ran, most) = std::thread::scope(|scope| {
            let watching = scope.spawn(|| watch(id, &ended));
            let ran = run(plan.clone(), &Arc::new(Watch::default()));
            ended.store(true, Ordering::Relaxed);
            (ran, watching.join().unwrap_or_default())
        });
        let ran = ran?;
        let wall = ran.elapsed.as_secs_f64();
        let account = Account::new(plan, ran);
        let server_cpu = (cpu_of_all(id) - before) / wall;
        Ok(told(name, due, &account, server_cpu, most))
    }
}

/// Looks ten times a second at what the service holds.
fn watch(id: u32, ended: &AtomicBool) -> Most {
    let mut most = Most::default();
    while !ended.load(Ordering::Relaxed) {
        let (descriptors, memory) = standing(id);
        most.descriptors = most.descriptors.max(descriptors);
        most.memory = most.memory.max(memory);
        std::thread::sleep(Duration::from_millis(100));
    }
    most
}

fn told(name: String, due: Option<f64>, account: &Account, server_cpu: f64, most: Most) -> Step {
    let calls = &account.all.calls;
    let of = |word: &str| {
        let codes = account.codes.iter();
        let of = codes.filter(|(code, _)| code.starts_with(word));
        of.map(|(_, n)| *n).sum::<u64>() as f64 / account.elapsed
    };
    let all: u64 = account.codes.values().sum();
    let (shed, late, answered) = (of(SHED), of(LATE), of("OK"));
    Step {
        name,
        due,
        sent: all as f64 / account.elapsed,
        missed: calls.missed as f64 / account.measured,
        messages: calls.answered as f64 / account.measured,
        items: account.all.item_rate,
        p50: calls.service.quantile(0.5),
        p99: calls.service.quantile(0.99),
        corrected_p99: calls.corrected.quantile(0.99),
        shed,
        late,
        other: (all as f64 / account.elapsed - shed - late - answered).max(0.0),
        wrong: account.wrong,
        server_cpu,
        generator_cpu: account.cpu / account.elapsed,
        most,
    }
}
