//! What is still to come of a request that is turned away.
//!
//! A call that ends while its caller still sends is reset, and HTTP/2 remembers only a few streams
//! that it has reset. What comes for others is a fault of the peer, and a thousand of those end the
//! connection with everybody else's calls on it. So what a caller was sending anyway is let in before
//! it is told why it is not answered: callers of batches send all their headers first.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

use crate::transport::activity::Activity;

/// For how much of it is waited.
const MOST: usize = 64 << 10;
/// For how long.
const LONGEST: Duration = Duration::from_millis(250);

/// The rest of a request's body.
pub(crate) struct Rest<B = Incoming> {
    activity: Arc<Activity>,
    body: B,
    left: usize,
    until: Option<Pin<Box<Sleep>>>,
}

impl<B: Body<Data = Bytes> + Unpin> Rest<B> {
    /// Of this body, which comes on a connection.
    pub(crate) fn of(body: B, activity: Arc<Activity>) -> Self {
        Self {
            activity,
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
                    ready!(until.as_mut().poll(cx));
                    // Nothing can come while the connection is not read.
                    if !self.activity.is_unread() {
                        break;
                    }
                    self.until = None;
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
    use crate::clock::instant;
    use crate::refusals::Refusals;
    use crate::turns;

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

    fn rest(pieces: impl IntoIterator<Item = Option<usize>>) -> Rest<Pieces> {
        let turns = turns::tests::of(1_024, Refusals::new(1, instant()));
        let body = Pieces(pieces.into_iter().collect());
        Rest::of(body, Arc::new(Activity::new(turns)))
    }

    async fn left(pieces: impl IntoIterator<Item = Option<usize>>) -> usize {
        let mut rest = rest(pieces);
        poll_fn(|cx| rest.poll(cx)).await;
        rest.body.0.len()
    }

    #[tokio::test]
    async fn what_is_on_its_way_is_let_in_but_neither_too_much_of_it_nor_for_too_long() {
        assert_eq!(left([]).await, 0);
        assert_eq!(left([None, Some(2_000), None, Some(1_000)]).await, 0);
        assert_eq!(left([Some(MOST / 2); 5]).await, 3);
        let mut silent = rest([None, Some(9)]);
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

    #[tokio::test]
    async fn nobody_is_told_too_early_while_his_connection_waits_for_its_turn() {
        let mut silent = rest([None, None, None, None]);
        let turn = silent.activity.wait();
        for _ in 0..2 {
            let polled = poll_fn(|cx| Poll::Ready(silent.poll(cx))).await;
            assert!(polled.is_pending());
            tokio::time::sleep(LONGEST).await;
        }
        drop(turn);
        silent.activity.begin_turn();
        poll_fn(|cx| silent.poll(cx)).await;
    }
}
