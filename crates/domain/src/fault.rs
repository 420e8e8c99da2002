//! What is wrong with an input: a field and a reason, never the value.

use std::borrow::Cow;

use crate::Reason;

/// A malformed input. `field` is a path in the words of the contract, such as
/// `items[3].claims.birth_date`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path of the field that is at fault.
    pub field: Cow<'static, str>,
    /// Why, in the one vocabulary of errors.
    pub reason: Reason,
}

impl Fault {
    /// A fault of `field`.
    pub fn new(field: &str, reason: Reason) -> Self {
        Self {
            field: Cow::Owned(field.to_owned()),
            reason,
        }
    }

    /// The same fault, seen from the message that holds the field.
    #[must_use]
    pub fn within(self, prefix: &str) -> Self {
        Self {
            field: Cow::Owned(format!("{prefix}.{}", self.field)),
            reason: self.reason,
        }
    }
}
