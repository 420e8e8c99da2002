//! What happens to a message that its caller may not send: it is recorded, then refused.

use dancu_domain::{
    AttributeSet, Failure, IdKey, MessageRecord, Outcome, Reason, Recorder, Refusal,
};

use crate::recording::entry;

/// Records a REFUSED entry for every item of the message, then gives the refusal's reason.
///
/// `subjects` has one element an item, `None` where the item did not say about whom. When the
/// entries cannot be recorded the caller is not even told the reason, only that of the ledger.
pub async fn refuse<L: Recorder>(
    ledger: &L,
    refusal: Refusal,
    subjects: Vec<Option<IdKey>>,
) -> Failure {
    let count = subjects.len();
    let recorded = ledger
        .record(MessageRecord {
            agency: refusal.agency,
            verb: refusal.verb,
            service: refusal.service,
            context: refusal.context,
            granted: AttributeSet::NONE,
            items: subjects
                .into_iter()
                .map(|subject| entry(subject, Outcome::Refused, None))
                .collect(),
            kept: None,
        })
        .await;
    match recorded {
        Ok(receipt) if usize::try_from(receipt.count) == Ok(count) => Failure::new(refusal.reason),
        Ok(_) => Failure::new(Reason::Internal),
        Err(error) => error.into(),
    }
}
