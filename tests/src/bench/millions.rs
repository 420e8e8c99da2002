//! A large nation beside a small one: what it takes to seed it, start it, keep it and ask it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dancu_population::{Nation, SandboxKey};
use serde::Serialize;

use super::generator::{Load, Measured, Traffic, drive, once};
use super::house::House;
use super::processes::{Server, cpu_of_all};
use super::report::Rounds;
use crate::country::held::Held;
use crate::overload::standing;
use crate::{messages, stage};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Citizens of a message while a nation is read in.
const AT_ONCE: u64 = 1_000;
/// Messages that are made before they are sent.
const MADE: u64 = 64;
/// How many different citizens are asked about while lookups are measured.
const ASKED: u64 = 65_536;

/// How a nation was served.
#[derive(Clone, Debug, Serialize)]
pub struct Served {
    /// Where its registry lies.
    pub place: &'static str,
    /// Its citizens.
    pub citizens: u64,
    /// Seconds that it took to seed it.
    pub seeding: f64,
    /// Bytes of the registry's file; of a file only.
    pub file_bytes: Option<u64>,
    /// Seconds of a start whose file was in no cache of the system; of a file only.
    pub start_cold: Option<f64>,
    /// Seconds of a start after that.
    pub start_warm: f64,
    /// Memory after the start, in bytes.
    pub empty: u64,
    /// Memory once everybody was looked up.
    pub full: u64,
    /// Citizens a second while everybody was looked up for the first time.
    pub first_reading: f64,
    /// Lookups a second, by round.
    pub rates: Vec<f64>,
    /// Microseconds of the service's processor time a lookup, by round.
    pub costs: Vec<f64>,
    /// 99th percentile in microseconds, by round.
    pub p99: Vec<f64>,
    /// Calls that were not answered with OK.
    pub failed: u64,
}

impl Served {
    /// Bytes of memory that a citizen takes: record, its key and what the level adds.
    pub fn bytes_a_citizen(&self) -> f64 {
        self.full.saturating_sub(self.empty) as f64 / self.citizens as f64
    }

    /// The figures, a line each.
    pub fn text(&self) -> String {
        let citizens = self.citizens as f64;
        let cold = self
            .start_cold
            .map_or("-".to_owned(), |s| format!("{s:.2}"));
        let file = self.file_bytes.map_or("-".to_owned(), |bytes| {
            format!("{:.0}", bytes as f64 / citizens)
        });
        format!(
            "{}, {} citizens\n  seeded in {:.1} s, {:.0} a second; {file} bytes a citizen on disk\n  \
             started in {cold} s cold, {:.2} s warm; {} MiB then\n  \
             everybody looked up once at {:.0} a second; {} MiB then, {:.0} bytes a citizen\n  \
             {:.0} lookups a second, {:.2} us of the service each, p99 {:.0} us, {} failed\n",
            self.place,
            self.citizens,
            self.seeding,
            citizens / self.seeding,
            self.start_warm,
            self.empty >> 20,
            self.first_reading,
            self.full >> 20,
            self.bytes_a_citizen(),
            Rounds(self.rates.clone()).median(),
            Rounds(self.costs.clone()).median(),
            Rounds(self.p99.clone()).median(),
            self.failed,
        )
    }
}

/// What is measured, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Citizens of the small nation and of the large one.
    pub citizens: (u64, u64),
    /// The seed of both.
    pub seed: u64,
    /// Rounds; in each, both nations are asked in turn.
    pub rounds: u32,
    /// Connections, calls in flight on each, how long.
    pub load: Load,
}

/// Seeds, starts, fills and asks both nations, in PostgreSQL where it is given and in files else.
pub fn serve_both(wanted: &Wanted, parts: Option<&Held>) -> Result<[Served; 2], Failed> {
    let folder = tempfile::tempdir()?;
    let begin = |citizens| Standing::raise(citizens, wanted.seed, parts, folder.path());
    let (small, large) = wanted.citizens;
    let mut both = [begin(small)?, begin(large)?];
    for _ in 0..wanted.rounds {
        for standing in &mut both {
            standing.ask(wanted.load);
        }
    }
    Ok(both.map(|standing| standing.served))
}

/// A nation that is served, everybody in memory.
struct Standing {
    server: Server,
    traffic: Traffic,
    served: Served,
}

impl Standing {
    fn raise(
        citizens: u64,
        seed: u64,
        parts: Option<&Held>,
        folder: &Path,
    ) -> Result<Self, Failed> {
        let house = House::new(citizens, seed)?;
        let nation = *house.nation();
        let home = Home {
            binary: stage::sibling("dancu")?,
            data: folder.join(citizens.to_string()),
            database: parts.map(Held::fresh_database),
            nation,
        };
        let seeding = home.seed()?;
        let file = home.data.join("registry.db");
        let file_bytes = std::fs::metadata(&file).ok().map(|file| file.len());
        let start_cold = if file_bytes.is_some() {
            forget(&home.data)?;
            Some(home.start()?.1)
        } else {
            // The database has what it wrote in its own memory; the first start is left out.
            home.start()?;
            None
        };
        let (server, start_warm) = home.start()?;
        let empty = standing(server.id()).1;
        let first_reading = read_in(server.address, &nation, house.key())?;
        let full = standing(server.id()).1;
        Ok(Self {
            traffic: house.spread(ASKED),
            served: Served {
                place: if parts.is_some() {
                    "PostgreSQL"
                } else {
                    "SQLite"
                },
                citizens: nation.len(),
                seeding,
                file_bytes,
                start_cold,
                start_warm,
                empty,
                full,
                first_reading,
                rates: Vec::new(),
                costs: Vec::new(),
                p99: Vec::new(),
                failed: 0,
            },
            server,
        })
    }

    /// Asks for as long as it is told, once.
    fn ask(&mut self, load: Load) {
        let before = cpu_of_all(self.server.id());
        let measured: Measured = drive(self.server.address, &self.traffic, load);
        let used = cpu_of_all(self.server.id()) - before;
        let all = measured.rate() * (measured.seconds + load.warm_up.as_secs_f64());
        self.served.rates.push(measured.rate());
        self.served.costs.push(used * 1e6 / all);
        let p99 = measured.latency.value_at_quantile(0.99);
        self.served.p99.push(p99 as f64);
        self.served.failed += measured.failed;
    }
}

/// Where a nation lives.
struct Home {
    binary: PathBuf,
    data: PathBuf,
    database: Option<String>,
    nation: Nation,
}

impl Home {
    /// Makes the nation; how many seconds that took.
    fn seed(&self) -> Result<f64, Failed> {
        let mut command = Command::new(&self.binary);
        command
            .args(["seed", "--citizens", &self.nation.len().to_string()])
            .args(["--seed", &self.nation.seed().to_string(), "--data"])
            .arg(&self.data)
            .stdin(Stdio::null());
        self.over(&mut command);
        let began = instant();
        let output = command.output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(began.elapsed().as_secs_f64())
    }

    /// Starts the service, with room for everybody in memory; how many seconds it took until it
    /// told where it listens.
    fn start(&self) -> Result<(Server, f64), Failed> {
        let (citizens, seed) = (self.nation.len(), self.nation.seed());
        let mut command = stage::serve_command(&self.binary, &self.data, citizens, seed);
        command
            .args(["--cached-citizens", &(citizens + 64).to_string()])
            .stderr(Stdio::null());
        self.over(&mut command);
        let began = instant();
        let server = Server::start(&mut command)?;
        Ok((server, began.elapsed().as_secs_f64()))
    }

    fn over(&self, command: &mut Command) {
        if let Some(database) = &self.database {
            command.env("DANCU_REGISTRY_URL", database);
        }
    }
}

/// Has the system forget what it keeps of these files.
fn forget(folder: &Path) -> Result<(), Failed> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_file() {
            continue;
        }
        std::fs::File::open(&path)?.sync_all()?;
        Command::new("dd")
            .arg(format!("if={}", path.display()))
            .args(["iflag=nocache", "count=0", "status=none"])
            .status()?;
    }
    Ok(())
}

/// Looks everybody up once; citizens a second.
fn read_in(server: SocketAddr, nation: &Nation, key: &SandboxKey) -> Result<f64, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut asking = Duration::ZERO;
    let mut next = 0;
    while next < nation.len() {
        let mut batches = Vec::new();
        while next < nation.len() && (batches.len() as u64) < MADE {
            let to = (next + AT_ONCE).min(nation.len());
            let batch = messages::lookups(nation, next..to, &format!("all-{next}"), key);
            batches.push(messages::framed(&batch));
            next = to;
        }
        let traffic = Traffic {
            path: "/dancu.v1.LookupService/BatchLookupCitizens",
            key: key.key.clone(),
            messages: Arc::new(batches),
            items: AT_ONCE,
            stream: None,
        };
        let began = instant();
        runtime.block_on(once(server, &traffic))?;
        asking += began.elapsed();
    }
    Ok(nation.len() as f64 / asking.as_secs_f64())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the benchmark measures on the wall clock"
)]
fn instant() -> Instant {
    Instant::now()
}
