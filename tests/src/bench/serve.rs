//! Sides that this program serves itself, each in a process of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use dancu_domain::NationId;
use dancu_population::{GENERATOR_VERSION, Nation};
use dancu_server::{Backing, Config, Keys, RegistryHome};
use dancu_store::{
    DirectoryRows, MemoryBlocks, MemoryRegistry, PostgresOptions, PostgresRegistry, RegistryMeta,
    StoreError,
};
use dancu_wire::pb::dancu::v1 as pb;
use pb::lookup_service_server::LookupServiceServer;

use super::house::House;
use super::{echo, plain, stub};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Serves as what `what` says, until the process ends. Returns lines that tell the address, and of
/// the stub the second one.
pub fn serve(house: &House, what: &str, items: usize) -> Result<String, Failed> {
    let address = match what {
        "cores" => echo::serve_per_core(&house.echo(items), 2)?,
        "stock" => echo::serve_stock(LookupServiceServer::new(house.echo(items)), None)?,
        "memory" => serve_in_memory(house.nation())?,
        place => {
            if let Some(service) = place.strip_prefix("stub:") {
                let (raw, learning) = stub::serve(service.parse()?)?;
                return Ok(format!("gRPC: {raw}\nlearns: {learning}"));
            }
            match place.strip_prefix("memory:") {
                Some(registry) => serve_over_postgres(registry)?,
                None => plain::serve(place)?,
            }
        }
    };
    Ok(address.to_string())
}

/// The service whose record is gathered and waited for like always, and then kept in memory.
fn serve_in_memory(nation: &Nation) -> Result<SocketAddr, Failed> {
    let meta = RegistryMeta {
        nation: NationId([9; 16]),
        seed: nation.seed(),
        citizens: nation.len(),
        generator: GENERATOR_VERSION,
        reference_date: nation.reference_date(),
    };
    let people = (0..nation.blocks()).flat_map(|block| nation.block(block));
    let rows = DirectoryRows {
        agencies: Nation::agencies(),
        credentials: nation.credentials(),
        licences: nation.licences(),
    };
    let registry = MemoryRegistry::from_citizens(meta, people, rows);
    let cached = Config::default().limits.cached_citizens;
    serve_remembering(cached, async move || Ok((meta, registry)))
}

/// The same over a database, with one citizen in memory.
fn serve_over_postgres(url: &str) -> Result<SocketAddr, Failed> {
    let options = PostgresOptions::new(url);
    serve_remembering(1, async move || {
        let (registry, meta) = PostgresRegistry::open(options).await?;
        Ok((meta, registry))
    })
}

fn serve_remembering<R: RegistryHome>(
    cached_citizens: usize,
    open: impl AsyncFnOnce() -> Result<(RegistryMeta, R), StoreError> + Send + 'static,
) -> Result<SocketAddr, Failed> {
    let folder = tempfile::tempdir()?;
    let mut config = Config {
        data: folder.path().to_owned(),
        listen: "127.0.0.1:0".parse()?,
        ops: None,
        ..Config::default()
    };
    config.limits.cached_citizens = cached_citizens;
    let keys = Keys::random()?;
    let running = dancu_server::start_with(config, move || async move {
        let (meta, registry) = open().await?;
        let backing = Backing {
            meta,
            registry: Arc::new(registry),
            blocks: MemoryBlocks::new(),
            keys,
            beside: None,
        };
        Ok((backing, ()))
    })?;
    let address = running.grpc_addr();
    // Both live as long as the process.
    std::mem::forget((running, folder));
    Ok(address)
}
