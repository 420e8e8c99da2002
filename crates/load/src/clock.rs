//! The one place of this room that reads the clock.

use std::time::Instant;

/// Now, for pacing, deadlines and latencies.
#[expect(
    clippy::disallowed_methods,
    reason = "the load tool is an edge: it measures real time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
