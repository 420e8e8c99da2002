//! Failures as statuses: a code, a text, and the details that a program reads.
//!
//! Every status carries an `ErrorInfo` with the reason and a `LocalizedMessage`, a `BadRequest`
//! where fields are at fault, a `QuotaFailure` where a quota is used up, and a `RetryInfo` where
//! trying again later may help.

mod lang;
mod table;

use std::time::Duration;

use dancu_domain::{ErrorClass, Failure, Fault, Period, Quota, Reason};
use prost::{Message, Name};
use prost_types::Any;
use tonic::{Code, Status};

pub use lang::Lang;
pub use table::{code, from_wire, text, to_wire};

use crate::pb::{ErrorReason, rpc};

/// The domain of our reasons in `ErrorInfo`.
pub const DOMAIN: &str = "dancu.v1";

/// The delay told to callers where no better one is known.
const DEFAULT_RETRY: Duration = Duration::from_secs(1);

/// The status of a failed call. `retry_after` is told where trying again may help: with
/// RESOURCE_EXHAUSTED and UNAVAILABLE, one second where it is `None`.
pub fn status(failure: &Failure, lang: Lang, retry_after: Option<Duration>) -> Status {
    let status = build(failure, lang, retry_after);
    Status::with_details(
        Code::from_i32(status.code),
        status.message.clone(),
        status.encode_to_vec().into(),
    )
}

/// The status of an item, or of a message of a stream, that stands among answers.
pub fn rpc_status(failure: &Failure, lang: Lang) -> rpc::Status {
    build(failure, lang, None)
}

/// The status of a malformed item.
pub fn fault_status(fault: &Fault, lang: Lang) -> rpc::Status {
    rpc_status(&Failure::from(fault.clone()), lang)
}

/// The status of an item whose claims are not judged before so long.
pub fn withheld_status(wait: Duration, lang: Lang) -> rpc::Status {
    rpc_status(&Failure::withheld(wait), lang)
}

/// The reason that a status of ours carries.
pub fn reason_of(status: &Status) -> Option<Reason> {
    reason_of_rpc(&rpc::Status::decode(status.details()).ok()?)
}

/// The reason that a status among answers carries.
pub fn reason_of_rpc(status: &rpc::Status) -> Option<Reason> {
    let info: rpc::ErrorInfo = detail(status)?;
    if info.domain != DOMAIN {
        return None;
    }
    let name = format!("ERROR_REASON_{}", info.reason);
    ErrorReason::from_str_name(&name).and_then(from_wire)
}

/// The fields that a status of ours names, with the reason of each.
pub fn faults_of(status: &rpc::Status) -> Vec<Fault> {
    let Some(bad) = detail::<rpc::BadRequest>(status) else {
        return Vec::new();
    };
    bad.field_violations
        .iter()
        .filter_map(|violation| {
            let name = format!("ERROR_REASON_{}", violation.reason);
            let reason = ErrorReason::from_str_name(&name).and_then(from_wire)?;
            Some(Fault::new(&violation.field, reason))
        })
        .collect()
}

/// How long a status asks the caller to wait.
pub fn retry_after_of(status: &Status) -> Option<Duration> {
    retry_after_of_rpc(&rpc::Status::decode(status.details()).ok()?)
}

/// How long a status among answers says to wait.
pub fn retry_after_of_rpc(status: &rpc::Status) -> Option<Duration> {
    let retry: rpc::RetryInfo = detail(status)?;
    retry.retry_delay?.try_into().ok()
}

/// The quota that a status says is used up.
pub fn quota_of(status: &Status) -> Option<Quota> {
    quota_of_rpc(&rpc::Status::decode(status.details()).ok()?)
}

/// The quota that a status among answers says is used up.
pub fn quota_of_rpc(status: &rpc::Status) -> Option<Quota> {
    let failure: rpc::QuotaFailure = detail(status)?;
    let violation = failure.violations.first()?;
    Some(Quota {
        limit: u32::try_from(violation.quota_value).ok()?,
        per: [Period::Second, Period::Day]
            .into_iter()
            .find(|per| quota_id(*per) == violation.quota_id)?,
        retry_after: retry_after_of_rpc(status),
    })
}

/// The same status in another language: for those that were made where the caller's language was
/// not known, as by the codec. A status that is not ours stays as it is.
pub fn localised(status: Status, lang: Lang) -> Status {
    let Ok(details) = rpc::Status::decode(status.details()) else {
        return status;
    };
    let Some(reason) = reason_of_rpc(&details) else {
        return status;
    };
    let failure = Failure {
        reason,
        faults: faults_of(&details),
        quota: quota_of_rpc(&details),
        retry_after: None,
    };
    self::status(&failure, lang, retry_after_of(&status))
}

fn build(failure: &Failure, lang: Lang, retry_after: Option<Duration>) -> rpc::Status {
    let reason = failure.reason;
    let mut details = Vec::with_capacity(3);
    details.push(any(&rpc::ErrorInfo {
        reason: reason.word().to_owned(),
        domain: DOMAIN.to_owned(),
        metadata: Default::default(),
    }));
    details.push(any(&localized(reason, lang)));
    if !failure.faults.is_empty() {
        details.push(any(&rpc::BadRequest {
            field_violations: failure.faults.iter().map(|f| violation(f, lang)).collect(),
        }));
    }
    let waiting_helps = failure
        .quota
        .is_none_or(|quota| quota.retry_after.is_some());
    if matches!(
        reason.class(),
        ErrorClass::Exhausted | ErrorClass::Unavailable
    ) && waiting_helps
    {
        let known = failure.retry_after.or(retry_after);
        let delay = known.unwrap_or(DEFAULT_RETRY);
        details.push(any(&rpc::RetryInfo {
            retry_delay: prost_types::Duration::try_from(delay).ok(),
        }));
    }
    if let Some(quota) = failure.quota {
        details.push(any(&rpc::QuotaFailure {
            violations: vec![exceeded(quota, reason, lang)],
        }));
    }
    rpc::Status {
        code: code(reason) as i32,
        message: text(reason, Lang::En).to_owned(),
        details,
    }
}

fn localized(reason: Reason, lang: Lang) -> rpc::LocalizedMessage {
    rpc::LocalizedMessage {
        locale: lang.tag().to_owned(),
        message: text(reason, lang).to_owned(),
    }
}

fn violation(fault: &Fault, lang: Lang) -> rpc::bad_request::FieldViolation {
    rpc::bad_request::FieldViolation {
        field: fault.field.clone().into_owned(),
        description: text(fault.reason, Lang::En).to_owned(),
        reason: fault.reason.word().to_owned(),
        localized_message: Some(localized(fault.reason, lang)),
    }
}

fn exceeded(quota: Quota, reason: Reason, lang: Lang) -> rpc::quota_failure::Violation {
    rpc::quota_failure::Violation {
        subject: "agency".to_owned(),
        description: text(reason, lang).to_owned(),
        api_service: DOMAIN.to_owned(),
        quota_metric: "items".to_owned(),
        quota_id: quota_id(quota.per).to_owned(),
        quota_value: quota.limit.into(),
        ..Default::default()
    }
}

const fn quota_id(per: Period) -> &'static str {
    match per {
        Period::Second => "ITEMS_PER_SECOND",
        Period::Day => "ITEMS_PER_DAY",
    }
}

fn any<M: Message + Name>(message: &M) -> Any {
    Any {
        type_url: M::type_url(),
        value: message.encode_to_vec(),
    }
}

fn detail<M: Message + Name + Default>(status: &rpc::Status) -> Option<M> {
    let name = M::full_name();
    let found = status
        .details
        .iter()
        .find(|any| any.type_url.rsplit('/').next() == Some(name.as_str()))?;
    M::decode(found.value.as_slice()).ok()
}
