//! The contract in Rust.
//!
//! Here live the generated code and the descriptor set, both checked in; the codec; the door, which
//! turns requests into the domain's own types or into faults that name a field; the answers, which
//! let out what was granted and no more; and the one table of errors. Not here: transport, sockets,
//! runtimes, permission, and whatever a verb does.

pub mod answer;
pub mod codec;
pub mod door;
pub mod errors;
mod methods;
pub mod pb;

pub use answer::{
    YARDSTICK, authenticate_citizen_response, batch_authenticate_citizens_response,
    batch_lookup_citizens_response, citizen, get_volumes_response, header, lookup_citizen_response,
    push_changes_response, reconcile_citizens_response, revision,
};
pub use door::{
    Door, EVENT_DAY, Parsed, VolumeFilter, authenticate_citizen, batch_authenticate_citizens,
    batch_lookup_citizens, event_day, get_volumes, lookup_citizen, push_changes,
    reconcile_citizens,
};
pub use errors::{
    DOMAIN, Lang, code, fault_status, faults_of, from_wire, localised, quota_of, quota_of_rpc,
    reason_of, reason_of_rpc, retry_after_of, retry_after_of_rpc, rpc_status, status, text,
    to_wire, withheld_status,
};
pub use methods::{METHODS, Method, MethodKind, method};
pub use pb::DESCRIPTORS;
