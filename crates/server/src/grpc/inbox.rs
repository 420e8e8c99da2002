//! The messages of a stream until its end or until the service drains.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tonic::{Status, Streaming};

use crate::phase::Phase;

/// A stream's messages. When the service drains it takes those few more that have come already, and
/// then none, so that those that were taken can be answered and the stream can end in good order,
/// also where messages never cease.
pub(crate) struct Inbox<F> {
    messages: Streaming<Bytes>,
    read: F,
    /// `None` once the service drains.
    draining: Option<BoxFuture<'static, ()>>,
    /// How many messages may still be taken while it drains.
    left: usize,
    cut: Arc<AtomicBool>,
    /// Bytes came that are no message.
    over: bool,
}

impl<F> Inbox<F> {
    /// The inbox, and whether it was cut by the drain. `read` reads a message as it comes; `last` is
    /// how many are taken at most once the service drains.
    pub(crate) fn new(
        messages: Streaming<Bytes>,
        read: F,
        last: usize,
        mut phase: watch::Receiver<Phase>,
    ) -> (Self, Arc<AtomicBool>) {
        let cut = Arc::new(AtomicBool::new(false));
        let draining = Box::pin(async move {
            // A sender that is gone is a service that is gone.
            let _ = phase.wait_for(|phase| *phase != Phase::Serving).await;
        });
        let inbox = Self {
            messages,
            read,
            draining: Some(draining),
            left: last,
            cut: Arc::clone(&cut),
            over: false,
        };
        (inbox, cut)
    }

    /// Whether the service drains; whoever asks is woken when it begins to.
    fn drains(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(draining) = &mut self.draining
            && draining.as_mut().poll(cx).is_ready()
        {
            self.draining = None;
        }
        self.draining.is_none()
    }
}

impl<T, F> Stream for Inbox<F>
where
    F: FnMut(Bytes) -> Result<T, Status> + Unpin,
{
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.over || this.cut.load(Relaxed) {
            return Poll::Ready(None);
        }
        let drains = this.drains(cx);
        if drains && this.left == 0 {
            this.cut.store(true, Relaxed);
            return Poll::Ready(None);
        }
        this.left -= usize::from(drains);
        match Pin::new(&mut this.messages).poll_next(cx) {
            Poll::Pending if drains => {
                this.cut.store(true, Relaxed);
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(received)) => {
                let read = received.and_then(&mut this.read);
                this.over = read.is_err();
                Poll::Ready(Some(read))
            }
        }
    }
}
