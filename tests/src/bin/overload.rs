//! `cargo run --release -p dancu-tests --bin overload`: load beyond the capacity.
//!
//! Finds what the service answers at most, then asks one, two, five and ten times as much of it by
//! a schedule that does not wait.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use dancu_load::draw::Shape;
use dancu_tests::bench::conduct::{self, Tidy};
use dancu_tests::bench::machine;
use dancu_tests::overload::told::Step;
use dancu_tests::overload::{Stage, Wanted, ends_well};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Load beyond the capacity: goodput, what the answered waited, what was shed, memory, descriptors.
#[derive(Debug, Parser)]
struct Arguments {
    /// Citizens of the nation.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    citizens: u64,
    /// Seed of the nation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Cores that answer; left out, all that the service may use.
    #[arg(long)]
    cores: Option<usize>,
    /// Gives the service the first half of the cores and the load tool the second.
    #[arg(long)]
    apart: bool,
    /// A setting of the service, such as limits.calls=1000; can be given many times.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// How messages travel.
    #[arg(long, value_enum, default_value_t = Travel::Unary)]
    shape: Travel,
    /// Items of a message of a batch or a stream.
    #[arg(long, default_value_t = 100, value_parser = conduct::some)]
    size: usize,
    /// Connections.
    #[arg(long, default_value_t = 8, value_parser = conduct::some)]
    connections: usize,
    /// Calls in flight on each, of callers who wait: among them the capacity is found.
    #[arg(long, value_delimiter = ',', default_value = "8,64,128,256", value_parser = conduct::some)]
    closed: Vec<usize>,
    /// Calls in flight on each, at most, beyond the capacity.
    #[arg(long, default_value_t = 1_024, value_parser = conduct::some)]
    in_flight: usize,
    /// Multiples of the capacity.
    #[arg(long, value_delimiter = ',', default_value = "1,2,5,10", value_parser = conduct::factor)]
    factors: Vec<f64>,
    /// Seconds that each step is measured.
    #[arg(long, default_value = "5", value_parser = conduct::seconds)]
    seconds: Duration,
    /// Seconds that each step runs before.
    #[arg(long, default_value = "2", value_parser = conduct::warm_up)]
    warm_up: Duration,
    /// Writes every figure here, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Travel {
    Unary,
    Batch,
    Stream,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[expect(
    clippy::print_stdout,
    reason = "the figures are what the command is for"
)]
fn main() -> Result<(), Failed> {
    let arguments = Arguments::parse();
    conduct::writable(&arguments.json)?;
    let _tidy = Tidy::begin()?;
    let (shape, size) = match arguments.shape {
        Travel::Unary => (Shape::Unary, 1),
        Travel::Batch => (Shape::Batch, arguments.size),
        Travel::Stream => (Shape::Stream, arguments.size),
    };
    let wanted = Wanted {
        citizens: arguments.citizens,
        seed: arguments.seed,
        cores: arguments.cores,
        apart: arguments.apart,
        settings: arguments.settings.clone(),
        shape,
        size,
        connections: arguments.connections,
        closed: arguments.closed.clone(),
        in_flight: arguments.in_flight,
        factors: arguments.factors.clone(),
        measured: arguments.seconds,
        warm_up: arguments.warm_up,
    };
    let heading = machine::heading("overload", "");
    println!("{heading}\n\n{}", Step::heading());
    let stage = Stage::raise(&wanted)?;
    let report = stage.run(&wanted, |step| println!("{}", step.line()))?;
    println!("\n{}", report.text());
    if let Some(path) = &arguments.json {
        let whole =
            serde_json::json!({ "run": heading, "kept": report.is_kept(), "report": report });
        conduct::write(path, &serde_json::to_vec_pretty(&whole)?)?;
    }
    if !ends_well(stage)? {
        return Err("the service did not end well after the overload".into());
    }
    if !report.is_sound() {
        return Err("a reply was wrong".into());
    }
    Ok(())
}
