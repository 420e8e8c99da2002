//! What the ledger promises, over blocks on a shelf that can fail and wait.
#![expect(
    clippy::unwrap_used,
    reason = "the lint knows tests, and not what tests are set up by"
)]

mod claims;
mod commits;
mod doubt;
mod event_days;
mod failures;
mod kept;
mod opening;
mod shelf;
