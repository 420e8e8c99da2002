//! One core's side of the transport: it serves the sockets that it is handed until it is told to
//! stop, and never longer than the hard bound of the drain.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::accept::Handed;
use super::activity::Activity;
use super::connection::{End, serve};
use crate::config::Times;
use crate::phase::Phase;
use crate::turns::Turns;

/// What one core did with its connections.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FrontReport {
    /// Connections that were cut at the hard bound.
    pub(crate) cut: usize,
}

/// What a core needs to know about the work that it does beside its connections.
pub(crate) trait Beside {
    /// Whether work of calls that may have been dropped is still going on.
    fn is_busy(&self) -> bool;
    /// Whose turn it is where more is asked than can be answered.
    fn turns(&self) -> Arc<Turns>;
    /// A connection has begun.
    fn opened(&self);
    /// A connection has ended.
    fn closed(&self, end: End);
}

/// Serves until the drain is over.
pub(crate) async fn front<M, S, B, C>(
    mut sockets: mpsc::UnboundedReceiver<Handed>,
    builder: hyper::server::conn::http2::Builder<TokioExecutor>,
    times: Times,
    mut phase: watch::Receiver<Phase>,
    core: Arc<C>,
    make: M,
) -> FrontReport
where
    M: Fn(Arc<Activity>) -> S,
    S: hyper::service::Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send + 'static,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    C: Beside + Send + Sync + 'static,
{
    let mut connections = JoinSet::new();
    let until = loop {
        tokio::select! {
            handed = sockets.recv() => {
                let Some(Handed { socket, place }) = handed else {
                    // The acceptor has ended; what it handed out before is served on.
                    match phase.wait_for(|p| *p != Phase::Serving).await.as_deref() {
                        Ok(Phase::Draining { until }) => break *until,
                        _ => return FrontReport::default(),
                    }
                };
                // A socket that cannot be registered is closed by being dropped.
                let Ok(socket) = adopt(socket) else { continue };
                let activity = Arc::new(Activity::new(core.turns()));
                let service = make(Arc::clone(&activity));
                let (builder, phase, core) = (builder.clone(), phase.clone(), Arc::clone(&core));
                core.opened();
                connections.spawn(async move {
                    let end = serve(&builder, socket, activity, service, &times, phase).await;
                    core.closed(end);
                    drop(place);
                });
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    };
    let rest = async {
        while connections.join_next().await.is_some() {}
        while core.is_busy() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        biased;
        () = rest => {}
        () = sleep_until(until.into()) => {}
    }
    FrontReport {
        cut: connections.len(),
    }
}

/// Registers a socket with the runtime of this core.
fn adopt(socket: std::net::TcpStream) -> std::io::Result<TcpStream> {
    let socket = TcpStream::from_std(socket)?;
    socket.set_nodelay(true)?;
    Ok(socket)
}
