//! What makes reads cheap: the in-process level, coalesced misses, Redis, the change feed.
//!
//! Here live the [`Watermark`] (how far this instance has followed the registry, and which
//! buckets of numbers changed when), the [`Level`] of values kept in this process, the wrappers
//! [`Cached`], [`Coalesced`] and [`Shared`] around the registry port, [`follow`], which keeps the
//! watermark moving, and the [`Link`] to Redis, with what else lives there: the [`LiveVolumes`] and
//! the [`Quotas`], each with a twin in this process. Not here: SQL, what a citizen is, matching,
//! licences, the record of answers, metrics (the counters are plain numbers that others read), the
//! wall clock.
//!
//! The order of the wrappers is `Cached(Coalesced(Shared(registry)))`; [`layered`] builds the
//! first two around any third.

mod cached;
mod coalesce;
mod counters;
mod feed;
mod freshness;
mod level;
mod link;
mod quotas;
mod seal;
mod shared;
mod volumes;
mod watermark;

pub use cached::{CacheConfig, Cached, layered};
pub use coalesce::{CoalesceConfig, Coalesced, coalesced};
pub use counters::{CacheCounts, CoalesceCounts, SharedCounts};
pub use feed::follow;
pub use freshness::Bounds;
pub use level::Level;
pub use link::{Away, BadAddress, Link, LinkConfig, LinkCounts, RedisState};
pub use quotas::{QuotaCounts, QuotaLimits, Quotas};
pub use seal::SealKeys;
pub use shared::{RecordForm, Shared, SharedConfig};
pub use volumes::{Added, BlockVolumes, LiveVolumes, NoVolumes, WriterVolumes};
pub use watermark::{LEAST_BUCKETS, Watermark};
