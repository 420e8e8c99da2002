//! The start: from what a service stands on to a service that runs.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc as std_mpsc;

use dancu_ledger::BlockStore;
use dancu_store::SqliteBlocks;

use crate::any::{AnyBlocks, AnyRegistry};
use crate::back::{Back, Begun};
use crate::backing::{Backing, Beside, RegistryHome};
use crate::config::Config;
use crate::data::DataDir;
use crate::error::StartError;
use crate::running::Running;
use crate::seed::{Progress, open_or_make};
use crate::threads;

/// Starts a service on the data directory: opens the nation that is there or makes one (telling
/// `progress`), opens the ledger, listens, and answers on threads of its own. Blocks until calls
/// are taken.
pub fn start(config: Config, progress: Progress) -> Result<Running, StartError> {
    config.validate()?;
    let dir = DataDir::take(&config.data)?;
    let asked = (config.seed, config.citizens);
    start_with(config, move || async move {
        let keys = dir.keys()?;
        dir.may_have_registry()?;
        let (registry, meta) = open_or_make(&dir.places().registry(), asked, progress).await?;
        let path = dir.places().ledger();
        let blocks = SqliteBlocks::open(&path).await?;
        let beside = Beside {
            counts: AnyBlocks::File(SqliteBlocks::open_read_only(&path).await?),
            standby: None,
        };
        let registry = AnyRegistry::File(registry);
        let backing = Backing {
            beside: Some(beside),
            ..Backing::new(meta, registry, AnyBlocks::File(blocks), keys)
        };
        Ok((backing, dir))
    })
}

/// Starts a service on whatever `make` makes, which runs on the back runtime. What comes beside
/// the backing is kept until the service has ended. The data directory is used only for the file
/// of checkpoints, where the configuration names no other.
pub fn start_with<R, S, K, M, F>(config: Config, make: M) -> Result<Running, StartError>
where
    R: RegistryHome,
    S: BlockStore,
    K: 'static,
    M: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<(Backing<R, S>, K), StartError>>,
{
    config.validate()?;
    for address in [Some(config.listen), config.ops].into_iter().flatten() {
        probe(address)?;
    }
    let (sender, receiver) = std_mpsc::channel::<Result<Begun, StartError>>();
    let drain = config.times.drain;
    let thread = threads::spawn("dancu-back", move || async move {
        let opened = async {
            let (backing, keep) = make().await?;
            Ok::<_, StartError>((Back::open(config, backing).await?, keep))
        };
        match opened.await {
            Ok(((back, begun), keep)) => {
                // Whoever starts waits for this word; gone, it drops the orders and so drains.
                let _ = sender.send(Ok(begun));
                let report = back.run().await;
                drop(keep);
                report
            }
            Err(error) => {
                let _ = sender.send(Err(error));
                crate::running::DrainReport::nothing()
            }
        }
    })?;
    match receiver.recv() {
        Ok(Ok(begun)) => Ok(Running {
            grpc: begun.grpc,
            ops: begun.ops,
            meta: begun.meta,
            orders: begun.orders,
            stop: begun.stop,
            parts: begun.parts,
            back: begun.back,
            changed_by_others: begun.changed_by_others,
            thread: Some(thread),
            drain,
        }),
        Ok(Err(error)) => {
            // It has told why; nothing of it is left to wait for but its end.
            let _ = thread.join();
            Err(error)
        }
        Err(_) => Err(StartError::Lost),
    }
}

/// Tells at once when an address is taken, and not after a nation was made. It is listened on only
/// when calls can be answered, so that early callers are refused rather than left waiting.
fn probe(address: SocketAddr) -> Result<(), StartError> {
    TcpListener::bind(address)
        .map(drop)
        .map_err(|source| StartError::Listen { address, source })
}
