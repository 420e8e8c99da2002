//! The table of messages that are bad as a whole: envelopes, tokens, lists, views, filters.

use dancu_domain::{Reason, Verb};
use dancu_wire::pb::dancu::v1 as pb;
use pb::Purpose;
use pb::freshness::Requirement;
use tonic::Code;

use super::asked::Asked;
use super::home::NATION;
use super::people::born;
use super::rpcs::{Form, Rpc};

/// One way in which a message is bad.
pub struct Envelope {
    /// In words.
    pub what: &'static str,
    /// Makes it so.
    pub spoil: fn(&mut Asked),
    /// The code.
    pub code: Code,
    /// What is said.
    pub reason: Reason,
    /// Of which field; `LIST` is whatever holds the items, nothing is none.
    field: &'static str,
    /// What must not come back.
    pub planted: &'static [&'static str],
    /// The methods that it fits.
    pub fits: fn(&Rpc) -> bool,
}

const LIST: &str = "the list";

impl Envelope {
    /// The field that must be named.
    pub fn field(&self, rpc: &Rpc) -> Option<String> {
        match self.field {
            "" => None,
            LIST => Some(rpc.list().to_owned()),
            field => Some(field.to_owned()),
        }
    }
}

fn all(_: &Rpc) -> bool {
    true
}

fn reads(rpc: &Rpc) -> bool {
    rpc.verb.is_some_and(|verb| verb != Verb::Push)
}

fn lookups(rpc: &Rpc) -> bool {
    rpc.verb == Some(Verb::Lookup)
}

fn one(rpc: &Rpc) -> bool {
    rpc.form == Form::One
}

fn many(rpc: &Rpc) -> bool {
    matches!(rpc.form, Form::Batch | Form::Stream)
}

fn totals(rpc: &Rpc) -> bool {
    rpc.form == Form::Totals
}

/// A purpose with everything that any purpose requires but one.
fn without(asked: &mut Asked, purpose: Purpose, field: fn(&mut pb::RequestContext) -> &mut String) {
    let context = asked.context();
    context.set_purpose(purpose);
    field(context).clear();
}

fn token(asked: &mut Asked, nation: &str, number: i64) {
    asked.freshness = Some(pb::Freshness {
        requirement: Some(Requirement::AtLeastAsFresh(pb::Revision {
            nation: nation.to_owned(),
            number,
        })),
    });
}

macro_rules! rows {
    ($($fits:ident: $what:literal, $code:ident $reason:ident $field:expr, [$($planted:literal),*], $spoil:expr;)*) => {
        /// Every row.
        pub const ENVELOPES: &[Envelope] = &[$(Envelope {
            what: $what,
            spoil: $spoil,
            code: Code::$code,
            reason: Reason::$reason,
            field: $field,
            planted: &[$($planted),*],
            fits: $fits,
        }),*];
    };
}

rows! {
    one: "no envelope", InvalidArgument FieldRequired "context", [], |a| a.context = None;
    many: "no envelope", InvalidArgument FieldRequired "context", [], |a| a.context = None;
    totals: "no envelope", InvalidArgument FieldRequired "context", [], |a| a.context = None;
    all: "no request id", InvalidArgument FieldRequired "context.request_id", [],
        |a| a.context().request_id.clear();
    all: "a request id of 44 characters", InvalidArgument FieldTooLong "context.request_id", ["ZqwxZqwx"],
        |a| a.context().request_id = "Zqwx".repeat(11);
    all: "a request id of 64 KiB", InvalidArgument FieldTooLong "context.request_id", ["ZqwxZqwx"],
        |a| a.context().request_id = "Zqwx".repeat(16 * 1024);
    all: "a request id with a space", InvalidArgument FieldInvalid "context.request_id", ["Zq 97"],
        |a| a.context().request_id = "Zq 97".into();
    all: "a request id with a line end", InvalidArgument FieldInvalid "context.request_id", ["Zqwx97"],
        |a| a.context().request_id = "Zqwx97\r\n".into();
    all: "a request id with marks", InvalidArgument FieldInvalid "context.request_id", ["Ẅqz"],
        |a| a.context().request_id = "Ẅqz".into();
    all: "no purpose", InvalidArgument FieldRequired "context.purpose", [],
        |a| a.context().set_purpose(Purpose::Unspecified);
    all: "an unknown purpose", InvalidArgument EnumInvalid "context.purpose", [],
        |a| a.context().purpose = 97;
    all: "a purpose below nothing", InvalidArgument EnumInvalid "context.purpose", [],
        |a| a.context().purpose = i32::MIN;
    all: "a procedure without an officer", InvalidArgument FieldRequired "context.officer", [],
        |a| without(a, Purpose::AdministrativeProcedure, |c| &mut c.officer);
    all: "a procedure that is not named", InvalidArgument FieldRequired "context.procedure", [],
        |a| without(a, Purpose::AdministrativeProcedure, |c| &mut c.procedure);
    all: "a procedure without a dossier", InvalidArgument FieldRequired "context.dossier", [],
        |a| without(a, Purpose::AdministrativeProcedure, |c| &mut c.dossier);
    all: "a check-in without an officer", InvalidArgument FieldRequired "context.officer", [],
        |a| without(a, Purpose::HealthCheckIn, |c| &mut c.officer);
    all: "cleaning without a request id", InvalidArgument FieldRequired "context.request_id", [],
        |a| without(a, Purpose::DataCleaning, |c| &mut c.request_id);
    all: "a life event without a request id", InvalidArgument FieldRequired "context.request_id", [],
        |a| without(a, Purpose::LifeEvent, |c| &mut c.request_id);
    all: "statistics without a request id", InvalidArgument FieldRequired "context.request_id", [],
        |a| without(a, Purpose::Statistics, |c| &mut c.request_id);
    all: "a long officer", InvalidArgument FieldTooLong "context.officer", ["ZqwxZqwx"],
        |a| a.context().officer = "Zqwx".repeat(11);
    all: "an officer with marks", InvalidArgument FieldInvalid "context.officer", ["Ẅqz"],
        |a| a.context().officer = "Ẅqz".into();
    all: "a procedure with a NUL", InvalidArgument FieldInvalid "context.procedure", ["Zqwx97"],
        |a| a.context().procedure = "Zqwx97\0".into();
    all: "a dossier of no form", InvalidArgument FieldInvalid "context.dossier", ["Zqwx-97"],
        |a| a.context().dossier = "Zqwx-97".into();
    all: "a dossier of no day", InvalidArgument FieldInvalid "context.dossier", ["H26-231399-97531"],
        |a| a.context().dossier = "H26-231399-97531".into();
    all: "a unit with a space", InvalidArgument FieldInvalid "context.unit", ["Zq 97"],
        |a| a.context().unit = "Zq 97".into();
    one: "no item", InvalidArgument FieldRequired LIST, [], |a| a.subjects.clear();
    many: "no items", InvalidArgument ItemsRequired LIST, [], |a| a.subjects.clear();
    many: "1,001 items", InvalidArgument TooManyItems LIST, [],
        |a| a.subjects = a.subjects.iter().cycle().take(1_001).cloned().collect();
    reads: "a token of another nation", FailedPrecondition RevisionOfAnotherNation
        "freshness.at_least_as_fresh.nation", ["abcdef0123456789"],
        |a| token(a, "abcdef0123456789abcdef0123456789", 0);
    reads: "a token of no nation", InvalidArgument FieldRequired
        "freshness.at_least_as_fresh.nation", [], |a| token(a, "", 0);
    reads: "a token that is none", InvalidArgument FieldInvalid
        "freshness.at_least_as_fresh.nation", ["zyxwvq"], |a| token(a, "zyxwvq", 0);
    reads: "a token before the first change", InvalidArgument FieldInvalid
        "freshness.at_least_as_fresh.number", [], |a| token(a, &NATION.text(), -1);
    reads: "a token of the future", FailedPrecondition RevisionAhead "", ["98765432109"],
        |a| token(a, &NATION.text(), 98_765_432_109);
    reads: "a token of the end of time", FailedPrecondition RevisionAhead "", [],
        |a| token(a, &NATION.text(), i64::MAX);
    reads: "a requirement that is denied", InvalidArgument FieldInvalid
        "freshness.minimize_latency", [],
        |a| a.freshness = Some(pb::Freshness { requirement: Some(Requirement::MinimizeLatency(false)) });
    lookups: "an unknown view", InvalidArgument EnumInvalid "view", [], |a| a.view = 97;
    lookups: "a mask of no field", InvalidArgument FieldInvalid "read_mask", ["Zqwx97"],
        |a| a.mask = vec!["full_name".to_owned(), "Zqwx97".to_owned()];
    lookups: "a mask within a field", InvalidArgument FieldInvalid "read_mask", ["birth_date.Zqwx"],
        |a| a.mask = vec!["birth_date.Zqwx".to_owned()];
    totals: "another purpose", InvalidArgument EnumInvalid "context.purpose", [],
        |a| a.context().set_purpose(Purpose::DataCleaning);
    totals: "29 February 2023", InvalidArgument DateInvalid "from_day", ["2023-02-29"],
        |a| a.totals.from_day = Some(born(2023, 2, 29));
    totals: "a month", InvalidArgument DateIncomplete "to_day", [],
        |a| a.totals.to_day = Some(born(2023, 2, 0));
    totals: "days that end before they begin", InvalidArgument DaysReversed "to_day", [],
        |a| {
            a.totals.from_day = Some(born(2023, 2, 2));
            a.totals.to_day = Some(born(2023, 2, 1));
        };
    totals: "an agency in small letters", InvalidArgument FieldInvalid "agency", ["zqwx97"],
        |a| a.totals.agency = "zqwx97".into();
    totals: "an unknown verb", InvalidArgument EnumInvalid "verb", [], |a| a.totals.verb = 97;
}
