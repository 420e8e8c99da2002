//! The service as a library: configuration, credentials, limits, gRPC, metrics, health, drain,
//! seeding; and the wiring of all rooms in the order of a request.
//!
//! Not here: what a verb does, SQL, the bytes of the contract, who the citizens are, and the
//! reading of flags or of the environment.

mod any;
pub mod audit;
mod back;
mod backing;
mod clock;
mod config;
mod core;
mod credentials;
mod data;
mod effort;
mod error;
mod fronts;
mod grpc;
mod keys;
mod limits;
mod log;
mod numbers;
mod observed;
mod ops;
mod parts;
mod phase;
mod recording;
mod refusals;
mod running;
mod seed;
mod sharing;
mod signals;
mod start;
mod threads;
mod totals;
mod transport;
mod turns;
mod watch;

pub use any::{AnyBlocks, AnyRegistry};
pub use backing::{Backing, Beside, RegistryHome};
pub use clock::WallClock;
pub use config::{
    Choice, Config, ConfigError, DEFAULT_CITIZENS, DEFAULT_INSTANCE, DEFAULT_READERS,
    DEFAULT_REDIS_EXPIRY, DEFAULT_REDIS_TIMEOUT, DEFAULT_REPLICA_TIMEOUT, DEFAULT_SEED,
    GuessConfig, Layers, LedgerPlace, Limits, LogConfig, Origin, QuotaConfig, RecordingConfig,
    RedisPlace, RegistryPlace, Secret, SettingError, Settled, Shown, Times,
};
pub use dancu_store::RegistryMeta;
pub use error::{StartError, differing, going_on};
pub use keys::Keys;
pub use log::{
    LogForm, LogGuard, check as check_log, install as install_log, install_to as install_log_to,
};
pub use ops::{METRICS, Metric, MetricKind};
pub use parts::{Part, PartState, Parts};
pub use running::{DrainReport, Running, Stop};
pub use seed::{Progress, quietly, seed};
pub use signals::Signals;
pub use start::{start, start_with};
