//! The messages of a stream until its end or until the service drains.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use futures::Stream;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tonic::{Status, Streaming};

use crate::phase::Phase;

/// A stream's messages. When the service drains it takes no more of them, so that those that were
/// taken can be answered and the stream can end in good order.
pub(crate) struct Inbox<T> {
    messages: Streaming<T>,
    draining: BoxFuture<'static, ()>,
    cut: Arc<AtomicBool>,
}

impl<T> Inbox<T> {
    /// The inbox, and whether it was cut by the drain.
    pub(crate) fn new(
        messages: Streaming<T>,
        mut phase: watch::Receiver<Phase>,
    ) -> (Self, Arc<AtomicBool>) {
        let cut = Arc::new(AtomicBool::new(false));
        let draining = Box::pin(async move {
            // A sender that is gone is a service that is gone.
            let _ = phase.wait_for(|phase| *phase != Phase::Serving).await;
        });
        let inbox = Self {
            messages,
            draining,
            cut: Arc::clone(&cut),
        };
        (inbox, cut)
    }
}

impl<T> Stream for Inbox<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.cut.load(Relaxed) {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.messages).poll_next(cx) {
            Poll::Pending if self.draining.as_mut().poll(cx).is_ready() => {
                self.cut.store(true, Relaxed);
                Poll::Ready(None)
            }
            polled => polled,
        }
    }
}
