//! The driver of the waiting list: the one task that touches the registry.

use std::sync::Arc;

use dancu_domain::{
    Applied, ChangeFeed, ChangeNotice, ChangeRecord, Freshness, IdKey, Reading, Registry,
    RegistryError, Revision,
};
use tokio::task::{Id, JoinSet};

use super::queue::{Ask, Batch, Need};
use super::waiter::{self, Waiter};
use super::{Answer, Landed, Shared};
use crate::feed::catch_up;
use crate::level::answers;
use crate::{Level, Watermark};

/// Reads that may wait at the registry for a token beyond its head. The next one is told so at
/// once.
const AHEAD: usize = 4;

/// What is passed on without waiting for a batch.
pub(super) enum Job {
    Apply(Vec<ChangeRecord>, Answer<Applied>),
    Head(Answer<Revision>),
    Changes(u64, usize, Answer<Vec<ChangeNotice>>),
}

impl Job {
    fn load(&self) -> usize {
        match self {
            Self::Apply(records, _) => records.len().max(1),
            Self::Head(_) | Self::Changes(..) => 1,
        }
    }
}

/// Everything that a query needs, for the tasks of the driver.
struct Desk<R> {
    inner: Arc<R>,
    shared: Arc<Shared>,
    level: Option<Arc<Level>>,
}

impl<R> Clone for Desk<R> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: self.shared.clone(),
            level: self.level.clone(),
        }
    }
}

/// Closes the list when the driver ends, whatever ended it, and before it was ever polled.
struct Closing(Arc<Shared>);

/// Gives back the room of a job, whatever ended it.
struct Room(Arc<Shared>, usize);

/// Works until nobody can ask any more and everybody is answered.
pub(super) fn drive<R: Registry + ChangeFeed>(
    inner: Arc<R>,
    shared: Arc<Shared>,
    level: Option<Arc<Level>>,
) -> impl Future<Output = ()> + Send + use<R> {
    let closing = Closing(shared.clone());
    let desk = Desk {
        inner,
        shared,
        level,
    };
    async move {
        let _closing = closing;
        let mut flights = JoinSet::new();
        let mut under_way: Vec<(Id, u64)> = Vec::new();
        let (mut jobs, mut ahead) = (JoinSet::new(), JoinSet::new());
        loop {
            let (batches, new_jobs, done) = desk.shared.next();
            for batch in batches {
                let id = batch.id;
                let task = flights.spawn(desk.clone().fly(batch.keys, batch.need));
                under_way.push((task.id(), id));
            }
            for job in new_jobs {
                jobs.spawn(desk.clone().work(job));
            }
            if done && flights.is_empty() && jobs.is_empty() && ahead.is_empty() {
                return;
            }
            tokio::select! {
                Some(ended) = flights.join_next_with_id() => {
                    // A query that panicked fails those who waited for it, and nobody else.
                    let (task, landed) = match ended {
                        Ok((task, landed)) => (task, landed),
                        Err(error) => (error.id(), Err(RegistryError::Unavailable)),
                    };
                    if let Some(index) = under_way.iter().position(|(id, _)| *id == task) {
                        let (_, batch) = under_way.swap_remove(index);
                        for late in desk.shared.land(batch, landed) {
                            // The lane is short: a flood of impossible tokens holds up nobody.
                            if ahead.len() < AHEAD {
                                ahead.spawn(desk.clone().wait(late));
                            } else {
                                late.answer.tell(Err(RegistryError::RevisionAhead));
                            }
                        }
                    }
                }
                Some(_) = jobs.join_next() => {}
                Some(_) = ahead.join_next() => {}
                () = desk.shared.bell.notified() => {}
            }
        }
    }
}

impl<R: Registry + ChangeFeed> Desk<R> {
    fn watermark(&self) -> &Watermark {
        &self.shared.watermark
    }

    /// Reads one batch. A need beyond the watermark is read at the head, which asks the registry
    /// for no waiting.
    async fn fly(self, keys: Vec<IdKey>, need: Need) -> Result<Landed, RegistryError> {
        let freshness = match need {
            Need::AtLeast(number) if number <= self.watermark().revision() => {
                Freshness::AtLeast(self.watermark().at(number))
            }
            Need::AtLeast(_) | Need::Fresh => Freshness::FullyConsistent,
        };
        self.read(keys, freshness).await
    }

    /// Reads for one whose token lies beyond the head; the registry waits as long as it sees fit.
    async fn wait(self, ask: Ask<Waiter>) {
        let Need::AtLeast(number) = ask.need else {
            return;
        };
        let mut keys = ask.keys;
        keys.sort_unstable();
        keys.dedup();
        let freshness = Freshness::AtLeast(self.watermark().at(number));
        let landed = match self.read(keys, freshness).await {
            Ok(landed) if landed.reading.revision.number < number => {
                Err(RegistryError::RevisionAhead)
            }
            landed => landed.map(Arc::new),
        };
        ask.answer.tell(landed);
    }

    async fn read(&self, keys: Vec<IdKey>, freshness: Freshness) -> Result<Landed, RegistryError> {
        let read_at = self.watermark().revision();
        let reading: Reading = self.inner.read(&keys, freshness).await?;
        if reading.revision.nation != self.watermark().nation() || !answers(&keys, &reading) {
            self.shared.state().queue.counts.crossed += 1;
            tracing::error!("the registry answered another question than it was asked");
            return Err(RegistryError::Unavailable);
        }
        if reading.revision.number < read_at {
            // It was set back, and the follower does not know it yet.
            self.watermark().doubt();
            self.watermark().kick();
            return Err(RegistryError::Unavailable);
        }
        if let Some(level) = &self.level {
            level.fill(&keys, &reading, read_at);
        }
        Ok(Landed { keys, reading })
    }

    async fn work(self, job: Job) {
        let room = Room(self.shared.clone(), job.load());
        match job {
            Job::Apply(records, answer) => {
                let applied = self.inner.apply(records).await;
                if let Ok(applied) = &applied {
                    self.advance(applied.revision.number).await;
                }
                drop(room);
                let _ = answer.send(applied);
            }
            Job::Head(answer) => {
                let head = self.inner.head().await;
                drop(room);
                let _ = answer.send(head);
            }
            Job::Changes(after, limit, answer) => {
                let changes = self.inner.changes(after, limit).await;
                drop(room);
                let _ = answer.send(changes);
            }
        }
    }

    /// Notes the changes up to this instance's own write. Where they cannot be read, nothing is
    /// served unasked until the follower has confirmed the head again.
    async fn advance(&self, target: u64) {
        let watermark = self.watermark();
        if catch_up(&*self.inner, watermark, target).await.is_err() {
            watermark.doubt();
            watermark.kick();
        }
    }
}

impl Shared {
    /// What can be started now, and whether nothing more can come.
    fn next(&self) -> (Vec<Batch>, Vec<Job>, bool) {
        let mut state = self.state();
        state.rung = false;
        // Loaded before any of these queries is started.
        let watermark = self.watermark.revision();
        let batches: Vec<_> = std::iter::from_fn(|| state.queue.take(watermark)).collect();
        let jobs = std::mem::take(&mut state.jobs);
        let done = state.no_more && state.queue.is_empty();
        (batches, jobs, done)
    }

    /// Answers those who waited for a batch, and hands back those whose token it did not reach.
    fn land(&self, batch: u64, landed: Result<Landed, RegistryError>) -> Vec<Ask<Waiter>> {
        let asks = {
            let mut state = self.state();
            state.queue.counts.failed += u64::from(landed.is_err());
            state.queue.land(batch)
        };
        let landed = landed.map(Arc::new);
        let (mut late, mut told) = (Vec::new(), Vec::with_capacity(asks.len()));
        for ask in asks {
            match (&landed, ask.need) {
                (Ok(landed), Need::AtLeast(number)) if landed.reading.revision.number < number => {
                    late.push(ask);
                }
                _ => told.push(ask.answer),
            }
        }
        waiter::tell_all(told, &landed);
        late
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        let gone = (state.queue.close(), std::mem::take(&mut state.jobs));
        drop(state);
        // Their senders end with them: whoever waits is told that the registry is unavailable.
        drop(gone);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.0.state().job_load -= self.1;
    }
}
