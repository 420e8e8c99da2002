//! Why a service could not be started.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use dancu_cache::BadAddress;
use dancu_domain::RegistryError;
use dancu_ledger::{BlockStoreError, OpenError};
use dancu_store::{RegistryMeta, StoreError};

use crate::config::ConfigError;

/// Why a service could not be started.
#[derive(Debug)]
pub enum StartError {
    /// A choice that cannot be followed.
    Config(ConfigError),
    /// Something of the data directory could not be read or written.
    Data {
        /// What was tried, as a verb phrase.
        doing: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Another process serves this data directory.
    InUse(PathBuf),
    /// The registry holds another nation than the one asked for.
    AnotherNation {
        /// Seed and citizens of the one that is there.
        found: (u64, u64),
        /// Seed and citizens as asked for; `None` for what was left open.
        asked: (Option<u64>, Option<u64>),
    },
    /// The seeding of another nation was begun there and is not finished.
    Unfinished {
        /// Which nation.
        found: RegistryMeta,
        /// How many of its citizens are in.
        taken: u64,
    },
    /// The nation was made by another version of the generator.
    AnotherGenerator {
        /// The version that made it.
        found: u32,
    },
    /// Numbers that look real are asked for, and the nation that is there has others.
    SyntheticNumbers,
    /// A file of keys cannot be read as one.
    KeysDamaged {
        /// The file.
        path: PathBuf,
        /// The first line that is not as it must be, counted from 1.
        line: usize,
    },
    /// There is a ledger but no keys: new ones would not find the old entries.
    KeysMissing,
    /// There is a ledger but no registry: one made anew would be another nation.
    RegistryMissing,
    /// The store failed.
    Store(StoreError),
    /// The blocks of the ledger could not be opened.
    Blocks(BlockStoreError),
    /// The ledger could not be opened.
    Ledger(OpenError),
    /// The registry does not answer.
    Registry(RegistryError),
    /// The address of Redis is not one.
    Redis(BadAddress),
    /// An address could not be listened on.
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A thread or a runtime could not be made.
    Threads(std::io::Error),
    /// The descriptor set cannot be reflected.
    Reflection,
    /// The starting thread ended without a word.
    Lost,
}

impl StartError {
    /// Makes a failure of the data directory while doing this.
    pub(crate) fn data(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Data { doing, source }
    }
}

/// The fields in which a nation differs from the one that is asked for: what is there, and asked.
pub fn differing(
    found: (u64, u64),
    asked: (Option<u64>, Option<u64>),
) -> Vec<(&'static str, u64, u64)> {
    let seed = asked.0.filter(|seed| *seed != found.0);
    // A nation has whole blocks of families.
    let whole = |citizens| dancu_population::Nation::new(0, citizens).len();
    let citizens = asked.1.filter(|citizens| whole(*citizens) != found.1);
    let seed = seed.map(|asked| ("seed", found.0, asked));
    let citizens = citizens.map(|asked| ("citizens", found.1, asked));
    seed.into_iter().chain(citizens).collect()
}

/// The command that goes on with a nation that was begun.
pub fn going_on(found: &RegistryMeta) -> String {
    let made = dancu_population::Nation::made_by(found.generator, found.seed, found.citizens);
    let real = match made {
        Some(nation) if nation.has_real_looking_numbers() => " --real-looking-numbers",
        _ => "",
    };
    let (seed, citizens) = (found.seed, found.citizens);
    format!("dancu seed --seed {seed} --citizens {citizens}{real}")
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => write!(f, "{error}"),
            Self::Data { doing, .. } => f.write_str(doing),
            Self::InUse(path) => write!(
                f,
                "the data directory {} is served by another process",
                path.display()
            ),
            Self::AnotherNation { found, asked } => {
                f.write_str("the registry holds another nation: ")?;
                for (place, (field, there, asked)) in
                    differing(*found, *asked).into_iter().enumerate()
                {
                    let and = if place == 0 { "" } else { ", " };
                    write!(
                        f,
                        "{and}`{field}` is {there} there, and {asked} is asked for"
                    )?;
                }
                f.write_str("; leave it open, or choose another registry")
            }
            Self::Unfinished { found, taken } => write!(
                f,
                "the seeding of another nation is not finished there: seed {}, {} citizens, {taken} \
                 of them in; go on with it by `{}`, or remove it by `dancu seed --anew` and begin \
                 with what is asked for",
                found.seed,
                found.citizens,
                going_on(found)
            ),
            Self::AnotherGenerator { found } => write!(
                f,
                "the nation was made by version {found} of the generator, and this is version {}; \
                 choose another directory",
                dancu_population::GENERATOR_VERSION
            ),
            Self::SyntheticNumbers => f.write_str(
                "the nation that is there was made without numbers that look real; choose another \
                 directory, or leave `real_looking_numbers` out",
            ),
            Self::KeysDamaged { path, line } => write!(
                f,
                "read the file of keys {}: line {line} must be {}",
                path.display(),
                crate::keys::must_be(*line)
            ),
            Self::KeysMissing => {
                f.write_str("there is a ledger but no file of keys: put the file back")
            }
            Self::RegistryMissing => f.write_str(
                "there is a ledger but not the registry that it belongs to: put the registry \
                 back, or choose another directory",
            ),
            Self::Store(_) => f.write_str("open the registry"),
            Self::Blocks(_) => f.write_str("open the blocks of the ledger"),
            Self::Ledger(_) => f.write_str("open the ledger"),
            Self::Registry(error) => write!(f, "ask the registry: {}", error.reason().word()),
            Self::Redis(error) => write!(f, "{error}"),
            Self::Listen { address, .. } => write!(f, "listen on {address}"),
            Self::Threads(_) => f.write_str("make a thread"),
            Self::Reflection => f.write_str("reflect the descriptor set"),
            Self::Lost => f.write_str("start the service: its thread ended"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Data { source, .. } | Self::Listen { source, .. } | Self::Threads(source) => {
                Some(source)
            }
            Self::Store(source) => Some(source),
            Self::Blocks(source) => Some(source),
            Self::Ledger(source) => Some(source),
            _ => None,
        }
    }
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unfinished { found, taken } => Self::Unfinished { found, taken },
            other => Self::Store(other),
        }
    }
}

impl From<BlockStoreError> for StartError {
    fn from(error: BlockStoreError) -> Self {
        Self::Blocks(error)
    }
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        Self::Ledger(error)
    }
}
