//! The one place of this room that reads the clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Now, for pacing, deadlines and latencies.
#[expect(
    clippy::disallowed_methods,
    reason = "the load tool is an edge: it measures real time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// When something began that has lasted so long, in milliseconds since 1970; 0 by a clock that stands before
/// that.
#[expect(
    clippy::disallowed_methods,
    reason = "generators on several machines have no other clock in common"
)]
pub(crate) fn began_ms(lasted: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let began = now.map(|now| now.saturating_sub(lasted).as_millis());
    began.map_or(0, |began| u64::try_from(began).unwrap_or(0))
}

/// Seconds of processor time that this process has used, all threads, user and system; 0 where
/// the system does not tell.
pub(crate) fn cpu_seconds() -> f64 {
    let read = || {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        let system: f64 = fields.next()?.parse().ok()?;
        Some((user + system) / 100.0)
    };
    read().unwrap_or(0.0)
}
