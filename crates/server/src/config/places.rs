//! Where what must last lies, what is shared beside it, and how much of it an agency may ask.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Secret;

/// Where the registry lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RegistryPlace {
    /// In a file of the data directory.
    #[default]
    File,
    /// In a database of PostgreSQL.
    Postgres {
        /// The database, of the primary.
        url: Secret,
        /// The same database of a streaming replica, for reads.
        replica: Option<Secret>,
        /// How long a read waits for the replica before the primary is asked.
        replica_timeout: Duration,
        /// How many connections read.
        readers: u32,
    },
}

/// Where the ledger lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LedgerPlace {
    /// In a file of the data directory.
    #[default]
    File,
    /// In a database of PostgreSQL, another than the registry's.
    Postgres {
        /// The database, of the primary.
        url: Secret,
    },
}

/// The shared second level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisPlace {
    /// Where it is.
    pub url: Secret,
    /// How long an answer of it is waited for before the registry is asked.
    pub timeout: Duration,
    /// How long a value stays.
    pub expiry: Duration,
}

/// How many connections read the registry when nobody says.
pub const DEFAULT_READERS: u32 = 4;
/// How long a replica is waited for when nobody says.
pub const DEFAULT_REPLICA_TIMEOUT: Duration = Duration::from_millis(100);
/// How long Redis is waited for when nobody says.
pub const DEFAULT_REDIS_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a value stays in Redis when nobody says.
pub const DEFAULT_REDIS_EXPIRY: Duration = Duration::from_hours(1);

/// How much an agency may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaConfig {
    /// Items a second of an agency that is not named; `None` is without bound.
    pub items_per_second: Option<u32>,
    /// Items a second of agencies that are named, by code.
    pub agencies: BTreeMap<String, u32>,
    /// Items a day of an agency that is not named; `None` is without bound.
    pub items_per_day: Option<u32>,
    /// Items a day of agencies that are named, by code.
    pub agencies_per_day: BTreeMap<String, u32>,
}
