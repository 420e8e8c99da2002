//! While nothing is appended nobody would see that the store is away, until the first who wants an
//! answer waits for it in vain. So a writer with nothing to do asks now and then.
//!
//! It asks on the connection that appends: that another one works says nothing of this one, and one
//! that has died is so opened anew before it is needed. An append that comes meanwhile waits for the
//! answer, which is as far away as its own would be, or is turned away when there is none, sooner
//! than it would be by itself.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::doubt::FIRST;
use crate::writer::Writer;
use crate::{BlockStore, BlockStoreError, Doubt};

/// How long nothing may have been heard of the store before it is asked.
pub(crate) const QUIET: Duration = Duration::from_secs(1);

impl<S: BlockStore> Writer<S> {
    /// Asks the store whether it is there. While it does not say so it is away, as after an append
    /// that failed: nothing is taken, and whoever waits is turned away at once. Returns when it is
    /// back or the ledger is being closed, or that another one has the writer.
    pub(crate) async fn ask_store(&mut self) -> Result<(), BlockStoreError> {
        let shared = self.shared();
        let mut pause = FIRST;
        let mut silent = false;
        loop {
            match self.store.probe().await {
                Ok(()) => break,
                Err(BlockStoreError::LeaseLost) => return Err(BlockStoreError::LeaseLost),
                Err(error) if !silent => {
                    tracing::error!(%error, "ask the store of the ledger whether it is there");
                    silent = true;
                    self.shut(Doubt::Silence);
                }
                Err(_) => {}
            }
            self.turn_away_waiting();
            if shared.closing.load(Ordering::Acquire) {
                return Ok(());
            }
            self.pause(&mut pause).await;
        }
        self.heard = Instant::now();
        if silent {
            tracing::warn!("the store of the ledger answers again");
            self.reopen();
        }
        Ok(())
    }
}
