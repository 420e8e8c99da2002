//! The body of a stream's answers: each stands in its frame already and goes on as it is, small
//! ones several at a time.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame};
use tonic::Status;

/// Messages from this size on go on alone; to copy smaller ones costs less than a frame of HTTP/2.
const LARGE: usize = 4 * 1024;
/// How many bytes of small messages go on together.
const TOGETHER: usize = 32 * 1024;

/// Framed messages, and behind them the status.
pub(crate) struct Streamed<S> {
    messages: S,
    small: BytesMut,
    /// What comes behind the small ones.
    next: Option<Next>,
}

enum Next {
    Message(Bytes),
    Trailers(HeaderMap),
    Nothing,
}

impl<S> Streamed<S> {
    /// A body of these messages.
    pub(crate) fn new(messages: S) -> Self {
        Self {
            messages,
            small: BytesMut::new(),
            next: None,
        }
    }
}

impl<S: Stream<Item = Result<Bytes, Status>> + Unpin> Body for Streamed<S> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        while this.next.is_none() && this.small.len() < TOGETHER {
            this.next = match Pin::new(&mut this.messages).poll_next(cx) {
                Poll::Pending if this.small.is_empty() => return Poll::Pending,
                Poll::Pending => break,
                Poll::Ready(Some(Ok(message))) if message.len() < LARGE => {
                    this.small.extend_from_slice(&message);
                    None
                }
                Poll::Ready(Some(Ok(message))) => Some(Next::Message(message)),
                Poll::Ready(Some(Err(status))) => Some(Next::Trailers(trailers(&status))),
                Poll::Ready(None) => Some(Next::Trailers(trailers(&Status::ok("")))),
            };
        }
        if !this.small.is_empty() {
            let together = this.small.split().freeze();
            return Poll::Ready(Some(Ok(Frame::data(together))));
        }
        Poll::Ready(match this.next.take() {
            Some(Next::Message(message)) => Some(Ok(Frame::data(message))),
            Some(Next::Trailers(trailers)) => {
                this.next = Some(Next::Nothing);
                Some(Ok(Frame::trailers(trailers)))
            }
            Some(Next::Nothing) | None => {
                this.next = Some(Next::Nothing);
                None
            }
        })
    }
}

fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(3);
    if status.code() == tonic::Code::Ok {
        trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
    } else {
        // A status of ours is plain text and base64: it can stand in a header.
        let _ = status.add_header(&mut trailers);
    }
    trailers
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _};
    use http_body_util::BodyExt as _;

    use super::*;

    fn message(length: usize) -> Bytes {
        Bytes::from(vec![length as u8; length])
    }

    /// The next piece of a body that has one.
    fn next<S>(body: &mut Streamed<S>) -> Option<Frame<Bytes>>
    where
        S: Stream<Item = Result<Bytes, Status>> + Unpin,
    {
        let frame = body.frame().now_or_never().expect("it does not wait");
        frame.map(|frame| frame.expect("it does not fail"))
    }

    /// The lengths of the pieces of a body of such messages, and the status behind them.
    fn pieces(messages: Vec<Result<Bytes, Status>>) -> (Vec<usize>, String) {
        let mut body = Streamed::new(futures::stream::iter(messages));
        let (mut lengths, mut status) = (Vec::new(), String::new());
        while let Some(frame) = next(&mut body) {
            match frame.into_data() {
                Ok(data) => lengths.push(data.len()),
                Err(frame) => {
                    let trailers = frame.into_trailers().expect("data or trailers");
                    let told = trailers["grpc-status"].to_str().expect("a number");
                    told.clone_into(&mut status);
                }
            }
        }
        (lengths, status)
    }

    #[test]
    fn small_messages_go_together_and_large_ones_alone_in_their_order() {
        let messages = [7, LARGE - 1, LARGE, 9, 3 * LARGE, 1].map(|length| Ok(message(length)));
        let (lengths, status) = pieces(messages.into());
        assert_eq!(lengths, [LARGE + 6, LARGE, 9, 3 * LARGE, 1]);
        assert_eq!(status, "0");
        let thousand = || Ok(message(1000));
        let (lengths, _) = pieces(std::iter::repeat_with(thousand).take(100).collect());
        assert_eq!(lengths, [33_000, 33_000, 33_000, 1_000]);
    }

    #[test]
    fn a_status_comes_behind_what_was_said_before_it_and_is_the_last() {
        let messages = vec![Ok(message(5)), Err(Status::aborted("over")), Ok(message(6))];
        assert_eq!(pieces(messages), (vec![5], "10".to_owned()));
        assert_eq!(pieces(Vec::new()), (Vec::new(), "0".to_owned()));
    }

    #[test]
    fn what_is_there_does_not_wait_for_what_comes() {
        let messages = futures::stream::iter([Ok(message(5))]).chain(futures::stream::pending());
        let mut body = Streamed::new(messages);
        let piece = next(&mut body).map(|frame| frame.into_data().expect("data").len());
        assert_eq!(piece, Some(5));
        assert!(body.frame().now_or_never().is_none());
    }
}
