//! What the contract promises of bytes, fields and statuses.

mod answers;
mod bytes;
mod door;
mod errors;
mod messages;
mod methods;
mod never_panics;
mod records;
mod samples;
mod trip;
mod volumes;
mod written;
