//! A connection that its one owner opens again after a failure, and the bounds of every wait.

use std::future::Future;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::time::{Instant, timeout, timeout_at};

use super::schema::TAKES_CHANGES;
use crate::StoreError;

/// The pause after the first failure to connect; it doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(20);
/// The longest pause: who asks after it is the one to find that the database is back.
const LONGEST: Duration = Duration::from_millis(640);
/// How long a polite goodbye may take.
const GOODBYE: Duration = Duration::from_millis(200);

/// A connection and how to open it.
pub(crate) struct Link {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    /// Whether it is of no use where nothing can be changed.
    changes: bool,
    pause: Duration,
    not_before: Option<Instant>,
    opened: u64,
}

impl Link {
    /// A connection that is opened when it is first needed.
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            connection: None,
            changes: false,
            pause: SHORTEST,
            not_before: None,
            opened: 0,
        }
    }

    /// The same to a database that takes changes. A standby, and what has become one, is refused: what
    /// it says may be long out of date, and it cannot tell.
    pub(crate) fn to_primary(options: PgConnectOptions) -> Self {
        Self {
            changes: true,
            ..Self::new(options)
        }
    }

    /// The connection, opened if there is none. Between two attempts that failed there is a pause,
    /// in which whoever asks is told at once.
    pub(crate) async fn connection(
        &mut self,
        until: Instant,
    ) -> Result<&mut PgConnection, StoreError> {
        if self.connection.is_none() {
            if self
                .not_before
                .is_some_and(|moment| Instant::now() < moment)
            {
                return Err(StoreError::Away);
            }
            match self.open(until).await {
                Ok(connection) => {
                    self.connection = Some(connection);
                    self.pause = SHORTEST;
                    self.not_before = None;
                    self.opened += 1;
                }
                Err(error) => {
                    self.not_before = Some(Instant::now() + self.pause);
                    self.pause = (self.pause * 2).min(LONGEST);
                    return Err(error);
                }
            }
        }
        self.connection.as_mut().ok_or(StoreError::Away)
    }

    async fn open(&self, until: Instant) -> Result<PgConnection, StoreError> {
        let opening = "connect to the database";
        let mut connection = within(until, opening, self.options.connect()).await?;
        if self.changes {
            let asked = sqlx::query_scalar(TAKES_CHANGES).fetch_one(&mut connection);
            if !within(until, "ask whether the database takes changes", asked).await? {
                goodbye(connection).await;
                return Err(StoreError::TakesNoChanges);
            }
        }
        Ok(connection)
    }

    /// Whether there is a connection, which may have died without a word.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// How often a connection was opened.
    pub(crate) fn opened(&self) -> u64 {
        self.opened
    }

    /// The connection itself, for an owner who does not open it again.
    pub(crate) fn into_connection(self) -> Option<PgConnection> {
        self.connection
    }

    /// Lets go of the connection without a word to the server, who ends what was open in it.
    pub(crate) fn give_up(&mut self) {
        self.connection = None;
    }

    /// Closes the connection.
    pub(crate) async fn close(mut self) {
        if let Some(connection) = self.connection.take() {
            goodbye(connection).await;
        }
    }
}

/// Closes a connection. Who does not hear a goodbye finds it closed.
pub(super) async fn goodbye(connection: PgConnection) {
    drop(timeout(GOODBYE, connection.close()).await);
}

/// What the driver says, unless it says nothing until then. A future that is dropped there leaves
/// its connection in an unknown state.
pub(crate) async fn within<T>(
    until: Instant,
    doing: &'static str,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match timeout_at(until, asked).await {
        Ok(said) => said.map_err(StoreError::database(doing)),
        Err(_) => Err(StoreError::TimedOut { doing }),
    }
}

/// The five characters by which PostgreSQL tells what went wrong.
pub(super) fn state(error: &StoreError) -> Option<String> {
    match error {
        StoreError::Database {
            source: sqlx::Error::Database(told),
            ..
        } => told.code().map(std::borrow::Cow::into_owned),
        _ => None,
    }
}

/// Whether two transactions stood in each other's way and this one may be tried again.
pub(crate) fn is_conflict(error: &StoreError) -> bool {
    state(error).is_some_and(|state| matches!(&*state, "40001" | "40P01" | "55P03"))
}

/// Whether the connection is gone, or of no use to who asks, and another one may do.
pub(crate) fn is_lost(error: &StoreError) -> bool {
    match error {
        StoreError::Database {
            source: sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed,
            ..
        } => true,
        _ => state(error).is_some_and(|state| {
            // Ended by an operator, a crash or a shutdown; any trouble of the connection; a server
            // that has become a standby; a plan from before a migration.
            state.starts_with("08")
                || state.starts_with("57P")
                || matches!(&*state, "25006" | "25P03" | "0A000" | "26000")
        }),
    }
}
