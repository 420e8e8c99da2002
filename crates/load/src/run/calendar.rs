//! Messages by a calendar: each goes when the calendar says that it is due.

use std::time::Duration;

use super::desk::{Desk, Out};
use crate::clock::now;
use crate::profile::Next;

/// How long to wait for something to come back before looking again.
const PAUSE: Duration = Duration::from_millis(1);

impl Desk {
    /// The next message that is due, on its way; `None` once everything was sent and came back, or
    /// the run was asked to stop. What nobody could take in time is missed, and put off until the
    /// calendar is over.
    pub(super) async fn by_calendar(&self) -> Option<Out> {
        let _first = self.turnstile.first().await?;
        loop {
            if self.turnstile.is_stopped() {
                return None;
            }
            let next = self.source.borrow_mut().due();
            let due = match next {
                Next::Over => return None,
                Next::Waits => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Next::Free => now(),
                Next::At(after) => {
                    let due = self.began + after;
                    if !self.turnstile.reached(due).await {
                        continue;
                    }
                    due
                }
            };
            if self.turnstile.is_missed(due) {
                self.missed(due);
                // Where nobody is in time for anything, replies are read all the same.
                tokio::task::yield_now().await;
                continue;
            }
            let (ask, after) = {
                let mut source = self.source.borrow_mut();
                (source.next(), source.is_after())
            };
            if let Some(ask) = ask {
                self.figures.borrow_mut().put_off += u64::from(after);
                return Some(self.send(ask, due));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
