//! The last step of every verb: the record is durable before there is an answer.

use dancu_domain::{
    Answer, AttributeSet, Dossier, Failure, IdKey, ItemRecord, KeptAnswer, MessageRecord, Outcome,
    Permit, Reason, Receipt, RecordError, RequestId, Revision, Source, Verb,
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
    /// What is to be recorded, and what becomes an answer once that is durable.
    pub(crate) fn record(self, permit: Permit) -> (MessageRecord, Unanswered<T>) {
        let (agency, verb, service) = (permit.agency(), permit.verb(), permit.service());
        let granted = permit.attributes();
        let context = permit.into_context();
        let unanswered = Unanswered {
            count: self.entries.len(),
            request_id: context.request_id.clone(),
            revision: self.revision,
            source: self.source,
            results: self.results,
        };
        let message = MessageRecord {
            agency,
            verb,
            service,
            context,
            granted,
            items: self.entries,
            kept: self.kept,
        };
        (message, unanswered)
    }
}

/// What a verb may say once its record is durable.
pub(crate) struct Unanswered<T> {
    count: usize,
    request_id: RequestId,
    revision: Revision,
    source: Option<Source>,
    results: Vec<T>,
}

impl<T> Unanswered<T> {
    /// The answer, by what became of the record.
    pub(crate) fn answer(
        self,
        recorded: Result<Receipt, RecordError>,
    ) -> Result<Answer<T>, Failure> {
        let receipt = recorded?;
        if usize::try_from(receipt.count) != Ok(self.count) {
            return Err(Failure::new(Reason::Internal));
        }
        Ok(Answer {
            request_id: self.request_id,
            revision: self.revision,
            source: self.source,
            receipt,
            items: self.results,
        })
    }

    /// The same of a write message; `None` where another instance has taken it over.
    pub(crate) fn answer_unless_taken_over(
        self,
        recorded: Result<Receipt, RecordError>,
    ) -> Result<Option<Answer<T>>, Failure> {
        match recorded {
            Err(RecordError::TakenOver) => Ok(None),
            recorded => self.answer(recorded).map(Some),
        }
    }
}
