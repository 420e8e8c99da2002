//! Whether the service serves or drains: one value that every part watches.

use std::time::Instant;

/// Where the service is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It takes work.
    Serving,
    /// It takes no new connections, and what is not finished by the instant is cut.
    Draining {
        /// The hard bound.
        until: Instant,
    },
}
