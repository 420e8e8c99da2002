//! Answers of reconciles and pushes.

use dancu_domain::{
    Answer, AttributeSet, ChangeOutcome, Fault, NationId, PushResult, ReconcileResult, Rejection,
    Revision,
};

use super::{cause, citizen, header, paired, revision, version};
use crate::errors::to_wire;
use crate::pb;

/// The answer of ReconcileCitizens.
pub fn reconcile_citizens_response(
    answer: Answer<ReconcileResult>,
    ids: Vec<String>,
) -> pb::ReconcileCitizensResponse {
    pb::ReconcileCitizensResponse {
        header: Some(header(&answer)),
        results: paired(answer.items, ids, reconcile_result),
    }
}

/// The answer of PushChanges.
pub fn push_changes_response(
    answer: Answer<PushResult>,
    ids: Vec<String>,
) -> pb::PushChangesResponse {
    let nation = answer.revision.nation;
    pb::PushChangesResponse {
        header: Some(header(&answer)),
        results: paired(answer.items, ids, |id, item| push_result(id, item, nation)),
    }
}

fn reconcile_result(item_id: String, item: ReconcileResult) -> pb::ReconcileResult {
    let mut result = pb::ReconcileResult {
        item_id,
        ..Default::default()
    };
    let outcome = match item {
        ReconcileResult::InStep { version: number } => {
            result.version = version(number);
            pb::ReconcileOutcome::InStep
        }
        ReconcileResult::Differs {
            citizen: record,
            differing,
            given,
        } => {
            result.version = version(record.version);
            result.differing = attributes(differing);
            result.registry = Some(citizen(&record, given));
            pb::ReconcileOutcome::Differs
        }
        ReconcileResult::NoMatch(told) => {
            result.cause = cause(told);
            pb::ReconcileOutcome::NoMatch
        }
        ReconcileResult::Ambiguous => pb::ReconcileOutcome::Ambiguous,
        ReconcileResult::DuplicateInSource => pb::ReconcileOutcome::DuplicateInSource,
        ReconcileResult::Invalid(fault) => {
            result.invalid = Some(invalid(fault));
            pb::ReconcileOutcome::Invalid
        }
    };
    result.outcome = outcome.into();
    result
}

fn push_result(item_id: String, item: PushResult, nation: NationId) -> pb::PushResult {
    let mut result = pb::PushResult {
        item_id,
        ..Default::default()
    };
    let outcome = match item {
        PushResult::Settled(ChangeOutcome::Applied {
            number,
            version: made,
        }) => {
            result.revision = Some(revision(Revision { nation, number }));
            result.version = version(made);
            pb::PushOutcome::Applied
        }
        PushResult::Settled(ChangeOutcome::AlreadyApplied {
            number,
            version: made,
        }) => {
            result.revision = Some(revision(Revision { nation, number }));
            result.version = version(made);
            pb::PushOutcome::AlreadyApplied
        }
        PushResult::Settled(ChangeOutcome::Stale) => pb::PushOutcome::Stale,
        PushResult::Settled(ChangeOutcome::Conflict) => pb::PushOutcome::Conflict,
        PushResult::Settled(ChangeOutcome::Rejected(why)) => {
            result.rejection = rejection(why).into();
            pb::PushOutcome::Rejected
        }
        PushResult::Invalid(fault) => {
            result.invalid = Some(invalid(fault));
            pb::PushOutcome::Invalid
        }
    };
    result.outcome = outcome.into();
    result
}

/// The contract numbers attributes from one.
fn attributes(set: AttributeSet) -> Vec<i32> {
    set.iter().map(|a| i32::from(a.code()) + 1).collect()
}

fn invalid(fault: Fault) -> pb::InvalidRecord {
    pb::InvalidRecord {
        field: fault.field.into_owned(),
        reason: to_wire(fault.reason).into(),
    }
}

const fn rejection(why: Rejection) -> pb::Rejection {
    match why {
        Rejection::NoMatch => pb::Rejection::NoMatch,
        Rejection::NotTheAuthority => pb::Rejection::NotTheAuthority,
        Rejection::BeforeBirth => pb::Rejection::BeforeBirth,
    }
}
