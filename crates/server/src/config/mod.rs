//! What an operator can choose.

mod check;
mod field;
mod guesses;
mod layers;
mod limits;
mod log;
mod places;
mod recording;
mod secret;
mod settings;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use dancu_domain::EventDays;

pub use check::ConfigError;
pub use field::Shown;
pub use guesses::GuessConfig;
pub(crate) use guesses::by_agency;
pub use layers::{Choice, Layers, Origin, SettingError, Settled};
pub use limits::{Limits, Times};
pub use log::LogConfig;
pub use places::{
    DEFAULT_READERS, DEFAULT_REDIS_EXPIRY, DEFAULT_REDIS_TIMEOUT, DEFAULT_REPLICA_TIMEOUT,
    LedgerPlace, QuotaConfig, RedisPlace, RegistryPlace,
};
pub use recording::RecordingConfig;
pub use secret::Secret;

/// Everything that can be chosen about one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The data directory: registry, ledger, keys, checkpoints, lock.
    pub data: PathBuf,
    /// The name under which this instance writes its chain of the ledger. No two that run at once
    /// over one ledger may share it; the same instance keeps it over restarts.
    pub instance: String,
    /// The file of keys; `None` puts it into the data directory. Instances over one nation have
    /// files of the same contents.
    pub keys: Option<PathBuf>,
    /// Where gRPC listens.
    pub listen: SocketAddr,
    /// Where operators' HTTP listens; `None` for nowhere.
    pub ops: Option<SocketAddr>,
    /// Whether operators' HTTP may listen beyond loopback.
    pub allow_ops_anywhere: bool,
    /// How many citizens the nation must have; `None` takes the nation that is there, or makes one
    /// of [`DEFAULT_CITIZENS`].
    pub citizens: Option<u64>,
    /// The seed that the nation must have; `None` takes the nation that is there, or makes one of
    /// [`DEFAULT_SEED`].
    pub seed: Option<u64>,
    /// The days that callers may name as event days; `None` lets them name none.
    pub event_days: Option<EventDays>,
    /// Whether a nation is made with personal numbers that living people may have. One that is
    /// there keeps the numbers that it has.
    pub real_looking_numbers: bool,
    /// How many runtimes answer; `None` for one a core.
    pub cores: Option<usize>,
    /// Whether sandbox keys are taken although the service listens beyond loopback.
    pub allow_sandbox_keys_anywhere: bool,
    /// The file of signed checkpoints; `None` puts it into the data directory.
    pub checkpoints: Option<PathBuf>,
    /// Whether a lost file of checkpoints may be begun anew. Asked for once, on the command line,
    /// and never kept in a file: see [`dancu_ledger::LedgerConfig::new_checkpoints`].
    pub new_checkpoints: bool,
    /// Where the registry lies.
    pub registry: RegistryPlace,
    /// Where the ledger lies.
    pub ledger: LedgerPlace,
    /// The shared second level; `None` goes without.
    pub redis: Option<RedisPlace>,
    /// How much an agency may ask.
    pub quotas: QuotaConfig,
    /// How often claims about a number may fail.
    pub guesses: GuessConfig,
    /// How much at once.
    pub limits: Limits,
    /// How long.
    pub times: Times,
    /// The log.
    pub log: LogConfig,
    /// The recording of traffic.
    pub recording: RecordingConfig,
}

/// How many citizens a nation gets when nobody says.
pub const DEFAULT_CITIZENS: u64 = 100_000;
/// The seed that a nation gets when nobody says.
pub const DEFAULT_SEED: u64 = 1;
/// The name of an instance when nobody says.
pub const DEFAULT_INSTANCE: &str = "main";

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from(".dancu"),
            instance: DEFAULT_INSTANCE.to_owned(),
            keys: None,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50051),
            ops: Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090)),
            allow_ops_anywhere: false,
            citizens: None,
            seed: None,
            event_days: None,
            real_looking_numbers: false,
            cores: None,
            allow_sandbox_keys_anywhere: false,
            checkpoints: None,
            new_checkpoints: false,
            registry: RegistryPlace::File,
            ledger: LedgerPlace::File,
            redis: None,
            quotas: QuotaConfig::default(),
            guesses: GuessConfig::default(),
            limits: Limits::default(),
            times: Times::default(),
            log: LogConfig::default(),
            recording: RecordingConfig::default(),
        }
    }
}

impl Config {
    /// How many runtimes answer.
    pub fn cores(&self) -> usize {
        self.cores
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// Whether sandbox keys are taken.
    pub fn takes_sandbox_keys(&self) -> bool {
        self.allow_sandbox_keys_anywhere || self.listen.ip().is_loopback()
    }
}
