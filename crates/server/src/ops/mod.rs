//! Operators' HTTP, on loopback: metrics, liveness, readiness.

mod gather;
mod host;
mod http;
mod list;
mod reading;
mod shared;
mod text;

use std::sync::Arc;

use dancu_cache::{Link, LiveVolumes, Quotas, Shared, Watermark};
use dancu_ledger::Ledger;
use dancu_store::RegistryMeta;
use tokio::sync::watch;

use crate::back::Reader;
use crate::credentials::DirectoryCell;
use crate::limits::Gates;
use crate::numbers::Numbers;
use crate::observed::{Observed, SeenOfRegistry};
use crate::parts::Parts;
use crate::recording::Counters as RecordingCounters;
use crate::totals::Wanted;
use crate::transport::accept::AcceptNumbers;

pub(crate) use http::serve;
pub use list::{METRICS, Metric, MetricKind};

/// Where the figures are read.
pub(crate) struct Sources<R> {
    /// What each core counts.
    pub(crate) numbers: Vec<Arc<Numbers>>,
    /// The bounds of each core.
    pub(crate) gates: Vec<Gates>,
    /// What the acceptor has seen.
    pub(crate) accepted: Arc<AcceptNumbers>,
    /// The cache and the waiting list.
    pub(crate) reader: Arc<Reader<R>>,
    /// The ledger.
    pub(crate) ledger: Ledger,
    /// Where the counts of other writers are asked for.
    pub(crate) wanted: Option<Wanted>,
    /// The second level of the cache.
    pub(crate) shared: Arc<Shared<Observed<R>>>,
    /// The connection to Redis.
    pub(crate) link: Option<Link>,
    /// The live volumes.
    pub(crate) volumes: Option<Arc<LiveVolumes>>,
    /// The quotas.
    pub(crate) quotas: Option<Quotas>,
    /// The registry itself.
    pub(crate) registry: Arc<R>,
    /// What was seen of it.
    pub(crate) seen: Arc<SeenOfRegistry>,
    /// How far the registry is followed.
    pub(crate) watermark: Arc<Watermark>,
    /// How the parts are.
    pub(crate) parts: watch::Receiver<Parts>,
    /// The directory, for the kinds of agencies.
    pub(crate) cell: Arc<DirectoryCell>,
    /// What the recording of traffic counts; none where there is none.
    pub(crate) recording: Option<Arc<RecordingCounters>>,
    /// Which nation.
    pub(crate) meta: RegistryMeta,
    /// Whether callers may name event days.
    pub(crate) event_days: bool,
}
