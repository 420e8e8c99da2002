//! What the levels of the cache promise, each alone and one over the other, over a registry that
//! remembers its history and over Redis.
#![expect(
    clippy::unwrap_used,
    reason = "the lint knows tests, and not what tests are set up by"
)]

mod coalescing;
mod conformance;
mod following;
mod interleavings;
mod level;
mod quotas;
mod set_back;
mod shared_conformance;
mod shared_faults;
mod shared_forged;
mod shared_interleavings;
mod shared_values;
mod support;
mod threads;
mod volumes;
mod waiting;
