//! Measures a registry in PostgreSQL: seeding against COPY of the same rows, and reads by batches.
//!
//! `cargo run --release -p dancu-store --features conformance --example postgres -- [citizens]
//! [rounds]`
//!
//! The server is one of `deploy/parts`, or the one at the address in a third argument, whose role
//! must own the database; its tables of the registry are removed. COPY is that of the server
//! alone: the rows of the seeded table are written to the wire by `COPY TO`, held in memory, and
//! sent to an empty table of the same shape, which gets the same indexes. Both sides alternate.

use std::error::Error;
use std::time::Instant;

use dancu_domain::{Citizen, Freshness, IdKey, NationId, Registry as _};
use dancu_population::{BLOCK, GENERATOR_VERSION, Nation};
use dancu_store::conformance::parts::Parts;
use dancu_store::{PostgresOptions, PostgresRegistry, PostgresSeeding, RegistryMeta};
use futures::StreamExt as _;
use sqlx::{Connection as _, PgConnection};

const DROP: &str = "DROP TABLE IF EXISTS meta, seeding, citizens, changes, effects, agencies,
    credentials, licences, schema_steps";
const COPY_OUT: &str =
    "COPY citizens (personal_id, legacy_id, version, record) TO STDOUT (FORMAT binary)";
const MAKE: &str = "DROP TABLE IF EXISTS copied;
    CREATE TABLE copied (personal_id bigint NOT NULL, legacy_id integer, version integer NOT NULL,
        record bytea NOT NULL)";
const COPY_IN: &str =
    "COPY copied (personal_id, legacy_id, version, record) FROM STDIN (FORMAT binary)";
const INDEX: &str = "SET maintenance_work_mem = '256MB';
    ALTER TABLE copied ADD PRIMARY KEY (personal_id);
    CREATE INDEX copied_by_legacy_id ON copied (legacy_id) WHERE legacy_id IS NOT NULL;
    ANALYZE copied";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "an example prints what it measured")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let citizens: u64 = arguments.next().map_or(Ok(1_000_000), |n| n.parse())?;
    let rounds: usize = arguments.next().map_or(Ok(3), |n| n.parse())?;
    let (url, parts) = match arguments.next() {
        Some(url) => (url, None),
        None => {
            let parts = Parts::hold(&["--no-redis"]);
            (parts.postgres().to_owned(), Some(parts))
        }
    };
    let nation = Nation::new(1, citizens);
    let rate = |seconds: f64| nation.len() as f64 / seconds;
    let mut ratios = Vec::new();
    for round in 1..=rounds {
        let mut connection = PgConnection::connect(&url).await?;
        sqlx::raw_sql(DROP).execute(&mut connection).await?;
        sqlx::raw_sql("CHECKPOINT")
            .execute(&mut connection)
            .await
            .ok();
        let seeded = seed(&url, &nation).await?;
        let mut rows = Vec::new();
        let mut stream = connection.copy_out_raw(COPY_OUT).await?;
        while let Some(piece) = stream.next().await {
            rows.push(piece?);
        }
        drop(stream);
        sqlx::raw_sql(MAKE).execute(&mut connection).await?;
        let begun = now();
        let mut copy = connection.copy_in_raw(COPY_IN).await?;
        for piece in &rows {
            copy.send(&piece[..]).await?;
        }
        copy.finish().await?;
        let filled = begun.elapsed().as_secs_f64();
        sqlx::raw_sql(INDEX).execute(&mut connection).await?;
        let copied = begun.elapsed().as_secs_f64();
        sqlx::raw_sql("DROP TABLE copied")
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        println!(
            "round {round}: generated and seeded {:.0} a second ({seeded:.2} s); COPY {:.0} a \
             second with its indexes ({copied:.2} s), {:.0} without; ratio {:.2}",
            rate(seeded),
            rate(copied),
            rate(filled),
            copied / seeded
        );
        ratios.push(copied / seeded);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "seeding / COPY with indexes: median {:.2}, from {:.2} to {:.2}, of {} citizens",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1],
        nation.len()
    );
    read(&url, &nation).await?;
    drop(parts);
    Ok(())
}

/// Generates and seeds the nation; returns the seconds.
async fn seed(url: &str, nation: &Nation) -> Result<f64, Box<dyn Error>> {
    let begun = now();
    let (send, mut receive) = tokio::sync::mpsc::channel::<Vec<Citizen>>(4);
    let meta = RegistryMeta {
        nation: NationId([1; 16]),
        seed: nation.seed(),
        citizens: nation.len(),
        generator: GENERATOR_VERSION,
        reference_date: nation.reference_date(),
    };
    let made = Nation::new(nation.seed(), nation.len());
    let generating = std::thread::spawn(move || {
        let blocks = made.len() / BLOCK;
        let mut chunk = Vec::new();
        for block in 0..blocks {
            chunk.extend(made.block(block));
            if chunk.len() >= 8_192 || block + 1 == blocks {
                let full = std::mem::take(&mut chunk);
                if send.blocking_send(full).is_err() {
                    return;
                }
            }
        }
    });
    let mut seeding = PostgresSeeding::begin(&PostgresOptions::new(url), &meta).await?;
    while let Some(chunk) = receive.recv().await {
        seeding.load(chunk).await?;
    }
    let joined = generating.join();
    joined.map_err(|_| "the generation ended badly")?;
    let (agencies, credentials) = (Nation::agencies(), nation.credentials());
    seeding
        .finish(&agencies, &credentials, &nation.licences())
        .await?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Reads batches of many sizes, eight at a time.
#[expect(clippy::print_stdout, reason = "an example prints what it measured")]
async fn read(url: &str, nation: &Nation) -> Result<(), Box<dyn Error>> {
    let (registry, _) = PostgresRegistry::open(PostgresOptions::new(url)).await?;
    for (size, batches) in [(1_u64, 4_000_u64), (10, 2_000), (100, 800), (1_000, 200)] {
        let begun = now();
        let read = |batch: u64| {
            let keys: Vec<IdKey> = (0..size)
                .map(|at| (batch * size + at) * 7_919 % nation.len())
                .map(|index| IdKey::Personal(nation.personal_id(index)))
                .collect();
            let registry = registry.clone();
            async move { registry.read(&keys, Freshness::MinimizeLatency).await }
        };
        let mut readings = futures::stream::iter((0..batches).map(read)).buffer_unordered(8);
        let mut found = 0;
        while let Some(reading) = readings.next().await {
            let reading = reading.map_err(|error| format!("{error:?}"))?;
            let one = |c: &&dancu_domain::Candidates| c.citizens().len() == 1;
            found += reading.candidates.iter().filter(one).count() as u64;
        }
        if found != size * batches {
            return Err("a citizen was not found".into());
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "read by {size:>5}, 8 at a time, 4 connections: {:>8.0} citizens a second, {:>6.0} \
             statements",
            (size * batches) as f64 / seconds,
            batches as f64 / seconds
        );
    }
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
