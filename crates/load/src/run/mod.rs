//! A run: messages go out when they are due, on threads of their own, and every reply is looked
//! into.

mod ask;
mod calendar;
mod desk;
mod digest;
mod flow;
mod judge;
mod lane;
pub(crate) mod lanes;
mod link;
mod plan;
mod questions;
mod search;
mod source;
mod stock;
mod thread;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::time::Duration;

pub(crate) use ask::{Ask, Heads};
pub(crate) use lane::GRACE;
pub(crate) use link::{Heard, Link};
pub use plan::{LoadError, LoadPlan};
pub use questions::{Told, nation_at, told_at, volumes};
pub use search::{Found, highest};

use self::lanes::Lanes;
use self::source::Source;
use self::stock::Stock;
pub(crate) use self::stock::shape as shape_of;
use self::thread::{Part, Start};
use crate::callers::Callers;
use crate::clock::{cpu_seconds, now};
use crate::draw::World;
use crate::measure::{Figures, Interval, Watch};
use crate::people::People;
use crate::profile::{Itinerary, Scale};
use crate::versions::Versions;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What all threads found.
    pub figures: Figures,
    /// Second by second.
    pub intervals: Vec<Interval>,
    /// From the first slot to the last reply.
    pub elapsed: Duration,
    /// Seconds of processor time that this process used meanwhile.
    pub cpu: f64,
    /// Whether it was asked to stop before its end.
    pub stopped: bool,
}

/// Carries out a plan. Blocks until the last reply is in or given up; `watch` shows how it goes.
pub fn run(plan: LoadPlan, watch: &Arc<Watch>) -> Result<Ran, LoadError> {
    plan.validate()?;
    let world = Arc::new(world(&plan));
    carry_out(plan, &world, watch, |part| {
        let thread = (part.thread, part.threads);
        Stock::new(&part.plan, &part.world, thread).map(|stock| Source::Stock(Box::new(stock)))
    })
}

/// Sends the nine months at a scale, each item once: what was shed is sent again, until all of it
/// was answered or is in doubt. Where the pace is the calendar's, what was shed or missed is sent
/// once the calendar is over.
pub fn nine_months(plan: LoadPlan, scale: Scale, watch: &Arc<Watch>) -> Result<Ran, LoadError> {
    plan.validate()?;
    let mut world = world(&plan);
    world.people = world.people.kept();
    let world = Arc::new(world);
    carry_out(plan, &world, watch, move |part| {
        let thread = (part.thread, part.threads);
        let itinerary = Itinerary::new(scale, &part.plan, &part.world, thread);
        Some(Source::Itinerary(Box::new(itinerary)))
    })
}

/// What all threads draw from.
fn world(plan: &LoadPlan) -> World {
    let threads = plan.threads.clamp(1, plan.connections) as u64;
    let beside = (plan.part.1 > 1).then(|| Lanes::of(plan, threads));
    World {
        callers: Callers::of(&plan.nation, &plan.nation.sandbox_keys()),
        people: People::new(plan.nation, &plan.changed_by_others)
            .chosen(plan.choice)
            .beside(beside),
        run_id: plan.run_id.clone(),
        nation_id: plan.nation_id,
        versions: Versions::default(),
        shares: plan.shares,
    }
}

fn carry_out(
    plan: LoadPlan,
    world: &Arc<World>,
    watch: &Arc<Watch>,
    source: impl Fn(&Part) -> Option<Source> + Clone + Send + 'static,
) -> Result<Ran, LoadError> {
    let plan = Arc::new(plan);
    let threads = plan.threads.clamp(1, plan.connections);
    let start = Arc::new(Start {
        ready: Barrier::new(threads + 1),
        failed: AtomicBool::new(false),
        set: Barrier::new(threads + 1),
        began: OnceLock::new(),
    });
    let mut running = Vec::with_capacity(threads);
    for thread in 0..threads {
        let part = Part {
            plan: Arc::clone(&plan),
            world: Arc::clone(world),
            watch: Arc::clone(watch),
            start: Arc::clone(&start),
            thread,
            threads,
        };
        let source = source.clone();
        let spawned = std::thread::Builder::new()
            .name(format!("dancu-load-{thread}"))
            .spawn(move || part.run(|part| source(part)));
        match spawned {
            Ok(handle) => running.push(handle),
            Err(error) => {
                // Those that run already wait for as many as were planned.
                start.failed.store(true, Ordering::Relaxed);
                for _ in thread..threads {
                    let start = Arc::clone(&start);
                    drop(std::thread::spawn(move || {
                        start.ready.wait();
                        start.set.wait();
                    }));
                }
                start.ready.wait();
                start.set.wait();
                return Err(LoadError::Start(error));
            }
        }
    }
    start.ready.wait();
    let (began, cpu) = (now(), cpu_seconds());
    let _ = start.began.set(began);
    start.set.wait();
    let mut figures = Figures::default();
    let mut failed = None;
    for handle in running {
        match handle.join() {
            Ok(Ok(part)) => figures.add(&part),
            Ok(Err(error)) => failed = Some(error),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    Ok(Ran {
        figures,
        intervals: watch.whole(),
        elapsed: now().duration_since(began),
        cpu: cpu_seconds() - cpu,
        stopped: watch.is_stopped(),
    })
}
