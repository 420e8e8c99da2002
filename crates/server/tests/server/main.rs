//! The service over real sockets: what callers, operators and hostile peers see of it.
#![expect(
    clippy::unwrap_used,
    reason = "what helps a test fails with it, at the line that it names"
)]

mod answers;
mod bad;
mod common;
mod credentials;
mod deadlines;
mod drain;
mod faults;
mod frames;
mod limits;
mod memory;
mod ops;
mod overload;
mod quotas;
mod raw;
mod standard;
mod transport;
