//! What an acknowledged commit survives.

use std::time::Duration;

use sqlx::{PgConnection, Row as _};
use tokio::time::Instant;

use super::schema::READ_STANDING;
use super::{Link, connecting, within};
use crate::StoreError;

/// How long asking may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// What an acknowledged commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Durability {
    /// A crash of the server, and nothing that takes its disk: there is no standby.
    Alone,
    /// The loss of the server: no commit returns before a standby has it.
    Synchronous,
    /// Nothing is acknowledged: commits wait for a standby, and none is connected.
    Stalled,
    /// A crash of the server; a standby that takes its place may lack the last commits.
    Asynchronous,
}

impl Durability {
    /// Asks the server at this address, on a connection of its own.
    pub async fn of(url: &str) -> Result<Self, StoreError> {
        let mut link = Link::new(connecting(url, "dancu standing")?);
        let until = Instant::now() + PATIENCE;
        let asked = read_standing(link.connection(until).await?);
        let told = within(until, "ask for the standby", asked).await;
        link.close().await;
        told
    }

    /// The word for it in health, metrics and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Synchronous => "synchronous",
            Self::Stalled => "stalled",
            Self::Asynchronous => "asynchronous",
        }
    }
}

/// Asks the server. Where commits wait for a standby, none is acknowledged without one. Which of those
/// that are connected it waits for, an ordinary role does not see.
pub(crate) async fn read_standing(
    connection: &mut PgConnection,
) -> Result<Durability, sqlx::Error> {
    let row = sqlx::query(READ_STANDING).fetch_one(connection).await?;
    Ok(match (row.try_get(0)?, row.try_get::<i64, _>(1)?) {
        (true, 0) => Durability::Stalled,
        (true, _) => Durability::Synchronous,
        (false, 0) => Durability::Alone,
        (false, _) => Durability::Asynchronous,
    })
}
