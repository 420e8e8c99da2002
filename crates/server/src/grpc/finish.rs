//! What every error that leaves must carry, also those that were made below us.

use std::time::Duration;

use dancu_domain::{Failure, Reason};
use dancu_wire::errors::{Lang, localised, reason_of, status};
use http::HeaderMap;
use tonic::{Code, Status};

/// How a call ended, as its last headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    /// The status code.
    pub(crate) code: Code,
    /// Why, where it is not OK.
    pub(crate) reason: Option<Reason>,
}

impl Ending {
    /// All is well.
    pub(crate) const OK: Self = Self {
        code: Code::Ok,
        reason: None,
    };

    /// The caller went away.
    pub(crate) const GONE: Self = Self {
        code: Code::Cancelled,
        reason: None,
    };
}

/// Completes the status in headers or trailers: details that tonic does not give are added, and
/// the language becomes the caller's. `None` where there is no status yet.
pub(crate) fn finish(headers: &mut HeaderMap, lang: Lang, retry: Duration) -> Option<Ending> {
    let value = headers.get(Status::GRPC_STATUS)?;
    if value.as_bytes() == b"0" {
        return Some(Ending::OK);
    }
    let found = Status::from_header_map(headers)?;
    let (finished, reason) = match reason_of(&found) {
        Some(reason) if lang == Lang::En => {
            return Some(Ending {
                code: found.code(),
                reason: Some(reason),
            });
        }
        Some(reason) => (localised(found, lang), reason),
        None if found.code() == Code::Cancelled => return Some(Ending::GONE),
        None => {
            let reason = reason_of_foreign(&found);
            (status(&Failure::new(reason), lang, Some(retry)), reason)
        }
    };
    for name in [
        Status::GRPC_STATUS,
        Status::GRPC_MESSAGE,
        Status::GRPC_STATUS_DETAILS,
    ] {
        headers.remove(name);
    }
    // A status of ours is plain text and base64: every byte of it can stand in a header.
    let _ = finished.add_header(headers);
    Some(Ending {
        code: finished.code(),
        reason: Some(reason),
    })
}

/// The reason of a status that tonic made, by its code and, where that says too little, its text.
/// A test holds each against tonic itself.
fn reason_of_foreign(found: &Status) -> Reason {
    let says = |text| found.message().contains(text);
    match found.code() {
        Code::Unimplemented if says("Content is compressed") => Reason::CompressionUnsupported,
        Code::Unimplemented => Reason::MethodUnknown,
        Code::OutOfRange if says("decoded message length") => Reason::MessageTooLarge,
        Code::Internal if says("compressed-flag") => Reason::CompressionUnsupported,
        Code::Internal
            if says("invalid compression flag")
                || says("Unexpected EOF")
                || says("Missing request message") =>
        {
            Reason::Undecodable
        }
        // Health and reflection keep the codes of their own contracts.
        Code::NotFound => Reason::ServiceUnknown,
        Code::InvalidArgument => Reason::FieldInvalid,
        Code::DeadlineExceeded => Reason::DeadlineExceeded,
        Code::ResourceExhausted => Reason::Overloaded,
        _ => Reason::Internal,
    }
}
