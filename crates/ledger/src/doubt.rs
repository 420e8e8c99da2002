//! After an append that failed nobody knows whether its block is stored. A store that can find out
//! is asked until it has; until then nothing is taken, and whoever waits is turned away at once.
//!
//! The store first makes sure that the append cannot take place any more, and only then looks. So
//! a block that is found is counted here as the database counted it, one that is not never will
//! be, and the next block goes behind the right one either way: nothing is counted twice or not at
//! all. Those who waited for the block were told that the ledger is unavailable. If it is stored,
//! they have entries for answers that they never saw, like anybody whose connection broke.

use std::sync::atomic::Ordering;
use std::time::Duration;

use dancu_domain::RecordError;

use crate::commit::Commit;
use crate::writer::Writer;
use crate::{BlockStore, BlockStoreError, Resolution};

/// The pauses between two questions: the first, and the longest.
pub(crate) const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_millis(640);

/// Why a ledger takes nothing at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It takes entries.
    None,
    /// An append failed, and it is not known yet what became of it.
    Append,
    /// The store left it unanswered whether it is there.
    Silence,
}

impl<S: BlockStore> Writer<S> {
    /// Resolves a commit that failed with `error`, or gives that back where nobody can.
    pub(crate) async fn doubt(
        &mut self,
        mut commit: Commit,
        error: BlockStoreError,
    ) -> Result<(), BlockStoreError> {
        let shared = self.shared();
        self.shut(Doubt::Append);
        commit.turn_away();
        let mut pause = FIRST;
        let stored = loop {
            self.turn_away_waiting();
            match self.store.resolve(&commit.block).await {
                Ok(Resolution::Stored) => break true,
                Ok(Resolution::Absent) => break false,
                Ok(Resolution::Later) => {}
                Ok(Resolution::Unknowable) => return Err(error),
                Err(worse) => return Err(worse),
            }
            if shared.closing.load(Ordering::Acquire) {
                return Err(error);
            }
            self.pause(&mut pause).await;
        };
        tracing::warn!(
            stored,
            "found out what became of a block; the ledger goes on"
        );
        if stored {
            self.stored(commit, 0);
        }
        self.reopen();
        Ok(())
    }

    /// Takes nothing any more, and says why.
    pub(crate) fn shut(&self, doubt: Doubt) {
        let shared = self.shared();
        shared.in_doubt.send_replace(doubt);
        shared.seats().iter().for_each(|seat| seat.shut());
    }

    /// Takes entries again, unless it is being closed.
    pub(crate) fn reopen(&self) {
        let shared = self.shared();
        self.turn_away_waiting();
        shared.in_doubt.send_replace(Doubt::None);
        if !shared.closing.load(Ordering::Acquire) {
            shared.seats().iter().for_each(|seat| seat.open());
        }
    }

    /// Waits a little before the next question, longer each time, and no longer once somebody
    /// waits for the answer.
    pub(crate) async fn pause(&mut self, pause: &mut Duration) {
        let shared = self.shared();
        tokio::select! {
            () = tokio::time::sleep(*pause) => {}
            () = shared.wake.notified() => {}
        }
        *pause = (*pause * 2).min(LONGEST);
    }

    /// Turns away who came to a desk before it was shut, and who asks for a kept answer: it could
    /// be one of the block that nobody knows of.
    pub(crate) fn turn_away_waiting(&self) {
        for seat in self.shared().seats().iter() {
            seat.turn_away();
        }
        for lookup in self.shared().lookups.take() {
            // Who asked may have gone.
            let _ = lookup.reply.send(Err(RecordError::Unavailable));
        }
    }
}
