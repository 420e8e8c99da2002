//! Prints how many citizens a second one core makes: block by block, one by one, and numbers alone.
//!
//! Run with `cargo run --release -p dancu-population --example rate [-- CITIZENS]`.

use std::hint::black_box;
use std::time::Duration;

use dancu_population::{BLOCK, Nation};

fn main() {
    let wanted = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let nation = Nation::new(1, wanted.unwrap_or(2_000_000));
    // The lists of names and templates are read once.
    black_box(nation.citizen(0));

    report("in blocks", nation.len(), || {
        for block in 0..nation.blocks() {
            black_box(nation.block(block));
        }
    });
    let some = nation.len() / 10;
    report("one by one", some, || {
        for index in 0..some {
            black_box(nation.citizen(index * 7 % nation.len()));
        }
    });
    report("with events", some, || {
        for index in 0..some {
            black_box(nation.citizen_at(index * 7 % nation.len(), (index % 4) as u32));
        }
    });
    report("numbers alone", some, || {
        for index in 0..some {
            black_box(nation.personal_id(index * 7 % nation.len()));
        }
    });
    report("from numbers back", some, || {
        for index in 0..some {
            let id = nation.personal_id(index * 7 % nation.len());
            assert_eq!(nation.index_of(id), Some(index * 7 % nation.len()));
        }
    });
    assert!(nation.len().is_multiple_of(BLOCK));
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are what this example is for"
)]
fn report(what: &str, count: u64, make: impl FnOnce()) {
    let took = timed(make);
    let rate = count as f64 / took.as_secs_f64();
    println!("{what:>18}: {rate:>12.0} citizens a second ({count} in {took:.2?})");
}

fn timed(make: impl FnOnce()) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "an example measures at the edge")]
    let start = std::time::Instant::now();
    make();
    start.elapsed()
}
