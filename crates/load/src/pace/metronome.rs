//! Wakes a runtime at an instant, finer than the millisecond of its own timers.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::Instant;

use tokio::sync::Notify;

use crate::clock::now;

/// A thread that sleeps for a runtime. Timers of the runtime round up to whole milliseconds,
/// which a latency that counts from when a message was due would show.
#[derive(Debug)]
pub(super) struct Metronome {
    ask: Sender<Instant>,
    struck: Arc<Notify>,
}

impl Metronome {
    /// Starts the thread; it ends when this is dropped.
    pub(super) fn start() -> std::io::Result<Self> {
        let (ask, asked) = mpsc::channel::<Instant>();
        let struck = Arc::new(Notify::new());
        let strike = Arc::clone(&struck);
        std::thread::Builder::new()
            .name("dancu-metronome".to_owned())
            .spawn(move || {
                while let Ok(due) = asked.recv() {
                    std::thread::sleep(due.saturating_duration_since(now()));
                    strike.notify_one();
                }
            })?;
        Ok(Self { ask, struck })
    }

    /// Returns once `due` has come.
    pub(super) async fn wait(&self, due: Instant) {
        while now() < due {
            if self.ask.send(due).is_err() {
                return;
            }
            self.struck.notified().await;
        }
    }
}
