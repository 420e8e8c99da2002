//! Writing: one task owns the one connection that writes, and gathers what waits.
//!
//! A batch is in the queue after the first poll of its caller's future and takes effect whether
//! or not the caller is still there: the task is never cancelled, and nobody else begins a
//! transaction.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use dancu_domain::{Applied, ChangeOutcome, ChangeRecord, NationId, Revision};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::commit::{Committed, commit};
use super::link::Link;
use crate::queue::Counters;

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
}

/// What the writer needs beside its connection.
pub(super) struct Office {
    pub(super) nation: NationId,
    pub(super) head: watch::Sender<u64>,
    pub(super) counters: Arc<Counters>,
    pub(super) max_records: usize,
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
        while let Some(order) = next.take() {
            match order {
                Order::Close => queue.close(),
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
            apply(&mut link, batches, &office).await;
        }
    }
    link.give_up().await;
}

async fn apply(link: &mut Link, batches: Vec<Batch>, office: &Office) {
    let records: Vec<&ChangeRecord> = batches.iter().flat_map(|b| &b.records).collect();
    let committed = match link.connection().await {
        Ok(connection) => commit(connection, &records).await,
        Err(error) => Err(error),
    };
    match committed {
        Ok(Committed { outcomes, head }) => {
            let count = |counter: &std::sync::atomic::AtomicU64, by: usize| {
                counter.fetch_add(by as u64, Ordering::Relaxed);
            };
            count(&office.counters.commits, 1);
            count(&office.counters.batches, batches.len());
            count(&office.counters.records, records.len());
            drop(records);
            office.head.send_replace(head);
            let mut outcomes = outcomes.into_iter();
            for batch in batches {
                let outcomes: Vec<ChangeOutcome> =
                    outcomes.by_ref().take(batch.records.len()).collect();
                drop(batch.room);
                // A caller who left does not want to know any more.
                drop(batch.answer.send(Applied {
                    outcomes,
                    revision: Revision {
                        nation: office.nation,
                        number: head,
                    },
                }));
            }
        }
        Err(error) => {
            tracing::error!(
                error = %error,
                cause = std::error::Error::source(&error).map(tracing::field::display),
                "the registry cannot be written"
            );
            link.give_up().await;
            // Every caller is told by the end of its channel.
            drop(records);
            drop(batches);
        }
    }
}
