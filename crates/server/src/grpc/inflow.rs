//! The body of a request, counted while it comes in.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use dancu_domain::{Failure, Reason};
use dancu_wire::errors::{Lang, status};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::limits::Entered;
use crate::transport::receiving::Receiving;

/// A request's body. One of a unary call is under the gate of what is being received, because all
/// of it is kept until it is complete; a stream gives its messages away one by one.
#[derive(Debug)]
pub(crate) struct Inflow {
    body: Incoming,
    received: Option<Entered>,
    receiving: Option<Receiving>,
    framing: Framing,
}

/// Where in the sequence of gRPC frames a body stands: a flag, four bytes of length, a message.
#[derive(Debug, Default)]
struct Framing {
    head: u8,
    length: u32,
    left: u32,
}

impl Framing {
    /// Follows the bytes that came.
    fn follow(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let part = bytes.len().min(self.left as usize);
                self.left -= part as u32;
                bytes = &bytes[part..];
                continue;
            }
            if self.head > 0 {
                self.length = self.length << 8 | u32::from(*first);
            }
            self.head += 1;
            if self.head == 5 {
                *self = Self {
                    left: self.length,
                    ..Self::default()
                };
            }
            bytes = rest;
        }
    }

    /// Whether a message was begun and not finished.
    fn is_within(&self) -> bool {
        self.head > 0 || self.left > 0
    }
}

impl Inflow {
    /// A body; of a unary call with its guards, which say how much and that it is received.
    pub(crate) fn new(body: Incoming, unary: Option<(Entered, Receiving)>) -> Self {
        let (received, receiving) = unary.unzip();
        Self {
            body,
            received,
            receiving,
            framing: Framing::default(),
        }
    }

    /// A place for the unary call whose message this was, now that it is there.
    pub(crate) fn place(&mut self) -> Option<Entered> {
        self.receiving.as_mut()?.place()
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
        if let Some(receiving) = &mut self.receiving {
            receiving.is_polled(polled.is_pending());
        }
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.framing.follow(data);
        }
        // A body that ends right behind the length of a message would pass for one that is whole.
        if matches!(polled, Poll::Ready(None)) && self.framing.is_within() {
            let failure = Failure::new(Reason::Undecodable);
            self.framing = Framing::default();
            return Poll::Ready(Some(Err(status(&failure, Lang::En, None).into())));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_within_a_message_until_its_last_byte_however_it_is_cut() {
        let body = [0, 0, 0, 0, 2, 7, 7, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9];
        let ends = [7, 12];
        for cut in 1..body.len() {
            let mut framing = Framing::default();
            let mut passed = 0;
            for part in body.chunks(cut) {
                framing.follow(part);
                passed += part.len();
                assert_eq!(
                    framing.is_within(),
                    !ends.contains(&passed),
                    "{cut} {passed}"
                );
            }
            framing.follow(&[0; 254]);
            assert!(framing.is_within());
            framing.follow(&[0]);
            assert!(!framing.is_within());
        }
    }
}
