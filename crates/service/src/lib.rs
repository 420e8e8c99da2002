//! The verbs: lookup, authenticate, reconcile, push, refuse, volumes.
//!
//! Here live the steps of a verb in their order: a [`Permit`](dancu_domain::Permit) is given by
//! value, malformed items keep their places, one read serves all the others, the rules of the
//! domain match and minimise, the ledger records, and only then is there an answer. Not here: any
//! backend, protobuf, a runtime, a clock, counters. A verb that would have to know what stands
//! behind a port is a missing method on that port.

mod authenticate;
mod kept;
mod lookup;
mod matching;
mod push;
mod reconcile;
mod recording;
mod refuse;
mod volumes;

pub use authenticate::authenticate;
pub use lookup::lookup;
pub use push::push;
pub use reconcile::reconcile;
pub use refuse::refuse;
pub use volumes::volumes;
