//! Keeping what was read, behind the back of whoever waits for the answer.

use std::sync::Arc;
use std::time::Duration;

use dancu_domain::{Candidates, ChangeFeed, IdKey, Reading};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::SharedConfig;
use super::value::Keeping;
use crate::feed::recall;
use crate::seal::Stamp;
use crate::{LEAST_BUCKETS, Link};

/// Values sealed and written at once: about 0.3 ms of one thread's time.
const AT_ONCE: usize = 128;
/// How many changes from before the start are worth knowing. With four of them a bucket, two
/// buckets in a hundred have seen none, and older values could be served from those alone.
const RECALLED: u64 = 4 * LEAST_BUCKETS as u64;
/// The pause after the feed did not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// Where values are handed in. What waits is bounded by the room: a batch takes as much as it has
/// values, until they are kept.
pub(super) struct Fills {
    keeping: Arc<Keeping>,
    link: Link,
    sender: UnboundedSender<Fill>,
    room: Arc<Semaphore>,
}

/// What is to be kept of one reading.
struct Fill {
    keys: Vec<IdKey>,
    candidates: Vec<Candidates>,
    stamp: Stamp,
    _room: OwnedSemaphorePermit,
}

/// The other end.
pub(super) struct Filling {
    link: Link,
    receiver: UnboundedReceiver<Fill>,
    expiry_ms: u64,
    absent_expiry_ms: u64,
}

pub(super) fn fills(keeping: Arc<Keeping>, link: Link, config: &SharedConfig) -> (Fills, Filling) {
    let (sender, receiver) = unbounded_channel();
    let ms = |expiry: Duration| u64::try_from(expiry.as_millis()).unwrap_or(u64::MAX).max(1);
    let filling = Filling {
        link: link.clone(),
        receiver,
        expiry_ms: ms(config.expiry),
        absent_expiry_ms: ms(config.absent_expiry),
    };
    let room = config.waiting_fills.min(Semaphore::MAX_PERMITS);
    let fills = Fills {
        keeping,
        link,
        sender,
        room: Arc::new(Semaphore::new(room)),
    };
    (fills, filling)
}

impl Fills {
    /// Hands a reading in; never waits. `read_at` is the watermark loaded before the query.
    pub(super) fn offer(&self, keys: &[IdKey], reading: &Reading, read_at: u64) {
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        if count == 0 || !self.link.is_up() {
            return;
        }
        let Ok(room) = self.room.clone().try_acquire_many_owned(count) else {
            self.keeping.counters.unkept(keys.len());
            return;
        };
        let fill = Fill {
            keys: keys.to_vec(),
            candidates: reading.candidates.clone(),
            stamp: Stamp {
                read_at,
                as_of: reading.revision.number,
            },
            _room: room,
        };
        // Without a driver nothing is kept.
        let _ = self.sender.send(fill);
    }
}

/// Keeps what is handed in until nobody can hand in any more, and learns of the changes from
/// before the start meanwhile.
pub(super) async fn drive<F: ChangeFeed>(feed: Arc<F>, keeping: Arc<Keeping>, filling: Filling) {
    let recalling = async {
        while recall(&*feed, &keeping.watermark, RECALLED).await.is_err() {
            tokio::time::sleep(AGAIN).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = filling.run(&keeping) => {}
        () = recalling => {}
    }
}

impl Filling {
    async fn run(mut self, keeping: &Keeping) {
        while let Some(fill) = self.receiver.recv().await {
            let mut pairs = fill.keys.iter().zip(&fill.candidates);
            loop {
                let mut questions = redis::Pipeline::new();
                let mut taken = 0;
                for (key, found) in pairs.by_ref().take(AT_ONCE) {
                    taken += 1;
                    if let Some(value) = keeping.value(*key, fill.stamp, found) {
                        let expiry = if found.citizens().is_empty() {
                            self.absent_expiry_ms
                        } else {
                            self.expiry_ms
                        };
                        let name = keeping.seals.name(*key);
                        let set = questions.cmd("SET").arg(name.as_slice()).arg(value);
                        set.arg("PX").arg(expiry);
                    }
                }
                if taken == 0 {
                    break;
                }
                let count = questions.len();
                if count > 0 {
                    match self.link.ask_all(&questions).await {
                        Ok(_) => keeping.counters.filled(count),
                        Err(_) => keeping.counters.unkept(count),
                    }
                }
                // Sealing is work: whoever waits for an answer goes first.
                tokio::task::yield_now().await;
            }
        }
    }
}
