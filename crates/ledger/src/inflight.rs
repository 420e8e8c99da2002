//! Which write messages this instance is carrying out, so that a repeat waits for the first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::KeptKey;

/// The write messages at work, by agency and request.
pub(crate) struct InFlight {
    all: Mutex<All>,
    /// Wakes the writer, who releases claims.
    wake: Arc<Notify>,
}

#[derive(Default)]
struct All {
    at_work: HashMap<KeptKey, AtWork>,
    /// Claims in the store that nobody works under any more.
    released: Vec<KeptKey>,
}

/// One of them, and what tells that it is over.
struct AtWork {
    held: Weak<Held>,
    gone: Arc<Notify>,
}

/// The right to carry out one write message. It ends when this is dropped; where the message
/// was recorded, not before its commit has ended too, so that a repeat finds the kept answer.
pub struct WriteGuard(pub(crate) Arc<Held>);

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
    /// Whether the store may hold a claim for it.
    claimed: AtomicBool,
}

impl Held {
    /// Says whether the store may hold a claim that has to be released once this is over.
    pub(crate) fn claimed(&self, claimed: bool) {
        self.claimed.store(claimed, Ordering::Relaxed);
    }
}

impl InFlight {
    pub(crate) fn new(wake: Arc<Notify>) -> Self {
        Self {
            all: Mutex::default(),
            wake,
        }
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the key, or says what to wait for before trying again.
    pub(crate) fn claim(self: &Arc<Self>, key: KeptKey) -> Result<WriteGuard, OwnedNotified> {
        match self.all().at_work.entry(key) {
            Entry::Occupied(entry) => Err(Arc::clone(&entry.get().gone).notified_owned()),
            Entry::Vacant(entry) => {
                let gone = Arc::new(Notify::new());
                let held = Arc::new(Held {
                    key,
                    all: Arc::clone(self),
                    gone: Arc::clone(&gone),
                    claimed: AtomicBool::new(false),
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
        self.all().at_work.get(&key)?.held.upgrade()
    }

    /// Notes a claim that nobody works under.
    pub(crate) fn release(&self, keys: impl IntoIterator<Item = KeptKey>) {
        self.all().released.extend(keys);
    }

    /// The claims to be released, each once.
    pub(crate) fn released(&self) -> Vec<KeptKey> {
        let mut keys = std::mem::take(&mut self.all().released);
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.all.all();
        let claimed = self.claimed.load(Ordering::Relaxed);
        if claimed {
            // Before the key is free: whoever claims it next comes after the release.
            all.released.push(self.key);
        }
        all.at_work.remove(&self.key);
        drop(all);
        self.gone.notify_waiters();
        if claimed {
            self.all.wake.notify_one();
        }
    }
}
