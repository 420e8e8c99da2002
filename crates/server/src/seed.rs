//! The nation of a registry: found, or made.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dancu_domain::{Agency, Citizen, Credential, Licence, NationId};
use dancu_population::{BLOCK, Nation};
use dancu_store::{
    PostgresOptions, PostgresRegistry, PostgresSeeding, RegistryMeta, Seeding, SqliteRegistry,
    StoreError,
};
use tokio::sync::mpsc;

use crate::any::AnyRegistry;
use crate::backing::RegistryHome as _;
use crate::config::{Config, DEFAULT_CITIZENS, DEFAULT_SEED, RegistryPlace};
use crate::data::{DataDir, Places};
use crate::error::{StartError, differing};
use crate::threads;

/// Told how many citizens are made, of how many.
pub type Progress = Box<dyn FnMut(u64, u64) + Send>;

/// Blocks of families that are handed over at once.
const BLOCKS_AT_ONCE: u64 = 64;
/// Threads that make citizens; the store writes beside them.
const MAKERS: u64 = 4;
/// How often it is looked whether the nation that somebody else makes is complete.
const LOOK: Duration = Duration::from_millis(500);

/// Makes the nation of a configuration without serving it, telling `progress`, or goes on with one
/// that was begun; a nation that is there already is left as it is. One that was begun and is
/// another is refused, unless `anew` says that whatever was begun is to be removed. Blocks.
pub fn seed(config: &Config, anew: bool, progress: Progress) -> Result<RegistryMeta, StartError> {
    config.validate()?;
    let dir = match config.registry {
        RegistryPlace::File => Some(DataDir::take(&config.data)?),
        RegistryPlace::Postgres { .. } => None,
    };
    let config = config.clone();
    let seeding = move || async move {
        let (registry, meta) = open_or_make(&config, anew, progress).await?;
        registry.close().await;
        Ok(meta)
    };
    let seeded = threads::spawn("dancu-seed", seeding)?.join();
    drop(dir);
    seeded.unwrap_or(Err(StartError::Lost))
}

/// Opens the nation of a registry, or makes one. Must run on the back runtime.
pub(crate) async fn open_or_make(
    config: &Config,
    anew: bool,
    mut progress: Progress,
) -> Result<(AnyRegistry, RegistryMeta), StartError> {
    let asked = (config.seed, config.citizens);
    let path = Places::of(&config.data).registry();
    let nation = || {
        let (seed, citizens) = asked;
        let nation = Nation::new(
            seed.unwrap_or(DEFAULT_SEED),
            citizens.unwrap_or(DEFAULT_CITIZENS),
        );
        if config.real_looking_numbers {
            nation.with_real_looking_numbers()
        } else {
            nation
        }
    };
    let (registry, meta) = match postgres(config) {
        None => {
            let opened = match SqliteRegistry::open(&path).await? {
                Some(opened) => opened,
                None => {
                    make(Making::File(&path, anew), &nation(), &mut progress).await?;
                    let opened = SqliteRegistry::open(&path).await?;
                    opened.ok_or(StartError::Store(StoreError::Closed))?
                }
            };
            (AnyRegistry::File(opened.0), opened.1)
        }
        Some(options) => {
            let mut told = false;
            let opened = loop {
                match PostgresRegistry::open(options.clone()).await {
                    Err(StoreError::NoNation) => {}
                    opened => break opened?,
                }
                let place = Making::Postgres(&options, anew);
                match make(place, &nation(), &mut progress).await {
                    Ok(()) | Err(StartError::Store(StoreError::AlreadyThere)) => {}
                    Err(StartError::Store(StoreError::BeingSeeded)) => {
                        if !std::mem::replace(&mut told, true) {
                            tracing::info!("waits for the nation that another instance makes");
                        }
                        tokio::time::sleep(LOOK).await;
                    }
                    Err(error) => return Err(error),
                }
            };
            (AnyRegistry::Postgres(opened.0), opened.1)
        }
    };
    match fits(&meta, asked, config.real_looking_numbers) {
        Ok(()) => Ok((registry, meta)),
        Err(error) => {
            registry.close().await;
            Err(error)
        }
    }
}

/// How the database of a configuration's registry is opened; none where it is a file.
fn postgres(config: &Config) -> Option<PostgresOptions> {
    match &config.registry {
        RegistryPlace::File => None,
        RegistryPlace::Postgres {
            url,
            replica,
            replica_timeout,
            readers,
        } => Some(PostgresOptions {
            replica: replica.as_ref().map(|url| url.reveal().to_owned()),
            replica_within: *replica_timeout,
            readers: *readers,
            read_within: config.times.registry_read,
            ..PostgresOptions::new(url.reveal())
        }),
    }
}

/// Whether the nation that is there is the one that is asked for.
fn fits(
    meta: &RegistryMeta,
    asked: (Option<u64>, Option<u64>),
    real_looking: bool,
) -> Result<(), StartError> {
    let found = (meta.seed, meta.citizens);
    if !differing(found, asked).is_empty() {
        return Err(StartError::AnotherNation { found, asked });
    }
    let made = Nation::made_by(meta.generator, meta.seed, meta.citizens);
    let nation = made.ok_or(StartError::AnotherGenerator {
        found: meta.generator,
    })?;
    if nation.has_real_looking_numbers() {
        tracing::warn!("the nation's personal numbers look real: living people may have them");
    } else if real_looking {
        return Err(StartError::SyntheticNumbers);
    }
    Ok(())
}

/// Where a nation is made, and whether what was begun there is to be removed.
enum Making<'a> {
    File(&'a Path, bool),
    Postgres(&'a PostgresOptions, bool),
}

/// A registry in the making.
enum AnySeeding {
    File(Seeding),
    Postgres(PostgresSeeding),
}

impl AnySeeding {
    /// Begins, and says how many blocks an earlier attempt has left.
    async fn begin(place: Making<'_>, meta: &RegistryMeta) -> Result<(Self, u64), StoreError> {
        Ok(match place {
            Making::File(path, false) => (Self::File(Seeding::begin(path, meta).await?), 0),
            Making::File(path, true) => (Self::File(Seeding::begin_anew(path, meta).await?), 0),
            Making::Postgres(options, anew) => {
                let mut seeding = if anew {
                    PostgresSeeding::begin_anew(options, meta).await?
                } else {
                    PostgresSeeding::begin(options, meta).await?
                };
                let blocks = (seeding.taken() / BLOCK).min(meta.citizens / BLOCK);
                seeding.begin_after(blocks * BLOCK);
                (Self::Postgres(seeding), blocks)
            }
        })
    }

    async fn load(&mut self, citizens: Vec<Citizen>) -> Result<(), StoreError> {
        match self {
            Self::File(seeding) => seeding.load(citizens).await,
            Self::Postgres(seeding) => seeding.load(citizens).await,
        }
    }

    async fn finish(
        self,
        agencies: &[Agency],
        credentials: &[Credential],
        licences: &[Licence],
    ) -> Result<(), StoreError> {
        match self {
            Self::File(seeding) => seeding.finish(agencies, credentials, licences).await,
            Self::Postgres(seeding) => seeding.finish(agencies, credentials, licences).await,
        }
    }
}

async fn make(
    place: Making<'_>,
    nation: &Nation,
    progress: &mut Progress,
) -> Result<(), StartError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .map_err(std::io::Error::other)
        .map_err(StartError::data("ask the system for randomness"))?;
    let meta = RegistryMeta {
        nation: NationId(id),
        seed: nation.seed(),
        citizens: nation.len(),
        generator: nation.generator(),
        reference_date: nation.reference_date(),
    };
    let (mut seeding, blocks) = AnySeeding::begin(place, &meta).await?;
    let (all, mut done) = (nation.len(), blocks * BLOCK);
    progress(done, all);
    let mut makers = Makers::begin(nation, blocks)?;
    while let Some(citizens) = makers.next().await {
        done += citizens.len() as u64;
        seeding.load(citizens).await?;
        progress(done, all);
    }
    if done != all {
        // A thread that makes citizens has died; what there is must not pass for the nation.
        return Err(StartError::Lost);
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

/// Threads that make the nation's blocks, each its own part of them, so that they come in their
/// order: an attempt that goes on with an earlier one depends on it. They end when all are made or
/// nobody takes them.
struct Makers {
    parts: Vec<mpsc::Receiver<Vec<Citizen>>>,
    turn: usize,
}

impl Makers {
    fn begin(nation: &Nation, from: u64) -> Result<Self, StartError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let threads = cores.clamp(1, MAKERS);
        let nation = Arc::new(*nation);
        let parts = (0..threads).map(|place| {
            let (sender, receiver) = mpsc::channel(2);
            let nation = Arc::clone(&nation);
            let begun = std::thread::Builder::new()
                .name("dancu-maker".to_owned())
                .spawn(move || {
                    let mut next = from + place * BLOCKS_AT_ONCE;
                    while next < nation.blocks() {
                        let to = (next + BLOCKS_AT_ONCE).min(nation.blocks());
                        let citizens = (next..to).flat_map(|block| nation.block(block)).collect();
                        if sender.blocking_send(citizens).is_err() {
                            return;
                        }
                        next += threads * BLOCKS_AT_ONCE;
                    }
                });
            begun.map(|_| receiver).map_err(StartError::Threads)
        });
        Ok(Self {
            parts: parts.collect::<Result<_, _>>()?,
            turn: 0,
        })
    }

    /// The next citizens; the first thread that has no more is the one whose turn would be last.
    async fn next(&mut self) -> Option<Vec<Citizen>> {
        let next = self.parts[self.turn].recv().await;
        self.turn = (self.turn + 1) % self.parts.len();
        next
    }
}

/// A progress that tells nobody.
pub fn quietly() -> Progress {
    Box::new(|_, _| {})
}
