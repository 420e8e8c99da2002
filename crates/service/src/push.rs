//! Cập nhật biến động dân cư: an authority reports life events.

use dancu_domain::{
    AgencyCode, Answer, ChangeOutcome, ChangeRecord, Failure, Fault, Freshness, IdKey, ItemRecord,
    Kept, KeptAnswer, LifeEvent, Outcome, Permit, Push, PushResult, Reason, RecordError, Recorder,
    Registry, Rejection, RequestId, Source, Verb, WriteSlot,
};

use crate::kept::PushAnswer;
use crate::matching::read;
use crate::recording::{Unrecorded, entry, permitted};

/// Applies the life events of a message in their order, once.
///
/// The same request id with the same body is answered from the kept answer, under the receipt of
/// then; with another body it fails. An event of which the agency is no authority is rejected
/// before anything is looked at. A message whose effects were made and whose answer was lost is
/// carried out again: its effects are known by their keys. One that another instance took over,
/// because this one seemed to be gone, is answered with that one's answer.
pub async fn push<R: Registry, L: Recorder>(
    registry: &R,
    ledger: &L,
    permit: Permit,
    message: Push,
) -> Result<Answer<PushResult>, Failure> {
    permitted(&permit, Verb::Push)?;
    let (agency, request_id) = (permit.agency(), permit.context().request_id.clone());
    let begun = ledger.begin_write(agency, &request_id, message.digest);
    let guard = match begun.await? {
        WriteSlot::Fresh(guard) => guard,
        WriteSlot::Kept(kept) => return answer_again(request_id, &kept),
        WriteSlot::Reused => return Err(Failure::new(Reason::RequestIdReused)),
    };
    let (answer, entries) = carry_out(registry, &permit, message.items).await?;
    let kept = KeptAnswer {
        digest: message.digest,
        body: answer.encode(),
    };
    let unrecorded = Unrecorded {
        revision: answer.revision,
        source: answer.source,
        results: answer.results,
        entries,
        kept: Some(kept),
    };
    let (record, unanswered) = unrecorded.record(permit);
    let recorded = ledger.record(record).await;
    drop(guard);
    if let Some(answer) = unanswered.answer_unless_taken_over(recorded)? {
        return Ok(answer);
    }
    let begun = ledger.begin_write(agency, &request_id, message.digest);
    match begun.await? {
        WriteSlot::Kept(kept) => answer_again(request_id, &kept),
        WriteSlot::Reused => Err(Failure::new(Reason::RequestIdReused)),
        // The other one gave it up: whoever tries again has it.
        WriteSlot::Fresh(_) => Err(RecordError::TakenOver.into()),
    }
}

fn answer_again(request_id: RequestId, kept: &Kept) -> Result<Answer<PushResult>, Failure> {
    let answer =
        PushAnswer::decode(&kept.answer.body).ok_or_else(|| Failure::new(Reason::Internal))?;
    Ok(Answer {
        request_id,
        revision: answer.revision,
        source: answer.source,
        receipt: kept.receipt,
        items: answer.results,
    })
}

/// Sends on what the agency is the authority for, in one batch, and puts all results in order.
async fn carry_out<R: Registry>(
    registry: &R,
    permit: &Permit,
    items: Vec<Result<LifeEvent, Fault>>,
) -> Result<(PushAnswer, Vec<ItemRecord>), Failure> {
    let mut records = Vec::with_capacity(items.len());
    let mut places = Vec::with_capacity(items.len());
    for item in items {
        places.push(match item {
            Err(fault) => (None, Some(PushResult::Invalid(fault))),
            Ok(event) => {
                let about = Some(IdKey::Personal(event.personal_id));
                if permit.is_authority_for(event.event.kind()) {
                    records.push(record(permit.agency(), event));
                    (about, None)
                } else {
                    let rejected = ChangeOutcome::Rejected(Rejection::NotTheAuthority);
                    (about, Some(PushResult::Settled(rejected)))
                }
            }
        });
    }
    let (outcomes, revision, source) = if records.is_empty() {
        let now = read(registry, &[], Freshness::MinimizeLatency).await?;
        (Vec::new(), now.revision, None)
    } else {
        let count = records.len();
        let applied = registry.apply(records).await?;
        if applied.outcomes.len() != count {
            return Err(Failure::new(Reason::Internal));
        }
        (applied.outcomes, applied.revision, Some(Source::Registry))
    };
    let mut outcomes = outcomes.into_iter();
    let mut results = Vec::with_capacity(places.len());
    let mut entries = Vec::with_capacity(places.len());
    for (about, settled) in places {
        let result = match settled {
            Some(result) => result,
            None => PushResult::Settled(
                outcomes
                    .next()
                    .ok_or_else(|| Failure::new(Reason::Internal))?,
            ),
        };
        let outcome = match &result {
            PushResult::Settled(outcome) => outcome.outcome(),
            PushResult::Invalid(_) => Outcome::Invalid,
        };
        entries.push(entry(about, outcome, None));
        results.push(result);
    }
    let answer = PushAnswer {
        revision,
        source,
        results,
    };
    Ok((answer, entries))
}

fn record(agency: AgencyCode, event: LifeEvent) -> ChangeRecord {
    ChangeRecord {
        agency,
        source: event.source,
        record_id: event.record_id,
        record_version: event.record_version,
        personal_id: event.personal_id,
        name: event.name,
        birth: event.birth,
        event: event.event,
        digest: event.digest,
    }
}
