//! The body of an answer: watched for the status at its end, and cut when it must not go on.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use dancu_domain::{Failure, Reason};
use dancu_wire::errors::{Lang, status};
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use super::finish::{Ending, finish};
use super::ticket::Ticket;
use crate::transport::owed::Piece;

/// An answer's body.
pub(crate) struct AnswerBody {
    inner: Inner,
    open: Option<Open>,
}

/// What is still to come.
enum Inner {
    /// One message and the trailers of success.
    Message(Bytes),
    /// The trailers of success.
    Success,
    /// What comes piece by piece.
    Framed(tonic::body::Body),
    /// Nothing.
    Nothing,
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
        Self {
            inner: Inner::Framed(inner),
            open,
        }
    }

    /// A body of one message that is followed by success.
    pub(crate) fn message(message: Bytes, ticket: Ticket) -> Self {
        Self {
            inner: Inner::Message(message),
            open: Some(Open {
                ticket,
                limit: None,
                lang: Lang::default(),
                retry: Duration::ZERO,
            }),
        }
    }

    /// A body of nothing: the status stood in the headers.
    pub(crate) fn empty() -> Self {
        Self {
            inner: Inner::Nothing,
            open: None,
        }
    }
}

impl Body for AnswerBody {
    type Data = Piece;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, Status>>> {
        let this = &mut *self;
        match std::mem::replace(&mut this.inner, Inner::Nothing) {
            Inner::Message(message) => {
                this.inner = Inner::Success;
                let piece = match &this.open {
                    Some(open) => open.ticket.owed().piece(message),
                    None => message.into(),
                };
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            Inner::Success => {
                if let Some(open) = this.open.take() {
                    open.ticket.end(Ending::OK, false);
                }
                let mut trailers = HeaderMap::with_capacity(1);
                trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
                return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
            }
            Inner::Nothing => return Poll::Ready(None),
            framed @ Inner::Framed(_) => this.inner = framed,
        }
        let Inner::Framed(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        let Some(open) = &mut this.open else {
            let polled = Pin::new(inner).poll_frame(cx);
            return polled.map_ok(|frame| frame.map_data(Piece::from));
        };
        if let Some(limit) = &mut open.limit
            && let Poll::Ready(reason) = limit.as_mut().poll(cx)
        {
            // Whatever still works on the answer is dropped with the body that asked for it.
            this.inner = Inner::Nothing;
            let mut trailers = HeaderMap::new();
            let cut = Failure::new(reason);
            // A status of ours is plain text and base64: it can stand in a header.
            let _ = status(&cut, open.lang, Some(open.retry)).add_header(&mut trailers);
            this.close(&mut trailers);
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        // Where no more is asked for, no more is worked on either.
        std::task::ready!(open.ticket.owed().poll_room(cx));
        let polled = Pin::new(inner).poll_frame(cx);
        polled.map_ok(|mut frame| {
            if let Some(trailers) = frame.trailers_mut() {
                this.close(trailers);
            }
            frame.map_data(|bytes| match &this.open {
                Some(open) => open.ticket.owed().piece(bytes),
                None => bytes.into(),
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.open.is_none()
            && match &self.inner {
                Inner::Message(_) | Inner::Success => false,
                Inner::Framed(inner) => inner.is_end_stream(),
                Inner::Nothing => true,
            }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Framed(inner) => inner.size_hint(),
            Inner::Message(_) | Inner::Success => SizeHint::default(),
            Inner::Nothing => SizeHint::with_exact(0),
        }
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
