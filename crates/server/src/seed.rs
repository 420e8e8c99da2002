//! The nation of a data directory: found, or made.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use dancu_domain::{Citizen, NationId};
use dancu_population::{GENERATOR_VERSION, Nation};
use dancu_store::{RegistryMeta, Seeding, SqliteRegistry};
use tokio::sync::mpsc;

use crate::config::{DEFAULT_CITIZENS, DEFAULT_SEED};
use crate::error::StartError;

/// Told how many citizens are made, of how many.
pub type Progress = Box<dyn FnMut(u64, u64) + Send>;

/// Blocks of families that are handed over at once.
const BLOCKS_AT_ONCE: u64 = 64;
/// Threads that make citizens; the store writes beside them.
const MAKERS: usize = 4;

/// Opens the nation of a registry file, or makes one. Must run on the back runtime.
pub(crate) async fn open_or_make(
    path: &Path,
    asked: (Option<u64>, Option<u64>),
    progress: Progress,
) -> Result<(SqliteRegistry, RegistryMeta), StartError> {
    if let Some((registry, meta)) = SqliteRegistry::open(path).await? {
        return match fits(&meta, asked) {
            Ok(()) => Ok((registry, meta)),
            Err(error) => {
                registry.close().await;
                Err(error)
            }
        };
    }
    let (seed, citizens) = asked;
    let nation = Nation::new(
        seed.unwrap_or(DEFAULT_SEED),
        citizens.unwrap_or(DEFAULT_CITIZENS),
    );
    make(path, &nation, progress).await?;
    SqliteRegistry::open(path)
        .await?
        .ok_or(StartError::Store(dancu_store::StoreError::Closed))
}

/// Whether the nation that is there is the one that is asked for.
fn fits(meta: &RegistryMeta, asked: (Option<u64>, Option<u64>)) -> Result<(), StartError> {
    let (seed, citizens) = asked;
    let rounded = citizens.map(|n| Nation::new(0, n).len());
    let other = seed.is_some_and(|seed| seed != meta.seed)
        || rounded.is_some_and(|citizens| citizens != meta.citizens);
    if other {
        return Err(StartError::AnotherNation {
            found: (meta.seed, meta.citizens),
            asked,
        });
    }
    if meta.generator != GENERATOR_VERSION {
        return Err(StartError::AnotherGenerator {
            found: meta.generator,
        });
    }
    Ok(())
}

async fn make(path: &Path, nation: &Nation, mut progress: Progress) -> Result<(), StartError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .map_err(std::io::Error::other)
        .map_err(StartError::data("ask the system for randomness"))?;
    let meta = RegistryMeta {
        nation: NationId(id),
        seed: nation.seed(),
        citizens: nation.len(),
        generator: GENERATOR_VERSION,
        reference_date: nation.reference_date(),
    };
    let mut seeding = Seeding::begin(path, &meta).await?;
    let (all, mut done) = (nation.len(), 0);
    progress(0, all);
    let mut made = makers(nation)?;
    while let Some(citizens) = made.recv().await {
        done += citizens.len() as u64;
        seeding.load(citizens).await?;
        progress(done, all);
    }
    let personas = nation.personas().into_iter().map(|p| p.citizen).collect();
    seeding.load(personas).await?;
    seeding
        .finish(
            &Nation::agencies(),
            &nation.credentials(),
            &nation.licences(),
        )
        .await?;
    Ok(())
}

/// Threads that make the nation's blocks; they end when all are made or nobody takes them.
fn makers(nation: &Nation) -> Result<mpsc::Receiver<Vec<Citizen>>, StartError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.clamp(1, MAKERS);
    let (sender, receiver) = mpsc::channel(2 * threads);
    let next = Arc::new(AtomicU64::new(0));
    for _ in 0..threads {
        let (nation, sender, next) = (*nation, sender.clone(), Arc::clone(&next));
        std::thread::Builder::new()
            .name("dancu-maker".to_owned())
            .spawn(move || {
                loop {
                    let from = next.fetch_add(BLOCKS_AT_ONCE, Relaxed);
                    let to = from.saturating_add(BLOCKS_AT_ONCE).min(nation.blocks());
                    if from >= to {
                        return;
                    }
                    let citizens = (from..to).flat_map(|block| nation.block(block)).collect();
                    if sender.blocking_send(citizens).is_err() {
                        return;
                    }
                }
            })
            .map_err(StartError::Threads)?;
    }
    Ok(receiver)
}

/// A progress that tells nobody.
pub fn quietly() -> Progress {
    Box::new(|_, _| {})
}
