//! The body of an answer: watched for the status at its end, and cut when it must not go on.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use dancu_domain::{Failure, Reason};
use dancu_wire::errors::{Lang, status};
use futures::future::BoxFuture;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use super::finish::{Ending, finish};
use super::ticket::Ticket;

/// An answer's body.
pub(crate) struct AnswerBody {
    inner: tonic::body::Body,
    open: Option<Open>,
}

/// What is needed until the status has been seen.
struct Open {
    ticket: Ticket,
    limit: Option<BoxFuture<'static, Reason>>,
    lang: Lang,
    retry: Duration,
}

impl AnswerBody {
    /// A body whose status is still to come; it is cut for the reason that `limit` ends with.
    pub(crate) fn open(
        inner: tonic::body::Body,
        ticket: Ticket,
        limit: Option<BoxFuture<'static, Reason>>,
        lang: Lang,
        retry: Duration,
    ) -> Self {
        let open = Some(Open {
            ticket,
            limit,
            lang,
            retry,
        });
        Self { inner, open }
    }

    /// A body of nothing: the status stood in the headers.
    pub(crate) fn empty() -> Self {
        Self {
            inner: tonic::body::Body::empty(),
            open: None,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(open) = &mut this.open else {
            return Pin::new(&mut this.inner).poll_frame(cx);
        };
        if let Some(limit) = &mut open.limit
            && let Poll::Ready(reason) = limit.as_mut().poll(cx)
        {
            // Whatever still works on the answer is dropped with the body that asked for it.
            this.inner = tonic::body::Body::empty();
            let mut trailers = HeaderMap::new();
            let cut = Failure::new(reason);
            // A status of ours is plain text and base64: it can stand in a header.
            let _ = status(&cut, open.lang, Some(open.retry)).add_header(&mut trailers);
            this.close(&mut trailers);
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(mut frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    this.close(trailers);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.open.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl AnswerBody {
    fn close(&mut self, trailers: &mut HeaderMap) {
        if let Some(open) = self.open.take() {
            let ending = finish(trailers, open.lang, open.retry).unwrap_or(Ending::OK);
            open.ticket.end(ending, false);
        }
    }
}
