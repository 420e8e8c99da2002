//! The body of a request, counted while it comes in.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use dancu_domain::{Failure, Reason};
use dancu_wire::errors::{Lang, status};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::limits::Entered;

/// A request's body. One of a unary call is under the gate of what is being received, because all
/// of it is kept until it is complete; a stream gives its messages away one by one.
#[derive(Debug)]
pub(crate) struct Inflow {
    body: Incoming,
    received: Option<Entered>,
}

impl Inflow {
    pub(crate) fn new(body: Incoming, received: Option<Entered>) -> Self {
        Self { body, received }
    }
}

impl Body for Inflow {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let (Poll::Ready(Some(Ok(frame))), Some(received)) = (&polled, &mut self.received)
            && let Some(data) = frame.data_ref()
            && !received.more(data.len())
        {
            let failure = Failure::new(Reason::Overloaded);
            return Poll::Ready(Some(Err(status(&failure, Lang::En, None).into())));
        }
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
