//! `cargo run --release -p dancu-tests --bin kill -- --cycles 1000 --seed 1`: kill -9 under load.

use clap::Parser;
use dancu_tests::kill::{Plan, kill_loop};
use dancu_tests::stage;

/// Kills a server under load and compares what callers were told with what was recorded.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often.
    #[arg(long, default_value_t = 1000)]
    cycles: u32,
    /// Where the moments of the kills come from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Citizens of the nation.
    #[arg(long, default_value_t = 20_000)]
    citizens: u64,
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what it is for"
)]
fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let plan = Plan {
        cycles: arguments.cycles,
        seed: arguments.seed,
        citizens: arguments.citizens,
    };
    let outcome = kill_loop(stage::binary(), folder.path(), plan, |cycle| {
        if cycle % 50 == 0 {
            eprintln!("{cycle} kills");
        }
    });
    println!("{outcome:#?}");
    let clean = outcome.balance.differences.is_empty() && outcome.audit.is_none();
    if clean {
        std::process::ExitCode::SUCCESS
    } else {
        std::process::ExitCode::FAILURE
    }
}
