//! Who is measured: the service as it is and without some of its parts, and its rivals.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use dancu_domain::NationId;
use dancu_population::{GENERATOR_VERSION, KeyState, Nation, SandboxKey};
use dancu_server::{Backing, Config, Keys};
use dancu_store::{DirectoryRows, MemoryBlocks, MemoryRegistry, RegistryMeta};
use dancu_wire::pb::dancu::v1 as pb;
use pb::lookup_service_server::LookupServiceServer;

use super::echo::{self, Echo};
use super::generator::Traffic;
use super::plain;
use super::processes::Server;
use super::run::Rival;
use crate::country::held::{Held, authority};
use crate::{messages, stage};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What every table needs to be read with.
pub const NOTES: &str = "\
Ratios are to the first side, taken round by round: median (least..most). `srv us` and `gen us` are
microseconds of processor time an item, of the side's own processes and of the generator; databases
of other processes are not in `srv us` of who asks them. The service answers from its cache and
records durably before every answer, unless the side says otherwise; metrics are always counted. The
bare echo answers one hot canned reply and looks at nothing, which favours it. redis-benchmark runs
at most 256 connections and pgbench at most 64, each with a generator of its own.";

/// What all sides are asked about.
#[derive(Debug)]
pub struct House {
    nation: Nation,
    key: SandboxKey,
}

impl House {
    /// A nation and an agency that may ask about it.
    pub fn new(citizens: u64, seed: u64) -> Result<Self, Failed> {
        let nation = Nation::new(seed, citizens);
        let mut keys = nation.sandbox_keys().into_iter();
        let key = keys.find(|key| key.state == KeyState::Valid && key.agency.text() == "H26");
        let key = key.ok_or("the nation has no key for H26")?;
        Ok(Self { nation, key })
    }

    /// Lookups, a call each.
    pub fn unary(&self) -> Traffic {
        Traffic {
            path: "/dancu.v1.LookupService/LookupCitizen",
            key: self.key.key.clone(),
            messages: Arc::new(messages::framed_lookups(&self.nation, 8_192, &self.key)),
            items: 1,
            stream: None,
        }
    }

    /// Lookups of whole records, so many a message of a stream.
    pub fn streams(&self, items: u64, depth: usize) -> Traffic {
        let messages = (0..32)
            .map(|n| {
                let batch = pb::BatchLookupCitizensRequest {
                    context: Some(messages::context(
                        &format!("bench-{n}"),
                        &self.key,
                        pb::Purpose::AdministrativeProcedure,
                    )),
                    view: pb::LookupView::Full.into(),
                    items: (0..items)
                        .map(|item| {
                            let index = (n * items + item) % self.nation.len();
                            pb::LookupItem {
                                claims: Some(messages::claims(&self.nation.citizen(index))),
                                ..Default::default()
                            }
                        })
                        .collect(),
                    ..Default::default()
                };
                messages::framed(&pb::StreamLookupCitizensRequest { batch: Some(batch) })
            })
            .collect();
        Traffic {
            path: "/dancu.v1.LookupService/StreamLookupCitizens",
            key: self.key.key.clone(),
            messages: Arc::new(messages),
            items,
            stream: Some(depth),
        }
    }

    /// What the echo answers: in streams everything that the agency may see of the citizen.
    fn echo(&self, items: usize) -> Echo {
        let citizen = self.nation.citizen(7);
        let header = pb::AnswerHeader {
            request_id: "bench-7".to_owned(),
            revision: Some(pb::Revision {
                nation: "0".repeat(32),
                number: 0,
            }),
            source: pb::Source::Memory.into(),
            receipt: Some(pb::Receipt {
                writer: 1,
                first_index: 1_000_000,
                count: 1,
            }),
        };
        let result = |attributes| pb::LookupResult {
            outcome: pb::LookupOutcome::Found.into(),
            level: pb::MatchLevel::Exact.into(),
            citizen: Some(dancu_wire::citizen(&citizen, attributes)),
            ..Default::default()
        };
        let granted = self
            .nation
            .licences()
            .into_iter()
            .filter(|licence| licence.agency == self.key.agency)
            .fold(dancu_domain::AttributeSet::NONE, |all, licence| {
                all.or(licence.attributes)
            });
        let reply = |attributes| pb::LookupCitizenResponse {
            header: Some(header.clone()),
            result: Some(result(attributes)),
        };
        Echo::new(
            reply(dancu_domain::AttributeSet::BASIC.and(granted)),
            reply(granted),
            items,
        )
    }
}

/// Serves as what `what` says, until the process ends. Returns the address.
pub fn serve(house: &House, what: &str, items: usize) -> Result<std::net::SocketAddr, Failed> {
    Ok(match what {
        "cores" => echo::serve_per_core(&house.echo(items), 2)?,
        "stock" => echo::serve_stock(LookupServiceServer::new(house.echo(items)), None)?,
        "memory" => serve_in_memory(&house.nation)?,
        place => plain::serve(place)?,
    })
}

/// The service whose record is gathered and waited for like always, and then kept in memory.
fn serve_in_memory(nation: &Nation) -> Result<std::net::SocketAddr, Failed> {
    let folder = tempfile::tempdir()?;
    let config = Config {
        data: folder.path().to_owned(),
        listen: "127.0.0.1:0".parse()?,
        ops: None,
        ..Config::default()
    };
    let meta = RegistryMeta {
        nation: NationId([9; 16]),
        seed: nation.seed(),
        citizens: nation.len(),
        generator: GENERATOR_VERSION,
        reference_date: nation.reference_date(),
    };
    let people = (0..nation.blocks()).flat_map(|block| nation.block(block));
    let rows = DirectoryRows {
        agencies: Nation::agencies(),
        credentials: nation.credentials(),
        licences: nation.licences(),
    };
    let registry = Arc::new(MemoryRegistry::from_citizens(meta, people, rows));
    let keys = Keys::random()?;
    let running = dancu_server::start_with(config, move || async move {
        let backing = Backing {
            meta,
            registry,
            blocks: MemoryBlocks::new(),
            keys,
            beside: None,
        };
        Ok((backing, ()))
    })?;
    let address = running.grpc_addr();
    // Both live as long as the process.
    std::mem::forget((running, folder));
    Ok(address)
}

/// All sides of a run, started.
#[derive(Debug)]
pub struct All {
    sides: Vec<(&'static str, Rival, Takes)>,
    _parts: Option<Held>,
    _folder: tempfile::TempDir,
}

/// What a side can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Unary,
    Both,
}

impl All {
    /// The sides of unary calls, the bare echo first.
    pub fn unary(&self) -> Vec<(String, &Rival)> {
        self.sides
            .iter()
            .map(|(name, rival, _)| ((*name).to_owned(), rival))
            .collect()
    }

    /// The sides of streams, the bare echo first.
    pub fn streams(&self) -> Vec<(String, &Rival)> {
        self.sides
            .iter()
            .filter(|(_, _, takes)| *takes == Takes::Both)
            .map(|(name, rival, _)| ((*name).to_owned(), rival))
            .collect()
    }
}

/// Starts whoever is measured.
pub fn begin(house: &House, short: bool, parts: bool, items: u64) -> Result<All, Failed> {
    let folder = tempfile::tempdir()?;
    let myself = |what: &str| {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["--serve", what, "--items", &items.to_string()])
            .args(["--citizens", &house.nation.len().to_string()])
            .args(["--seed", &house.nation.seed().to_string()]);
        Server::start(&mut command).map(Rival::Server)
    };
    let dancu = |name: &str, options: &[&str]| {
        let data = folder.path().join(name);
        std::fs::create_dir(&data)?;
        let (citizens, seed) = (house.nation.len(), house.nation.seed());
        let binary = stage::sibling("dancu")?;
        let mut command = stage::serve_command(&binary, &data, citizens, seed);
        command.args(options);
        Server::start(command.stderr(Stdio::null())).map(Rival::Server)
    };
    let mut sides = vec![
        ("echo, a runtime a core", myself("cores")?, Takes::Both),
        ("dancu", dancu("usual", &[])?, Takes::Both),
    ];
    let mut held = None;
    if !short {
        let logged = dancu("logged", &["--log-answered", "4000000000"])?;
        sides.push(("dancu, a log line a message", logged, Takes::Both));
        let memory = myself("memory")?;
        sides.push(("dancu, record in memory only", memory, Takes::Both));
        sides.push(("echo, stock runtime", myself("stock")?, Takes::Both));
        let file = folder.path().join("plain.sqlite");
        block_on(plain::fill_sqlite(&house.nation, &file))??;
        let place = file.to_str().ok_or("the folder has an odd name")?;
        sides.push(("written plainly, SQLite", myself(place)?, Takes::Unary));
    }
    if parts {
        let parts = Held::start(&[]);
        let url = parts.fresh_database();
        block_on(plain::fill_postgres(&house.nation, &url))??;
        sides.push(("written plainly, PostgreSQL", myself(&url)?, Takes::Unary));
        let script = folder.path().join("point.sql");
        std::fs::write(&script, include_str!("sql/point.sql"))?;
        let pgbench = Rival::Pgbench {
            program: PathBuf::from(parts.told("BIN")).join("pgbench"),
            url,
            server: parts.told("POSTGRES_PID").parse()?,
            script,
            rows: house.nation.len(),
        };
        sides.push(("pgbench, point select", pgbench, Takes::Unary));
        for (name, pipeline) in [("redis GET", 1), ("redis GET, pipelined by 16", 16)] {
            let at = authority(parts.told("REDIS"));
            let redis = Rival::Redis {
                at: (at.ip().to_string(), at.port().to_string()),
                server: parts.told("REDIS_PID").parse()?,
                pipeline,
                bytes: 229,
            };
            sides.push((name, redis, Takes::Both));
        }
        held = Some(parts);
    }
    Ok(All {
        sides,
        _parts: held,
        _folder: folder,
    })
}

fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(future))
}

/// What it runs on, in a few words.
pub fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("processor unknown", |(_, model)| model);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("{cpus} x {model}, load {load} at the start")
}

/// The commit of the checkout that this is run in.
pub fn commit() -> String {
    let output = Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .output();
    output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
