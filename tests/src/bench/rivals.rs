//! Who is measured: the service as it is and without some of its parts, and its rivals.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::house::{CALLS, House};
use super::processes::{Server, cpu_of_all, cpu_of_threads};
use super::run::Rival;
use super::{generator, plain, scrape};
use crate::country::held::{Held, authority};
use crate::country::postgres::psql;
use crate::stage;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What every table needs to be read with.
pub const NOTES: &str = "\
Ratios are to the first side, taken round by round: median (least..most). `srv us` and `gen us` are
microseconds of processor time an item, of the side's own processes with their database, and of the
generator. The service answers from its cache and records durably before every answer, unless the
side says otherwise; metrics are always counted, with a few plain additions a call that cannot be
turned off, and read by nobody unless the side says so. The bare echo answers one hot canned reply
and looks at nothing, which favours it. The stub answers with replies of the service that it has
kept, and does nothing else: what the generator can ask at most. redis-benchmark runs at most 256
connections and pgbench at most 64, each with a generator of its own. Misses: the service keeps one
citizen in memory, so that every lookup is read from PostgreSQL; that it was is checked. Recording:
whatever is asked is written to files; that nothing of it was dropped is checked. Seeding
includes making the citizens, the indexes and the statistics; the copies are given their rows in a
file.";

/// What a side can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Unary lookups of citizens that the service keeps in memory.
    Unary,
    /// Streams of them.
    Streams,
    /// Unary lookups of citizens that must be read from PostgreSQL.
    Misses,
    /// Unary lookups and streams of a service that records its traffic, and of one that does not.
    Recorded,
}

struct Side {
    name: &'static str,
    rival: Rival,
    asked: &'static [Asked],
}

/// All sides of a run, started.
pub struct All {
    sides: Vec<Side>,
    parts: Option<Held>,
    folder: tempfile::TempDir,
}

impl All {
    /// The sides that can be asked this; every ratio is to the first.
    pub fn of(&self, asked: Asked) -> Vec<(String, &Rival)> {
        let of = self.sides.iter().filter(|side| side.asked.contains(&asked));
        of.map(|side| (side.name.to_owned(), &side.rival)).collect()
    }

    /// The service in its usual form, and the stub that has learned from it.
    pub fn service_and_stub(&self) -> Option<(&Server, &Server)> {
        let server = |name| {
            let side = self.sides.iter().find(|side| side.name == name)?;
            match &side.rival {
                Rival::Server { server, .. } | Rival::Stub(server) => Some(server),
                _ => None,
            }
        };
        Some((server(SERVICE)?, server(STUB)?))
    }

    /// Seconds of processor time so far: of the thread that writes the recording, and of all of the
    /// service that records.
    pub fn recorder(&self) -> io::Result<(f64, f64)> {
        let id = self.recording()?.id();
        Ok((cpu_of_threads(id, "dancu-recording")?, cpu_of_all(id)))
    }

    fn recording(&self) -> io::Result<&Server> {
        let side = self.sides.iter().find(|side| side.name == RECORDED);
        match side.map(|side| &side.rival) {
            Some(Rival::Server { server, .. }) => Ok(server),
            _ => Err(io::Error::other("nothing is recorded")),
        }
    }

    /// Checks that what was recorded is whole: what is dropped costs nothing.
    pub fn nothing_dropped(&self) -> io::Result<()> {
        let server = self.recording()?;
        let ops = server
            .ops
            .ok_or_else(|| io::Error::other("the service tells no metrics"))?;
        match scrape::recorded(ops)? {
            (written, 0.0) if written > 0.0 => Ok(()),
            (written, dropped) => Err(io::Error::other(format!(
                "{written} messages were recorded and {dropped} dropped"
            ))),
        }
    }

    /// PostgreSQL and Redis, where they were asked for.
    pub fn parts(&self) -> Option<&Held> {
        self.parts.as_ref()
    }

    /// A folder that goes with the run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The service as it is served.
pub const SERVICE: &str = "dancu";
/// The service with its traffic recorded.
const RECORDED: &str = "dancu, traffic recorded";
/// The stub.
pub const STUB: &str = "stub with kept replies";

/// Who is to be started.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The echo, the service as it is served, and the stub.
    pub usual: bool,
    /// The service with and without what costs, and what one would write first.
    pub more: bool,
    /// PostgreSQL and Redis.
    pub parts: bool,
    /// What reads PostgreSQL for every lookup, and Redis.
    pub over_parts: bool,
    /// The service with its traffic recorded.
    pub recorded: bool,
}

/// Starts whoever is wanted.
pub fn begin(house: &House, wanted: Wanted, items: u64) -> Result<All, Failed> {
    let folder = tempfile::tempdir()?;
    let stage = Stage {
        house,
        items,
        folder: folder.path(),
    };
    let mut sides = Vec::new();
    if wanted.usual {
        sides.extend(stage.usual()?);
    }
    if wanted.more {
        sides.extend(stage.without()?);
        sides.extend(stage.plainly()?);
    }
    if wanted.recorded {
        sides.extend(stage.recording()?);
    }
    let parts = wanted.parts.then(|| Held::start(&[]));
    if let Some(parts) = parts.as_ref().filter(|_| wanted.over_parts) {
        sides.extend(stage.over_postgres(parts)?);
        sides.extend(redis(parts)?);
    }
    Ok(All {
        sides,
        parts,
        folder,
    })
}

struct Stage<'a> {
    house: &'a House,
    items: u64,
    folder: &'a Path,
}

impl Stage<'_> {
    /// This program as a rival, in a process of its own.
    fn myself(&self, what: &str) -> io::Result<Server> {
        let nation = self.house.nation();
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["--serve", what, "--items", &self.items.to_string()])
            .args(["--citizens", &nation.len().to_string()])
            .args(["--seed", &nation.seed().to_string()]);
        Server::start(&mut command)
    }

    /// The binary in a folder of its own; `change` may change its command.
    fn dancu(&self, name: &str, change: impl FnOnce(&mut Command)) -> io::Result<Server> {
        let data = self.folder.join(name);
        std::fs::create_dir(&data)?;
        let nation = self.house.nation();
        let binary = stage::sibling("dancu")?;
        let mut command = stage::serve_command(&binary, &data, nation.len(), nation.seed());
        change(&mut command);
        Server::start(command.stderr(Stdio::null()))
    }

    /// The echo, the service, and the stub that learns from it.
    fn usual(&self) -> Result<Vec<Side>, Failed> {
        const BOTH: &[Asked] = &[Asked::Unary, Asked::Streams];
        let echo = alone(self.myself("cores")?);
        let service = self.dancu("usual", |_| {})?;
        let stub = self.myself(&format!("stub:{}", service.address))?;
        let learns = stub.ops.ok_or("the stub does not tell where it learns")?;
        for traffic in [self.house.unary(), self.house.streams(self.items, 1)] {
            block_on(generator::once(learns, &traffic))??;
        }
        Ok(vec![
            side("echo, a runtime a core", echo, BOTH),
            side(SERVICE, alone(service), BOTH),
            side(STUB, Rival::Stub(stub), BOTH),
        ])
    }

    /// The service with and without what costs.
    fn without(&self) -> Result<Vec<Side>, Failed> {
        const BOTH: &[Asked] = &[Asked::Unary, Asked::Streams];
        let logged = self.dancu("logged", |command| {
            command.args(["--log-answered", "4000000000"]);
        })?;
        let scraped = self.dancu("scraped", |_| {})?;
        if let Some(ops) = scraped.ops {
            scrape::often(ops);
        }
        let memory = self.myself("memory")?;
        let stock = self.myself("stock")?;
        Ok(vec![
            side("dancu, a log line a message", alone(logged), BOTH),
            side(
                "dancu, metrics read 10 times a second",
                alone(scraped),
                BOTH,
            ),
            side("dancu, record in memory only", alone(memory), BOTH),
            side("echo, stock runtime", alone(stock), BOTH),
        ])
    }

    /// The service without and with its traffic recorded; without first, so that ratios are to it.
    fn recording(&self) -> Result<Vec<Side>, Failed> {
        const ASKED: &[Asked] = &[Asked::Recorded];
        let without = self.dancu("unrecorded", |_| {})?;
        let folder = self.folder.join("recordings");
        let setting = format!("recording.folder={}", folder.display());
        let with = self.dancu("recorded", |command| {
            command.args(["--set", &setting]);
        })?;
        Ok(vec![
            side("dancu, nothing recorded", alone(without), ASKED),
            side(RECORDED, alone(with), ASKED),
        ])
    }

    /// What one would write first, over a file.
    fn plainly(&self) -> Result<Vec<Side>, Failed> {
        let file = self.folder.join("plain.sqlite");
        block_on(plain::fill_sqlite(self.house.nation(), &file))??;
        let place = file.to_str().ok_or("the folder has an odd name")?;
        let plain = alone(self.myself(place)?);
        Ok(vec![side(
            "written plainly, SQLite",
            plain,
            &[Asked::Unary],
        )])
    }

    /// What reads PostgreSQL for every lookup; pgbench first, so that ratios are to it.
    fn over_postgres(&self, parts: &Held) -> Result<Vec<Side>, Failed> {
        const MISSES: &[Asked] = &[Asked::Misses];
        let postmaster: u32 = parts.told("POSTGRES_PID").parse()?;
        let over = |server, misses| Rival::Server {
            server,
            beside: Some(postmaster),
            misses,
        };
        let (registry, ledger) = (parts.fresh_database(), parts.fresh_database());
        let both = parts.fresh_database();
        let serving = |name: &str, registry: &str, ledger: Option<&str>| {
            self.dancu(name, |command| {
                command.args(["--cached-citizens", "1"]);
                command.env("DANCU_REGISTRY_URL", registry);
                if let Some(ledger) = ledger {
                    command.env("DANCU_LEDGER_URL", ledger);
                }
            })
        };
        let file = serving("missing", &registry, None)?;
        let database = serving("missing-both", &both, Some(&ledger))?;
        let remembered = self.myself(&format!("memory:{registry}"))?;
        psql(&registry, include_str!("sql/points.sql"))?;
        let script = self.folder.join("point.sql");
        std::fs::write(&script, include_str!("sql/point.sql"))?;
        let pgbench = Rival::Pgbench {
            program: PathBuf::from(parts.told("BIN")).join("pgbench"),
            url: registry,
            server: postmaster,
            script,
            rows: self.house.nation().len().min(CALLS),
        };
        let plain = parts.fresh_database();
        block_on(plain::fill_postgres(self.house.nation(), &plain))??;
        let plain = over(self.myself(&plain)?, false);
        Ok(vec![
            side("pgbench, prepared point select", pgbench, MISSES),
            side(
                "written plainly, PostgreSQL",
                plain,
                &[Asked::Unary, Asked::Misses],
            ),
            side("dancu, every lookup a miss", over(file, true), MISSES),
            side(
                "the same, ledger in PostgreSQL",
                over(database, true),
                MISSES,
            ),
            side(
                "the same, record in memory only",
                over(remembered, true),
                MISSES,
            ),
        ])
    }
}

/// Redis as it is asked most often, and as it is asked fastest.
fn redis(parts: &Held) -> Result<Vec<Side>, Failed> {
    let at = authority(parts.told("REDIS"));
    let server = parts.told("REDIS_PID").parse()?;
    let get = |pipeline| Rival::Redis {
        at: (at.ip().to_string(), at.port().to_string()),
        server,
        pipeline,
        bytes: 229,
    };
    const BOTH: &[Asked] = &[Asked::Unary, Asked::Streams];
    Ok(vec![
        side("redis GET", get(1), BOTH),
        side("redis GET, pipelined by 16", get(16), BOTH),
    ])
}

fn side(name: &'static str, rival: Rival, asked: &'static [Asked]) -> Side {
    Side { name, rival, asked }
}

fn alone(server: Server) -> Rival {
    Rival::Server {
        server,
        beside: None,
        misses: false,
    }
}

fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(future))
}
