//! The blocks of the ledger, in memory and in SQLite.

mod json;
mod memory;
mod rows;
mod sqlite;
mod statements;

#[cfg(test)]
mod tests;

pub use memory::MemoryBlocks;
pub use sqlite::{SqliteBlocks, SqliteBlocksOptions};
