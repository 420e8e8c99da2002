//! The blocks of the ledger in PostgreSQL.
//!
//! One connection, opened again when it is lost. A commit is one statement, so it takes place as a
//! whole with or without whoever sent it, and no transaction is ever left open behind it.

mod append;
mod claims;
mod statements;
mod store;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use dancu_domain::WriterId;
use dancu_ledger::BlockStoreError;
use tokio::time::Instant;

use crate::StoreError;
use crate::postgres::{Durability, Link, connecting, read_standing, schema, within};

/// How a ledger in PostgreSQL is opened.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresBlocksOptions {
    /// The address of the primary, `postgres://role:password@host:port/database`.
    pub url: String,
    /// How long an append, a claim or a look for kept answers may take before the ledger counts
    /// as away.
    pub within: Duration,
    /// How long reading blocks, chains and counts may take.
    pub read_within: Duration,
    /// How long the answer whether the ledger can be written may take: it reads one row.
    pub probe_within: Duration,
}

impl Default for PostgresBlocksOptions {
    fn default() -> Self {
        Self {
            url: String::new(),
            within: Duration::from_secs(4),
            read_within: Duration::from_mins(1),
            probe_within: Duration::from_millis(1_500),
        }
    }
}

impl PostgresBlocksOptions {
    /// The database at this address, everything else as usual.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }
}

/// The address holds a password and is left out.
impl fmt::Debug for PostgresBlocksOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresBlocksOptions")
            .field("within", &self.within)
            .field("read_within", &self.read_within)
            .field("probe_within", &self.probe_within)
            .finish_non_exhaustive()
    }
}

/// One connection to the ledger's database.
pub struct PostgresBlocks {
    link: Link,
    options: PostgresBlocksOptions,
    claim: Option<Held>,
}

/// What was claimed.
#[derive(Clone)]
struct Held {
    writer: WriterId,
    epoch: u64,
    /// By what the database knows whose claim it was.
    holder: String,
}

impl PostgresBlocks {
    /// Opens the ledger, and brings its schema to that of this build.
    pub async fn open(options: PostgresBlocksOptions) -> Result<Self, BlockStoreError> {
        let mut blocks = Self::connecting(options, "off")?;
        let until = Instant::now() + blocks.options.read_within;
        let connection = blocks.link.connection(until).await.map_err(failed)?;
        let migrating = schema::migrate(connection, &statements::TABLES);
        in_time(until, migrating).await.map_err(failed)?;
        Ok(blocks)
    }

    /// Opens a ledger that is there, for reading.
    pub async fn open_read_only(options: PostgresBlocksOptions) -> Result<Self, BlockStoreError> {
        let mut blocks = Self::connecting(options, "on")?;
        let until = Instant::now() + blocks.options.within;
        let connection = blocks.link.connection(until).await.map_err(failed)?;
        let looking = schema::steps_taken(connection, &statements::TABLES);
        let taken = in_time(until, looking).await.map_err(failed)?;
        if taken == statements::TABLES.steps.len() {
            Ok(blocks)
        } else {
            let words = "open a ledger that is not there or of an earlier build";
            Err(BlockStoreError::Failed(words.to_owned()))
        }
    }

    /// What an acknowledged append survives. [`Durability::of`] asks without a store.
    pub async fn durability(&mut self) -> Result<Durability, BlockStoreError> {
        let until = self.soon();
        let connection = self.link.connection(until).await.map_err(failed)?;
        let asked = read_standing(connection);
        let told = within(until, "ask for the standby", asked).await;
        self.given_up_after(told)
    }

    /// Closes the connection; what was appended is durable already.
    pub async fn close(self) -> Result<(), BlockStoreError> {
        self.link.close().await;
        Ok(())
    }

    fn connecting(
        options: PostgresBlocksOptions,
        read_only: &str,
    ) -> Result<Self, BlockStoreError> {
        let connecting = connecting(&options.url, "dancu ledger").map_err(failed)?;
        let connecting = connecting.options([("default_transaction_read_only", read_only)]);
        Ok(Self {
            link: Link::new(connecting),
            options,
            claim: None,
        })
    }

    fn soon(&self) -> Instant {
        Instant::now() + self.options.within
    }

    /// Lets go of a connection that did not answer as it should.
    fn given_up_after<T>(&mut self, told: Result<T, StoreError>) -> Result<T, BlockStoreError> {
        told.map_err(|error| {
            self.link.give_up();
            failed(error)
        })
    }
}

/// Runs a step within its time.
async fn in_time<T>(
    until: Instant,
    step: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let doing = "look at the schema of the ledger";
    let stepped = tokio::time::timeout_at(until, step).await;
    stepped.unwrap_or(Err(StoreError::TimedOut { doing }))
}

/// The failure in the words of the port; the driver's text is for the log and holds no entry.
fn failed(error: StoreError) -> BlockStoreError {
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    BlockStoreError::Failed(match cause {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })
}
