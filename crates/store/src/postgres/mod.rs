//! The registry in PostgreSQL, and what it shares with the ledger's blocks there.
//!
//! Connections belong to tasks of the runtime that opened the registry: readers, one writer and
//! one listener. A request holds no connection and no transaction, only its place in a queue, so
//! it may be dropped at any moment. Every wait for the database has a bound that is kept on this
//! side, since a server that stands still keeps none.

mod commit;
mod copy;
mod directory;
mod link;
mod listener;
mod options;
mod queries;
mod reader;
mod registry;
mod replica;
pub(crate) mod schema;
mod seeding;
mod standing;
mod statements;
mod writer;

pub(crate) use link::{Link, is_conflict, is_lost, within};
pub(crate) use options::connecting;
pub use options::{PostgresOptions, is_address, is_same_database};
pub use registry::PostgresRegistry;
pub use replica::ReplicaState;
pub use seeding::PostgresSeeding;
pub use standing::Durability;
pub(crate) use standing::read_standing;

#[cfg(test)]
mod tests;
