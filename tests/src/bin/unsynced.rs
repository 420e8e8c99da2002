//! A service whose ledger does not sync: what `tests/durable.rs` must catch. For tests alone.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use dancu_domain::NationId;
use dancu_population::{GENERATOR_VERSION, Nation};
use dancu_server::{Backing, Config, Keys, Stop};
use dancu_store::{DirectoryRows, MemoryRegistry, RegistryMeta, SqliteBlocks, SqliteBlocksOptions};

/// Takes the arguments of `dancu serve` that the tests give.
#[derive(Debug, Parser)]
struct Arguments {
    serve: String,
    #[arg(long)]
    listen: std::net::SocketAddr,
    #[arg(long)]
    ops: std::net::SocketAddr,
    #[arg(long)]
    citizens: u64,
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    data: PathBuf,
}

#[expect(
    clippy::print_stdout,
    reason = "the address is read by the test that started this"
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let nation = Nation::new(arguments.seed, arguments.citizens);
    std::fs::create_dir_all(&arguments.data)?;
    let config = Config {
        data: arguments.data.clone(),
        listen: arguments.listen,
        ops: Some(arguments.ops),
        ..Config::default()
    };
    let meta = RegistryMeta {
        nation: NationId([1; 16]),
        seed: nation.seed(),
        citizens: nation.len(),
        generator: GENERATOR_VERSION,
        reference_date: nation.reference_date(),
    };
    let rows = DirectoryRows {
        agencies: Nation::agencies(),
        credentials: nation.credentials(),
        licences: nation.licences(),
    };
    let everybody: Vec<_> = (0..nation.len())
        .map(|index| nation.citizen(index))
        .collect();
    let running = dancu_server::start_with(config, move || async move {
        let options = SqliteBlocksOptions {
            synchronous_full: false,
        };
        let path = arguments.data.join("ledger.db");
        Ok((
            Backing {
                meta,
                registry: Arc::new(MemoryRegistry::from_citizens(meta, everybody, rows)),
                blocks: SqliteBlocks::open_with(&path, options).await?,
                keys: Keys::random().expect("the system has randomness"),
            },
            (),
        ))
    })?;
    println!("{}", running.grpc_addr());
    if let Stop::Failed(why) = running.wait() {
        return Err(why.into());
    }
    running.drain();
    Ok(())
}
