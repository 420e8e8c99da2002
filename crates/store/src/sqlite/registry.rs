//! The registry port over the queues of readers and writer.

use std::fmt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dancu_domain::{
    Applied, ChangeFeed, ChangeNotice, ChangeRecord, Directory, Freshness, IdKey, PersonalId,
    Reading, Registry, RegistryError, Revision, SourceKey,
};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::link::Link;
use super::options::reading;
use super::reader::{Ask, Desk, read_on};
use super::writer::{Batch, Office, Order, write_on};
use super::{SqliteOptions, schema};
use crate::freshness::{Required, until_reached};
use crate::queue::{Counters, RegistryCounters, Room, ended};
use crate::{DirectoryRows, RegistryMeta, StoreError};

/// A registry in an SQLite file. Clones share its queues; its tasks live on the runtime that
/// opened it and end when it is closed or its last clone is dropped.
#[derive(Clone)]
pub struct SqliteRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    meta: RegistryMeta,
    runtime: Handle,
    asks: mpsc::UnboundedSender<Ask>,
    asks_room: Room,
    orders: mpsc::UnboundedSender<Order>,
    orders_room: Room,
    head: watch::Receiver<u64>,
    counters: Arc<Counters>,
    /// The readers, and last the writer.
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl SqliteRegistry {
    /// Opens the nation in this file; `None` when there is no complete one.
    ///
    /// Must be called on the runtime that is to own the connections.
    pub async fn open(path: &Path) -> Result<Option<(Self, RegistryMeta)>, StoreError> {
        Self::open_with(path, SqliteOptions::default()).await
    }

    /// Opens the nation in this file in a way of one's own.
    pub async fn open_with(
        path: &Path,
        options: SqliteOptions,
    ) -> Result<Option<(Self, RegistryMeta)>, StoreError> {
        let Some(meta) = complete_nation(path, options).await? else {
            return Ok(None);
        };
        let writing = Link::open(options.writing(path)).await?;
        let (asks, asks_queue) = mpsc::unbounded_channel();
        let asks_queue = Arc::new(tokio::sync::Mutex::new(asks_queue));
        let mut links = Vec::new();
        for _ in 0..options.readers.max(1) {
            links.push(Link::open(reading(path)).await?);
        }
        let (orders, orders_queue) = mpsc::unbounded_channel();
        let head = watch::Sender::new(0);
        let counters = Arc::new(Counters::default());
        let runtime = Handle::current();
        let mut tasks: Vec<JoinHandle<()>> = links
            .into_iter()
            .map(|link| {
                let desk = Desk {
                    nation: meta.nation,
                    counters: Arc::clone(&counters),
                };
                runtime.spawn(read_on(link, Arc::clone(&asks_queue), desk))
            })
            .collect();
        drop(asks_queue);
        let registry = Self {
            shared: Arc::new(Shared {
                meta,
                runtime: runtime.clone(),
                asks,
                asks_room: Room::new(options.max_waiting_keys),
                orders,
                orders_room: Room::new(options.max_waiting_records),
                head: head.subscribe(),
                counters: Arc::clone(&counters),
                tasks: Mutex::new(Vec::new()),
            }),
        };
        head.send_replace(registry.ask(Ask::Head).await?);
        let office = Office {
            nation: meta.nation,
            head,
            counters,
            max_records: options.max_records_per_commit,
        };
        tasks.push(runtime.spawn(write_on(writing, orders_queue, office)));
        *registry.tasks() = tasks;
        Ok(Some((registry, meta)))
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
        self.ask(Ask::Directory).await
    }

    /// The citizens with an effect from any source but this one, each once, by number.
    pub async fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> Result<Vec<PersonalId>, StoreError> {
        self.ask(|to| Ask::ChangedByOthers(source.clone(), to))
            .await
    }

    /// What it has done since it was opened.
    pub fn counters(&self) -> RegistryCounters {
        self.shared.counters.counts()
    }

    /// Carries out what waits, takes no more, and returns once every connection is closed.
    pub async fn close(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks());
        let Some(writer) = tasks.pop() else { return };
        // Every reader takes one word of the end; what was asked after it is told by the end of
        // its channel. One who has ended already has nothing left to carry out.
        for _ in &tasks {
            drop(self.shared.asks.send(Ask::Close));
        }
        ended(tasks).await;
        // The last connection to close brings the log back into the file. Of two that close at
        // once neither would be the last, so the writer waits for the readers.
        drop(self.shared.orders.send(Order::Close));
        ended(vec![writer]).await;
    }

    async fn ask<T>(
        &self,
        ask: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Ask,
    ) -> Result<T, StoreError> {
        let (to, answer) = oneshot::channel();
        self.shared
            .asks
            .send(ask(to))
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.shared
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_now(&self, keys: &[IdKey]) -> Result<Reading, RegistryError> {
        let Some(room) = self.shared.asks_room.take(keys.len()) else {
            return Err(self.shed());
        };
        let keys = keys.to_vec();
        self.ask(|to| Ask::Citizens(keys, to, room))
            .await
            .map_err(told)
    }

    fn shed(&self) -> RegistryError {
        self.shared.counters.shed.fetch_add(1, Ordering::Relaxed);
        RegistryError::Overloaded
    }

    fn revision(&self, number: u64) -> Revision {
        Revision {
            nation: self.shared.meta.nation,
            number,
        }
    }
}

impl Registry for SqliteRegistry {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        let required = Required::of(freshness, self.shared.meta.nation)?;
        // What is in the file is in force before the writer has said so: a commit may go on with a
        // checkpoint, and whoever follows the changes has seen it by then.
        let reading = self.read_now(keys).await?;
        if reading.revision.number >= required.0 {
            return Ok(reading);
        }
        // The timer is that of the runtime that owns the registry.
        let waiting = until_reached(self.shared.head.clone(), required);
        let reached = self.shared.runtime.spawn(waiting).await;
        reached.map_err(|_| RegistryError::Unavailable)??;
        let reading = self.read_now(keys).await?;
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
            }))
            .map_err(|_| RegistryError::Unavailable)?;
        answered.await.map_err(|_| RegistryError::Unavailable)
    }
}

impl ChangeFeed for SqliteRegistry {
    async fn head(&self) -> Result<Revision, RegistryError> {
        let number = self.ask(Ask::Head).await.map_err(told)?;
        Ok(self.revision(number))
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.ask(|to| Ask::Changes(after, limit, to))
            .await
            .map_err(told)
    }
}

impl fmt::Debug for SqliteRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteRegistry")
            .field("meta", &self.shared.meta)
            .finish_non_exhaustive()
    }
}

/// What the file says of its nation, brought to the schema of this build; `None` when there is no
/// file or no complete nation in it.
pub(super) async fn complete_nation(
    path: &Path,
    options: SqliteOptions,
) -> Result<Option<RegistryMeta>, StoreError> {
    if !path
        .try_exists()
        .map_err(StoreError::files("look for the registry"))?
    {
        return Ok(None);
    }
    let mut connection = options
        .writing(path)
        .connect()
        .await
        .map_err(StoreError::database("open the registry"))?;
    let found = match schema::read_meta(&mut connection).await {
        Ok(Some((meta, version))) => schema::migrate(&mut connection, version)
            .await
            .map(|()| Some(meta)),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    connection
        .close()
        .await
        .map_err(StoreError::database("close the registry"))?;
    found
}

/// What the caller of the port is told of a failure; the log has the rest.
fn told(_: StoreError) -> RegistryError {
    RegistryError::Unavailable
}
