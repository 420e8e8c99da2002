//! Measures how fast a nation is generated and seeded into a registry file.
//!
//! `cargo run --release -p dancu-store --example seeding -- [citizens] [file]`
//!
//! Generation and seeding run side by side, as they do in the service; the same generation is
//! timed alone first, so that the two can be told apart.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use dancu_domain::{Freshness, IdKey, NationId, Registry as _};
use dancu_population::{BLOCK, GENERATOR_VERSION, Nation};
use dancu_store::{RegistryMeta, Seeding, SqliteRegistry};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example prints what it measured")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let citizens: u64 = arguments.next().map_or(Ok(1_000_000), |n| n.parse())?;
    let folder = tempfile::tempdir()?;
    let path = arguments
        .next()
        .map_or_else(|| folder.path().join("registry.db"), PathBuf::from);
    let nation = Nation::new(1, citizens);
    let blocks = nation.len() / BLOCK;
    let rate = |seconds: f64| nation.len() as f64 / seconds;

    let start = now();
    let mut names = 0;
    for block in 0..blocks {
        names += nation.block(block).len();
    }
    let alone = start.elapsed().as_secs_f64();
    println!("generated {names} citizens: {:.0} a second", rate(alone));

    let start = now();
    let (send, mut receive) = tokio::sync::mpsc::channel(4);
    let generating = std::thread::spawn(move || {
        let mut chunk = Vec::new();
        for block in 0..blocks {
            chunk.extend(nation.block(block));
            if chunk.len() >= 8_192 || block + 1 == blocks {
                let full = std::mem::take(&mut chunk);
                if send.blocking_send(full).is_err() {
                    return;
                }
            }
        }
    });
    let meta = RegistryMeta {
        nation: NationId([1; 16]),
        seed: nation.seed(),
        citizens: nation.len(),
        generator: GENERATOR_VERSION,
        reference_date: nation.reference_date(),
    };
    let mut seeding = Seeding::begin(&path, &meta).await?;
    while let Some(chunk) = receive.recv().await {
        seeding.load(chunk).await?;
    }
    generating
        .join()
        .map_err(|_| "the generation ended badly")?;
    let loaded = start.elapsed().as_secs_f64();
    seeding
        .finish(
            &Nation::agencies(),
            &nation.credentials(),
            &nation.licences(),
        )
        .await?;
    let seeded = start.elapsed().as_secs_f64();
    let bytes = std::fs::metadata(&path)?.len();
    println!(
        "seeded {} citizens in {seeded:.2} s ({loaded:.2} s until all were taken): {:.0} a second, \
         {} bytes a citizen",
        nation.len(),
        rate(seeded),
        bytes / nation.len(),
    );

    let (registry, _) = SqliteRegistry::open(&path)
        .await?
        .ok_or("a nation is there")?;
    let start = now();
    let (mut read, batches) = (0_u64, 200);
    for batch in 0..batches {
        let keys: Vec<IdKey> = (0..1_000)
            .map(|at| (batch * 1_000 + at) * 7_919 % nation.len())
            .map(|index| IdKey::Personal(nation.personal_id(index)))
            .collect();
        let reading = registry.read(&keys, Freshness::MinimizeLatency).await;
        let reading = reading.map_err(|error| format!("{error:?}"))?;
        read += reading
            .candidates
            .iter()
            .filter(|c| c.citizens().len() == 1)
            .count() as u64;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "read {read} citizens by 1,000: {:.0} a second",
        read as f64 / seconds
    );
    registry.close().await;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "an example that measures is at the edge"
)]
fn now() -> Instant {
    Instant::now()
}
