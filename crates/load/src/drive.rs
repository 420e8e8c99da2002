//! A run: lanes over connections on threads of their own, from the first message to the report.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dancu_domain::{NationId, PersonalId};
use dancu_population::Nation;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

use crate::callers::Callers;
use crate::chance::Chance;
use crate::clock::now;
use crate::draw::{Draw, Shares, World};
use crate::lane::{Lane, Progress};
use crate::mix::{Mix, NATIONAL};
use crate::people::People;
use crate::report::Report;
use crate::versions::Versions;

/// What a run is to be.
#[derive(Clone, Debug)]
pub struct DemoPlan {
    /// The run's id, which stands in every request id: 1 to 20 letters or digits.
    pub run_id: String,
    /// The nation that answers.
    pub nation: Nation,
    /// The id of that nation, by which its answers are known.
    pub nation_id: NationId,
    /// Citizens whose records were changed from another source than [`crate::SOURCE`]: they are
    /// not drawn.
    pub changed_by_others: Vec<PersonalId>,
    /// For how long messages are sent.
    pub duration: Duration,
    /// What is drawn depends on it.
    pub seed: u64,
    /// Threads, each with a runtime of its own.
    pub threads: usize,
    /// Connections, over all threads.
    pub connections: usize,
    /// Calls in flight on a connection.
    pub calls_per_connection: usize,
    /// The shares of what is sent.
    pub shares: Shares,
    /// How many citizens are looked up once more at the end; 0 for none.
    pub sweep: u64,
}

impl DemoPlan {
    /// A plan with the usual connections and shares.
    pub fn new(run_id: String, nation: Nation, nation_id: NationId) -> Self {
        Self {
            run_id,
            nation,
            nation_id,
            changed_by_others: Vec::new(),
            duration: Duration::from_secs(30),
            seed: 1,
            threads: 1,
            connections: 8,
            calls_per_connection: 8,
            shares: Shares::default(),
            sweep: 0,
        }
    }
}

/// Why a run could not be made.
#[derive(Debug)]
pub enum DriveError {
    /// The plan asks for something that cannot be: the field, and what it must be.
    Plan(&'static str, &'static str),
    /// The service cannot be reached.
    Connect(tonic::transport::Error),
    /// A thread or a runtime could not be started.
    Start(std::io::Error),
}

impl fmt::Display for DriveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(field, must) => write!(f, "{field} must be {must}"),
            Self::Connect(_) => f.write_str("connect to the service"),
            Self::Start(_) => f.write_str("start a thread of the load client"),
        }
    }
}

impl std::error::Error for DriveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Plan(..) => None,
            Self::Connect(error) => Some(error),
            Self::Start(error) => Some(error),
        }
    }
}

/// Drives the three verbs against a service for as long as the plan says, and verifies every
/// reply. Blocks until the last reply is in.
pub fn drive(
    plan: DemoPlan,
    service: SocketAddr,
    progress: &Arc<Progress>,
) -> Result<Report, DriveError> {
    check(&plan)?;
    let keys = plan.nation.sandbox_keys();
    let world = Arc::new(World {
        callers: Callers::of(&plan.nation, &keys),
        people: People::new(plan.nation, &plan.changed_by_others),
        run_id: plan.run_id.clone(),
        nation_id: plan.nation_id,
        versions: Versions::default(),
        shares: plan.shares,
    });
    let began = now();
    let plan = Arc::new(plan);
    let threads = plan.threads.clamp(1, plan.connections);
    let mut running = Vec::with_capacity(threads);
    for thread in 0..threads {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(DriveError::Start)?;
        let part = Part {
            plan: Arc::clone(&plan),
            world: Arc::clone(&world),
            progress: Arc::clone(progress),
            thread,
            threads,
            until: began + plan.duration,
        };
        let spawned = std::thread::Builder::new()
            .name(format!("load-{thread}"))
            .spawn(move || runtime.block_on(part.run(service)));
        running.push(spawned.map_err(DriveError::Start)?);
    }
    let mut report = Report {
        run_id: plan.run_id.clone(),
        ..Report::default()
    };
    let mut failed = None;
    for thread in running {
        match thread.join() {
            Ok(Ok(part)) => report.add(part),
            Ok(Err(error)) => failed = Some(error),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    report.elapsed = now().duration_since(began);
    match failed {
        None => Ok(report),
        Some(error) => Err(error),
    }
}

fn check(plan: &DemoPlan) -> Result<(), DriveError> {
    let run_ok = (1..=20).contains(&plan.run_id.len())
        && plan.run_id.bytes().all(|b| b.is_ascii_alphanumeric());
    let rules = [
        ("run_id", run_ok, "1 to 20 letters or digits"),
        ("connections", plan.connections > 0, "at least 1"),
        (
            "calls_per_connection",
            plan.calls_per_connection > 0,
            "at least 1",
        ),
    ];
    match rules.into_iter().find(|(_, holds, _)| !holds) {
        Some((field, _, must)) => Err(DriveError::Plan(field, must)),
        None => Ok(()),
    }
}

/// What one thread does of a run.
struct Part {
    plan: Arc<DemoPlan>,
    world: Arc<World>,
    progress: Arc<Progress>,
    thread: usize,
    threads: usize,
    until: Instant,
}

impl Part {
    async fn run(self, service: SocketAddr) -> Result<Report, DriveError> {
        let report = Arc::new(Mutex::new(Report::default()));
        let mix = Arc::new(Mutex::new(Mix::new(NATIONAL)));
        let lanes = (self.plan.connections * self.plan.calls_per_connection) as u64;
        let mut running = JoinSet::new();
        for connection in (self.thread..self.plan.connections).step_by(self.threads) {
            let channel = connect(service).await?;
            for call in 0..self.plan.calls_per_connection {
                let lane = (connection * self.plan.calls_per_connection + call) as u64;
                running.spawn(
                    Lane {
                        world: Arc::clone(&self.world),
                        draw: Draw::new(Arc::clone(&self.world), self.plan.seed, lane, lanes),
                        mix: Arc::clone(&mix),
                        report: Arc::clone(&report),
                        progress: Arc::clone(&self.progress),
                        channel: channel.clone(),
                        chance: Chance::new(!self.plan.seed, lane),
                        language: if lane.is_multiple_of(2) { "vi" } else { "en" },
                        until: self.until,
                        sweep: self.plan.sweep,
                    }
                    .run(),
                );
            }
        }
        while let Some(lane) = running.join_next().await {
            if let Err(error) = lane
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *report))
    }
}

async fn connect(service: SocketAddr) -> Result<Channel, DriveError> {
    Endpoint::from_shared(format!("http://{service}"))
        .map_err(DriveError::Connect)?
        .connect_timeout(Duration::from_secs(5))
        .tcp_nodelay(true)
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(8 << 20)
        .connect()
        .await
        .map_err(DriveError::Connect)
}
