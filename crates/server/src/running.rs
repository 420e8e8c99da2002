//! A service that runs, as whoever started it holds it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use dancu_domain::{NationId, PersonalId, RegistryError, SourceKey};
use dancu_store::RegistryMeta;
use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::clock::instant;
use crate::parts::Parts;
use crate::signals::Signals;

/// Why a service should stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM or SIGINT came.
    Signal,
    /// A part failed in a way that only a new start can heal.
    Failed(String),
}

impl Stop {
    /// The end of a service that told nobody why.
    pub fn ended() -> Self {
        Self::Failed("the service ended".to_owned())
    }
}

/// How a drain went.
#[derive(Clone, Debug)]
pub struct DrainReport {
    /// How long it took.
    pub took: Duration,
    /// Connections that were cut at the hard bound.
    pub cut: usize,
    /// Whether the ledger was closed with its last checkpoint.
    pub ledger_closed: bool,
}

impl DrainReport {
    /// Of a service that did not get as far as having anything to drain.
    pub(crate) fn nothing() -> Self {
        Self {
            took: Duration::ZERO,
            cut: 0,
            ledger_closed: false,
        }
    }
}

/// What the back thread is told.
#[derive(Debug)]
pub(crate) enum Order {
    Drain(Duration),
}

pub(crate) type ChangedByOthers = Box<
    dyn Fn(SourceKey) -> BoxFuture<'static, Result<Vec<PersonalId>, RegistryError>> + Send + Sync,
>;

/// A service that runs on threads of its own. Dropped without a drain, it is cut.
pub struct Running {
    pub(crate) grpc: SocketAddr,
    pub(crate) ops: Option<SocketAddr>,
    pub(crate) meta: RegistryMeta,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) stop: watch::Receiver<Option<Stop>>,
    pub(crate) parts: watch::Receiver<Parts>,
    pub(crate) back: Handle,
    pub(crate) changed_by_others: ChangedByOthers,
    pub(crate) thread: Option<JoinHandle<DrainReport>>,
    pub(crate) drain: Duration,
}

impl Running {
    /// Where gRPC listens.
    pub fn grpc_addr(&self) -> SocketAddr {
        self.grpc
    }

    /// Where operators' HTTP listens.
    pub fn ops_addr(&self) -> Option<SocketAddr> {
        self.ops
    }

    /// Which nation is served.
    pub fn nation(&self) -> NationId {
        self.meta.nation
    }

    /// What the registry says of itself.
    pub fn meta(&self) -> RegistryMeta {
        self.meta
    }

    /// How the parts are.
    pub fn parts(&self) -> Parts {
        *self.parts.borrow()
    }

    /// The citizens with an effect from any source but this one, each once, by number. Blocks.
    pub fn changed_by_others(&self, source: SourceKey) -> Result<Vec<PersonalId>, RegistryError> {
        let (sender, receiver) = std_mpsc::channel();
        let asked = (self.changed_by_others)(source);
        self.back.spawn(async move {
            // Who asked may have gone.
            let _ = sender.send(asked.await);
        });
        receiver.recv().unwrap_or(Err(RegistryError::Unavailable))
    }

    /// Blocks until SIGTERM or SIGINT comes or a part fails for good. From the first call on the
    /// signals no longer end the process by themselves.
    pub fn wait(&self) -> Stop {
        self.stopping().recv().unwrap_or_else(|_| Stop::ended())
    }

    /// Where it is told that SIGTERM or SIGINT came or a part failed for good: once, and a service
    /// that ended leaves nobody to tell it. From this call on the signals no longer end the process
    /// by themselves.
    pub fn stopping(&self) -> std_mpsc::Receiver<Stop> {
        let (sender, receiver) = std_mpsc::channel();
        let mut stop = self.stop.clone();
        // Taken over here and not in the task: a signal may come before the task has begun.
        let signals = {
            let _inside = self.back.enter();
            Signals::new()
        };
        self.back.spawn(async move {
            let reason = tokio::select! {
                () = signals.wait() => Stop::Signal,
                failed = stop.wait_for(Option::is_some) => match failed {
                    Ok(reason) => reason.clone().unwrap_or(Stop::Signal),
                    Err(_) => Stop::ended(),
                },
            };
            // Who waited may have gone.
            let _ = sender.send(reason);
        });
        receiver
    }

    /// Takes no more work, finishes what is in flight, closes the ledger; returns within the
    /// configured bound, whatever callers do. Blocks.
    pub fn drain(self) -> DrainReport {
        let bound = self.drain;
        self.drain_within(bound)
    }

    /// The same with another bound.
    pub fn drain_within(mut self, bound: Duration) -> DrainReport {
        self.end(bound)
    }

    fn end(&mut self, bound: Duration) -> DrainReport {
        let began = instant();
        let Some(thread) = self.thread.take() else {
            return DrainReport::nothing();
        };
        // A thread that is gone has drained, or has told why not.
        let _ = self.orders.send(Order::Drain(bound));
        let report = thread.join().unwrap_or_else(|_| DrainReport::nothing());
        DrainReport {
            took: instant().duration_since(began),
            ..report
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("grpc", &self.grpc)
            .field("ops", &self.ops)
            .field("nation", &self.meta.nation)
            .finish_non_exhaustive()
    }
}
