//! One thread of a run: a runtime of its own, its connections, its lanes.

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};

use super::desk::Desk;
use super::flow::flow;
use super::lane::lane;
use super::link::Link;
use super::plan::{LoadError, LoadPlan};
use super::source::Source;
use crate::draw::{Shape, World};
use crate::measure::{Figures, Watch};
use crate::pace::Turnstile;

/// How all threads of a run begin at once.
pub(super) struct Start {
    /// Passed when everything is prepared and connected.
    pub(super) ready: Barrier,
    /// Whether some thread cannot begin.
    pub(super) failed: AtomicBool,
    /// Passed when the beginning is set.
    pub(super) set: Barrier,
    /// The beginning.
    pub(super) began: OnceLock<Instant>,
}

/// What one thread is to do.
pub(super) struct Part {
    pub(super) plan: Arc<LoadPlan>,
    pub(super) world: Arc<World>,
    pub(super) watch: Arc<Watch>,
    pub(super) start: Arc<Start>,
    pub(super) thread: usize,
    pub(super) threads: usize,
}

impl Part {
    /// Runs to the end. Every thread passes both barriers, whatever fails.
    pub(super) fn run(
        self,
        source: impl FnOnce(&Self) -> Option<Source>,
    ) -> Result<Figures, LoadError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(LoadError::Start);
        let source = source(&self).ok_or(LoadError::Nobody);
        let local = LocalSet::new();
        let ready = runtime.and_then(|runtime| {
            let links = local.block_on(&runtime, self.connect())?;
            Ok((runtime, links, source?))
        });
        if ready.is_err() {
            self.start.failed.store(true, Ordering::Relaxed);
        }
        self.start.ready.wait();
        self.start.set.wait();
        let (runtime, links, source) = ready?;
        if self.start.failed.load(Ordering::Relaxed) {
            return Ok(Figures::default());
        }
        let began = self.start.began.get().copied();
        let began = began.unwrap_or_else(crate::clock::now);
        local.block_on(&runtime, self.drive(began, links, source))
    }

    async fn connect(&self) -> Result<Vec<Rc<Link>>, LoadError> {
        let plan = &self.plan;
        let mut links = Vec::new();
        for _ in (self.thread..plan.connections).step_by(self.threads) {
            let link = Link::new(plan.server);
            link.open()
                .await
                .map_err(|_| LoadError::Connect(plan.server))?;
            links.push(link);
        }
        Ok(links)
    }

    async fn drive(
        &self,
        began: Instant,
        links: Vec<Rc<Link>>,
        source: Source,
    ) -> Result<Figures, LoadError> {
        let plan = &self.plan;
        let turnstile = Turnstile::new(
            &plan.pace,
            (self.thread, self.threads),
            began,
            plan.patience,
            plan.seed,
            Arc::clone(&self.watch),
        )
        .map_err(LoadError::Start)?;
        let desk = Rc::new(Desk::new(
            Arc::clone(&self.world),
            source,
            turnstile,
            Arc::clone(&self.watch),
            (began, plan.warm_up),
            (plan.verified, plan.seed),
        ));
        let ticking = {
            let (desk, watch) = (Rc::clone(&desk), Arc::clone(&self.watch));
            // Who is to send all of something would else go on for ever.
            let longest = plan.goal.map(|_| plan.longest_absence);
            tokio::task::spawn_local(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    desk.tick();
                    if longest.is_some_and(|longest| desk.is_left_alone(longest)) {
                        watch.stop();
                    }
                }
            })
        };
        let mut lanes = JoinSet::new();
        // Connection by connection, so that few messages at once are on all connections.
        for place in 0..plan.in_flight {
            // A call beyond what the peer takes at once would wait within this program, and its
            // time be taken for the service's.
            for link in links.iter().filter(|link| place < link.most()) {
                let (desk, link) = (Rc::clone(&desk), Rc::clone(link));
                match plan.shape {
                    Shape::Stream => {
                        lanes.spawn_local(flow(desk, link, plan.deadline, plan.window))
                    }
                    _ => lanes.spawn_local(lane(desk, link, plan.deadline)),
                };
            }
        }
        while let Some(ended) = lanes.join_next().await {
            if let Err(error) = ended
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        ticking.abort();
        desk.close();
        let mut figures = desk.figures.take();
        let left_out = links
            .iter()
            .map(|link| plan.in_flight.saturating_sub(link.most()) as u64);
        figures.left_out = left_out.sum();
        figures.reconnects = links.iter().map(|link| link.made().saturating_sub(1)).sum();
        Ok(figures)
    }
}
