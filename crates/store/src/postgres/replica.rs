//! A replica that reads may go to, while it is known to answer them.
//!
//! Nobody's read finds out how the replica is. A keeper, on a connection of its own, asks it every
//! second which nation it has and how far it has got, and tries again with growing pauses where it
//! does not answer. The first read that it answers late, or with an error, takes it out of service
//! for all readers, so that a replica that stands still costs the time of one read and not that of
//! every read. Readers connect beside their reads, and only while it is in service.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dancu_domain::{NationId, Reading};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::link::state;
use super::queries::{Citizens, Inquiry as _, Meta, Replayed};
use super::within;
use crate::StoreError;
use crate::queue::Counters;

/// How often the keeper asks a replica that is in service how far it has got.
const LOOK: Duration = Duration::from_secs(1);
/// How long connecting, or an answer to the keeper, may take: no read waits for it.
const TRIAL: Duration = Duration::from_secs(1);
/// The pauses before it is tried again: the first, and the longest.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// A replica that was in service for so long makes the next pause the first one again.
const STEADY: Duration = Duration::from_secs(10);
/// What PostgreSQL calls a table that is not there.
const NO_TABLE: &str = "42P01";

/// How a replica is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplicaState {
    /// It was not asked yet.
    Starting,
    /// It answers reads.
    InService,
    /// It is more than a second behind, and is passed by until it has caught up.
    Behind,
    /// It does not answer, or did so too late.
    Away,
    /// It has another nation, or none.
    AnotherNation,
}

/// What the readers and the keeper of a replica share.
pub(super) struct Tended {
    options: PgConnectOptions,
    nation: NationId,
    state: watch::Sender<ReplicaState>,
    /// How often it was taken into service: a connection from before is not used again.
    taken: AtomicU64,
}

impl Tended {
    /// A replica at this address, which is asked nothing before its keeper has reached it.
    pub(super) fn new(options: PgConnectOptions, nation: NationId) -> Arc<Self> {
        Arc::new(Self {
            options,
            nation,
            state: watch::Sender::new(ReplicaState::Starting),
            taken: AtomicU64::new(0),
        })
    }

    /// How it is, and every later change of that.
    pub(super) fn state(&self) -> watch::Receiver<ReplicaState> {
        self.state.subscribe()
    }

    /// Looks after the replica until the task is aborted. `head` is the newest change that this
    /// instance has heard of.
    pub(super) async fn keep(self: Arc<Self>, head: Arc<watch::Sender<u64>>) {
        let mut pause = FIRST;
        loop {
            match self.connect().await {
                Ok(connection) => {
                    let since = Instant::now();
                    self.look_on(connection, &head).await;
                    if since.elapsed() >= STEADY {
                        pause = FIRST;
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "the replica cannot be reached");
                    self.state.send_replace(if is_another(&error) {
                        ReplicaState::AnotherNation
                    } else {
                        ReplicaState::Away
                    });
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Takes the replica into service, and looks how far it is until it fails.
    async fn look_on(&self, mut connection: PgConnection, head: &watch::Sender<u64>) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        self.state.send_replace(ReplicaState::InService);
        let mut state = self.state();
        // Whether it has what was the newest at the last look. At the first one nobody knows.
        let mut due = 0;
        loop {
            let before = *head.borrow();
            let told = match Replayed.ask(&mut connection, Instant::now() + TRIAL).await {
                Ok(replayed) if replayed >= due => ReplicaState::InService,
                Ok(_) => ReplicaState::Behind,
                Err(error) => {
                    tracing::debug!(%error, "the replica does not say how far it is");
                    ReplicaState::Away
                }
            };
            // What a reader found meanwhile is not taken back.
            self.state.send_if_modified(|state| {
                let new = *state != ReplicaState::Away && *state != told;
                if new {
                    *state = told;
                }
                new
            });
            due = before;
            tokio::select! {
                () = sleep(LOOK) => {}
                _ = state.wait_for(|state| *state == ReplicaState::Away) => return,
            }
        }
    }

    /// A connection to the replica, if it is one of this nation.
    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let until = Instant::now() + TRIAL;
        let connecting = self.options.connect();
        let mut connection = within(until, "connect to the replica", connecting).await?;
        match Meta.ask(&mut connection, until).await? {
            Some(meta) if meta.nation == self.nation => Ok(connection),
            _ => Err(StoreError::NoNation),
        }
    }

    fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Takes the replica out of service, unless it was taken into service again since.
    fn failed(&self, taken: u64) {
        self.state.send_if_modified(|state| {
            let out = self.taken() == taken && *state != ReplicaState::Away;
            if out {
                *state = ReplicaState::Away;
            }
            out
        });
    }
}

/// Whether a replica answers, but not for this nation.
fn is_another(error: &StoreError) -> bool {
    matches!(error, StoreError::NoNation) || state(error).is_some_and(|state| state == NO_TABLE)
}

/// A reader's own way to the replica.
pub(super) struct Replica {
    tended: Arc<Tended>,
    /// How long a read waits for it before the primary is asked.
    limit: Duration,
    way: Way,
}

/// A connection of a reader, and in which service of the replica it was begun.
enum Way {
    None,
    Opening(u64, JoinHandle<Result<PgConnection, StoreError>>),
    Open(u64, PgConnection),
}

impl Replica {
    pub(super) fn new(tended: Arc<Tended>, limit: Duration) -> Self {
        Self {
            tended,
            limit,
            way: Way::None,
        }
    }

    /// What the replica has, where it is in service and has replayed the change; nothing, in a
    /// short time, where the primary is to be asked. Counts which of them it was.
    pub(super) async fn citizens(
        &mut self,
        citizens: &Citizens,
        replayed: u64,
        until: Instant,
        counters: &Counters,
    ) -> Option<Reading> {
        let state = *self.tended.state.borrow();
        let reading = match state {
            ReplicaState::InService => self.asked(citizens, until).await,
            ReplicaState::Behind => {
                Counters::add(&counters.replica_refused, 1);
                return None;
            }
            _ => {
                self.way = Way::None;
                None
            }
        };
        let counter = match &reading {
            Some(reading) if reading.revision.number >= replayed => &counters.replica_reads,
            Some(_) => &counters.replica_refused,
            None => &counters.replica_away,
        };
        Counters::add(counter, 1);
        reading.filter(|reading| reading.revision.number >= replayed)
    }

    async fn asked(&mut self, citizens: &Citizens, until: Instant) -> Option<Reading> {
        let until = until.min(Instant::now() + self.limit);
        let (taken, connection) = self.connection().await?;
        let told = citizens.ask(connection, until).await;
        told.inspect_err(|error| {
            tracing::debug!(%error, "the replica cannot be read");
            self.way = Way::None;
            self.tended.failed(taken);
        })
        .ok()
    }

    /// The connection, if there is one; where there is none it is opened beside the reads.
    async fn connection(&mut self) -> Option<(u64, &mut PgConnection)> {
        let now = self.tended.taken();
        self.way = match std::mem::replace(&mut self.way, Way::None) {
            Way::Open(taken, connection) if taken == now => Way::Open(taken, connection),
            Way::Opening(taken, opening) if taken == now && !opening.is_finished() => {
                Way::Opening(taken, opening)
            }
            Way::Opening(taken, opening) if taken == now => match opening.await {
                Ok(Ok(connection)) => Way::Open(taken, connection),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a reader cannot reach the replica");
                    self.tended.failed(taken);
                    Way::None
                }
                Err(_) => Way::None,
            },
            _ => {
                let tended = Arc::clone(&self.tended);
                Way::Opening(now, tokio::spawn(async move { tended.connect().await }))
            }
        };
        match &mut self.way {
            Way::Open(taken, connection) => Some((*taken, connection)),
            _ => None,
        }
    }

    /// Lets go of the replica.
    pub(super) async fn close(self) {
        if let Way::Open(_, connection) = self.way {
            super::link::goodbye(connection).await;
        }
    }
}
