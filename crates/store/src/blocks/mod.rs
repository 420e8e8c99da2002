//! The blocks of the ledger, in memory, in SQLite and in PostgreSQL.

mod json;
mod memory;
mod postgres;
mod rows;
mod sqlite;
mod statements;

#[cfg(test)]
mod tests;

pub use memory::MemoryBlocks;
pub use postgres::{PostgresBlocks, PostgresBlocksOptions};
pub use sqlite::{SqliteBlocks, SqliteBlocksOptions};
