//! Where the requests of one front core leave their entries and wait for the commit.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use dancu_domain::{
    AgencyCode, Asking, Day, IdKey, MessageRecord, Receipt, RecordError, Recorder, RequestId,
    VolumeKey, VolumeRow, Volumes, WriteSlot,
};

use crate::batch::{Batch, Keeping, Load, Seat};
use crate::codec::put_message;
use crate::inflight::WriteGuard;
use crate::ledger::{Ledger, Shared};
use crate::{AskGuard, Asked, Doubt, WriteClaim};

/// The pauses between two questions for a message that another instance is at work on: the first,
/// and the longest.
const FIRST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(50);

/// A front core's place at the ledger; clones are the same place.
#[derive(Clone)]
pub struct Desk {
    shared: Arc<Shared>,
    seat: Arc<Seat>,
}

impl Desk {
    pub(crate) fn new(shared: Arc<Shared>, seat: Arc<Seat>) -> Self {
        Self { shared, seat }
    }

    /// The ledger that it belongs to.
    pub fn ledger(&self) -> Ledger {
        Ledger::of(Arc::clone(&self.shared))
    }

    /// Writes the message into the gathering buffer and joins those who wait for it.
    fn gather(
        &self,
        mut message: MessageRecord,
        context: &Context<'_>,
    ) -> Result<Waiting, RecordError> {
        let shared = &*self.shared;
        let count = u32::try_from(message.items.len()).map_err(|_| RecordError::Overloaded)?;
        let request = shared.keys.request_hash(&message.context.request_id);
        let today = || shared.clock.now().day();
        let day = message.context.event_day.unwrap_or_else(today);
        let key = (message.agency, request);
        let held = match &message.kept {
            Some(_) => shared.in_flight.share(key),
            None => None,
        };
        let mut gathering = self.seat.gathering();
        if !gathering.open {
            return Err(RecordError::Unavailable);
        }
        let waiting = gathering.load.entries.saturating_add(gathering.in_commit);
        let full = waiting.saturating_add(count) > shared.config.max_waiting_entries
            || gathering.load.bytes.len() >= shared.config.max_block_bytes;
        if full && waiting > 0 {
            gathering.shed += 1;
            return Err(RecordError::Overloaded);
        }
        let load = &mut gathering.load;
        let (first, offset, from) = (load.entries == 0, load.entries, load.bytes.len());
        put_message(&mut load.bytes, &shared.keys, request, day, &message);
        load.entries += count;
        load.messages += 1;
        tally(load, &message, day);
        if let Some(limits) = &shared.limits {
            load.used
                .extend(limits.gathered(message.agency, day, count));
        }
        if let Some(answer) = message.kept.take() {
            load.kept.push(Keeping {
                key,
                answer: Some(answer),
                offset,
                count,
                bytes: from..load.bytes.len(),
            });
            load.held.extend(held);
        }
        let batch = Arc::clone(&load.batch);
        let place = batch.join(context.waker().clone());
        drop(gathering);
        if first {
            shared.wake.notify_one();
        }
        Ok(Waiting {
            batch,
            place,
            offset,
            count,
        })
    }
}

/// Counts the items of a message, with one addition for a run of like outcomes.
fn tally(load: &mut Load, message: &MessageRecord, day: Day) {
    for run in message.items.chunk_by(|a, b| a.outcome == b.outcome) {
        let key = VolumeKey {
            agency: message.agency,
            verb: message.verb,
            service: message.service,
            outcome: run[0].outcome,
            day,
        };
        load.counts.add(key, run.len() as u64);
    }
}

/// A place in a batch.
struct Waiting {
    batch: Arc<Batch>,
    place: usize,
    offset: u32,
    count: u32,
}

/// A message on its way into the ledger.
struct Recording<'a> {
    desk: &'a Desk,
    message: Option<MessageRecord>,
    waiting: Option<Waiting>,
}

impl Future for Recording<'_> {
    type Output = Result<Receipt, RecordError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let writer = this.desk.shared.writer;
        if let Some(message) = this.message.take() {
            if message.items.is_empty() {
                return Poll::Ready(Ok(Receipt {
                    writer,
                    first: 0,
                    count: 0,
                }));
            }
            this.waiting = Some(this.desk.gather(message, context)?);
            return Poll::Pending;
        }
        let Some(waiting) = &this.waiting else {
            // It was polled again after its end.
            return Poll::Pending;
        };
        let settled = std::task::ready!(waiting.batch.poll(waiting.place, context.waker()));
        let receipt = settled.and_then(|first| {
            let place = waiting.batch.placed(waiting.offset);
            let place = place.ok_or(RecordError::TakenOver)?;
            Ok(Receipt {
                writer,
                first: first + u64::from(place),
                count: waiting.count,
            })
        });
        this.waiting = None;
        Poll::Ready(receipt)
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.batch.leave(waiting.place);
        }
    }
}

impl Recorder for Desk {
    type WriteGuard = WriteGuard;
    type AskGuard = AskGuard;

    fn record(
        &self,
        message: MessageRecord,
    ) -> impl Future<Output = Result<Receipt, RecordError>> + Send {
        Recording {
            desk: self,
            message: Some(message),
            waiting: None,
        }
    }

    async fn begin_write(
        &self,
        agency: AgencyCode,
        request_id: &RequestId,
        digest: [u8; 32],
    ) -> Result<WriteSlot<WriteGuard>, RecordError> {
        let shared = &*self.shared;
        let key = (agency, shared.keys.request_hash(request_id));
        let guard = loop {
            match shared.in_flight.claim(key) {
                Ok(guard) => break guard,
                Err(gone) => gone.await,
            }
        };
        let mut pause = FIRST;
        loop {
            if *shared.in_doubt.borrow() != Doubt::None {
                return Err(RecordError::Unavailable);
            }
            // From here on there may be a claim, whether or not anybody hears of it.
            guard.0.claimed(true);
            let asked = Asked { key, digest };
            let answer = shared
                .lookups
                .ask(asked, shared.config.max_waiting_lookups)?;
            shared.wake.notify_one();
            let told = answer.await.map_err(|_| RecordError::Unavailable)??;
            if told == WriteClaim::Ours {
                return Ok(WriteSlot::Fresh(guard));
            }
            guard.0.claimed(false);
            match told {
                WriteClaim::Ours | WriteClaim::Elsewhere => {}
                WriteClaim::OtherBody => return Ok(WriteSlot::Reused),
                WriteClaim::Answered(row) if row.kept.answer.digest == digest => {
                    return Ok(WriteSlot::Kept(row.kept));
                }
                WriteClaim::Answered(_) => return Ok(WriteSlot::Reused),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    fn begin_asking(
        &self,
        agency: AgencyCode,
        event_day: Option<Day>,
        keys: &[IdKey],
    ) -> Option<Asking<AskGuard>> {
        self.shared.limits.as_ref()?.ask(agency, event_day, keys)
    }
}

impl Volumes for Desk {
    async fn volumes(
        &self,
        from: Option<Day>,
        to: Option<Day>,
    ) -> Result<Vec<VolumeRow>, RecordError> {
        Ok(self.shared.volumes(from, to))
    }
}
