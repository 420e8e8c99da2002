//! The service as a library.

mod clock;
mod config;
mod phase;
mod transport;

pub use clock::WallClock;
pub use config::{
    Config, ConfigError, DEFAULT_CITIZENS, DEFAULT_SEED, Limits, LogConfig, Times,
};
