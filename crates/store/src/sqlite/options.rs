//! How a registry file is opened.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

/// How long a connection waits for a lock of another one.
const BUSY: Duration = Duration::from_secs(5);
/// Pages that a connection keeps, in KiB, as the negative number that SQLite wants.
const CACHE_KIB: &str = "-16384";

/// What may be chosen when a registry file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Whether a commit returns only after the disk has it. Off, acknowledged changes are lost
    /// with the power; only a test that shows this has reason to turn it off.
    pub synchronous_full: bool,
    /// How many connections read, at least one.
    pub readers: usize,
    /// How many numbers may wait to be read before a read is shed.
    pub max_waiting_keys: usize,
    /// How many records may wait to be applied before a write is shed.
    pub max_waiting_records: usize,
    /// How many records are gathered into one transaction; one batch is never torn.
    pub max_records_per_commit: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            synchronous_full: true,
            readers: 3,
            max_waiting_keys: 65_536,
            max_waiting_records: 65_536,
            max_records_per_commit: 4_096,
        }
    }
}

impl SqliteOptions {
    /// A connection that reads and writes an existing file.
    pub(super) fn writing(self, path: &Path) -> SqliteConnectOptions {
        base(path)
            .journal_mode(SqliteJournalMode::Wal)
            // A statement of many rows keeps the pages that it may have to undo, by default in a file
            // of their own. The transaction is bounded, and so are they.
            .pragma("temp_store", "MEMORY")
            .synchronous(if self.synchronous_full {
                SqliteSynchronous::Full
            } else {
                SqliteSynchronous::Off
            })
    }
}

/// A connection that only reads an existing file.
pub(super) fn reading(path: &Path) -> SqliteConnectOptions {
    base(path).pragma("query_only", "ON")
}

/// A connection that fills a new file as fast as the disk takes it; a crash may tear the file.
pub(super) fn filling(path: &Path) -> SqliteConnectOptions {
    base(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .pragma("locking_mode", "EXCLUSIVE")
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "FILE")
}

fn base(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .foreign_keys(false)
        .pragma("cache_size", CACHE_KIB)
        .row_buffer_size(1_024)
        .disable_statement_logging()
}
