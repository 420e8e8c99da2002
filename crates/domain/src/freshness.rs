//! How fresh an answer must be.

use crate::Revision;

/// What a reader asks of the revision of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Freshness {
    /// As fresh as this instance is, which is at most the configured bound behind the registry.
    #[default]
    MinimizeLatency,
    /// At this revision or later.
    AtLeast(Revision),
    /// As of the moment of asking.
    FullyConsistent,
}
