//! `cargo run --release -p dancu-tests --bin away -- --seconds 30`: PostgreSQL and Redis stand
//! still for so long, under load.

use clap::Parser;
use dancu_tests::away::{postgres, redis};
use dancu_tests::bench::machine;

/// Pauses the parts, and holds what callers saw against what is promised.
#[derive(Debug, Parser)]
struct Arguments {
    /// For how long each.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
}

#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn main() {
    let Arguments { seconds } = Arguments::parse();
    println!("{}\n", machine::heading("away", ""));
    let found = redis::while_paused(redis::raise(), seconds).end();
    println!("Redis paused for {seconds} s: {found:#?}");
    postgres::while_paused(seconds);
    println!("PostgreSQL paused for {seconds} s: as promised");
}
