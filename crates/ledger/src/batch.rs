//! What a desk has gathered for one commit, and those who wait for it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};

use dancu_domain::{Kept, KeptAnswer, RecordError};
use tokio::sync::Notify;

use crate::KeptKey;
use crate::inflight::Held;
use crate::tally::Tally;

/// The index of the batch's first entry, once it is durable; or why it is not.
type Settled = Result<u64, RecordError>;

/// Those who wait for one commit. The writer settles it; the desk's bell wakes them.
#[derive(Default)]
pub(crate) struct Batch {
    settled: OnceLock<Settled>,
    waiting: Mutex<Vec<Option<Waker>>>,
}

impl Batch {
    /// Takes a place in the list.
    pub(crate) fn join(&self, waker: Waker) -> usize {
        let mut waiting = self.waiting();
        waiting.push(Some(waker));
        waiting.len() - 1
    }

    /// The result, or the waker put into its place.
    pub(crate) fn poll(&self, place: usize, waker: &Waker) -> Poll<Settled> {
        if let Some(settled) = self.settled.get() {
            return Poll::Ready(*settled);
        }
        let mut waiting = self.waiting();
        // Settling comes before ringing and ringing takes this lock, so this look is the last
        // one needed: whoever settles from here on finds the waker.
        if let Some(settled) = self.settled.get() {
            return Poll::Ready(*settled);
        }
        if let Some(kept) = waiting.get_mut(place) {
            match kept {
                Some(kept) => kept.clone_from(waker),
                None => *kept = Some(waker.clone()),
            }
        }
        Poll::Pending
    }

    /// Leaves the list: the waker is dropped.
    pub(crate) fn leave(&self, place: usize) {
        if let Some(waker) = self.waiting().get_mut(place) {
            *waker = None;
        }
    }

    /// Says how it ended; only the first word counts.
    fn settle(&self, settled: Settled) {
        let _ = self.settled.set(settled);
    }

    fn wake(&self) {
        let waiting = std::mem::take(&mut *self.waiting());
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Option<Waker>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer to keep once its entries have an index.
pub(crate) struct Keeping {
    pub(crate) key: KeptKey,
    pub(crate) answer: KeptAnswer,
    /// How many entries of the load come before it.
    pub(crate) offset: u32,
    pub(crate) count: u32,
}

impl Keeping {
    /// The answer with its receipt, when the load begins at `first`.
    pub(crate) fn kept(self, writer: dancu_domain::WriterId, first: u64) -> Kept {
        Kept {
            answer: self.answer,
            receipt: dancu_domain::Receipt {
                writer,
                first: first + u64::from(self.offset),
                count: self.count,
            },
        }
    }
}

/// Messages that will be committed together.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: u32,
    pub(crate) messages: u32,
    pub(crate) counts: Tally,
    pub(crate) kept: Vec<Keeping>,
    pub(crate) held: Vec<Arc<Held>>,
    pub(crate) batch: Arc<Batch>,
}

/// What one desk shares with the writer.
pub(crate) struct Seat {
    gathering: Mutex<Gathering>,
    rung: Mutex<Rung>,
    bell: Notify,
}

/// The desk's buffer, under its lock.
pub(crate) struct Gathering {
    pub(crate) open: bool,
    pub(crate) load: Load,
    /// Entries that the writer took and has not settled.
    pub(crate) in_commit: u32,
    /// Messages that were turned away.
    pub(crate) shed: u64,
    spare: Vec<u8>,
}

#[derive(Default)]
struct Rung {
    batches: Vec<Arc<Batch>>,
    over: bool,
}

impl Seat {
    pub(crate) fn new(open: bool) -> Self {
        Self {
            gathering: Mutex::new(Gathering {
                open,
                load: Load::default(),
                in_commit: 0,
                shed: 0,
                spare: Vec::new(),
            }),
            rung: Mutex::new(Rung {
                batches: Vec::new(),
                over: !open,
            }),
            bell: Notify::new(),
        }
    }

    pub(crate) fn gathering(&self) -> MutexGuard<'_, Gathering> {
        self.gathering
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn rung(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what has gathered, unless it is more than `room` bytes.
    pub(crate) fn take(self: &Arc<Self>, room: usize) -> Taking {
        let mut gathering = self.gathering();
        if gathering.load.entries == 0 {
            return Taking::Nothing;
        }
        if gathering.load.bytes.len() > room {
            return Taking::TooMuch;
        }
        let mut next = Load::default();
        std::mem::swap(&mut next.bytes, &mut gathering.spare);
        let load = std::mem::replace(&mut gathering.load, next);
        gathering.in_commit += load.entries;
        Taking::Load(Taken {
            load,
            seat: Arc::clone(self),
            settled: false,
        })
    }

    /// Takes no more messages.
    pub(crate) fn shut(&self) {
        self.gathering().open = false;
    }

    /// Takes messages again.
    pub(crate) fn open(&self) {
        self.gathering().open = true;
    }

    /// Turns away whoever waits.
    pub(crate) fn turn_away(self: &Arc<Self>) {
        if let Taking::Load(taken) = self.take(usize::MAX) {
            drop(taken);
        }
    }

    /// Turns away whoever still waits at a shut desk, and ends its bell.
    pub(crate) fn end(self: &Arc<Self>) {
        self.turn_away();
        self.rung().over = true;
        self.bell.notify_one();
    }

    /// Wakes those whose batches are settled, until the ledger ends.
    pub(crate) async fn ring(self: Arc<Self>) {
        loop {
            self.bell.notified().await;
            let (batches, over) = {
                let mut rung = self.rung();
                (std::mem::take(&mut rung.batches), rung.over)
            };
            for batch in batches {
                batch.wake();
            }
            if over {
                return;
            }
        }
    }
}

/// What a seat had for the writer.
pub(crate) enum Taking {
    Nothing,
    TooMuch,
    Load(Taken),
}

/// A load in the writer's hands. Dropped without a word, it is settled as unavailable.
pub(crate) struct Taken {
    pub(crate) load: Load,
    seat: Arc<Seat>,
    settled: bool,
}

impl Taken {
    /// Tells those who wait that the load begins at `first` and is durable.
    pub(crate) fn settle(mut self, first: u64) {
        self.end(Ok(first));
    }

    fn end(&mut self, settled: Settled) {
        self.settled = true;
        self.load.batch.settle(settled);
        // Repeats that wait for these messages may look for the kept answer now.
        self.load.held.clear();
        {
            let mut gathering = self.seat.gathering();
            gathering.in_commit -= self.load.entries;
            self.load.bytes.clear();
            if self.load.bytes.capacity() > gathering.spare.capacity() {
                std::mem::swap(&mut gathering.spare, &mut self.load.bytes);
            }
        }
        self.seat.rung().batches.push(Arc::clone(&self.load.batch));
        self.seat.bell.notify_one();
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.settled {
            self.end(Err(RecordError::Unavailable));
        }
    }
}
