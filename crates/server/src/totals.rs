//! What all writers have counted: this one knows its own counts, and asks the database for those
//! of the others when somebody wants the sum.

use std::future::Future;
use std::sync::Arc;

use dancu_domain::{
    AgencyCode, Asking, Day, IdKey, MessageRecord, Receipt, RecordError, Recorder, RequestId,
    VolumeRow, Volumes, WriteSlot,
};
use dancu_ledger::{AskGuard, BlockStore, Desk, Ledger, WriteGuard};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use crate::any::AnyBlocks;

/// Who waits for the counts of the others; told nothing when they cannot be read.
pub(crate) type Wanted = mpsc::Sender<oneshot::Sender<()>>;

/// How many may wait; one more is told that the ledger is away.
const WAITING: usize = 1_024;
/// How long the counts may take to be read.
pub(crate) const READ: std::time::Duration = std::time::Duration::from_secs(5);

/// A front core's place at the ledger, where the counts of all writers are told.
#[derive(Clone)]
pub(crate) struct Place {
    desk: Desk,
    wanted: Option<Wanted>,
}

impl Place {
    /// A place at this desk; `wanted` where there are other writers.
    pub(crate) fn new(desk: Desk, wanted: Option<Wanted>) -> Self {
        Self { desk, wanted }
    }
}

impl Recorder for Place {
    type WriteGuard = WriteGuard;
    type AskGuard = AskGuard;

    fn record(
        &self,
        message: MessageRecord,
    ) -> impl Future<Output = Result<Receipt, RecordError>> + Send {
        self.desk.record(message)
    }

    fn begin_write(
        &self,
        agency: AgencyCode,
        request_id: &RequestId,
        digest: [u8; 32],
    ) -> impl Future<Output = Result<WriteSlot<WriteGuard>, RecordError>> + Send {
        self.desk.begin_write(agency, request_id, digest)
    }

    fn begin_asking(
        &self,
        agency: AgencyCode,
        event_day: Option<Day>,
        keys: &[IdKey],
    ) -> Option<Asking<AskGuard>> {
        self.desk.begin_asking(agency, event_day, keys)
    }
}

impl Volumes for Place {
    async fn volumes(
        &self,
        from: Option<Day>,
        to: Option<Day>,
    ) -> Result<Vec<VolumeRow>, RecordError> {
        if let Some(wanted) = &self.wanted {
            renewed(wanted).await?;
        }
        self.desk.volumes(from, to).await
    }
}

/// Waits until the counts of the others were read anew.
pub(crate) async fn renewed(wanted: &Wanted) -> Result<(), RecordError> {
    let (done, told) = oneshot::channel();
    wanted
        .try_send(done)
        .map_err(|_| RecordError::Unavailable)?;
    told.await.map_err(|_| RecordError::Unavailable)
}

/// Makes the waiting list of [`renew`].
pub(crate) fn waiting() -> (Wanted, mpsc::Receiver<oneshot::Sender<()>>) {
    mpsc::channel(WAITING)
}

/// Reads the counts whenever somebody waits for them: one reading for all who asked before it
/// began. Who gets no word was not answered by the database.
pub(crate) async fn renew(
    beside: Arc<Mutex<AnyBlocks>>,
    ledger: Ledger,
    mut waiting: mpsc::Receiver<oneshot::Sender<()>>,
) {
    let mut asked = Vec::new();
    while waiting.recv_many(&mut asked, WAITING).await > 0 {
        let standing = async {
            let mut beside = beside.lock().await;
            match beside.standing().await {
                // A connection that was ended behind our back is no reason to fail anybody.
                Err(_) => beside.standing().await,
                told => told,
            }
        };
        match timeout(READ, standing).await {
            Ok(Ok(standing)) => {
                ledger.note_others(&standing.counts);
                for done in asked.drain(..) {
                    // Who asked may have gone.
                    let _ = done.send(());
                }
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot read what other writers counted");
                asked.clear();
            }
            Err(_) => {
                tracing::warn!("reading what other writers counted took too long");
                asked.clear();
            }
        }
    }
}
