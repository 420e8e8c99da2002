//! What one connection is doing, as its own timer needs to know it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Plain numbers of one connection, written by the core that it belongs to.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    received: AtomicU64,
    begun: AtomicU64,
    active: AtomicU64,
}

/// The HTTP/2 connection preface has this many bytes (RFC 9113, 3.4).
const PREFACE_BYTES: u64 = 24;

impl Activity {
    /// Whether the peer has said as much as an HTTP/2 preface has bytes.
    pub(crate) fn spoke(&self) -> bool {
        self.received.load(Relaxed) >= PREFACE_BYTES
    }

    /// How many calls have begun.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    /// How many calls are in flight.
    pub(crate) fn active(&self) -> u64 {
        self.active.load(Relaxed)
    }

    /// Counts one call for as long as the guard lives.
    pub(crate) fn begin(self: &Arc<Self>) -> CallOfConnection {
        self.begun.fetch_add(1, Relaxed);
        self.active.fetch_add(1, Relaxed);
        CallOfConnection(Arc::clone(self))
    }
}

/// Counts one call of a connection while it lives.
#[derive(Debug)]
pub(crate) struct CallOfConnection(Arc<Activity>);

impl Drop for CallOfConnection {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

/// A socket that counts what was received until the preface is through.
#[derive(Debug)]
pub(crate) struct Observed {
    socket: TcpStream,
    activity: Arc<Activity>,
}

impl Observed {
    pub(crate) fn new(socket: TcpStream, activity: Arc<Activity>) -> Self {
        Self { socket, activity }
    }
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(cx, buf);
        if !self.activity.spoke() {
            let more = (buf.filled().len() - before) as u64;
            self.activity.received.fetch_add(more, Relaxed);
        }
        polled
    }
}

impl AsyncWrite for Observed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
