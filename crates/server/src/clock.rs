//! The one place where the service reads clocks; every other room is handed what is made here.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dancu_domain::{Clock, Timestamp};

/// The clock on the wall.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the edge: the clock that is handed to every other room"
        )]
        let now = SystemTime::now();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The instant of asking, by the clock that never goes back: for durations only.
pub(crate) fn instant() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the edge: durations of calls and of connections are measured here"
    )]
    let now = Instant::now();
    now
}
