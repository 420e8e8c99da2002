//! What a desk has gathered for one commit, and those who wait for it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};

use dancu_domain::{Kept, KeptAnswer, Receipt, RecordError, WriterId};
use tokio::sync::Notify;

use crate::inflight::Held;
use crate::tally::Tally;
use crate::{DayHold, KeptKey};

/// The index of the batch's first entry, once it is durable; or why it is not.
type Settled = Result<u64, RecordError>;

/// Those who wait for one commit. The writer settles it; the desk's bell wakes them.
#[derive(Default)]
pub(crate) struct Batch {
    settled: OnceLock<Settled>,
    /// Messages that were taken out, set before it is settled; hardly ever any.
    removed: OnceLock<Vec<Removed>>,
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

    /// The place in the block of the entry that lay at `offset` in the load, once it is settled;
    /// `None` where its message was taken out.
    pub(crate) fn placed(&self, offset: u32) -> Option<u32> {
        self.removed
            .get()
            .map_or(Some(offset), |removed| placed(removed, offset))
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
    /// Out while a block with it is under way.
    pub(crate) answer: Option<KeptAnswer>,
    /// How many entries of the load came before it when it was gathered.
    pub(crate) offset: u32,
    pub(crate) count: u32,
    /// Where the message lies in the bytes of the load.
    pub(crate) bytes: Range<usize>,
}

/// A message that was taken out of a load.
struct Removed {
    offset: u32,
    count: u32,
    bytes: Range<usize>,
}

/// Where the entry at `offset` lies once these messages are out.
fn placed(removed: &[Removed], offset: u32) -> Option<u32> {
    let mut place = offset;
    for message in removed {
        if (message.offset..message.offset + message.count).contains(&offset) {
            return None;
        }
        if message.offset < offset {
            place -= message.count;
        }
    }
    Some(place)
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
    /// Its entries, held against what their agencies have of a day.
    pub(crate) used: Vec<DayHold>,
    pub(crate) batch: Arc<Batch>,
    removed: Vec<Removed>,
}

impl Load {
    /// How many entries are left of what was gathered.
    pub(crate) fn left(&self) -> u32 {
        self.entries - self.removed.iter().map(|out| out.count).sum::<u32>()
    }

    /// How many messages are left.
    pub(crate) fn messages_left(&self) -> u64 {
        u64::from(self.messages) - self.removed.len() as u64
    }

    /// Whether any message was taken out, so that the counts are no longer those of what is left.
    pub(crate) fn is_cut(&self) -> bool {
        !self.removed.is_empty()
    }

    /// Appends the bytes of the messages that are left.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let mut from = 0;
        for message in &self.removed {
            out.extend_from_slice(&self.bytes[from..message.bytes.start]);
            from = message.bytes.end;
        }
        out.extend_from_slice(&self.bytes[from..]);
    }

    /// Takes the answers that are left, each with its receipt when the load begins at `first`.
    pub(crate) fn take_kept(&mut self, writer: WriterId, first: u64) -> Vec<(KeptKey, Kept)> {
        let mut all = Vec::with_capacity(self.kept.len());
        for keeping in &mut self.kept {
            let place = placed(&self.removed, keeping.offset);
            if let (Some(place), Some(answer)) = (place, keeping.answer.take()) {
                let receipt = Receipt {
                    writer,
                    first: first + u64::from(place),
                    count: keeping.count,
                };
                all.push((keeping.key, Kept { answer, receipt }));
            }
        }
        all
    }

    /// Takes messages out that somebody else answers, and puts the answers of the others back for
    /// the next block.
    pub(crate) fn cut(&mut self, lost: &HashSet<KeptKey>, back: &mut HashMap<KeptKey, KeptAnswer>) {
        for keeping in &mut self.kept {
            let Some(answer) = back.remove(&keeping.key) else {
                continue;
            };
            if lost.contains(&keeping.key) {
                self.removed.push(Removed {
                    offset: keeping.offset,
                    count: keeping.count,
                    bytes: keeping.bytes.clone(),
                });
            } else {
                keeping.answer = Some(answer);
            }
        }
        self.removed.sort_unstable_by_key(|message| message.offset);
    }
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
        if self.load.is_cut() {
            let removed = std::mem::take(&mut self.load.removed);
            let _ = self.load.batch.removed.set(removed);
        }
        self.load.batch.settle(settled);
        if settled.is_ok() {
            // Answered, here or elsewhere: there is no claim to give up.
            self.load.held.iter().for_each(|held| held.claimed(false));
        }
        // Repeats that wait for these messages may look for the kept answer now.
        self.load.held.clear();
        // Counted, or never to be.
        self.load.used.clear();
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
