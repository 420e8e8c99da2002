//! What a failed call, or a failed message of a stream, tells its caller.

use dancu_domain::{ErrorClass, Reason};
use dancu_wire::pb::rpc;
use dancu_wire::{faults_of, reason_of_rpc, retry_after_of_rpc};
use memchr::memmem;
use prost::Message as _;
use std::time::Duration;
use tonic::{Code, Status};

use crate::tally::Fate;

/// A failure as the caller reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The status code.
    pub code: Code,
    /// The reason, where the status is one of ours.
    pub reason: Option<Reason>,
    /// The paths of the fields at fault, with the reason of each.
    pub fields: Vec<(String, Reason)>,
    /// How long to wait before trying again.
    pub wait: Option<Duration>,
    /// Everything that was said, to see that no value is repeated in it.
    said: Vec<u8>,
}

impl Told {
    /// Reads the status of a call.
    pub fn of(status: &Status) -> Self {
        let details = rpc::Status::decode(status.details()).unwrap_or_default();
        let mut told = Self::of_rpc(&details);
        told.code = status.code();
        told.said.extend_from_slice(status.message().as_bytes());
        told
    }

    /// Reads a status that stands among answers.
    pub fn of_rpc(status: &rpc::Status) -> Self {
        Self {
            code: Code::from_i32(status.code),
            reason: reason_of_rpc(status),
            fields: faults_of(status)
                .into_iter()
                .map(|fault| (fault.field.into_owned(), fault.reason))
                .collect(),
            wait: retry_after_of_rpc(status),
            said: status.encode_to_vec(),
        }
    }

    /// The code and, where it is one of ours, the reason.
    pub fn words(&self) -> String {
        let code = code_word(self.code as i32);
        match self.reason {
            Some(reason) => format!("{code} {}", reason.word()),
            None => code.to_owned(),
        }
    }

    /// Nothing was told: the caller's own patience ran out.
    pub const fn nothing() -> Self {
        Self {
            code: Code::DeadlineExceeded,
            reason: None,
            fields: Vec::new(),
            wait: None,
            said: Vec::new(),
        }
    }

    /// What became of the items of the message.
    pub const fn fate(&self) -> Fate {
        match self.code {
            Code::PermissionDenied => Fate::Refused,
            Code::InvalidArgument
            | Code::Unauthenticated
            | Code::FailedPrecondition
            | Code::AlreadyExists
            | Code::NotFound
            | Code::OutOfRange => Fate::Malformed,
            _ => Fate::Unavailable {
                in_doubt: self.in_doubt(),
            },
        }
    }

    /// Whether entries may have been written all the same. Where the service itself says that it
    /// shed or turned away the call, there are none.
    const fn in_doubt(&self) -> bool {
        !matches!(
            self.reason,
            Some(
                Reason::Overloaded
                    | Reason::QuotaExceeded
                    | Reason::DailyQuotaExceeded
                    | Reason::GuessLimitExceeded
                    | Reason::LimitsUnavailable
                    | Reason::RegistryUnavailable
                    | Reason::Draining
                    | Reason::MethodUnknown
            )
        )
    }

    /// Whether it is a failure that a sound service under load may answer with.
    pub const fn excusable(&self) -> bool {
        matches!(
            self.code,
            Code::ResourceExhausted | Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled
        )
    }

    /// Whether whoever is turned away should have been told when to come again, and was not. Of a
    /// day that the call names itself waiting does not help.
    pub fn lacks_delay(&self) -> bool {
        self.code == Code::ResourceExhausted
            && self.wait.is_none()
            && self.reason != Some(Reason::DailyQuotaExceeded)
    }

    /// Checks that it is the failure with this reason, told by the code of its class and, where
    /// there is one, naming the field; the path ends in `field`. What is wrong, or nothing.
    pub fn is(&self, reason: Reason, field: Option<&str>) -> Option<&'static str> {
        if self.code != code(reason.class()) {
            return Some("status.code");
        }
        if self.reason != Some(reason) {
            return Some("status.reason");
        }
        let names = |field: &str| {
            let ends = |path: &str| {
                path.strip_suffix(field)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            self.fields.iter().any(|(p, r)| *r == reason && ends(p))
        };
        match field {
            Some(field) if !names(field) => Some("status.field"),
            _ => None,
        }
    }

    /// Whether a value that was sent stands in what was said.
    pub fn repeats(&self, value: &str) -> bool {
        value.chars().count() >= 4 && memmem::find(&self.said, value.as_bytes()).is_some()
    }
}

/// The status code of a class, as the contract has it.
const fn code(class: ErrorClass) -> Code {
    match class {
        ErrorClass::Malformed => Code::InvalidArgument,
        ErrorClass::Unauthenticated => Code::Unauthenticated,
        ErrorClass::Denied => Code::PermissionDenied,
        ErrorClass::Exhausted => Code::ResourceExhausted,
        ErrorClass::NotFound => Code::NotFound,
        ErrorClass::AlreadyExists => Code::AlreadyExists,
        ErrorClass::Precondition => Code::FailedPrecondition,
        ErrorClass::Unavailable => Code::Unavailable,
        ErrorClass::Deadline => Code::DeadlineExceeded,
        ErrorClass::Unimplemented => Code::Unimplemented,
        ErrorClass::Internal => Code::Internal,
    }
}

/// The word of a gRPC status.
pub(crate) const fn code_word(code: i32) -> &'static str {
    match code {
        0 => "OK",
        1 => "CANCELLED",
        3 => "INVALID_ARGUMENT",
        4 => "DEADLINE_EXCEEDED",
        5 => "NOT_FOUND",
        6 => "ALREADY_EXISTS",
        7 => "PERMISSION_DENIED",
        8 => "RESOURCE_EXHAUSTED",
        9 => "FAILED_PRECONDITION",
        10 => "ABORTED",
        11 => "OUT_OF_RANGE",
        12 => "UNIMPLEMENTED",
        13 => "INTERNAL",
        14 => "UNAVAILABLE",
        15 => "DATA_LOSS",
        16 => "UNAUTHENTICATED",
        _ => "UNKNOWN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dancu_domain::{Failure, Fault};
    use dancu_wire::{Lang, status};

    fn told(reason: Reason, field: &str) -> Told {
        let failure = Failure::from(Fault::new(field, reason));
        Told::of(&status(&failure, Lang::Vi, None))
    }

    #[test]
    fn a_failure_is_known_by_code_reason_and_the_end_of_its_path() {
        let told = told(Reason::NumberLength, "item.claims.personal_number");
        let field = Some("claims.personal_number");
        assert_eq!(told.is(Reason::NumberLength, field), None);
        assert_eq!(
            told.is(Reason::NumberLength, Some("claims.full_name")),
            Some("status.field")
        );
        assert_eq!(
            told.is(Reason::NumberLength, Some("number")),
            Some("status.field"),
            "a part of a word is no end of a path"
        );
        assert_eq!(told.is(Reason::NameTooLong, field), Some("status.reason"));
        assert_eq!(
            told.is(Reason::CredentialMissing, None),
            Some("status.code")
        );
        assert_eq!(told.fate(), Fate::Malformed);
    }

    #[test]
    fn a_value_that_is_repeated_is_seen() {
        let told = told(Reason::FieldInvalid, "claims.Trần Văn An");
        assert!(told.repeats("Trần Văn An"));
        assert!(!told.repeats("Trần Văn Bình"));
    }

    #[test]
    fn what_the_service_turned_away_itself_is_not_in_doubt() {
        let shed = told(Reason::Overloaded, "x");
        assert_eq!(shed.fate(), Fate::Unavailable { in_doubt: false });
        for reason in [
            Reason::DailyQuotaExceeded,
            Reason::GuessLimitExceeded,
            Reason::LimitsUnavailable,
        ] {
            let limited = told(reason, "x");
            assert_eq!(limited.fate(), Fate::Unavailable { in_doubt: false });
            assert!(limited.excusable());
        }
        assert_eq!(Told::nothing().fate(), Fate::Unavailable { in_doubt: true });
        assert!(Told::nothing().excusable());
    }
}
