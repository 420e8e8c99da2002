//! The door: what came over the wire becomes the domain's own, or a fault that names a field.
//!
//! A bad context fails its message with every fault listed. In a batch a bad item keeps its place
//! as a fault; in a unary call it fails the call. No value is ever repeated in a fault.

mod context;
mod day;
mod fields;
mod items;
mod plain;
mod read;
mod sync;
mod views;
mod volumes;

use dancu_domain::{CivilDate, Failure, Fault, NationId, Provinces, Reason, RequestContext};
use prost::Message;

use crate::codec::undecodable;

pub use day::{EVENT_DAY, event_day};
pub use read::{
    authenticate_citizen, batch_authenticate_citizens, batch_lookup_citizens, lookup_citizen,
    read_authenticate_citizen, read_batch_authenticate_citizens, read_batch_lookup_citizens,
    read_lookup_citizen, read_stream_authenticate_citizens, read_stream_lookup_citizens,
};
pub use sync::{
    push_changes, read_push_changes, read_reconcile_citizens, read_stream_push_changes,
    read_stream_reconcile_citizens, reconcile_citizens,
};
pub use volumes::{VolumeFilter, get_volumes};

/// What the door must know of the nation behind it.
#[derive(Clone, Copy, Debug)]
pub struct Door {
    /// The nation's reference date: nobody is born after it, and events lie at most one year
    /// after it.
    pub today: CivilDate,
    /// The most items that a message may hold.
    pub max_items: usize,
    /// The nation: tokens of another one are refused.
    pub nation: NationId,
    /// The provinces in which an address at home may lie.
    pub provinces: Provinces,
}

impl Door {
    /// The documented limit of items in a message.
    pub const MAX_ITEMS: usize = 1_000;

    /// A door with the documented limits, to which every province is one.
    pub const fn new(nation: NationId, today: CivilDate) -> Self {
        Self {
            today,
            max_items: Self::MAX_ITEMS,
            nation,
            provinces: Provinces::EVERY_CODE,
        }
    }

    /// The last day that an event may have taken place on: one year after the reference date.
    fn last_event_day(&self) -> CivilDate {
        let (year, month, day) = (self.today.year() + 1, self.today.month(), self.today.day());
        CivilDate::new(year, month, day)
            .or_else(|| self.today.plus_days(365))
            .unwrap_or(self.today)
    }
}

/// A message that came through: its envelope, itself, and its items' own ids in their order. An
/// item without an id, or with a malformed one, has an empty id.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// The envelope.
    pub context: RequestContext,
    /// The message.
    pub message: T,
    /// The items' own ids.
    pub ids: Vec<String>,
}

/// Decodes a message of any form.
fn decode<M: Message + Default>(bytes: &[u8]) -> Result<M, Failure> {
    M::decode(bytes).map_err(|error| undecodable(&error))
}

/// The failure of a message of a stream that holds no batch.
fn no_batch() -> Failure {
    Fault::new("batch", Reason::FieldRequired).into()
}

/// The faults of a message, gathered while its parts are read.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    /// Keeps the value, or notes what is wrong with it.
    fn keep<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(fault) => {
                self.0.push(fault);
                None
            }
        }
    }

    fn note(&mut self, field: &str, reason: Reason) {
        self.0.push(Fault::new(field, reason));
    }

    /// The failure of the message. A fault of the request itself outranks one that only the state
    /// of the world makes.
    fn failure(mut self) -> Failure {
        self.0
            .sort_by_key(|fault| fault.reason == Reason::RevisionOfAnotherNation);
        Failure::malformed(self.0)
    }
}
