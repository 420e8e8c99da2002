//! One connection: HTTP/2 with our settings, its time limits, and its end.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;

use super::activity::Activity;
use super::socket::Observed;
use crate::clock::instant;
use crate::config::{Limits, Times};
use crate::phase::Phase;

/// How long a connection may stay after it was told to go away, once it has neither calls nor anything
/// to send, and nothing is heard of its peer.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);
/// Flow control of a whole connection: room for a thousand whole records in both directions.
const CONNECTION_WINDOW: u32 = 8 << 20;
/// Flow control of one stream.
const STREAM_WINDOW: u32 = 4 << 20;
/// All headers of one request together.
const HEADER_LIST: u32 = 16 << 10;
/// How many calls may be given up before it was read that they were made: with 256 at once whose
/// deadlines are 250 ms, as many as come while a connection waits for its turn.
const GIVEN_UP: usize = 4_096;
/// What one stream may have waiting to be sent.
const SEND_BUFFER: usize = 1 << 20;

/// The HTTP/2 settings of every connection.
pub(crate) fn http2(limits: &Limits, times: &Times) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams_per_connection)
        // More calls may be given up at once than may be open, because whoever gives some up may open
        // others before that is read: with less, callers whose short deadlines run out together
        // lose the connection, and everybody else's calls on it.
        .max_pending_accept_reset_streams(GIVEN_UP.max(limits.streams_per_connection as usize))
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .max_header_list_size(HEADER_LIST)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(times.ping_every)
        .keep_alive_timeout(times.ping_timeout)
        .auto_date_header(false);
    builder
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By its peer, or after it was told to go away.
    Closed,
    /// It broke the protocol, or its socket failed.
    Broken,
    /// No preface came in time.
    Silent,
    /// Its peer did not take what it had asked for.
    Unread,
}

/// Serves one connection until it ends.
pub(crate) async fn serve<S, B>(
    builder: &http2::Builder<TokioExecutor>,
    socket: TcpStream,
    activity: Arc<Activity>,
    service: S,
    times: &Times,
    mut phase: watch::Receiver<Phase>,
) -> End
where
    S: hyper::service::Service<Request<Incoming>, Response = Response<B>>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send + 'static,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let io = TokioIo::new(Observed::new(socket, Arc::clone(&activity)));
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut watch = Watch::new(&activity, times);
    let mut told_to_go = false;
    loop {
        let pause = watch.pause(told_to_go);
        tokio::select! {
            ended = poll_fn(|cx| {
                activity.is_polled();
                connection.as_mut().poll(cx)
            }) => {
                return if ended.is_ok() { End::Closed } else { End::Broken };
            }
            changed = phase.changed(), if !told_to_go => {
                if changed.is_err() || *phase.borrow_and_update() != Phase::Serving {
                    told_to_go = true;
                    activity.leave();
                    connection.as_mut().graceful_shutdown();
                }
            }
            () = sleep(pause) => match watch.look(told_to_go) {
                Verdict::Stay => {}
                Verdict::Go => {
                    told_to_go = true;
                    connection.as_mut().graceful_shutdown();
                }
                Verdict::Drop(end) => return end,
            }
        }
    }
}

/// What the timer of a connection finds.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Stay,
    Go,
    Drop(End),
}

/// Remembers since when a connection has been quiet.
struct Watch<'a> {
    activity: &'a Activity,
    times: &'a Times,
    accepted: Instant,
    quiet_since: Instant,
    begun: u64,
    heard: u64,
    period: Instant,
}

impl<'a> Watch<'a> {
    fn new(activity: &'a Activity, times: &'a Times) -> Self {
        let now = instant();
        Self {
            activity,
            times,
            accepted: now,
            quiet_since: now,
            begun: 0,
            heard: 0,
            period: now,
        }
    }

    /// Half of the drain at most, so that nobody who is silent is cut at its bound.
    fn farewell(&self) -> Duration {
        FAREWELL.min(self.times.drain / 2)
    }

    /// How long to wait before looking again.
    fn pause(&self, told_to_go: bool) -> Duration {
        let usual = if told_to_go {
            self.farewell() / 8
        } else {
            let shorter = self.times.idle.min(self.times.unread);
            (shorter / 4).max(Duration::from_millis(10))
        };
        if self.activity.spoke() {
            return usual;
        }
        let age = instant().duration_since(self.accepted);
        usual.min(self.times.preface.saturating_sub(age))
    }

    fn look(&mut self, told_to_go: bool) -> Verdict {
        let now = instant();
        if !self.activity.spoke() {
            let late = now.duration_since(self.accepted) >= self.times.preface;
            return if late || told_to_go {
                Verdict::Drop(End::Silent)
            } else {
                Verdict::Stay
            };
        }
        if now.duration_since(self.period) >= self.times.unread {
            self.period = now;
            if self.activity.owed().begin_period() {
                return Verdict::Drop(End::Unread);
            }
        }
        let (begun, heard) = (self.activity.begun(), self.activity.heard());
        let is_heard = told_to_go && heard != self.heard;
        if self.activity.active() > 0
            || self.activity.owed().is_any()
            || begun != self.begun
            || is_heard
        {
            self.begun = begun;
            self.heard = heard;
            self.quiet_since = now;
            return Verdict::Stay;
        }
        let quiet = now.duration_since(self.quiet_since);
        match told_to_go {
            true if quiet >= self.farewell() => Verdict::Drop(End::Closed),
            false if quiet >= self.times.idle => {
                self.quiet_since = now;
                Verdict::Go
            }
            _ => Verdict::Stay,
        }
    }
}
