//! `cargo run --profile bench -p dancu-tests --bin bench`: the service beside its rivals.
//!
//! Every side runs in a process of its own; the generator is this one. Rounds go A B C A B C, so
//! that a machine that gets slower slows them all. Only the ratios of one run mean anything.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use dancu_tests::bench::rivals::{self, House, serve};
use dancu_tests::bench::run::{Concurrency, Pace, table};
use dancu_tests::bench::{plot, report::Table};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the service beside its rivals, in one run, interleaved.
#[derive(Debug, Parser)]
struct Arguments {
    /// Citizens of the nation.
    #[arg(long, default_value_t = 100_000)]
    citizens: u64,
    /// Seed of the nation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rounds; each measures every side once.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds measured a side and round.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Seconds that a side runs uncounted before.
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
    /// Connections x calls in flight, of unary calls.
    #[arg(long, value_delimiter = ',', default_value = "8x1,8x64,8x256")]
    concurrency: Vec<Concurrency>,
    /// Connections x streams, of streams.
    #[arg(long, value_delimiter = ',', default_value = "8x1")]
    streams: Vec<Concurrency>,
    /// Items of a message of a stream.
    #[arg(long, default_value_t = 1_000)]
    items: u64,
    /// Messages of a stream on their way at once.
    #[arg(long, default_value_t = 2)]
    depth: usize,
    /// Only the service and the bare echo on a runtime a core.
    #[arg(long)]
    short: bool,
    /// Also what needs PostgreSQL and Redis, started by `deploy/parts`.
    #[arg(long)]
    parts: bool,
    /// Writes every figure here, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Draws the ratios here, as SVG.
    #[arg(long)]
    svg: Option<PathBuf>,
    /// Serve as a rival instead.
    #[arg(long, hide = true)]
    serve: Option<String>,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[expect(
    clippy::print_stdout,
    reason = "the figures are what the command is for"
)]
fn main() -> Result<(), Failed> {
    let arguments = Arguments::parse();
    let house = House::new(arguments.citizens, arguments.seed)?;
    if let Some(what) = &arguments.serve {
        println!("{}", serve(&house, what, arguments.items as usize)?);
        loop {
            std::thread::park();
        }
    }
    let heading = heading(&arguments);
    println!("{heading}\n");
    let pace = Pace {
        rounds: arguments.rounds,
        measured: Duration::from_secs_f64(arguments.seconds),
        warm_up: Duration::from_secs_f64(arguments.warm_up),
    };
    let all = rivals::begin(&house, arguments.short, arguments.parts, arguments.items)?;
    let mut tables: Vec<Table> = Vec::new();
    let unary = house.unary();
    for concurrency in &arguments.concurrency {
        let name = format!("unary lookups from the cache, {concurrency}");
        tables.push(table(name, &unary, *concurrency, pace, &all.unary())?);
        println!("{}", tables[tables.len() - 1].text());
    }
    let streams = house.streams(arguments.items, arguments.depth);
    for concurrency in &arguments.streams {
        let name = format!(
            "streams of {} whole records a message, {concurrency}, {} messages on their way",
            arguments.items, arguments.depth
        );
        tables.push(table(name, &streams, *concurrency, pace, &all.streams())?);
        println!("{}", tables[tables.len() - 1].text());
    }
    println!("{}", rivals::NOTES);
    if let Some(path) = &arguments.json {
        let tables: Vec<_> = tables.iter().map(Table::json).collect();
        let whole = json!({ "run": heading, "notes": rivals::NOTES, "tables": tables });
        std::fs::write(path, serde_json::to_vec_pretty(&whole)?)?;
    }
    if let Some(path) = &arguments.svg {
        std::fs::write(path, plot::svg(&heading, &tables))?;
    }
    Ok(())
}

/// What must be known to do it again.
fn heading(arguments: &Arguments) -> String {
    let command: Vec<String> = std::env::args().skip(1).collect();
    format!(
        "{}; commit {}; nation of {} of seed {}; {} rounds of {} s after {} s; bench {}",
        rivals::machine(),
        rivals::commit(),
        arguments.citizens,
        arguments.seed,
        arguments.rounds,
        arguments.seconds,
        arguments.warm_up,
        command.join(" ")
    )
}
