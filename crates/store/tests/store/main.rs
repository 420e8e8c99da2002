//! What the rooms of the store promise over every backend, and what each backend does beyond that.
//! One program, so that the servers which the tests share are started once.
#![expect(
    clippy::unwrap_used,
    reason = "the lint knows tests, and not what tests are set up by"
)]

mod blocks;
mod conflicts;
mod cut_wire;
mod registry;
