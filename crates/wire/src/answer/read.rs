//! Answers of lookups and authentications.

use dancu_domain::{Answer, AuthenticateResult, Failure, Fault, LookupResult, Reason};

use super::{cause, citizen, header, level, paired, version};
use crate::errors::{Lang, fault_status, withheld_status};
use crate::pb;

/// The answer of LookupCitizen. An item without an outcome is the failure of the call.
pub fn lookup_citizen_response(
    mut answer: Answer<LookupResult>,
    ids: Vec<String>,
) -> Result<pb::LookupCitizenResponse, Failure> {
    let header = Some(header(&answer));
    let item = answer.items.pop().ok_or(Failure::new(Reason::Internal))?;
    match item {
        LookupResult::Malformed(fault) => return Err(of_the_item(fault)),
        LookupResult::Withheld(wait) => return Err(Failure::withheld(wait)),
        _ => {}
    }
    let id = ids.into_iter().next().unwrap_or_default();
    Ok(pb::LookupCitizenResponse {
        header,
        result: Some(lookup_result(id, item, Lang::default())),
    })
}

/// The answer of BatchLookupCitizens; items without an outcome have a status in `lang`.
pub fn batch_lookup_citizens_response(
    answer: Answer<LookupResult>,
    ids: Vec<String>,
    lang: Lang,
) -> pb::BatchLookupCitizensResponse {
    pb::BatchLookupCitizensResponse {
        header: Some(header(&answer)),
        results: paired(answer.items, ids, |id, item| lookup_result(id, item, lang)),
    }
}

/// The answer of AuthenticateCitizen. An item without an outcome is the failure of the call.
pub fn authenticate_citizen_response(
    mut answer: Answer<AuthenticateResult>,
    ids: Vec<String>,
) -> Result<pb::AuthenticateCitizenResponse, Failure> {
    let header = Some(header(&answer));
    let item = answer.items.pop().ok_or(Failure::new(Reason::Internal))?;
    match item {
        AuthenticateResult::Malformed(fault) => return Err(of_the_item(fault)),
        AuthenticateResult::Withheld(wait) => return Err(Failure::withheld(wait)),
        _ => {}
    }
    let id = ids.into_iter().next().unwrap_or_default();
    Ok(pb::AuthenticateCitizenResponse {
        header,
        result: Some(authentication_result(id, item, Lang::default())),
    })
}

/// The answer of BatchAuthenticateCitizens; items without an outcome have a status in `lang`.
pub fn batch_authenticate_citizens_response(
    answer: Answer<AuthenticateResult>,
    ids: Vec<String>,
    lang: Lang,
) -> pb::BatchAuthenticateCitizensResponse {
    pb::BatchAuthenticateCitizensResponse {
        header: Some(header(&answer)),
        results: paired(answer.items, ids, |id, item| {
            authentication_result(id, item, lang)
        }),
    }
}

pub(super) fn of_the_item(fault: Fault) -> Failure {
    fault.within("item").into()
}

/// How a lookup ended, in the contract's words.
pub(super) const fn lookup_outcome(item: &LookupResult) -> pb::LookupOutcome {
    match item {
        LookupResult::Found { deceased: true, .. } => pb::LookupOutcome::Deceased,
        LookupResult::Found { .. } => pb::LookupOutcome::Found,
        LookupResult::NoMatch(_) => pb::LookupOutcome::NoMatch,
        LookupResult::Ambiguous => pb::LookupOutcome::Ambiguous,
        LookupResult::Malformed(_) | LookupResult::Withheld(_) => pb::LookupOutcome::Unspecified,
    }
}

/// How an authentication ended, in the contract's words.
pub(super) const fn verdict_outcome(item: &AuthenticateResult) -> pb::AuthenticationOutcome {
    match item {
        AuthenticateResult::Match { deceased: true, .. } => pb::AuthenticationOutcome::Deceased,
        AuthenticateResult::Match { .. } => pb::AuthenticationOutcome::Match,
        AuthenticateResult::NoMatch(_) => pb::AuthenticationOutcome::NoMatch,
        AuthenticateResult::Ambiguous => pb::AuthenticationOutcome::Ambiguous,
        AuthenticateResult::Malformed(_) | AuthenticateResult::Withheld(_) => {
            pb::AuthenticationOutcome::Unspecified
        }
    }
}

fn lookup_result(item_id: String, item: LookupResult, lang: Lang) -> pb::LookupResult {
    let mut result = pb::LookupResult {
        item_id,
        ..Default::default()
    };
    result.outcome = lookup_outcome(&item).into();
    match item {
        LookupResult::Found {
            citizen: record,
            attributes,
            agreement,
            ..
        } => {
            result.citizen = Some(citizen(&record, attributes));
            result.level = level(agreement);
        }
        LookupResult::NoMatch(told) => result.cause = cause(told),
        LookupResult::Ambiguous => {}
        LookupResult::Malformed(fault) => result.status = Some(fault_status(&fault, lang)),
        LookupResult::Withheld(wait) => result.status = Some(withheld_status(wait, lang)),
    }
    result
}

fn authentication_result(
    item_id: String,
    item: AuthenticateResult,
    lang: Lang,
) -> pb::AuthenticationResult {
    let mut result = pb::AuthenticationResult {
        item_id,
        ..Default::default()
    };
    result.outcome = verdict_outcome(&item).into();
    match item {
        AuthenticateResult::Match {
            version: number,
            agreement,
            ..
        } => {
            result.version = version(number);
            result.level = level(agreement);
        }
        AuthenticateResult::NoMatch(told) => result.cause = cause(told),
        AuthenticateResult::Ambiguous => {}
        AuthenticateResult::Malformed(fault) => result.status = Some(fault_status(&fault, lang)),
        AuthenticateResult::Withheld(wait) => result.status = Some(withheld_status(wait, lang)),
    }
    result
}
