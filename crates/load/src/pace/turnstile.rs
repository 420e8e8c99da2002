//! Where lanes wait for the next slot, one behind the other.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::metronome::Metronome;
use super::{Pace, Slots};
use crate::clock::now;

/// How long a lane waits for what is due before it looks whether something else is.
const GLANCE: Duration = Duration::from_millis(20);

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
    slots: Option<RefCell<Slots>>,
    metronome: Option<Metronome>,
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
            Pace::Open { schedule, arrivals } => {
                Some(Slots::new(schedule.clone(), *arrivals, thread, seed))
            }
            Pace::Calendar { .. } | Pace::Closed { .. } => None,
        };
        let metronome = pace.is_open().then(Metronome::start).transpose()?;
        Ok(Self {
            slots: slots.map(RefCell::new),
            metronome,
            first: Semaphore::new(1),
            began,
            until: began + pace.duration(),
            patience,
            stopped: Cell::new(false),
        })
    }

    /// The next turn; `None` once the run is over. `missed` is told of each slot that was passed
    /// over, with when it was due.
    pub(crate) async fn turn(&self, mut missed: impl FnMut(Instant)) -> Option<Turn> {
        let _first = self.first.acquire().await.ok()?;
        let Some((slots, metronome)) = self.slots.as_ref().zip(self.metronome.as_ref()) else {
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

    /// Whether a schedule says when messages are due.
    pub(crate) const fn has_slots(&self) -> bool {
        self.slots.is_some()
    }

    /// Whether a calendar says when messages are due, and not slots or callers.
    pub(crate) const fn is_calendar(&self) -> bool {
        self.slots.is_none() && self.metronome.is_some()
    }

    /// The place of the one lane that looks at the clock; `None` once nobody is let through.
    pub(crate) async fn first(&self) -> Option<SemaphorePermit<'_>> {
        let first = self.first.acquire().await.ok()?;
        (!self.stopped.get()).then_some(first)
    }

    /// Waits for an instant, though not long: whether it has come.
    pub(crate) async fn reached(&self, due: Instant) -> bool {
        if let Some(metronome) = &self.metronome {
            metronome.wait(due.min(now() + GLANCE)).await;
        }
        due <= now()
    }

    /// Whether what was due then is too late to be sent now.
    pub(crate) fn is_missed(&self, due: Instant) -> bool {
        now().saturating_duration_since(due) > self.patience
    }

    /// Whether nobody is let through any more.
    pub(crate) const fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    /// Lets nobody through any more.
    pub(crate) fn stop(&self) {
        self.stopped.set(true);
    }
}
