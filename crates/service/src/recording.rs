//! The last step of every verb: the record is durable before there is an answer.

use dancu_domain::{
    Answer, AttributeSet, Dossier, Failure, IdKey, ItemRecord, KeptAnswer, MessageRecord, Outcome,
    Permit, Reason, RecordError, Recorder, Revision, Source, Verb,
};

/// Refuses a permit that was made for another verb: a defect of whoever wired the verbs.
pub(crate) fn permitted(permit: &Permit, verb: Verb) -> Result<(), Failure> {
    if permit.verb() == verb {
        Ok(())
    } else {
        Err(Failure::new(Reason::Internal))
    }
}

/// An item's entry that gives no attribute.
pub(crate) const fn entry(
    subject: Option<IdKey>,
    outcome: Outcome,
    dossier: Option<Dossier>,
) -> ItemRecord {
    ItemRecord {
        subject,
        outcome,
        given: AttributeSet::NONE,
        dossier,
    }
}

/// What a verb has worked out and may not say yet.
pub(crate) struct Unrecorded<T> {
    /// Up to which change it is true.
    pub(crate) revision: Revision,
    /// The slowest source that any item needed.
    pub(crate) source: Option<Source>,
    /// One result an item.
    pub(crate) results: Vec<T>,
    /// One entry a result with an outcome, in order.
    pub(crate) entries: Vec<ItemRecord>,
    /// What a repeated write must be answered.
    pub(crate) kept: Option<KeptAnswer>,
}

impl<T> Unrecorded<T> {
    /// Records the entries; once they are durable this is an answer.
    pub(crate) async fn record<L: Recorder>(
        self,
        ledger: &L,
        permit: Permit,
    ) -> Result<Answer<T>, Failure> {
        let recorded = self.record_unless_taken_over(ledger, permit).await?;
        recorded.ok_or_else(|| Failure::from(RecordError::TakenOver))
    }

    /// The same for a write message; `None` where another instance has taken it over.
    pub(crate) async fn record_unless_taken_over<L: Recorder>(
        self,
        ledger: &L,
        permit: Permit,
    ) -> Result<Option<Answer<T>>, Failure> {
        let count = self.entries.len();
        let (agency, verb, service) = (permit.agency(), permit.verb(), permit.service());
        let granted = permit.attributes();
        let context = permit.into_context();
        let request_id = context.request_id.clone();
        let recording = ledger.record(MessageRecord {
            agency,
            verb,
            service,
            context,
            granted,
            items: self.entries,
            kept: self.kept,
        });
        let receipt = match recording.await {
            Ok(receipt) => receipt,
            Err(RecordError::TakenOver) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if usize::try_from(receipt.count) != Ok(count) {
            return Err(Failure::new(Reason::Internal));
        }
        Ok(Some(Answer {
            request_id,
            revision: self.revision,
            source: self.source,
            receipt,
            items: self.results,
        }))
    }
}
