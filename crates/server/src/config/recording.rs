//! Whether traffic is recorded, and how much of it is kept.

use std::path::PathBuf;
use std::time::Duration;

/// The recording of traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingConfig {
    /// Where the files go; `None` records nothing.
    pub folder: Option<PathBuf>,
    /// Up to what size a file grows before another one is begun. What is written at once, an eighth of
    /// a megabyte or so, is a file of its own where it does not fit into one of this size.
    pub part_bytes: u64,
    /// From what age on another file is begun.
    pub part_age: Duration,
    /// How much the files of this instance may take together, which they never exceed: the oldest are
    /// removed before there is more. At least 1 MiB, several times what is written at once.
    pub total_bytes: u64,
}

impl Default for RecordingConfig {
    fn default() -> Self {
        Self {
            folder: None,
            part_bytes: 256 << 20,
            part_age: Duration::from_hours(1),
            total_bytes: 8 << 30,
        }
    }
}
