//! The one vocabulary of errors: callers hear it, metrics are labelled by it, logs carry it.

/// What kind of failure a reason is; `wire` gives each class its status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The request cannot be understood; repeating it changes nothing.
    Malformed,
    /// Who is calling is not known or not valid.
    Unauthenticated,
    /// The caller may not ask this.
    Denied,
    /// Too much at once; try again after a delay.
    Exhausted,
    /// What is asked about is not here.
    NotFound,
    /// The same id was used for something else.
    AlreadyExists,
    /// The state of the world does not allow it.
    Precondition,
    /// A part is away.
    Unavailable,
    /// The time ran out.
    Deadline,
    /// There is no such method.
    Unimplemented,
    /// A defect of ours.
    Internal,
}

macro_rules! reasons {
    ($($(#[$meta:meta])* $variant:ident, $class:ident, $word:literal;)*) => {
        /// Why something could not be answered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[$meta])* $variant,)* }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its word in `ErrorInfo.reason`, in metrics and in logs.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Its class.
            pub const fn class(self) -> ErrorClass {
                match self { $(Self::$variant => ErrorClass::$class,)* }
            }
        }
    };
}

reasons! {
    /// The bytes are no message of this method.
    Undecodable, Malformed, "UNDECODABLE";
    /// The message is larger than the limit.
    MessageTooLarge, Malformed, "MESSAGE_TOO_LARGE";
    /// A field that must be there is missing or empty.
    FieldRequired, Malformed, "FIELD_REQUIRED";
    /// A field is longer than its limit.
    FieldTooLong, Malformed, "FIELD_TOO_LONG";
    /// A field holds characters or a form it may not hold.
    FieldInvalid, Malformed, "FIELD_INVALID";
    /// An enum has a value that this contract does not know or that is not allowed here.
    EnumInvalid, Malformed, "ENUM_INVALID";
    /// The list is empty.
    ItemsRequired, Malformed, "ITEMS_REQUIRED";
    /// More items than a message may hold.
    TooManyItems, Malformed, "TOO_MANY_ITEMS";
    /// A number holds something other than ASCII digits.
    NumberNotDigits, Malformed, "NUMBER_NOT_DIGITS";
    /// A number has not as many digits as it must have.
    NumberLength, Malformed, "NUMBER_LENGTH";
    /// A name of fewer than two letters.
    NameTooShort, Malformed, "NAME_TOO_SHORT";
    /// A name longer than the limit.
    NameTooLong, Malformed, "NAME_TOO_LONG";
    /// A name with a character that no Vietnamese name holds.
    NameCharacter, Malformed, "NAME_CHARACTER";
    /// A name with combining marks where none can stand, or too many of them.
    NameMarks, Malformed, "NAME_MARKS";
    /// A day that the calendar does not have.
    DateInvalid, Malformed, "DATE_INVALID";
    /// A date of which day and month must be known.
    DateIncomplete, Malformed, "DATE_INCOMPLETE";
    /// The last day of a range lies before its first.
    DaysReversed, Malformed, "DAYS_REVERSED";
    /// Callers may not name event days here.
    EventDaysOff, Malformed, "EVENT_DAYS_OFF";
    /// An event day outside those that may be named.
    EventDayOutside, Malformed, "EVENT_DAY_OUTSIDE";
    /// No agency has this code.
    AgencyUnknown, Malformed, "AGENCY_UNKNOWN";
    /// A date after the reference date of the nation.
    DateInFuture, Malformed, "DATE_IN_FUTURE";
    /// The token belongs to another nation.
    RevisionOfAnotherNation, Precondition, "REVISION_OF_ANOTHER_NATION";
    /// The compression is not supported here.
    CompressionUnsupported, Malformed, "COMPRESSION_UNSUPPORTED";

    /// No credential came with the call.
    CredentialMissing, Unauthenticated, "CREDENTIAL_MISSING";
    /// The credential is not one of ours.
    CredentialUnknown, Unauthenticated, "CREDENTIAL_UNKNOWN";
    /// The credential has expired.
    CredentialExpired, Unauthenticated, "CREDENTIAL_EXPIRED";
    /// The credential was revoked.
    CredentialRevoked, Unauthenticated, "CREDENTIAL_REVOKED";
    /// The credential is not yet valid.
    CredentialNotYetValid, Unauthenticated, "CREDENTIAL_NOT_YET_VALID";

    /// More than one credential came with the call.
    CredentialAmbiguous, Unauthenticated, "CREDENTIAL_AMBIGUOUS";

    /// The agency has ended or not yet begun.
    AgencyNotActive, Denied, "AGENCY_NOT_ACTIVE";
    /// No licence of the agency covers the service.
    ServiceNotLicensed, Denied, "SERVICE_NOT_LICENSED";
    /// No licence of the agency covers the purpose.
    PurposeNotLicensed, Denied, "PURPOSE_NOT_LICENSED";
    /// The procedure is not licensed (the old error 004).
    ProcedureNotLicensed, Denied, "PROCEDURE_NOT_LICENSED";
    /// The officer has no right (the old error 005).
    OfficerNotAuthorised, Denied, "OFFICER_NOT_AUTHORISED";

    /// Too many requests wait already.
    Overloaded, Exhausted, "OVERLOADED";
    /// The agency has used up its items of this second.
    QuotaExceeded, Exhausted, "QUOTA_EXCEEDED";
    /// The agency has used up its items of this day.
    DailyQuotaExceeded, Exhausted, "DAILY_QUOTA_EXCEEDED";
    /// Too many claims about this number failed; they are judged again after the delay.
    GuessLimitExceeded, Exhausted, "GUESS_LIMIT_EXCEEDED";

    /// The request id was used with another body.
    RequestIdReused, AlreadyExists, "REQUEST_ID_REUSED";

    /// The token lies beyond the registry's own head.
    RevisionAhead, Precondition, "REVISION_AHEAD";

    /// The registry cannot be reached.
    RegistryUnavailable, Unavailable, "REGISTRY_UNAVAILABLE";
    /// The answer cannot be recorded, so it is not given.
    LedgerUnavailable, Unavailable, "LEDGER_UNAVAILABLE";
    /// What was used of the daily quotas, or how often claims failed, cannot be read.
    LimitsUnavailable, Unavailable, "LIMITS_UNAVAILABLE";
    /// The service is draining.
    Draining, Unavailable, "DRAINING";

    /// The caller's time ran out.
    DeadlineExceeded, Deadline, "DEADLINE_EXCEEDED";
    /// Health or reflection was asked about a service or symbol that is not here.
    ServiceUnknown, NotFound, "SERVICE_UNKNOWN";
    /// No such service or method.
    MethodUnknown, Unimplemented, "METHOD_UNKNOWN";
    /// A defect of the service; the request id finds it in the log.
    Internal, Internal, "INTERNAL";
}
