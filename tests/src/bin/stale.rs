//! `cargo run --release -p dancu-tests --bin stale -- --probes 1000000 --seed 1`: looks for stale
//! answers of three instances over one PostgreSQL and one Redis.

use clap::Parser;
use dancu_tests::bench::machine;
use dancu_tests::stale::{Plan, probe};

/// Pushes changes and reads them back everywhere, with the revision and without.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many changes.
    #[arg(long, default_value_t = 1_000_000)]
    probes: u64,
    /// Where choice and weather come from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Citizens of the nation.
    #[arg(long, default_value_t = 50_000)]
    citizens: u64,
    /// How many work side by side.
    #[arg(long, default_value_t = 32)]
    lanes: u64,
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what it is for"
)]
fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    println!("{}\n", machine::heading("stale", ""));
    let plan = Plan {
        probes: arguments.probes,
        seed: arguments.seed,
        citizens: arguments.citizens,
        lanes: arguments.lanes,
    };
    let found = probe(plan, |done| eprintln!("{done} probes"));
    println!("{found:#?}");
    if found.clean() {
        std::process::ExitCode::SUCCESS
    } else {
        std::process::ExitCode::FAILURE
    }
}
