//! Which write messages are being carried out, so that a repeat waits for the first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::KeptKey;

/// The write messages at work, by agency and request.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashMap<KeptKey, AtWork>>);

/// One of them, and what tells that it is over.
struct AtWork {
    held: Weak<Held>,
    gone: Arc<Notify>,
}

/// The right to carry out one write message. It ends when this is dropped; where the message
/// was recorded, not before its commit has ended too, so that a repeat finds the kept answer.
pub struct WriteGuard(#[expect(dead_code, reason = "held for its drop")] Arc<Held>);

impl fmt::Debug for WriteGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteGuard(..)")
    }
}

/// One message at work; the last owner to go lets the waiting ones through.
pub(crate) struct Held {
    key: KeptKey,
    all: Arc<InFlight>,
    gone: Arc<Notify>,
}

impl InFlight {
    /// Takes the key, or says what to wait for before trying again.
    pub(crate) fn claim(self: &Arc<Self>, key: KeptKey) -> Result<WriteGuard, OwnedNotified> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.entry(key) {
            Entry::Occupied(entry) => Err(Arc::clone(&entry.get().gone).notified_owned()),
            Entry::Vacant(entry) => {
                let gone = Arc::new(Notify::new());
                let held = Arc::new(Held {
                    key,
                    all: Arc::clone(self),
                    gone: Arc::clone(&gone),
                });
                entry.insert(AtWork {
                    held: Arc::downgrade(&held),
                    gone,
                });
                Ok(WriteGuard(held))
            }
        }
    }

    /// A share in the message at work, if there is one.
    pub(crate) fn share(&self, key: KeptKey) -> Option<Arc<Held>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&key)?.held.upgrade()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.key);
        self.gone.notify_waiters();
    }
}
