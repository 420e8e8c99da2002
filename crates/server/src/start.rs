//! The start: from what a service stands on to a service that runs.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc as std_mpsc;

use dancu_ledger::BlockStore;
use dancu_store::{PostgresBlocks, PostgresBlocksOptions, SqliteBlocks};

use crate::any::AnyBlocks;
use crate::back::{Back, Begun};
use crate::backing::{Backing, Beside, RegistryHome};
use crate::config::{Config, LedgerPlace, RegistryPlace};
use crate::data::{DataDir, Places};
use crate::error::StartError;
use crate::running::Running;
use crate::seed::{Progress, open_or_make};
use crate::threads;

/// Starts a service on the parts that the configuration names: opens the nation that is there or
/// makes one (telling `progress`), opens the ledger, listens, and answers on threads of its own.
/// Blocks until calls are taken.
pub fn start(config: Config, progress: Progress) -> Result<Running, StartError> {
    config.validate()?;
    let dir = DataDir::take(&config.data)?;
    let chosen = config.clone();
    start_with(config, move || async move {
        if chosen.registry == RegistryPlace::File && chosen.ledger == LedgerPlace::File {
            dir.may_have_registry()?;
        }
        let named = chosen.keys.as_deref();
        // The keys are there before the file of a ledger that will need them.
        let early = match chosen.ledger {
            LedgerPlace::File => Some(dir.keys(named, dir.places().ledger().exists())?),
            LedgerPlace::Postgres { .. } => None,
        };
        let (registry, meta) = open_or_make(&chosen, false, progress).await?;
        let (blocks, beside, used) = open_blocks(&chosen, dir.places()).await?;
        let keys = match early {
            Some(keys) => keys,
            None => dir.keys(named, used)?,
        };
        let backing = Backing {
            beside: Some(beside),
            ..Backing::new(meta, registry, blocks, keys)
        };
        Ok((backing, dir))
    })
}

/// Opens the ledger's blocks, to be written and to be read beside, and says whether there may be
/// entries already.
async fn open_blocks(
    config: &Config,
    places: &Places,
) -> Result<(AnyBlocks, Beside, bool), StartError> {
    let limited = config.limit_rules().any();
    match &config.ledger {
        LedgerPlace::File => {
            let path = places.ledger();
            let blocks = SqliteBlocks::open(&path).await?;
            let beside = Beside {
                counts: AnyBlocks::File(SqliteBlocks::open_read_only(&path).await?),
                standby: None,
                limits: if limited {
                    Some(AnyBlocks::File(SqliteBlocks::open_read_only(&path).await?))
                } else {
                    None
                },
            };
            Ok((AnyBlocks::File(blocks), beside, true))
        }
        LedgerPlace::Postgres { url } => {
            let options = PostgresBlocksOptions::new(url.reveal());
            let mut blocks = PostgresBlocks::open(options.clone()).await?;
            let used = blocks.heads().await?.iter().any(|head| head.next > 0);
            let reading = || PostgresBlocks::open_read_only(options.clone());
            let beside = Beside {
                counts: AnyBlocks::postgres(reading().await?),
                standby: Some(AnyBlocks::postgres(reading().await?)),
                limits: if limited {
                    Some(AnyBlocks::postgres(reading().await?))
                } else {
                    None
                },
            };
            Ok((AnyBlocks::postgres(blocks), beside, used))
        }
    }
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
    probe_all(&config)?;
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

/// Tries the addresses that the configuration names.
pub(crate) fn probe_all(config: &Config) -> Result<(), StartError> {
    let addresses = [Some(config.listen), config.ops];
    addresses.into_iter().flatten().try_for_each(probe)
}

/// Tells at once when an address is taken, and not after a nation was made. It is listened on only
/// when calls can be answered, so that early callers are refused rather than left waiting.
fn probe(address: SocketAddr) -> Result<(), StartError> {
    TcpListener::bind(address)
        .map(drop)
        .map_err(|source| StartError::Listen { address, source })
}
