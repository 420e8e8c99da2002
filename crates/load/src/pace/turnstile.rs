//! Where lanes wait for the next slot, one behind the other.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::metronome::Metronome;
use super::{Pace, Slots};
use crate::clock::now;

/// A lane's turn to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// When the message was due; of callers who wait for replies, the moment of asking.
    pub(crate) due: Instant,
}

/// Hands slots to the lanes of one thread in the order in which they come.
pub(crate) struct Turnstile {
    /// One lane at a time looks at the clock; the others queue fairly behind it.
    first: Semaphore,
    began: Instant,
    until: Instant,
    slots: Option<(RefCell<Slots>, Metronome)>,
    patience: Duration,
    stopped: Cell<bool>,
}

impl Turnstile {
    /// The turnstile of one of so many threads. A slot that nobody could take within `patience`
    /// of when it was due is missed.
    pub(crate) fn new(
        pace: &Pace,
        thread: (usize, usize),
        began: Instant,
        patience: Duration,
        seed: u64,
    ) -> std::io::Result<Self> {
        let slots = match pace {
            Pace::Open { schedule, arrivals } => Some((
                RefCell::new(Slots::new(schedule.clone(), *arrivals, thread, seed)),
                Metronome::start()?,
            )),
            Pace::Closed { .. } => None,
        };
        Ok(Self {
            first: Semaphore::new(1),
            began,
            until: began + pace.duration(),
            slots,
            patience,
            stopped: Cell::new(false),
        })
    }

    /// The next turn; `None` once the run is over. `missed` is told of each slot that was passed
    /// over, with when it was due.
    pub(crate) async fn turn(&self, mut missed: impl FnMut(Instant)) -> Option<Turn> {
        let _first = self.first.acquire().await.ok()?;
        let Some((slots, metronome)) = &self.slots else {
            let due = now();
            return (due < self.until && !self.stopped.get()).then_some(Turn { due });
        };
        loop {
            if self.stopped.get() {
                return None;
            }
            let slot = slots.borrow_mut().next()?;
            let due = self.began + slot;
            metronome.wait(due).await;
            if now().saturating_duration_since(due) <= self.patience {
                return Some(Turn { due });
            }
            missed(due);
        }
    }

    /// Lets nobody through any more.
    pub(crate) fn stop(&self) {
        self.stopped.set(true);
    }
}
