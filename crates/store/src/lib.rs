//! Durable state: the registry and the blocks of the ledger, in memory, in SQLite and in
//! PostgreSQL.
//!
//! Here live the statements, each in a file of its own under `sql/`, the tasks that own database
//! connections, the stored forms of rows, and the suite that every backend of the registry
//! passes. Not here: who may ask, how claims are matched, what a block holds, what is cached.

mod blocks;
mod columns;
mod directory;
mod error;
mod freshness;
mod memory;
mod meta;
mod postgres;
mod queue;
mod record;
mod sheet;
mod sqlite;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use blocks::{
    MemoryBlocks, PostgresBlocks, PostgresBlocksOptions, SqliteBlocks, SqliteBlocksOptions,
};
pub use error::StoreError;
pub use memory::MemoryRegistry;
pub use meta::{DirectoryRows, RegistryMeta};
pub use postgres::{
    Durability, PostgresOptions, PostgresRegistry, PostgresSeeding, ReplicaState, is_address,
    is_same_database,
};
pub use queue::RegistryCounters;
pub use record::{decode as decode_citizen, encode as encode_citizen};
pub use sqlite::{Seeding, SqliteOptions, SqliteRegistry};
