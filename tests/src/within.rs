//! A service within the test's own process, on memory, with gates before its parts.

use std::sync::Arc;
use std::time::Duration;

use dancu_domain::NationId;
use dancu_population::{GENERATOR_VERSION, Nation};
use dancu_server::{Backing, Config, Keys, Running};
use dancu_store::{DirectoryRows, MemoryBlocks, MemoryRegistry, RegistryMeta};
use tonic::transport::Channel;

use crate::gates::{Gate, GatedBlocks, GatedRegistry};

/// A running service and what a test needs of its inside.
pub struct Within {
    /// The service.
    pub running: Running,
    /// Who lives there.
    pub nation: Nation,
    /// Before each read of the registry.
    pub reads: Arc<Gate>,
    /// Before each write to the registry.
    pub writes: Arc<Gate>,
    /// Before each append to the ledger.
    pub appends: Arc<Gate>,
    /// The ledger's blocks.
    pub blocks: MemoryBlocks,
    /// Holds the file of checkpoints.
    pub folder: tempfile::TempDir,
}

/// Starts a service for `citizens` people of a nation with seed 7; `change` may change its
/// configuration.
pub fn start(citizens: u64, change: impl FnOnce(&mut Config)) -> Within {
    let nation = Nation::new(7, citizens);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut config = Config {
        data: folder.path().to_owned(),
        listen: "127.0.0.1:0".parse().expect("this is an address"),
        ops: Some("127.0.0.1:0".parse().expect("this is an address")),
        cores: Some(2),
        ..Config::default()
    };
    change(&mut config);
    let meta = RegistryMeta {
        nation: NationId([7; 16]),
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
    let everybody = (0..nation.len())
        .map(|index| nation.citizen(index))
        .chain(nation.personas().into_iter().map(|persona| persona.citizen));
    let (reads, writes, appends) = (Gate::new(), Gate::new(), Gate::new());
    let blocks = MemoryBlocks::new();
    let registry = GatedRegistry {
        inner: MemoryRegistry::from_citizens(meta, everybody, rows),
        reads: Arc::clone(&reads),
        writes: Arc::clone(&writes),
    };
    let gated = GatedBlocks {
        inner: blocks.clone(),
        appends: Arc::clone(&appends),
    };
    let running = dancu_server::start_with(config, move || async move {
        let keys = Keys::random().expect("the system has randomness");
        Ok((
            Backing {
                meta,
                registry: Arc::new(registry),
                blocks: gated,
                keys,
                beside: None,
            },
            (),
        ))
    })
    .expect("the service starts");
    Within {
        running,
        nation,
        reads,
        writes,
        appends,
        blocks,
        folder,
    }
}

impl Within {
    /// A connection of its own.
    pub async fn connect(&self) -> Channel {
        tonic::transport::Endpoint::from_shared(format!("http://{}", self.running.grpc_addr()))
            .expect("an address makes a URI")
            .connect()
            .await
            .expect("the service takes connections")
    }

    /// What `/metrics` says of the series that begins with `name`, labels included; 0 if absent.
    pub async fn metric(&self, name: &str) -> f64 {
        let ops = self
            .running
            .ops_addr()
            .expect("the operators' port is open");
        let page = crate::ops::get(ops, "/metrics").await;
        crate::ops::series(&page, name).unwrap_or(0.0)
    }
}

/// Waits until `so` holds, ten seconds at most.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to this: {what}");
}
