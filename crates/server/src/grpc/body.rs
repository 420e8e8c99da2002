//! The body of an answer: watched for the status at its end, and cut at the deadline.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use dancu_domain::{Failure, Reason};
use dancu_wire::errors::{Lang, status};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;
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
    deadline: Option<Pin<Box<Sleep>>>,
    lang: Lang,
    retry: Duration,
}

impl AnswerBody {
    /// A body whose status is still to come.
    pub(crate) fn open(
        inner: tonic::body::Body,
        ticket: Ticket,
        deadline: Option<Pin<Box<Sleep>>>,
        lang: Lang,
        retry: Duration,
    ) -> Self {
        let open = Some(Open {
            ticket,
            deadline,
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
        if let Some(deadline) = &mut open.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            // Whatever still works on the answer is dropped with the body that asked for it.
            this.inner = tonic::body::Body::empty();
            let mut trailers = HeaderMap::new();
            let late = Failure::new(Reason::DeadlineExceeded);
            // A status of ours is plain text and base64: it can stand in a header.
            let _ = status(&late, open.lang, None).add_header(&mut trailers);
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
