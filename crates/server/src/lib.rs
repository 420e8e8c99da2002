//! The service as a library: configuration, credentials, limits, gRPC, metrics, health, drain,
//! seeding; and the wiring of all rooms in the order of a request.
//!
//! Not here: what a verb does, SQL, the bytes of the contract, who the citizens are, and the
//! reading of flags or of the environment.

mod clock;
mod config;
mod core;
mod credentials;
mod grpc;
mod limits;
mod log;
mod numbers;
mod parts;
mod phase;
mod transport;

pub use clock::WallClock;
pub use config::{
    Config, ConfigError, DEFAULT_CITIZENS, DEFAULT_SEED, Limits, LogConfig, Times,
};
pub use log::{LogForm, install as install_log};
pub use parts::Parts;
