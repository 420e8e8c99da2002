//! Answers of lookups and authentications.

use dancu_domain::{Answer, AuthenticateResult, Failure, Fault, LookupResult, Reason};

use super::{cause, citizen, header, level, paired, version};
use crate::errors::{Lang, fault_status};
use crate::pb;

/// The answer of LookupCitizen. A malformed item is the failure of the call.
pub fn lookup_citizen_response(
    mut answer: Answer<LookupResult>,
    ids: Vec<String>,
) -> Result<pb::LookupCitizenResponse, Failure> {
    let header = Some(header(&answer));
    let item = answer.items.pop().ok_or(Failure::new(Reason::Internal))?;
    if let LookupResult::Malformed(fault) = item {
        return Err(of_the_item(fault));
    }
    let id = ids.into_iter().next().unwrap_or_default();
    Ok(pb::LookupCitizenResponse {
        header,
        result: Some(lookup_result(id, item, Lang::default())),
    })
}

/// The answer of BatchLookupCitizens; malformed items have a status in `lang`.
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

/// The answer of AuthenticateCitizen. A malformed item is the failure of the call.
pub fn authenticate_citizen_response(
    mut answer: Answer<AuthenticateResult>,
    ids: Vec<String>,
) -> Result<pb::AuthenticateCitizenResponse, Failure> {
    let header = Some(header(&answer));
    let item = answer.items.pop().ok_or(Failure::new(Reason::Internal))?;
    if let AuthenticateResult::Malformed(fault) = item {
        return Err(of_the_item(fault));
    }
    let id = ids.into_iter().next().unwrap_or_default();
    Ok(pb::AuthenticateCitizenResponse {
        header,
        result: Some(authentication_result(id, item, Lang::default())),
    })
}

/// The answer of BatchAuthenticateCitizens; malformed items have a status in `lang`.
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

fn of_the_item(fault: Fault) -> Failure {
    fault.within("item").into()
}

fn lookup_result(item_id: String, item: LookupResult, lang: Lang) -> pb::LookupResult {
    let mut result = pb::LookupResult {
        item_id,
        ..Default::default()
    };
    let outcome = match item {
        LookupResult::Found {
            citizen: record,
            attributes,
            agreement,
            deceased,
        } => {
            result.citizen = Some(citizen(&record, attributes));
            result.level = level(agreement);
            if deceased {
                pb::LookupOutcome::Deceased
            } else {
                pb::LookupOutcome::Found
            }
        }
        LookupResult::NoMatch(told) => {
            result.cause = cause(told);
            pb::LookupOutcome::NoMatch
        }
        LookupResult::Ambiguous => pb::LookupOutcome::Ambiguous,
        LookupResult::Malformed(fault) => {
            result.status = Some(fault_status(&fault, lang));
            pb::LookupOutcome::Unspecified
        }
    };
    result.outcome = outcome.into();
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
    let outcome = match item {
        AuthenticateResult::Match {
            version: number,
            agreement,
            deceased,
        } => {
            result.version = version(number);
            result.level = level(agreement);
            if deceased {
                pb::AuthenticationOutcome::Deceased
            } else {
                pb::AuthenticationOutcome::Match
            }
        }
        AuthenticateResult::NoMatch(told) => {
            result.cause = cause(told);
            pb::AuthenticationOutcome::NoMatch
        }
        AuthenticateResult::Ambiguous => pb::AuthenticationOutcome::Ambiguous,
        AuthenticateResult::Malformed(fault) => {
            result.status = Some(fault_status(&fault, lang));
            pb::AuthenticationOutcome::Unspecified
        }
    };
    result.outcome = outcome.into();
    result
}
