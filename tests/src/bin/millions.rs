//! `cargo run --release -p dancu-tests --bin millions`: a large nation beside a small one.
//!
//! Both are seeded, started cold and warm, read into memory as a whole, and then asked in turn.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use dancu_tests::bench::conduct::{self, Tidy};
use dancu_tests::bench::generator::Load;
use dancu_tests::bench::machine;
use dancu_tests::bench::millions::{Served, Wanted, serve_both};
use dancu_tests::bench::report::Rounds;
use dancu_tests::bench::run::Concurrency;
use dancu_tests::country::held::Held;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Ten million citizens served from memory: bytes a citizen, starts, and what a lookup costs
/// beside the same at a hundred thousand.
#[derive(Debug, Parser)]
struct Arguments {
    /// Citizens of the large nation.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    citizens: u64,
    /// Citizens of the small one.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    small: u64,
    /// The seed of both.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rounds; in each, both are asked in turn.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Seconds measured a nation and round.
    #[arg(long, default_value = "4", value_parser = conduct::seconds)]
    seconds: Duration,
    /// Connections x calls in flight.
    #[arg(long, default_value = "8x256")]
    concurrency: Concurrency,
    /// Only files, only PostgreSQL (started by `deploy/parts`), or one after the other.
    #[arg(long, value_enum, default_value_t = Where::Both)]
    registry: Where,
    /// Writes every figure here, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Where {
    Sqlite,
    Postgres,
    Both,
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
    let heading = machine::heading("millions", "");
    println!("{heading}\n");
    let Concurrency(connections, in_flight) = arguments.concurrency;
    let wanted = Wanted {
        citizens: (arguments.small, arguments.citizens),
        seed: arguments.seed,
        rounds: arguments.rounds,
        load: Load {
            connections,
            in_flight,
            measured: arguments.seconds,
            warm_up: Duration::from_secs(1),
        },
    };
    let mut all = Vec::new();
    for postgres in [false, true] {
        let left_out = if postgres {
            Where::Sqlite
        } else {
            Where::Postgres
        };
        if arguments.registry == left_out {
            continue;
        }
        let parts = postgres.then(|| Held::start(&["--no-redis"]));
        let both = serve_both(&wanted, parts.as_ref())?;
        for served in &both {
            println!("{}", served.text());
        }
        println!("{}", ratio(&both));
        all.extend(both);
    }
    if let Some(path) = &arguments.json {
        let whole = serde_json::json!({ "run": heading, "served": all });
        conduct::write(path, &serde_json::to_vec_pretty(&whole)?)?;
    }
    match all.iter().map(|served| served.failed).sum() {
        0 => Ok(()),
        failed => Err(format!("{failed} calls were not answered").into()),
    }
}

/// The cost of a lookup in the large nation as a multiple of that in the small one.
fn ratio([small, large]: &[Served; 2]) -> String {
    let over = |a: &[f64], b: &[f64]| Rounds(a.to_vec()).over(&Rounds(b.to_vec()));
    let told = |ratio: &Rounds| {
        format!(
            "{:.3} ({:.3}..{:.3})",
            ratio.median(),
            ratio.least(),
            ratio.most()
        )
    };
    format!(
        "cost of a lookup at {} over the same at {}: {} by the service's processor time, {} by the \
         clock\n",
        large.citizens,
        small.citizens,
        told(&over(&large.costs, &small.costs)),
        told(&over(&small.rates, &large.rates)),
    )
}
