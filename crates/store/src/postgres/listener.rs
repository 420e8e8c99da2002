//! Being woken: one connection listens for the notice that every transaction with changes gives.
//!
//! A notice may be lost with the connection, so it only saves the time until the next look.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::writer::advance;

/// Where `write.sql` sends its notices.
const CHANNEL: &str = "dancu_changes";
/// The pause after the first failure; it doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(2);
/// How long nothing may be heard before the connection is tried.
const QUIET: Duration = Duration::from_secs(15);
/// How long a trial, or connecting, may take.
const TRIAL: Duration = Duration::from_secs(3);

/// Who is told of a notice.
pub(super) struct Bell {
    pub(super) head: Arc<watch::Sender<u64>>,
    pub(super) woken: Arc<Notify>,
}

impl Bell {
    /// Listens until the task is aborted, which loses nothing.
    pub(super) async fn listen(self, options: PgConnectOptions) {
        let mut pause = SHORTEST;
        loop {
            match timeout(TRIAL, connect(options.clone())).await {
                Ok(Ok(listener)) => {
                    pause = SHORTEST;
                    // What came while nobody listened was not heard.
                    self.woken.notify_one();
                    if let Err(error) = self.hear(listener).await {
                        tracing::debug!(%error, "the notices of the registry are not heard");
                    }
                    self.woken.notify_one();
                }
                Ok(Err(error)) => tracing::debug!(%error, "cannot listen to the registry"),
                Err(_) => tracing::debug!("cannot listen to the registry in time"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    async fn hear(&self, mut listener: PgListener) -> Result<(), sqlx::Error> {
        loop {
            match timeout(QUIET, listener.try_recv()).await {
                Ok(Ok(Some(notice))) => {
                    if let Ok(number) = notice.payload().parse() {
                        advance(&self.head, number);
                    }
                    self.woken.notify_one();
                }
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                Err(_) => match timeout(TRIAL, listener.execute("SELECT 1")).await {
                    Ok(answered) => {
                        answered?;
                    }
                    Err(_) => return Err(sqlx::Error::PoolTimedOut),
                },
            }
        }
    }
}

async fn connect(options: PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    // A pool of one is how the driver holds the connection of a listener.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(options);
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.ignore_pool_close_event(true);
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
