//! What is still to come of a request that is turned away.
//!
//! A call that ends while its caller still sends is reset, and HTTP/2 remembers only a few streams
//! that it has reset. What comes for others is a fault of the peer, and a thousand of those end the
//! connection with everybody else's calls on it. So what a caller was sending anyway is let in before
//! it is told that there was no room: callers of batches send all their headers first.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

/// For how much of it is waited.
const MOST: usize = 64 << 10;
/// For how long.
const LONGEST: Duration = Duration::from_millis(250);

/// The rest of a request's body.
pub(crate) struct Rest<B = Incoming> {
    body: B,
    left: usize,
    until: Option<Pin<Box<Sleep>>>,
}

impl<B: Body<Data = Bytes> + Unpin> Rest<B> {
    /// Of this body.
    pub(crate) fn of(body: B) -> Self {
        Self {
            body,
            left: MOST,
            until: None,
        }
    }

    /// Ready when it has all come, or is not waited for any longer.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.body.is_end_stream() && self.left > 0 {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    self.left = self.left.saturating_sub(length);
                }
                Poll::Ready(_) => break,
                Poll::Pending => {
                    let until = self.until.get_or_insert_with(|| Box::pin(sleep(LONGEST)));
                    return until.as_mut().poll(cx);
                }
            }
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::future::poll_fn;

    use http_body::Frame;

    use super::*;

    /// A body of pieces, some of which are not there yet.
    struct Pieces(VecDeque<Option<usize>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.0.pop_front() {
                Some(Some(length)) => {
                    let piece = Bytes::from(vec![0; length]);
                    Poll::Ready(Some(Ok(Frame::data(piece))))
                }
                Some(None) => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(None),
            }
        }

        fn is_end_stream(&self) -> bool {
            self.0.is_empty()
        }
    }

    async fn left(pieces: impl IntoIterator<Item = Option<usize>>) -> usize {
        let mut rest = Rest::of(Pieces(pieces.into_iter().collect()));
        poll_fn(|cx| rest.poll(cx)).await;
        rest.body.0.len()
    }

    #[tokio::test]
    async fn what_is_on_its_way_is_let_in_but_neither_too_much_of_it_nor_for_too_long() {
        assert_eq!(left([]).await, 0);
        assert_eq!(left([None, Some(2_000), None, Some(1_000)]).await, 0);
        assert_eq!(left([Some(MOST / 2); 5]).await, 3);
        let mut silent = Rest::of(Pieces([None, Some(9)].into()));
        assert!(
            poll_fn(|cx| Poll::Ready(silent.poll(cx)))
                .await
                .is_pending()
        );
        tokio::time::sleep(LONGEST).await;
        silent.body.0.push_front(None);
        poll_fn(|cx| silent.poll(cx)).await;
        assert_eq!(silent.body.0.len(), 1);
    }
}
