//! What one core needs to answer: its view of everything, made once at its start.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use dancu_cache::Quotas;
use dancu_domain::{AgencyCode, Day, EventDays, Failure, Reason, Registry};
use dancu_ledger::{DayHold, Limits};
use dancu_store::RegistryMeta;
use dancu_wire::door::Door;
use tokio::sync::watch;

use crate::config::Times;
use crate::credentials::Doorman;
use crate::limits::Gates;
use crate::log::RequestLog;
use crate::numbers::Numbers;
use crate::parts::Parts;
use crate::phase::Phase;
use crate::recording::Notebook;
use crate::transport::connection::End;
use crate::transport::front::Beside;
use crate::turns::Turns;

/// One core: `R` reads and applies, `L` records and counts.
pub(crate) struct Core<R, L> {
    /// The registry, with everything that makes it cheap.
    pub(crate) registry: Arc<R>,
    /// This core's desk of the ledger.
    pub(crate) desk: L,
    /// Who is calling.
    pub(crate) doorman: Doorman,
    /// What a request must look like.
    pub(crate) door: Door,
    /// What the nation was made of.
    pub(crate) made_of: RegistryMeta,
    /// Which event days callers may name.
    pub(crate) event_days: Option<EventDays>,
    /// The bounds.
    pub(crate) gates: Gates,
    /// How often it may be said that they leave no room.
    pub(crate) turns: Arc<Turns>,
    /// What is said where they leave no room.
    pub(crate) full: crate::grpc::full::Full,
    /// How much an agency may ask, where that is limited.
    pub(crate) quotas: Option<Quotas>,
    /// How much it may ask in a day, and how often claims may fail, where any of that is limited.
    pub(crate) limits: Option<Limits>,
    /// What it counts.
    pub(crate) numbers: Arc<Numbers>,
    /// What it logs.
    pub(crate) log: RequestLog,
    /// The key of the hashes by which the log names requests.
    pub(crate) request_key: [u8; 16],
    /// Time limits.
    pub(crate) times: Times,
    /// Sizes of messages, in bytes: requests and answers.
    pub(crate) message_bytes: (usize, usize),
    /// Messages of one stream that are carried out at once.
    pub(crate) messages_per_stream: usize,
    /// How the parts are.
    pub(crate) parts: watch::Receiver<Parts>,
    /// Whether the service drains.
    pub(crate) phase: watch::Receiver<Phase>,
    /// Reflection, where it could be built.
    pub(crate) reflection: crate::grpc::reflection::Reflection,
    /// Where it notes what was asked and answered; none where traffic is not recorded.
    pub(crate) notebook: Option<Notebook>,
    /// Writes that go on although their call may be gone.
    pub(crate) writes: Arc<AtomicUsize>,
}

impl<R: Registry, L> Core<R, L> {
    /// What an exhausted caller is told to wait.
    pub(crate) fn retry_after(&self) -> Duration {
        self.times.retry_after
    }

    /// Takes a message's items from what its agency has of this second.
    pub(crate) fn take_quota(&self, agency: AgencyCode, items: usize) -> Result<(), Failure> {
        let Some(quotas) = &self.quotas else {
            return Ok(());
        };
        let items = u32::try_from(items).unwrap_or(u32::MAX);
        quotas.take(agency, items).map_err(Failure::exceeding)
    }

    /// Holds a message's items against what its agency has of a day. While it is not known what the
    /// limits stand at, nothing is answered.
    pub(crate) fn hold_of_day(
        &self,
        agency: AgencyCode,
        event_day: Option<Day>,
        items: usize,
    ) -> Result<Option<DayHold>, Failure> {
        let Some(limits) = &self.limits else {
            return Ok(None);
        };
        if !limits.are_known() {
            return Err(Failure::new(Reason::LimitsUnavailable));
        }
        let items = u32::try_from(items).unwrap_or(u32::MAX);
        let held = limits.hold(agency, event_day, items);
        held.map_err(Failure::exceeding)
    }

    /// Counts one write for as long as the guard lives.
    pub(crate) fn write(&self) -> Write {
        self.writes.fetch_add(1, Relaxed);
        Write(Arc::clone(&self.writes))
    }
}

/// Counts one write that must not be cut.
#[derive(Debug)]
pub(crate) struct Write(Arc<AtomicUsize>);

impl Drop for Write {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl<R: Registry, L> Beside for Core<R, L> {
    fn is_busy(&self) -> bool {
        self.writes.load(Relaxed) > 0
    }

    fn turns(&self) -> Arc<Turns> {
        Arc::clone(&self.turns)
    }

    fn opened(&self) {
        self.numbers.opened.add(1);
    }

    fn closed(&self, end: End) {
        self.numbers.closed.add(1);
        match end {
            End::Closed => {}
            End::Broken => self.numbers.broken.add(1),
            End::Silent => self.numbers.silent.add(1),
            End::Unread => self.numbers.unread.add(1),
        }
    }
}
