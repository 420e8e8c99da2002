//! `cargo run --release -p dancu-tests --bin kill -- --cycles 1000 --seed 1`: kill -9 under load;
//! with `--parts` of two instances, PostgreSQL and Redis.

use std::process::ExitCode;

use clap::Parser;
use dancu_tests::bench::machine;
use dancu_tests::kill::{Plan, kill_loop};
use dancu_tests::{kill_parts, stage};

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
    /// Kill two instances, the postmaster and Redis, and not one instance over files.
    #[arg(long)]
    parts: bool,
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what it is for"
)]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    println!("{}\n", machine::heading("kill", ""));
    let tell = |cycle| {
        if cycle % 50 == 0 {
            eprintln!("{cycle} kills");
        }
    };
    if arguments.parts {
        let plan = kill_parts::Plan {
            cycles: arguments.cycles,
            seed: arguments.seed,
            citizens: arguments.citizens,
        };
        let outcome = kill_parts::kill_loop(plan, tell);
        println!("{outcome:#?}");
        return verdict(
            outcome.balance.differences.is_empty() && outcome.live == outcome.balance.counted,
        );
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let plan = Plan {
        cycles: arguments.cycles,
        seed: arguments.seed,
        citizens: arguments.citizens,
    };
    let outcome = kill_loop(stage::binary(), folder.path(), plan, tell);
    println!("{outcome:#?}");
    verdict(outcome.balance.differences.is_empty() && outcome.audit.is_none())
}

fn verdict(clean: bool) -> ExitCode {
    if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
