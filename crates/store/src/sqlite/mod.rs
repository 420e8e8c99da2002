//! The registry in one SQLite file.
//!
//! Connections belong to tasks of the runtime that opened the registry: a few readers and one
//! writer. A request holds no connection and no transaction, only its place in a queue, so it may
//! be dropped at any moment.

mod commit;
mod directory;
mod json;
mod link;
mod options;
mod reader;
mod registry;
mod schema;
mod seeding;
mod statements;
mod writer;

pub use options::SqliteOptions;
pub use registry::SqliteRegistry;
pub use seeding::Seeding;

#[cfg(test)]
mod tests;
