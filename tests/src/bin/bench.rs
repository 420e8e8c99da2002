//! `cargo run --profile bench -p dancu-tests --bin bench`: the service beside its rivals.
//!
//! Every side runs in a process of its own; the generator is this one. Rounds go A B C A B C, so
//! that a machine that gets slower slows them all. Only the ratios of one run mean anything.

use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, ValueEnum};
use dancu_load::draw::Shape;
use dancu_tests::bench::conduct::{self, Tidy};
use dancu_tests::bench::generator::Traffic;
use dancu_tests::bench::house::House;
use dancu_tests::bench::report::Table;
use dancu_tests::bench::rivals::{All, Asked, NOTES, Wanted, begin};
use dancu_tests::bench::run::{Concurrency, Pace, table};
use dancu_tests::bench::serve::serve;
use dancu_tests::bench::{load_tool, machine, plot, seeding};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the service beside its rivals, in one run, interleaved.
#[derive(Debug, Parser)]
struct Arguments {
    /// Citizens of the nation.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    citizens: u64,
    /// Seed of the nation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rounds; each measures every side once.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Seconds measured a side and round.
    #[arg(long, default_value = "4", value_parser = conduct::seconds)]
    seconds: Duration,
    /// Seconds that a side runs uncounted before.
    #[arg(long, default_value = "1", value_parser = conduct::warm_up)]
    warm_up: Duration,
    /// Connections x calls in flight, of unary calls.
    #[arg(long, value_delimiter = ',', default_value = "8x1,8x64,8x256")]
    concurrency: Vec<Concurrency>,
    /// Connections x streams, of streams.
    #[arg(long, value_delimiter = ',', default_value = "8x1")]
    streams: Vec<Concurrency>,
    /// Items of a message of a stream.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    items: u64,
    /// Messages of a stream on their way at once.
    #[arg(long, default_value_t = 2, value_parser = conduct::some)]
    depth: usize,
    /// Connections x calls in flight, of lookups that are read from PostgreSQL.
    #[arg(long, value_delimiter = ',', default_value = "8x1,8x8")]
    misses: Vec<Concurrency>,
    /// Connections x calls in flight, of the load tool's unary calls; its streams are 8x1.
    #[arg(long, value_delimiter = ',', default_value = "8x64")]
    load_tool: Vec<Concurrency>,
    /// Connections x calls in flight, of unary calls that are recorded.
    #[arg(long, value_delimiter = ',', default_value = "8x64")]
    recorded: Vec<Concurrency>,
    /// Items that the load tool prepares a verb and thread.
    #[arg(long, default_value_t = 4_096, value_parser = conduct::some)]
    stock: usize,
    /// Citizens that are put into registries.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeded: u64,
    /// What is measured; left out, all that can be.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Section>,
    /// Only the service, the stub, and the bare echo on a runtime a core.
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
    refuse_what_cannot_be(&arguments);
    conduct::writable(arguments.json.iter().chain(&arguments.svg))?;
    let _tidy = Tidy::begin()?;
    let heading = heading(&arguments);
    println!("{heading}\n");
    let mut tables: Vec<Table> = Vec::new();
    measure(&arguments, &house, |table| {
        println!("{}", table.text());
        tables.push(table);
        // Each as soon as it is there: what was measured outlives what fails after it.
        keep(&arguments, &heading, &tables)
    })?;
    println!("{NOTES}");
    Ok(())
}

/// Ends with 2 where a section that was asked for cannot be measured.
fn refuse_what_cannot_be(arguments: &Arguments) {
    let asked = |section| arguments.only.contains(&section);
    let why = if asked(Section::Misses) && !arguments.parts {
        "--only misses needs --parts: lookups are read from PostgreSQL"
    } else if asked(Section::Seeding) && arguments.short && !arguments.parts {
        "--only seeding does not go with --short, unless there are --parts"
    } else {
        return;
    };
    Arguments::command()
        .error(ErrorKind::ArgumentConflict, why)
        .exit()
}

/// Writes down what has been measured so far.
fn keep(arguments: &Arguments, heading: &str, tables: &[Table]) -> Result<(), Failed> {
    if let Some(path) = &arguments.json {
        let tables: Vec<_> = tables.iter().map(Table::json).collect();
        let whole = json!({ "run": heading, "notes": NOTES, "tables": tables });
        conduct::write(path, &serde_json::to_vec_pretty(&whole)?)?;
    }
    if let Some(path) = &arguments.svg {
        conduct::write(path, plot::svg(heading, tables).as_bytes())?;
    }
    Ok(())
}

/// Measures section by section; `done` is handed each table.
fn measure(
    arguments: &Arguments,
    house: &House,
    mut done: impl FnMut(Table) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let pace = Pace {
        rounds: arguments.rounds,
        measured: arguments.seconds,
        warm_up: arguments.warm_up,
    };
    let wanted = |section| arguments.only.is_empty() || arguments.only.contains(&section);
    let (short, parts) = (arguments.short, arguments.parts);
    let asked = wanted(Section::Unary) || wanted(Section::Streams);
    let sides = Wanted {
        usual: asked || wanted(Section::LoadTool),
        more: asked && !short,
        parts,
        over_parts: parts && (asked || wanted(Section::Misses)),
        recorded: wanted(Section::Recording),
    };
    let all = begin(house, sides, arguments.items)?;
    let unary = house.unary();
    if wanted(Section::Unary) {
        for concurrency in &arguments.concurrency {
            let name = format!("unary lookups from the cache, {concurrency}");
            let sides = all.of(Asked::Unary);
            done(table(name, &unary, *concurrency, pace, &sides)?)?;
        }
    }
    if wanted(Section::Streams) {
        let streams = house.streams(arguments.items, arguments.depth);
        for concurrency in &arguments.streams {
            let name = format!(
                "streams of {} whole records a message, {concurrency}, {} messages on their way",
                arguments.items, arguments.depth
            );
            let sides = all.of(Asked::Streams);
            done(table(name, &streams, *concurrency, pace, &sides)?)?;
        }
    }
    if wanted(Section::LoadTool) {
        load_tool(arguments, house, &all, pace, &mut done)?;
    }
    if wanted(Section::Recording) {
        recording(arguments, house, &all, pace, &mut done)?;
    }
    if wanted(Section::Misses) && parts {
        for concurrency in &arguments.misses {
            let name = format!("unary lookups read from PostgreSQL, {concurrency}");
            let sides = all.of(Asked::Misses);
            done(table(name, &unary, *concurrency, pace, &sides)?)?;
        }
    }
    if wanted(Section::Seeding) && (parts || !short) {
        let (parts, folder) = (all.parts(), all.folder());
        done(seeding::table(
            house,
            arguments.seeded,
            parts,
            folder,
            pace.rounds,
        )?)?;
    }
    Ok(())
}

/// Unary calls and streams of a service that records them, beside one that does not; and what of its
/// processor time went to the thread that writes.
#[expect(
    clippy::print_stdout,
    reason = "the figures are what the command is for"
)]
fn recording(
    arguments: &Arguments,
    house: &House,
    all: &All,
    pace: Pace,
    done: &mut impl FnMut(Table) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let sides = all.of(Asked::Recorded);
    let mut measure = |name: String, traffic: &Traffic, concurrency| -> Result<(), Failed> {
        let before = all.recorder()?;
        done(table(name, traffic, concurrency, pace, &sides)?)?;
        let after = all.recorder()?;
        let share = 100.0 * (after.0 - before.0) / (after.1 - before.1);
        println!("  the thread that writes: {share:.1} % of the service's processor time\n");
        Ok(())
    };
    for concurrency in &arguments.recorded {
        let name = format!("unary lookups without and with a recording, {concurrency}");
        measure(name, &house.unary(), *concurrency)?;
    }
    for concurrency in &arguments.streams {
        let name = format!(
            "streams of {} records without and with a recording, {concurrency}",
            arguments.items
        );
        let streams = house.streams(arguments.items, arguments.depth);
        measure(name, &streams, *concurrency)?;
    }
    all.nothing_dropped()?;
    Ok(())
}

/// The load tool's unary calls and streams.
fn load_tool(
    arguments: &Arguments,
    house: &House,
    all: &All,
    pace: Pace,
    done: &mut impl FnMut(Table) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let sides = all.service_and_stub().ok_or("there is no stub")?;
    for concurrency in &arguments.load_tool {
        let how = (*concurrency, Shape::Unary, 1);
        done(load_tool::table(house, sides, how, arguments.stock, pace)?)?;
    }
    let how = (Concurrency(8, 1), Shape::Stream, 100);
    done(load_tool::table(house, sides, how, arguments.stock, pace)?)?;
    Ok(())
}

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Unary lookups from the cache.
    Unary,
    /// Streams of whole records.
    Streams,
    /// The load tool against the service and against the stub.
    LoadTool,
    /// Unary lookups and streams, recorded and not.
    Recording,
    /// Unary lookups that are read from PostgreSQL; with `--parts`.
    Misses,
    /// Putting a nation into a registry; into PostgreSQL with `--parts`.
    Seeding,
}

/// What must be known to do it again.
fn heading(arguments: &Arguments) -> String {
    let more = format!(
        "nation of {} of seed {}; {} rounds of {} s after {} s; ",
        arguments.citizens,
        arguments.seed,
        arguments.rounds,
        arguments.seconds.as_secs_f64(),
        arguments.warm_up.as_secs_f64(),
    );
    machine::heading("bench", &more)
}
