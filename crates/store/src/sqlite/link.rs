//! A connection that its one owner opens again after a failure.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::StoreError;

/// A connection and how to open it.
pub(super) struct Link {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
}

impl Link {
    /// Opens a connection.
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let mut link = Self {
            options,
            connection: None,
        };
        link.connection().await?;
        Ok(link)
    }

    /// The connection, opened again if it was given up.
    pub(super) async fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if self.connection.is_none() {
            let opened = self
                .options
                .connect()
                .await
                .map_err(StoreError::database("open the registry"))?;
            self.connection = Some(opened);
        }
        self.connection.as_mut().ok_or(StoreError::Closed)
    }

    /// Closes the connection and with it whatever it had open.
    pub(super) async fn give_up(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "close a connection of the registry");
        }
    }
}
