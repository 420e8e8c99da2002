//! Where lanes wait for the next slot, one behind the other.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::metronome::Metronome;
use super::{Pace, Slots};
use crate::clock::now;
use crate::measure::Watch;

/// How long a lane waits for what is due before it looks whether something else is.
const GLANCE: Duration = Duration::from_millis(20);

/// How many missed slots are passed over before others have their turn.
const MISSED_AT_ONCE: u64 = 256;

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
    watch: Arc<Watch>,
}

impl Turnstile {
    /// The turnstile of one of so many threads. A slot that nobody could take within `patience`
    /// of when it was due is missed; once the run was asked to stop, nobody is let through.
    pub(crate) fn new(
        pace: &Pace,
        thread: (usize, usize),
        began: Instant,
        patience: Duration,
        seed: u64,
        watch: Arc<Watch>,
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
            watch,
        })
    }

    /// The next turn; `None` once the run is over. `missed` is told of each slot that was passed
    /// over, with when it was due.
    pub(crate) async fn turn(&self, mut missed: impl FnMut(Instant)) -> Option<Turn> {
        let _first = self.first.acquire().await.ok()?;
        let Some(slots) = self.slots.as_ref() else {
            let due = now();
            return (due < self.until && !self.is_stopped()).then_some(Turn { due });
        };
        for passed in 1_u64.. {
            let slot = slots.borrow_mut().next()?;
            let due = self.began + slot;
            let mut reached = false;
            while !reached {
                reached = self.reached(due).await;
                if self.is_stopped() {
                    return None;
                }
            }
            if !self.is_missed(due) {
                return Some(Turn { due });
            }
            missed(due);
            // Where nobody is in time for anything, replies are read all the same. Of ten times of what
            // can be sent most slots are missed: to go round for each would take all of a core.
            if passed.is_multiple_of(MISSED_AT_ONCE) {
                tokio::task::yield_now().await;
            }
        }
        None
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
        (!self.is_stopped()).then_some(first)
    }

    /// Waits for an instant, though not long: whether it has come.
    pub(crate) async fn reached(&self, due: Instant) -> bool {
        let now_is = now();
        if due <= now_is {
            return true;
        }
        if let Some(metronome) = &self.metronome {
            metronome.wait(due.min(now_is + GLANCE)).await;
        }
        due <= now()
    }

    /// Whether what was due then is too late to be sent now.
    pub(crate) fn is_missed(&self, due: Instant) -> bool {
        now().saturating_duration_since(due) > self.patience
    }

    /// Whether nobody is let through any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.watch.is_stopped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::{Arrivals, Schedule};

    /// Whether a turnstile that is asked to stop after 50 ms lets nobody through any more within two
    /// seconds.
    fn stops(rate: f64, patience: Duration) -> bool {
        let pace = Pace::Open {
            schedule: Schedule::hold(rate, 600.0),
            arrivals: Arrivals::Constant,
        };
        let watch = Arc::new(Watch::default());
        let (asked, began) = (Arc::clone(&watch), now());
        let ending = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            asked.stop();
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let turnstile = Turnstile::new(&pace, (0, 1), began, patience, 1, watch).unwrap();
        let last = runtime.block_on(async {
            let let_through = async {
                // The first slot is due at once.
                let first = turnstile.turn(|_| {}).await;
                match first {
                    Some(_) => turnstile.turn(|_| {}).await,
                    None => None,
                }
            };
            let long = Duration::from_secs(2);
            tokio::time::timeout(long, let_through).await
        });
        ending.join().unwrap();
        matches!(last, Ok(None))
    }

    #[test]
    fn a_run_that_is_asked_to_stop_while_nothing_is_due_stops_at_once() {
        assert!(stops(0.01, Duration::from_secs(1)));
    }

    #[test]
    fn where_nobody_has_any_patience_a_run_stops_all_the_same() {
        assert!(stops(10_000.0, Duration::ZERO));
    }
}
