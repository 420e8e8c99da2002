//! What a refusal must look like, wherever it stands.

use dancu_domain::Reason;
use dancu_wire::pb::rpc;
use dancu_wire::{DOMAIN, Lang, text};
use prost::{Message, Name};
use tonic::Code;

use super::line::Reply;

/// A refusal as it is expected.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// The reason.
    pub reason: Reason,
    /// The field that must be named; `None` where none may be.
    pub field: Option<String>,
}

impl Refusal {
    /// INVALID_ARGUMENT that names a field.
    pub fn of_field(reason: Reason, field: impl Into<String>) -> Self {
        Self {
            code: Code::InvalidArgument,
            reason,
            field: Some(field.into()),
        }
    }

    /// A refusal without a field.
    pub fn of_call(code: Code, reason: Reason) -> Self {
        Self {
            code,
            reason,
            field: None,
        }
    }

    /// Holds a status against it.
    pub fn holds(&self, what: &str, status: &rpc::Status, lang: Lang) {
        assert_eq!(Code::from_i32(status.code), self.code, "{what}");
        assert_eq!(status.message, text(self.reason, Lang::En), "{what}");
        let info: rpc::ErrorInfo =
            one(what, status).unwrap_or_else(|| panic!("{what}: no ErrorInfo"));
        assert_eq!(info.reason, self.reason.word(), "{what}");
        assert_eq!(info.domain, "dancu.v1", "{what}");
        assert_eq!(info.domain, DOMAIN, "{what}");
        assert!(info.metadata.is_empty(), "{what}: metadata may hold values");
        let told = one(what, status);
        self.in_language(what, told.as_ref(), lang);
        let bad: Option<rpc::BadRequest> = one(what, status);
        let violations = bad.map(|bad| bad.field_violations).unwrap_or_default();
        let fields: Vec<&str> = violations.iter().map(|v| v.field.as_str()).collect();
        let expected: Vec<&str> = self.field.as_deref().into_iter().collect();
        assert_eq!(fields, expected, "{what}: the fields named");
        for violation in &violations {
            assert_eq!(violation.reason, self.reason.word(), "{what}");
            self.in_language(what, violation.localized_message.as_ref(), lang);
        }
        let retry: Option<rpc::RetryInfo> = one(what, status);
        assert!(retry.is_none(), "{what}: the same again would end the same");
    }

    /// Holds a call's last headers against it: code, text and details agree.
    pub fn ends(&self, what: &str, reply: &Reply, lang: Lang) {
        let status = reply.status();
        assert_eq!(reply.http, 200, "{what}");
        assert_eq!(status.code(), self.code, "{what}: {status:?}");
        let details = rpc::Status::decode(status.details())
            .unwrap_or_else(|error| panic!("{what}: no details: {error}"));
        assert_eq!(details.message, status.message(), "{what}");
        self.holds(what, &details, lang);
    }

    fn in_language(&self, what: &str, told: Option<&rpc::LocalizedMessage>, lang: Lang) {
        let told = told.unwrap_or_else(|| panic!("{what}: no LocalizedMessage"));
        assert_eq!(told.locale, lang.tag(), "{what}");
        assert_eq!(told.message, text(self.reason, lang), "{what}");
        let vietnamese = told
            .message
            .chars()
            .any(|c| "ạảấầậắếềệịọốộớợủứừựỳđ".contains(c));
        assert_eq!(vietnamese, lang == Lang::Vi, "{what}: {}", told.message);
    }
}

/// The one detail of a kind.
fn one<M: Message + Name + Default>(what: &str, status: &rpc::Status) -> Option<M> {
    let mut found = status
        .details
        .iter()
        .filter(|any| any.type_url == M::type_url());
    let detail = found.next()?;
    assert!(found.next().is_none(), "{what}: a detail came twice");
    Some(M::decode(detail.value.as_slice()).expect("a detail decodes"))
}
