//! What makes reads cheap: the in-process level, coalesced misses, the change feed.
//!
//! Here live the [`Watermark`] (how far this instance has followed the registry, and which
//! buckets of numbers changed when), the [`Level`] of values kept in this process, the wrappers
//! [`Cached`] and [`Coalesced`] around the registry port, and [`follow`], which keeps the
//! watermark moving. Not here: SQL, what a citizen is, matching, licences, the record of answers,
//! metrics (the counters are plain numbers that others read), the wall clock.
//!
//! The order of the wrappers is `Cached(Coalesced(registry))`; [`layered`] builds it.

mod cached;
mod coalesce;
mod counters;
mod feed;
mod level;
mod watermark;

pub use cached::{CacheConfig, Cached, layered};
pub use coalesce::{CoalesceConfig, Coalesced, coalesced};
pub use counters::{CacheCounts, CoalesceCounts};
pub use feed::follow;
pub use level::Level;
pub use watermark::{BUCKETS, Watermark};
