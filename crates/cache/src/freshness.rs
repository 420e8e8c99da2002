//! What a freshness asks of a level of kept values.

use dancu_domain::{Clock, Freshness, RegistryError};

use crate::Watermark;

/// How long a confirmation of the registry's head is good for, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// For answers without a token: how far they may be behind the registry.
    pub fresh_ms: i64,
    /// For any answer from what is kept: after that the registry counts as away, and is asked, so
    /// that whoever asks is told so.
    pub away_ms: i64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            fresh_ms: 1_000,
            away_ms: 2_000,
        }
    }
}

/// Whether kept values may be served, the watermark to serve them at, and what to ask of the
/// registry for the rest.
pub(crate) fn plan(
    watermark: &Watermark,
    clock: &dyn Clock,
    bounds: Bounds,
    freshness: Freshness,
) -> Result<(bool, u64, Freshness), RegistryError> {
    Ok(match freshness {
        Freshness::FullyConsistent => (false, watermark.revision(), freshness),
        Freshness::AtLeast(token) if token.nation != watermark.nation() => {
            return Err(RegistryError::AnotherNation);
        }
        Freshness::AtLeast(token) => {
            // The confirmation is loaded before the watermark that it speaks about.
            let there = watermark.confirmed_within(clock.now(), bounds.away_ms);
            let revision = watermark.revision();
            (there && revision >= token.number, revision, freshness)
        }
        Freshness::MinimizeLatency => {
            if watermark.confirmed_within(clock.now(), bounds.fresh_ms) {
                (true, watermark.revision(), freshness)
            } else {
                (false, watermark.revision(), Freshness::FullyConsistent)
            }
        }
    })
}
