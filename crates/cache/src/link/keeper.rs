//! The keeper of the link: connects, tries the connection out, and connects again.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisResult, Value};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::{Away, Line, RedisState, reason};

/// The pauses between attempts: the first, and the longest.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);
/// A connection that held this long makes the next pause the first one again.
const STEADY: Duration = Duration::from_secs(5);
/// The least time for a connection to be made; questions have less.
const CONNECT: Duration = Duration::from_millis(500);
/// Questions that may wait for their turn on the wire. Few wait: the coalescer sends batches.
const WAITING: usize = 512;
/// What is gathered before it is written out.
const WRITTEN_AT_ONCE: usize = 1 << 18;
/// Written and read back before a connection is used.
const TRIED: &str = "dancu:tried";

/// Keeps the link up until nobody holds it.
pub(super) async fn keep(client: Client, limit: Duration, line: Weak<Line>, bell: Arc<Notify>) {
    let mut pause = FIRST;
    loop {
        let connected = connect(&client, limit).await;
        let Some(held) = line.upgrade() else { return };
        match connected {
            Ok(connection) => {
                let since = Instant::now();
                held.put_up(connection);
                drop(held);
                bell.notified().await;
                if since.elapsed() >= STEADY {
                    pause = FIRST;
                }
            }
            Err(away) => {
                held.still_away(away);
                drop(held);
            }
        }
        // Whoever drops the last link rings as well.
        if line.strong_count() > 0 {
            tokio::select! {
                () = sleep(pause) => {}
                () = bell.notified() => {}
            }
        }
        if line.strong_count() == 0 {
            return;
        }
        pause = (pause * 2).min(LONGEST);
    }
}

/// A connection that has proved that it can be written to, in the time that a question has.
async fn connect(client: &Client, limit: Duration) -> Result<MultiplexedConnection, Away> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(WAITING)
        .set_write_backpressure_boundary(WRITTEN_AT_ONCE);
    let connecting = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = in_time(CONNECT.max(limit), connecting).await?;
    let mut write = redis::cmd("SET");
    write.arg(TRIED).arg("1").arg("PX").arg(60_000);
    let mut read = redis::cmd("MGET");
    read.arg(TRIED);
    in_time(limit, async {
        connection
            .send_packed_command(&write)
            .await?
            .extract_error()?;
        let back = connection.send_packed_command(&read).await?;
        match back.extract_error()? {
            Value::Array(values) if values == [Value::BulkString(b"1".to_vec())] => Ok(()),
            _ => Err((
                redis::ErrorKind::UnexpectedReturnType,
                "not what was written",
            )
                .into()),
        }
    })
    .await?;
    Ok(connection)
}

async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = RedisResult<T>>,
) -> Result<T, Away> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(|error| reason(&error)),
        Err(_) => Err(Away::Slow),
    }
}

impl Line {
    fn put_up(&self, connection: MultiplexedConnection) {
        let mut current = self.current();
        current.generation += 1;
        current.connection = Some(connection);
        self.state.send_replace(RedisState::Up);
        drop(current);
        self.connected.fetch_add(1, Ordering::Relaxed);
        tracing::info!("redis answers");
    }

    /// Tells a reason once, not at every attempt.
    fn still_away(&self, away: Away) {
        let told = self.state.send_if_modified(|state| {
            let told = *state != RedisState::Away(away);
            *state = RedisState::Away(away);
            told
        });
        if told {
            tracing::warn!(reason = away.word(), "redis is away");
        }
    }
}
