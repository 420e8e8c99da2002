//! The registry port over the queues of readers and writer.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dancu_domain::{
    Applied, ChangeFeed, ChangeNotice, ChangeRecord, Directory, Freshness, IdKey, PersonalId,
    Reading, Registry, RegistryError, Revision, SourceKey,
};
use sqlx::PgConnection;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::listener::Bell;
use super::queries::{Inquiry as _, Meta};
use super::reader::{Ask, Desk, Question, Reader, revision};
use super::replica::{Replica, Tended};
use super::writer::{Batch, Office, Order, advance, write_on};
use super::{Durability, Link, PostgresOptions, ReplicaState, connecting, schema, statements};
use crate::freshness::{Required, WAIT};
use crate::queue::{Counters, RegistryCounters, Room, ended};
use crate::{DirectoryRows, RegistryMeta, StoreError};

/// How long the questions that are asked once, at the start or by an audit, may take.
const SLOW: Duration = Duration::from_mins(1);
/// How long opening may take.
const OPENING: Duration = Duration::from_secs(20);
/// The time between two looks for a head that has not got there yet and gave no notice.
const LOOK: Duration = Duration::from_millis(40);

/// A registry in PostgreSQL. Clones share its queues; its tasks live on the runtime that opened it
/// and end when it is closed or its last clone is dropped.
#[derive(Clone)]
pub struct PostgresRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    meta: RegistryMeta,
    runtime: Handle,
    asks: mpsc::UnboundedSender<Ask>,
    asks_room: Room,
    orders: mpsc::UnboundedSender<Order>,
    orders_room: Room,
    head: Arc<watch::Sender<u64>>,
    woken: Arc<Notify>,
    counters: Arc<Counters>,
    read_within: Duration,
    write_within: Duration,
    /// What is aborted at the end: who listens, and who keeps the replica.
    watchers: Vec<JoinHandle<()>>,
    replica: Option<Arc<Tended>>,
    /// The readers, and last the writer.
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl PostgresRegistry {
    /// Opens the nation in this database, and brings its schema to that of this build.
    ///
    /// Must be called on the runtime that is to own the connections.
    pub async fn open(options: PostgresOptions) -> Result<(Self, RegistryMeta), StoreError> {
        let primary = connecting(&options.url, "dancu registry")?;
        let replica = match &options.replica {
            Some(url) => Some(connecting(url, "dancu replica")?),
            None => None,
        };
        let mut link = Link::to_primary(primary.clone());
        let until = Instant::now() + OPENING;
        let meta = timeout_at(until, complete_nation(link.connection(until).await?, until))
            .await
            .map_err(|_| StoreError::TimedOut {
                doing: "open the registry",
            })??
            .ok_or(StoreError::NoNation)?;
        let (asks, asks_queue) = mpsc::unbounded_channel();
        let asks_queue = Arc::new(tokio::sync::Mutex::new(asks_queue));
        let (orders, orders_queue) = mpsc::unbounded_channel();
        let head = Arc::new(watch::Sender::new(0));
        let woken = Arc::new(Notify::new());
        let counters = Arc::new(Counters::default());
        let runtime = Handle::current();
        let replica = replica.map(|options| Tended::new(options, meta.nation));
        let mut tasks: Vec<JoinHandle<()>> = (0..options.readers.max(1))
            .map(|_| {
                let desk = Desk {
                    nation: meta.nation,
                    counters: Arc::clone(&counters),
                };
                let tended = replica.clone();
                let replica = tended.map(|tended| Replica::new(tended, options.replica_within));
                let reader = Reader::new(Link::to_primary(primary.clone()), replica, desk);
                runtime.spawn(reader.read_on(Arc::clone(&asks_queue)))
            })
            .collect();
        drop(asks_queue);
        let bell = Bell {
            head: Arc::clone(&head),
            woken: Arc::clone(&woken),
        };
        let office = Office {
            nation: meta.nation,
            head: Arc::clone(&head),
            counters: Arc::clone(&counters),
            max_records: options.max_records_per_commit,
            patience: options.write_within,
            seen: AtomicU64::new(0),
        };
        tasks.push(runtime.spawn(write_on(link, orders_queue, office)));
        let mut watchers = vec![runtime.spawn(bell.listen(primary))];
        if let Some(tended) = &replica {
            watchers.push(runtime.spawn(Arc::clone(tended).keep(Arc::clone(&head))));
        }
        let registry = Self {
            shared: Arc::new(Shared {
                meta,
                watchers,
                replica,
                runtime,
                asks,
                asks_room: Room::new(options.max_waiting_keys),
                orders,
                orders_room: Room::new(options.max_waiting_records),
                head,
                woken,
                counters,
                read_within: options.read_within,
                write_within: options.write_within,
                tasks: Mutex::new(tasks),
            }),
        };
        registry.head_now().await?;
        Ok((registry, meta))
    }

    /// Which nation it is.
    pub fn meta(&self) -> RegistryMeta {
        self.shared.meta
    }

    /// Who may ask what.
    pub async fn directory(&self) -> Result<Directory, StoreError> {
        Ok(self.directory_rows().await?.directory())
    }

    /// The rows of which the directory is made.
    pub async fn directory_rows(&self) -> Result<DirectoryRows, StoreError> {
        self.ask(SLOW, Question::Directory).await
    }

    /// The citizens with an effect from any source but this one, each once, by number.
    pub async fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> Result<Vec<PersonalId>, StoreError> {
        let question = |to| Question::ChangedByOthers(source.clone(), to);
        self.ask(SLOW, question).await
    }

    /// What an acknowledged change survives.
    pub async fn standing(&self) -> Result<Durability, StoreError> {
        self.ask(self.shared.read_within, Question::Standing).await
    }

    /// How the replica is, and every later change of that; nothing where none is named.
    pub fn replica(&self) -> Option<watch::Receiver<ReplicaState>> {
        self.shared.replica.as_ref().map(|tended| tended.state())
    }

    /// What it has done since it was opened.
    pub fn counters(&self) -> RegistryCounters {
        self.shared.counters.counts()
    }

    /// Carries out what waits, takes no more, and returns once every connection is closed.
    pub async fn close(&self) {
        self.shared.end_watchers();
        let tasks = std::mem::take(&mut *self.tasks());
        // Every reader takes one word of the end; what was asked after it is told by the end of
        // its channel. One who has ended already has nothing left to carry out.
        for _ in 1..tasks.len() {
            drop(self.shared.asks.send(Ask::Close));
        }
        drop(self.shared.orders.send(Order::Close));
        ended(tasks).await;
    }

    async fn ask<T>(
        &self,
        patience: Duration,
        question: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Question,
    ) -> Result<T, StoreError> {
        let (to, answer) = oneshot::channel();
        let until = Instant::now() + patience;
        let asked = self.shared.asks.send(Ask::This(question(to), until));
        asked.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Asks for the newest change, and notes it.
    async fn head_now(&self) -> Result<u64, StoreError> {
        let known = *self.shared.head.borrow();
        let question = |to| Question::Head(known, to);
        let head = self.ask(self.shared.read_within, question).await?;
        advance(&self.shared.head, head);
        Ok(head)
    }

    async fn read_at(
        &self,
        keys: &[IdKey],
        replayed: Option<u64>,
    ) -> Result<Reading, RegistryError> {
        let Some(room) = self.shared.asks_room.take(keys.len()) else {
            return Err(self.shed());
        };
        let keys = keys.to_vec();
        let question = |to| Question::Citizens(keys, replayed, to, room);
        let reading = self.ask(self.shared.read_within, question).await;
        let reading = reading.map_err(told)?;
        advance(&self.shared.head, reading.revision.number);
        Ok(reading)
    }

    /// Returns once the registry has got to what is required, or says that it did not in a
    /// bounded time. Others write as well: a notice tells of it, and so does a look.
    async fn until_reached(self, required: Required) -> Result<(), RegistryError> {
        let until = Instant::now() + WAIT;
        let mut head = self.shared.head.subscribe();
        loop {
            let reached = timeout(LOOK, head.wait_for(|head| *head >= required.0)).await;
            if reached.is_ok_and(|waited| waited.is_ok()) {
                return Ok(());
            }
            if self.head_now().await.map_err(told)? < required.0 && Instant::now() >= until {
                return Err(RegistryError::RevisionAhead);
            }
        }
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.shared
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn shed(&self) -> RegistryError {
        Counters::add(&self.shared.counters.shed, 1);
        RegistryError::Overloaded
    }
}

impl Shared {
    fn end_watchers(&self) {
        for watcher in &self.watchers {
            watcher.abort();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.end_watchers();
    }
}

impl Registry for PostgresRegistry {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        let required = Required::of(freshness, self.shared.meta.nation)?;
        let known = *self.shared.head.borrow();
        // A replica may answer with what this registry has told already, or later, so that nobody
        // who follows it is led back.
        let replayed =
            (freshness != Freshness::FullyConsistent && required.0 <= known).then_some(known);
        let reading = self.read_at(keys, replayed).await?;
        if reading.revision.number >= required.0 {
            return Ok(reading);
        }
        // The timer is that of the runtime that owns the registry.
        let waiting = self.clone().until_reached(required);
        let reached = self.shared.runtime.spawn(waiting).await;
        reached.map_err(|_| RegistryError::Unavailable)??;
        let reading = self.read_at(keys, None).await?;
        if reading.revision.number < required.0 {
            return Err(RegistryError::RevisionAhead);
        }
        Ok(reading)
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        if records.is_empty() {
            return Ok(Applied {
                outcomes: Vec::new(),
                revision: self.head().await?,
            });
        }
        let Some(room) = self.shared.orders_room.take(records.len()) else {
            return Err(self.shed());
        };
        let (answer, answered) = oneshot::channel();
        self.shared
            .orders
            .send(Order::Write(Batch {
                records,
                answer,
                room,
                until: Instant::now() + self.shared.write_within,
            }))
            .map_err(|_| RegistryError::Unavailable)?;
        answered.await.map_err(|_| RegistryError::Unavailable)
    }
}

impl ChangeFeed for PostgresRegistry {
    async fn head(&self) -> Result<Revision, RegistryError> {
        let number = self.head_now().await.map_err(told)?;
        Ok(revision(self.shared.meta.nation, number))
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        let question = |to| Question::Changes(after, limit, to);
        let changes = self.ask(self.shared.read_within, question).await;
        let changes = changes.map_err(told)?;
        if let Some(last) = changes.last() {
            advance(&self.shared.head, last.number);
        }
        Ok(changes)
    }

    async fn woken(&self) {
        self.shared.woken.notified().await;
    }
}

impl fmt::Debug for PostgresRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresRegistry")
            .field("meta", &self.shared.meta)
            .finish_non_exhaustive()
    }
}

/// What the database says of its nation, brought to the schema of this build; `None` when there is
/// no complete nation in it.
pub(super) async fn complete_nation(
    connection: &mut PgConnection,
    until: Instant,
) -> Result<Option<RegistryMeta>, StoreError> {
    if schema::steps_taken(connection, &statements::TABLES).await? == 0 {
        return Ok(None);
    }
    let meta = Meta.ask(connection, until).await?;
    if meta.is_some() {
        schema::migrate(connection, &statements::TABLES).await?;
        schema::migrate(connection, &statements::INDEXES).await?;
    }
    Ok(meta)
}

/// What the caller of the port is told of a failure; the log has the rest.
fn told(_: StoreError) -> RegistryError {
    RegistryError::Unavailable
}
