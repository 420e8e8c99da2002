//! Whether traffic is recorded, and how much of it is kept.

use std::path::PathBuf;
use std::time::Duration;

/// The recording of traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingConfig {
    /// Where the files go; `None` records nothing.
    pub folder: Option<PathBuf>,
    /// From what size on another file is begun.
    pub part_bytes: u64,
    /// From what age on another file is begun.
    pub part_age: Duration,
    /// How much the files of this instance may take together; the oldest are removed.
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
