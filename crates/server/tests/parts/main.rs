//! The service over its real parts: PostgreSQL and Redis, and several instances of it. Whoever
//! needs the parts and cannot have them fails.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails with the error itself"
)]

mod audits;
#[expect(dead_code, reason = "the tests over files use the rest")]
#[path = "../server/common.rs"]
mod common;
mod instances;
mod ledger;
mod places;
mod stage;
