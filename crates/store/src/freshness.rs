//! How a token is judged, and the bounded wait for a head that has not got there yet.

use std::time::Duration;

use dancu_domain::{Freshness, NationId, RegistryError};
use tokio::sync::watch;

/// How long a reader waits for the head to reach its token.
pub(crate) const WAIT: Duration = Duration::from_millis(200);

/// The change number that a reading must have reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Required(pub(crate) u64);

impl Required {
    /// What the freshness asks for, unless its token is of another nation.
    pub(crate) fn of(freshness: Freshness, nation: NationId) -> Result<Self, RegistryError> {
        match freshness {
            // A backend has no older state to answer from: its newest is also its nearest.
            Freshness::MinimizeLatency | Freshness::FullyConsistent => Ok(Self(0)),
            Freshness::AtLeast(token) if token.nation == nation => Ok(Self(token.number)),
            Freshness::AtLeast(_) => Err(RegistryError::AnotherNation),
        }
    }
}

/// Returns once the head has reached what is required, or says that it did not within [`WAIT`].
///
/// Needs the timer of a runtime only where there is something to wait for.
pub(crate) async fn until_reached(
    mut head: watch::Receiver<u64>,
    required: Required,
) -> Result<(), RegistryError> {
    if *head.borrow() >= required.0 {
        return Ok(());
    }
    match tokio::time::timeout(WAIT, head.wait_for(|head| *head >= required.0)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(RegistryError::Unavailable),
        Err(_) => Err(RegistryError::RevisionAhead),
    }
}
