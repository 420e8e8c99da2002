//! What a freshness asks of a level of kept values.

use dancu_domain::{Clock, Freshness, RegistryError};

use crate::Watermark;

/// Whether kept values may be served, the watermark to serve them at, and what to ask of the
/// registry for the rest.
pub(crate) fn plan(
    watermark: &Watermark,
    clock: &dyn Clock,
    bound_ms: i64,
    freshness: Freshness,
) -> Result<(bool, u64, Freshness), RegistryError> {
    Ok(match freshness {
        Freshness::FullyConsistent => (false, watermark.revision(), freshness),
        Freshness::AtLeast(token) if token.nation != watermark.nation() => {
            return Err(RegistryError::AnotherNation);
        }
        Freshness::AtLeast(token) => {
            let revision = watermark.revision();
            (revision >= token.number, revision, freshness)
        }
        Freshness::MinimizeLatency => {
            // The confirmation is loaded before the watermark that it speaks about.
            if watermark.confirmed_within(clock.now(), bound_ms) {
                (true, watermark.revision(), freshness)
            } else {
                (false, watermark.revision(), Freshness::FullyConsistent)
            }
        }
    })
}
