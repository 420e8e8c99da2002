//! Who waits for a batch, and on which runtime.
//!
//! To wake a task of another runtime is a system call, each time. So what a batch brought goes to
//! each runtime at once, in a task of its own, and those who wait there are woken from within.

use std::sync::Arc;

use dancu_domain::RegistryError;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{Answer, Landed};

/// What a batch brought, or why it brought nothing.
type Told = Result<Arc<Landed>, RegistryError>;

/// Somebody who waits for a batch.
pub(super) struct Waiter {
    answer: Answer<Arc<Landed>>,
    /// Where the waiting task lives.
    home: Option<Handle>,
}

impl Waiter {
    /// A waiter on the runtime of the caller, and what it waits with.
    pub(super) fn here() -> (Self, oneshot::Receiver<Told>) {
        let (answer, answered) = oneshot::channel();
        let home = Handle::try_current().ok();
        (Self { answer, home }, answered)
    }

    /// Tells it. Whoever has gone does not want to know.
    pub(super) fn tell(self, told: Told) {
        let _ = self.answer.send(told);
    }
}

/// Tells all of them the same, and wakes every runtime but the one this runs on once.
pub(super) fn tell_all(waiters: Vec<Waiter>, told: &Told) {
    let own = Handle::try_current().ok().map(|handle| handle.id());
    let mut away: Vec<(Handle, Vec<Answer<Arc<Landed>>>)> = Vec::new();
    for Waiter { answer, home } in waiters {
        match home {
            Some(home) if Some(home.id()) != own => {
                match away.iter_mut().find(|(other, _)| other.id() == home.id()) {
                    Some((_, answers)) => answers.push(answer),
                    None => away.push((home, vec![answer])),
                }
            }
            _ => drop(answer.send(told.clone())),
        }
    }
    for (home, answers) in away {
        let told = told.clone();
        // Where that runtime is ending, those who wait there end with it.
        home.spawn(async move {
            for answer in answers {
                drop(answer.send(told.clone()));
            }
        });
    }
}
