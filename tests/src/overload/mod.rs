//! Load beyond the capacity: what is still answered, how fast, and what becomes of the rest (P11).

pub mod asked;
mod halves;
pub mod told;

use std::io;
use std::process::Stdio;
use std::time::Duration;

use dancu_domain::NationId;
use dancu_load::draw::Shape;
use dancu_load::run::nation_at;
use dancu_population::Nation;

use self::asked::Asking;
use self::told::{Report, Step};
use crate::bench::processes::Server;
use crate::stage;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What is asked of whom, and how hard.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Citizens of the nation.
    pub citizens: u64,
    /// Its seed.
    pub seed: u64,
    /// Cores that answer; left out, all that the service may use.
    pub cores: Option<usize>,
    /// Whether service and load tool have cores of their own.
    pub apart: bool,
    /// Settings of the service, each `NAME=VALUE`.
    pub settings: Vec<String>,
    /// How messages travel.
    pub shape: Shape,
    /// Items of a message.
    pub size: usize,
    /// Connections.
    pub connections: usize,
    /// Calls in flight on each at which the capacity is looked for, the best of which is taken.
    pub closed: Vec<usize>,
    /// Calls in flight on each, at most, beyond the capacity.
    pub in_flight: usize,
    /// Multiples of the capacity.
    pub factors: Vec<f64>,
    /// How long each run is measured.
    pub measured: Duration,
    /// How long each runs before.
    pub warm_up: Duration,
}

/// The service alone in a process of its own, and the load tool in this one.
#[derive(Debug)]
pub struct Stage {
    server: Server,
    nation: Nation,
    id: NationId,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Starts the service that lies beside this program.
    pub fn raise(wanted: &Wanted) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let binary = stage::sibling("dancu")?;
        let data = folder.path().join("data");
        let mut command = stage::serve_command(&binary, &data, wanted.citizens, wanted.seed);
        if wanted.apart {
            let [service, tool] = halves::halves()?;
            halves::take(&tool)?;
            command = halves::within(&service, &command);
        }
        if let Some(cores) = wanted.cores {
            command.args(["--cores", &cores.to_string()]);
        }
        for setting in &wanted.settings {
            command.args(["--set", setting]);
        }
        let server = Server::start(command.stderr(Stdio::null()))?;
        let nation = Nation::new(wanted.seed, wanted.citizens);
        let id = nation_at(server.address, &nation)?;
        Ok(Self {
            server,
            nation,
            id,
            _folder: folder,
        })
    }

    /// Finds the capacity in a closed loop and goes beyond it in an open one; `done` is shown each
    /// step.
    pub fn run(&self, wanted: &Wanted, mut done: impl FnMut(&Step)) -> Result<Report, Failed> {
        let asking = Asking {
            wanted,
            server: &self.server,
            nation: self.nation,
            id: self.id,
        };
        let mut closed = Vec::new();
        for in_flight in &wanted.closed {
            let step = asking.closed(*in_flight)?;
            done(&step);
            closed.push(step);
        }
        let best = wanted.closed.iter().zip(&closed);
        let best = best.max_by(|(_, a), (_, b)| a.messages.total_cmp(&b.messages));
        let Some((in_flight, best)) = best.filter(|(_, best)| best.messages > 0.0) else {
            return Err(io::Error::other("the service answered nothing").into());
        };
        let capacity = best.messages;
        let is_peak = wanted.closed.iter().any(|calls| calls > in_flight);
        // What a machine can do changes while others use it: the peak is measured again before and
        // after each step.
        let (mut peaks, mut open) = (Vec::new(), Vec::new());
        for factor in &wanted.factors {
            for (step, of) in [
                (asking.closed(*in_flight)?, &mut peaks),
                (asking.open(capacity, *factor)?, &mut open),
            ] {
                done(&step);
                of.push(step);
            }
        }
        let last = asking.closed(*in_flight)?;
        done(&last);
        peaks.push(last);
        Ok(Report {
            capacity,
            is_peak,
            closed,
            peaks,
            open,
        })
    }
}

/// Ends a process at its own wish: SIGTERM, and what its exit says.
pub fn ends_well(mut stage: Stage) -> io::Result<bool> {
    stage.server.terminate().map(|status| status.success())
}

/// Descriptors open and bytes of memory of a process.
pub(crate) fn standing(id: u32) -> (u64, u64) {
    let open = std::fs::read_dir(format!("/proc/{id}/fd")).map_or(0, |all| all.count() as u64);
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let memory = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(0_u64);
    (open, memory * 1024)
}
