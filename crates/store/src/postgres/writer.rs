//! Writing: one task owns the one connection that writes, and gathers what waits.
//!
//! A batch is in the queue after the first poll of its caller's future and takes effect whether
//! or not the caller is still there: the task is never cancelled, and nobody else begins a
//! transaction. Transactions that stood in another's way are tried again; so is one whose
//! connection was lost, once it is known that it did not take place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use dancu_domain::{Applied, ChangeOutcome, ChangeRecord, NationId};
use sqlx::PgConnection;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};

use super::commit::{Decided, commit};
use super::queries::on_line;
use super::reader::revision;
use super::{Link, is_conflict, is_lost};
use crate::StoreError;
use crate::queue::Counters;

/// The pause before a transaction is tried again; it doubles with every attempt.
const PAUSE: Duration = Duration::from_millis(5);
/// The longest of those pauses.
const LONGEST: Duration = Duration::from_millis(320);

/// What the writer can be told.
pub(super) enum Order {
    /// Apply this batch.
    Write(Batch),
    /// Carry out what waits, take no more, and end.
    Close,
}

/// A batch of records and the caller who waits for it.
pub(super) struct Batch {
    /// At least one.
    pub(super) records: Vec<ChangeRecord>,
    /// Where the outcomes go; the end of the channel tells of a failure.
    pub(super) answer: oneshot::Sender<Applied>,
    /// The room that the records take in the queue.
    pub(super) room: OwnedSemaphorePermit,
    /// A batch that is not begun by then is not applied.
    pub(super) until: Instant,
}

/// What the writer needs beside its connection.
pub(super) struct Office {
    pub(super) nation: NationId,
    pub(super) head: Arc<watch::Sender<u64>>,
    pub(super) counters: Arc<Counters>,
    pub(super) max_records: usize,
    pub(super) patience: Duration,
    /// The connection whose line is known to be begun, by how many there had been.
    pub(super) seen: AtomicU64,
}

/// Applies until the queue ends.
pub(super) async fn write_on(
    mut link: Link,
    mut queue: mpsc::UnboundedReceiver<Order>,
    office: Office,
) {
    while let Some(order) = queue.recv().await {
        let mut batches = Vec::new();
        let mut gathered = 0;
        let mut next = Some(order);
        let now = Instant::now();
        while let Some(order) = next.take() {
            match order {
                Order::Close => queue.close(),
                // Who waited in vain is told by the end of his channel.
                Order::Write(batch) if batch.until <= now => drop(batch),
                Order::Write(batch) => {
                    gathered += batch.records.len();
                    batches.push(batch);
                }
            }
            if gathered < office.max_records {
                next = queue.try_recv().ok();
            }
        }
        if !batches.is_empty() {
            office.apply(&mut link, batches).await;
        }
    }
    link.close().await;
}

impl Office {
    async fn apply(&self, link: &mut Link, batches: Vec<Batch>) {
        let records: Vec<&ChangeRecord> = batches.iter().flat_map(|b| &b.records).collect();
        match self.committed(link, &records).await {
            Ok(decided) => {
                Counters::add(&self.counters.commits, 1);
                Counters::add(&self.counters.batches, batches.len());
                Counters::add(&self.counters.records, records.len());
                drop(records);
                let head = decided.head();
                advance(&self.head, head);
                let mut outcomes = decided.outcomes.into_iter();
                for batch in batches {
                    let outcomes: Vec<ChangeOutcome> =
                        outcomes.by_ref().take(batch.records.len()).collect();
                    drop(batch.room);
                    // A caller who left does not want to know any more.
                    drop(batch.answer.send(Applied {
                        outcomes,
                        revision: revision(self.nation, head),
                    }));
                }
            }
            // Every caller is told by the end of its channel.
            Err(error) => tracing::error!(
                %error,
                cause = std::error::Error::source(&error).map(tracing::field::display),
                "the registry cannot be written"
            ),
        }
    }

    /// The connection, once its server's line of changes is known to be begun: numbers that were lost
    /// with another server are not drawn again. A server's history does not change while a connection
    /// lasts on which it takes writes.
    async fn on_line<'a>(
        &self,
        link: &'a mut Link,
        known: u64,
        until: Instant,
    ) -> Result<&'a mut PgConnection, StoreError> {
        link.connection(until).await?;
        let opened = link.opened();
        let seen = self.seen.load(Relaxed) == opened;
        let connection = link.connection(until).await?;
        if !seen {
            on_line(connection, known, until).await?;
            self.seen.store(opened, Relaxed);
        }
        Ok(connection)
    }

    /// Commits the records, as often as it takes and as long as there is patience.
    async fn committed(
        &self,
        link: &mut Link,
        records: &[&ChangeRecord],
    ) -> Result<Decided, StoreError> {
        let until = Instant::now() + self.patience;
        let known = *self.head.borrow();
        let mut unsure = None;
        let mut pause = PAUSE;
        loop {
            let had = link.is_open();
            let attempt = match self.on_line(link, known, until).await {
                Ok(connection) => commit(connection, records, &mut unsure, until).await,
                Err(error) => Err(error),
            };
            let error = match attempt {
                Ok(decided) => return Ok(decided),
                Err(error) => error,
            };
            link.give_up();
            // A database that is away is not waited for, unless it may hold what was committed.
            let again = is_conflict(&error) || (had && is_lost(&error)) || unsure.is_some();
            if !again || Instant::now() + pause >= until {
                return Err(error);
            }
            tracing::warn!(
                %error,
                unsure = unsure.is_some(),
                "a transaction of the registry is tried again"
            );
            Counters::add(&self.counters.retries, 1);
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }
}

/// Notes that the newest change has at least this number.
pub(super) fn advance(head: &watch::Sender<u64>, number: u64) {
    head.send_if_modified(|head| {
        let newer = *head < number;
        *head = (*head).max(number);
        newer
    });
}
