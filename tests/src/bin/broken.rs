//! A service that breaks a promise on purpose, so that a checker can be seen to catch it.
//!
//! `DANCU_BROKEN=unsynced`: its ledger does not sync (`tests/durable.rs`). `DANCU_BROKEN=leaky`: it
//! logs the numbers that it reads (`tests/canary.rs`). `DANCU_BROKEN=undying`: it says of nobody that
//! he is dead (`tests/replay`).

use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use dancu_domain::{
    Applied, Candidates, ChangeFeed, ChangeNotice, ChangeRecord, Citizen, Directory, Freshness,
    IdKey, NationId, PersonalId, Reading, Registry, RegistryError, Revision, SourceKey,
};
use dancu_population::{GENERATOR_VERSION, Nation};
use dancu_server::{Backing, Config, Keys, LogForm, RegistryHome, Stop};
use dancu_store::{DirectoryRows, MemoryRegistry, RegistryMeta, SqliteBlocks, SqliteBlocksOptions};

/// Which promise it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum How {
    Unsynced,
    Leaky,
    Undying,
}

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
    #[arg(long, env = "DANCU_BROKEN")]
    how: How,
}

#[expect(
    clippy::print_stdout,
    reason = "the address is read by the test that started this"
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    // All of it, whoever reads it: the log is what the test is about.
    dancu_server::install_log_to(LogForm::Text, "trace", std::io::stderr)?;
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
                registry: Arc::new(Talkative {
                    inner: MemoryRegistry::from_citizens(meta, everybody, rows),
                    talks: arguments.how == How::Leaky,
                    buries: arguments.how != How::Undying,
                }),
                blocks: SqliteBlocks::open_with(&path, options).await?,
                keys: Keys::random().expect("the system has randomness"),
                beside: None,
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

/// A registry that may log whom it is asked about, and may take the dead for living.
struct Talkative {
    inner: MemoryRegistry,
    talks: bool,
    buries: bool,
}

impl Registry for Talkative {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        for key in keys {
            if let (true, IdKey::Personal(id)) = (self.talks, key) {
                tracing::trace!(target: "dancu::registry", number = id.text(), "read");
            }
        }
        let mut reading = self.inner.read(keys, freshness).await?;
        if !self.buries {
            for candidates in &mut reading.candidates {
                let living = candidates.citizens().iter().map(|citizen| {
                    Arc::new(Citizen {
                        died_on: None,
                        ..Citizen::clone(citizen)
                    })
                });
                *candidates = Candidates::new(living.collect());
            }
        }
        Ok(reading)
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        self.inner.apply(records).await
    }
}

impl ChangeFeed for Talkative {
    async fn head(&self) -> Result<Revision, RegistryError> {
        self.inner.head().await
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.inner.changes(after, limit).await
    }
}

impl RegistryHome for Talkative {
    async fn directory(&self) -> Result<Directory, RegistryError> {
        RegistryHome::directory(&self.inner).await
    }

    async fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> Result<Vec<PersonalId>, RegistryError> {
        RegistryHome::changed_by_others(&self.inner, source).await
    }

    async fn close(&self) {}
}
