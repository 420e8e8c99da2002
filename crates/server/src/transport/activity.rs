//! What one connection is doing, as its own timer needs to know it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::clock::instant;
use crate::refusals::Refusals;

/// Plain numbers of one connection, written by the core that it belongs to.
#[derive(Debug)]
pub(crate) struct Activity {
    received: AtomicU64,
    begun: AtomicU64,
    active: AtomicU64,
    /// Whether one of its calls was turned away since it last waited for that, or need not have.
    turned_away: AtomicBool,
    /// Calls that found room and whose message is still to come.
    receiving: AtomicU64,
    /// How often it was read for their sake although it should have waited.
    spared: AtomicU64,
    refusals: Arc<Refusals>,
}

/// How many reads for the sake of awaited messages one pause can be put off: 1,024 calls and their
/// messages arrive in fewer.
const SPARED: u64 = 32;

/// The HTTP/2 connection preface has this many bytes (RFC 9113, 3.4).
const PREFACE_BYTES: u64 = 24;

impl Activity {
    /// Of a connection of the core that refuses so.
    pub(crate) fn new(refusals: Arc<Refusals>) -> Self {
        Self {
            received: AtomicU64::default(),
            begun: AtomicU64::default(),
            active: AtomicU64::default(),
            turned_away: AtomicBool::default(),
            receiving: AtomicU64::default(),
            spared: AtomicU64::default(),
            refusals,
        }
    }

    /// Notes that a call was turned away for want of room.
    pub(crate) fn turn_away(&self) {
        self.refusals.refused();
        self.turned_away.store(true, Relaxed);
    }

    /// Notes that a call found room and its message is awaited, for as long as the guard lives.
    pub(crate) fn receive(self: &Arc<Self>) -> Receiving {
        self.receiving.fetch_add(1, Relaxed);
        Receiving(Arc::clone(self))
    }

    /// How long to wait before more is read. Callers send the heads of many calls before their
    /// messages, so whoever was let in would keep its place for nothing while the pause lasts: for
    /// these it is read on, and not for ever, because a message may never come.
    fn pause(&self) -> Option<std::time::Duration> {
        if !self.turned_away.load(Relaxed) {
            return None;
        }
        let spared = self.spared.load(Relaxed);
        if self.receiving.load(Relaxed) > 0 && spared < SPARED {
            self.spared.store(spared + 1, Relaxed);
            return None;
        }
        self.spared.store(0, Relaxed);
        self.turned_away.store(false, Relaxed);
        self.refusals.pause(instant())
    }

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

/// Counts one call of a connection whose message is awaited, while it lives.
#[derive(Debug)]
pub(crate) struct Receiving(Arc<Activity>);

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.receiving.fetch_sub(1, Relaxed);
    }
}

/// A socket that counts what was received until the preface is through, and that is read more
/// slowly while too many calls that come by it are turned away.
#[derive(Debug)]
pub(crate) struct Observed {
    socket: TcpStream,
    activity: Arc<Activity>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Observed {
    pub(crate) fn new(socket: TcpStream, activity: Arc<Activity>) -> Self {
        Self {
            socket,
            activity,
            pause: None,
        }
    }
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.pause.is_none() {
            self.pause = self.activity.pause().map(|pause| Box::pin(sleep(pause)));
        }
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            // Whoever has waited has its turn, whatever the others owe by now.
            self.pause = None;
        }
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
