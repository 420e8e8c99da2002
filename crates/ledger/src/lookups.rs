//! Questions whose a write message is, gathered for the task that owns the store.

use std::sync::{Mutex, MutexGuard, PoisonError};

use dancu_domain::RecordError;
use tokio::sync::oneshot;

use crate::{Asked, WriteClaim};

/// What a question is answered with.
pub(crate) type Found = Result<WriteClaim, RecordError>;

/// One question.
pub(crate) struct Lookup {
    pub(crate) asked: Asked,
    pub(crate) reply: oneshot::Sender<Found>,
}

/// The questions that wait; `None` once nobody answers any more.
pub(crate) struct Lookups(Mutex<Option<Vec<Lookup>>>);

impl Lookups {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Vec<Lookup>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a question, unless `limit` wait already.
    pub(crate) fn ask(
        &self,
        asked: Asked,
        limit: usize,
    ) -> Result<oneshot::Receiver<Found>, RecordError> {
        let mut waiting = self.waiting();
        let waiting = waiting.as_mut().ok_or(RecordError::Unavailable)?;
        if waiting.len() >= limit {
            return Err(RecordError::Overloaded);
        }
        let (reply, answer) = oneshot::channel();
        waiting.push(Lookup { asked, reply });
        Ok(answer)
    }

    /// Takes all that wait.
    pub(crate) fn take(&self) -> Vec<Lookup> {
        self.waiting()
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Lets all that wait know that nobody answers.
    pub(crate) fn end(&self) {
        *self.waiting() = None;
    }
}
