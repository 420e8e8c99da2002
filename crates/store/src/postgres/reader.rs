//! Reading: a few tasks, each with connections of its own, take batches from one queue.
//!
//! Every batch is one statement, and one statement has one snapshot: nothing is begun that a
//! failure could leave open, and all candidates are true at the revision beside them. That holds
//! on a replica as well, where the newest change is the one that it has replayed.

use std::sync::Arc;

use dancu_domain::{ChangeNotice, IdKey, NationId, PersonalId, Reading, Revision, SourceKey};
use tokio::sync::{Mutex, OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

use super::queries::{
    ChangedByOthers, Changes, Citizens, Head, Inquiry, Numbers, Standing, TheDirectory,
};
use super::replica::Replica;
use super::{Durability, Link, is_lost};
use crate::queue::Counters;
use crate::{DirectoryRows, StoreError};

/// Where an answer goes.
type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What a reader can be asked.
pub(super) enum Question {
    /// Who has these numbers. The permit is the room that they take in the queue; a replica that
    /// has replayed the change may answer, where one is named.
    Citizens(
        Vec<IdKey>,
        Option<u64>,
        Answer<Reading>,
        OwnedSemaphorePermit,
    ),
    /// The number of the newest change, of which this one was seen.
    Head(u64, Answer<u64>),
    /// Up to so many changes that follow the number.
    Changes(u64, usize, Answer<Vec<ChangeNotice>>),
    /// Who was changed by any other source.
    ChangedByOthers(SourceKey, Answer<Vec<PersonalId>>),
    /// Who may ask what.
    Directory(Answer<DirectoryRows>),
    /// What a commit survives.
    Standing(Answer<Durability>),
}

/// What is in the queue.
pub(super) enum Ask {
    /// A question, and the moment after which nobody waits for the answer.
    This(Question, Instant),
    /// Nothing: the reader who takes this ends.
    Close,
}

/// What a reader needs beside its connections.
pub(super) struct Desk {
    pub(super) nation: NationId,
    pub(super) counters: Arc<Counters>,
}

/// The queue that the readers share.
pub(super) type Queue = Arc<Mutex<mpsc::UnboundedReceiver<Ask>>>;

/// The connections of a reader.
pub(super) struct Reader {
    primary: Link,
    replica: Option<Replica>,
    desk: Desk,
}

impl Reader {
    pub(super) fn new(primary: Link, replica: Option<Replica>, desk: Desk) -> Self {
        Self {
            primary,
            replica,
            desk,
        }
    }

    /// Answers until the queue ends. The task is never cancelled; a caller who left is not looked
    /// for.
    pub(super) async fn read_on(mut self, queue: Queue) {
        loop {
            // Whoever has the lock waits for the next batch; the others wait for the lock.
            let next = queue.lock().await.recv().await;
            match next {
                None | Some(Ask::Close) => break,
                Some(Ask::This(question, until)) => self.answer(question, until).await,
            }
        }
        self.primary.close().await;
        if let Some(replica) = self.replica {
            replica.close().await;
        }
    }

    async fn answer(&mut self, question: Question, until: Instant) {
        match question {
            Question::Citizens(keys, replayed, to, room) => {
                if to.is_closed() {
                    return;
                }
                Counters::add(&self.desk.counters.reads, 1);
                Counters::add(&self.desk.counters.keys, keys.len());
                let read = self.citizens(&keys, replayed, until).await;
                drop(room);
                hand(to, read);
            }
            Question::Head(known, to) => hand(to, self.asked(&Head { known }, until).await),
            Question::Changes(after, limit, to) => {
                hand(to, self.asked(&Changes { after, limit }, until).await);
            }
            Question::ChangedByOthers(source, to) => {
                hand(to, self.asked(&ChangedByOthers(source), until).await);
            }
            Question::Directory(to) => hand(to, self.asked(&TheDirectory, until).await),
            Question::Standing(to) => hand(to, self.asked(&Standing, until).await),
        }
    }

    async fn citizens(
        &mut self,
        keys: &[IdKey],
        replayed: Option<u64>,
        until: Instant,
    ) -> Result<Reading, StoreError> {
        let citizens = Citizens {
            numbers: Numbers::of(keys),
            nation: self.desk.nation,
        };
        if let (Some(replica), Some(replayed)) = (&mut self.replica, replayed) {
            let counters = &self.desk.counters;
            let asked = replica.citizens(&citizens, replayed, until, counters);
            if let Some(reading) = asked.await {
                return Ok(reading);
            }
        }
        self.asked(&citizens, until).await
    }

    /// Asks the primary, once more on a new connection where the one that there was is lost: a
    /// connection that was closed behind our back is no reason to fail anybody.
    async fn asked<I: Inquiry>(
        &mut self,
        inquiry: &I,
        until: Instant,
    ) -> Result<I::Told, StoreError> {
        let had = self.primary.is_open();
        let mut told = self.primary.ask(inquiry, until).await;
        if had && told.as_ref().is_err_and(is_lost) {
            Counters::add(&self.desk.counters.retries, 1);
            told = self.primary.ask(inquiry, until).await;
        }
        told.inspect_err(|error| {
            tracing::warn!(
                %error,
                cause = std::error::Error::source(error).map(tracing::field::display),
                "the registry cannot be read"
            );
        })
    }
}

impl Link {
    /// Asks on this link, and lets go of a connection that did not answer as it should.
    async fn ask<I: Inquiry>(
        &mut self,
        inquiry: &I,
        until: Instant,
    ) -> Result<I::Told, StoreError> {
        let told = inquiry.ask(self.connection(until).await?, until).await;
        if told.is_err() {
            self.give_up();
        }
        told
    }
}

/// A caller who left does not want it any more.
fn hand<T>(to: Answer<T>, told: Result<T, StoreError>) {
    drop(to.send(told));
}

/// A number of a change with the nation that it belongs to.
pub(super) fn revision(nation: NationId, number: u64) -> Revision {
    Revision { nation, number }
}
