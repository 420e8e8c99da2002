//! A run: every side at every concurrency, round by round, in turn.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::generator::{Load, Traffic, drive};
use super::processes::{Server, cpu_of_all};
use super::report::{Side, Table};
use super::scrape;
use super::tools::{Told, pgbench, redis_get};

/// Connections x calls in flight on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency(pub usize, pub usize);

impl std::str::FromStr for Concurrency {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = |(a, b): (&str, &str)| Some(Self(a.parse().ok()?, b.parse().ok()?));
        text.split_once('x')
            .and_then(parse)
            .filter(|Self(a, b)| *a > 0 && *b > 0)
            .ok_or("written like 8x64")
    }
}

impl std::fmt::Display for Concurrency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.0, self.1)
    }
}

/// How long, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often every side is measured.
    pub rounds: u32,
    /// For how long each time.
    pub measured: Duration,
    /// For how long it runs uncounted before.
    pub warm_up: Duration,
}

/// Whoever is measured.
#[derive(Debug)]
pub enum Rival {
    /// A server, asked by our generator.
    Server {
        /// Its process.
        server: Server,
        /// The first process of the database that it asks, where that is one of its own.
        beside: Option<u32>,
        /// Whether hardly anything may come from its cache.
        misses: bool,
    },
    /// The stub: it answers unary calls at its first address, and streams at its second.
    Stub(Server),
    /// A Redis, asked by `redis-benchmark`.
    Redis {
        /// Host and port.
        at: (String, String),
        /// Its process.
        server: u32,
        /// Commands sent at once on a connection.
        pipeline: usize,
        /// The size of the value.
        bytes: usize,
    },
    /// A PostgreSQL, asked by `pgbench`.
    Pgbench {
        /// The program.
        program: PathBuf,
        /// The database.
        url: String,
        /// The server's first process.
        server: u32,
        /// The script of a call.
        script: PathBuf,
        /// Rows of the table.
        rows: u64,
    },
}

/// Measures the sides at one concurrency.
pub fn table(
    name: String,
    traffic: &Traffic,
    Concurrency(connections, in_flight): Concurrency,
    pace: Pace,
    rivals: &[(String, &Rival)],
) -> io::Result<Table> {
    let load = Load {
        connections,
        in_flight,
        measured: pace.measured,
        warm_up: pace.warm_up,
    };
    let side = |name: &String| Side {
        name: name.clone(),
        ..Side::default()
    };
    let mut sides: Vec<Side> = rivals.iter().map(|(name, _)| side(name)).collect();
    for _ in 0..pace.rounds {
        for ((_, rival), side) in rivals.iter().zip(&mut sides) {
            measure(rival, traffic, load, side)?;
        }
    }
    Ok(Table {
        name,
        unit: if traffic.stream.is_some() {
            "items"
        } else {
            "calls"
        },
        sides,
    })
}

/// Asks with our generator. `cpu` tells the processor time of the side so far, in seconds.
fn asked(
    address: SocketAddr,
    cpu: impl Fn() -> f64,
    traffic: &Traffic,
    load: Load,
    side: &mut Side,
) {
    let before = cpu();
    let measured = drive(address, traffic, load);
    let used = cpu() - before;
    // The server worked through the warm-up too, and as fast.
    let all = measured.rate() * (measured.seconds + load.warm_up.as_secs_f64());
    side.rate.0.push(measured.rate());
    side.server_cpu.0.push(used * 1e6 / all);
    let each = measured.ok.max(1) as f64;
    side.generator_cpu.0.push(measured.cpu * 1e6 / each);
    let latency = |q| measured.latency.value_at_quantile(q) as f64;
    side.p50.0.push(latency(0.5));
    side.p99.0.push(latency(0.99));
    side.failed += measured.failed;
}

/// Lookups of a citizen who was the last one read, which chance may bring in a row.
const BY_CHANCE: f64 = 20.0;

/// Whether a side that is to read its registry for every lookup did: all but one in a hundred, and
/// but a few where few were asked.
fn missed(before: (f64, f64), after: (f64, f64)) -> io::Result<()> {
    let (kept, asked) = (after.0 - before.0, after.1 - before.1);
    if asked > 0.0 && kept <= (0.01 * asked).max(BY_CHANCE) && kept < 0.5 * asked {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{kept} of {asked} lookups were answered from the cache"
    )))
}

fn measure(rival: &Rival, traffic: &Traffic, load: Load, side: &mut Side) -> io::Result<()> {
    let seconds = load.measured.as_secs_f64();
    let told = match rival {
        Rival::Server {
            server,
            beside,
            misses,
        } => {
            let cpu = || cpu_of_all(server.id()) + beside.map_or(0.0, cpu_of_all);
            let kept = || server.ops.filter(|_| *misses).map(scrape::kept).transpose();
            let before = kept()?;
            asked(server.address, cpu, traffic, load, side);
            return match (before, kept()?) {
                (Some(before), Some(after)) => missed(before, after),
                _ => Ok(()),
            };
        }
        Rival::Stub(server) => {
            let streams = server.ops.filter(|_| traffic.stream.is_some());
            let cpu = || cpu_of_all(server.id());
            asked(streams.unwrap_or(server.address), cpu, traffic, load, side);
            return Ok(());
        }
        Rival::Redis {
            at: (host, port),
            server,
            pipeline,
            bytes,
        } => {
            // It is told how often and not for how long; these are what such a machine does.
            let a_second = if *pipeline > 1 { 300_000.0 } else { 60_000.0 };
            let calls = (a_second * seconds) as usize;
            let clients = (load.connections * load.in_flight).min(256);
            redis_get(
                (host, port),
                *server,
                (clients, *pipeline, *bytes, calls.max(1)),
            )?
        }
        Rival::Pgbench {
            program,
            url,
            server,
            script,
            rows,
        } => {
            // More than so many connections only get into each other's way, and are not allowed.
            let clients = (load.connections * load.in_flight).min(64);
            pgbench((program, url), *server, script, (clients, *rows, seconds))?
        }
    };
    let Told {
        rate,
        server_cpu,
        seconds,
    } = told;
    side.rate.0.push(rate);
    side.server_cpu.0.push(server_cpu * 1e6 / (rate * seconds));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concurrency_is_read_as_it_is_written() {
        let read = "8x64".parse::<Concurrency>();
        assert_eq!(read.map(|c| c.to_string()).as_deref(), Ok("8x64"));
        for wrong in ["8", "x", "0x1", "8x0", "8x64x2"] {
            assert!(wrong.parse::<Concurrency>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_side_that_answers_from_its_cache_is_not_taken_for_one_that_reads() {
        assert!(missed((10.0, 100.0), (20.0, 1_100.0)).is_ok());
        assert!(missed((10.0, 100.0), (20.0, 200.0)).is_ok());
        assert!(missed((10.0, 100.0), (110.0, 5_100.0)).is_err());
        assert!(missed((10.0, 100.0), (20.0, 110.0)).is_err());
        assert!(missed((10.0, 100.0), (10.0, 100.0)).is_err());
    }
}
