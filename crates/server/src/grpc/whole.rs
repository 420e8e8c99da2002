//! The one message of a unary call, taken out of its body: without copying where it came in one
//! piece, as it nearly always does.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::{Buf as _, Bytes, BytesMut};
use dancu_domain::{Failure, Reason};
use dancu_wire::answer::FRAME;
use dancu_wire::errors::{Lang, status};
use http_body::Body;
use tonic::Status;

/// Receives the message, of at most `most` bytes. The body is read to its end; messages beyond
/// the first are no use to anybody and are dropped.
pub(crate) async fn whole<B>(body: &mut B, most: usize) -> Result<Bytes, Status>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut held = Held {
        message: None,
        rest: BytesMut::new(),
        most,
    };
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| Status::from_error(error.into()))?;
        if let Ok(data) = frame.into_data() {
            held.take(data).map_err(foul)?;
        }
        // Whether it ended well is known without asking once more.
        if held.is_whole() && body.is_end_stream() {
            break;
        }
    }
    held.end().map_err(foul)
}

/// The status of a body that is no message. The layer above puts it into the caller's language.
fn foul(reason: Reason) -> Status {
    status(&Failure::new(reason), Lang::En, None)
}

/// What has come so far.
struct Held {
    message: Option<Bytes>,
    rest: BytesMut,
    most: usize,
}

impl Held {
    /// Takes the next part of the body.
    fn take(&mut self, part: Bytes) -> Result<(), Reason> {
        if self.message.is_none()
            && self.rest.is_empty()
            && let Some(length) = self.length(&part)?
            && part.len() == FRAME + length
        {
            self.message = Some(part.slice(FRAME..));
            return Ok(());
        }
        self.rest.extend_from_slice(&part);
        while let Some(length) = self.length(&self.rest)? {
            if self.rest.len() < FRAME + length {
                self.rest.reserve(FRAME + length - self.rest.len());
                break;
            }
            let mut message = self.rest.split_to(FRAME + length);
            message.advance(FRAME);
            self.message.get_or_insert_with(|| message.freeze());
        }
        Ok(())
    }

    /// The length that a head announces, once all of the head is there.
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, Reason> {
        match bytes.first() {
            Some(0) | None => {}
            Some(1) => return Err(Reason::CompressionUnsupported),
            Some(_) => return Err(Reason::Undecodable),
        }
        let Some(length) = bytes.get(1..FRAME) else {
            return Ok(None);
        };
        let length = length.iter().fold(0, |n, b| n << 8 | usize::from(*b));
        if length > self.most {
            return Err(Reason::MessageTooLarge);
        }
        Ok(Some(length))
    }

    fn is_whole(&self) -> bool {
        self.message.is_some() && self.rest.is_empty()
    }

    fn end(self) -> Result<Bytes, Reason> {
        let whole = self.is_whole();
        self.message.filter(|_| whole).ok_or(Reason::Undecodable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(body: &[u8], cut: usize) -> Result<Bytes, Reason> {
        let mut held = Held {
            message: None,
            rest: BytesMut::new(),
            most: 9,
        };
        for part in body.chunks(cut) {
            held.take(Bytes::copy_from_slice(part))?;
        }
        held.end()
    }

    #[test]
    fn a_message_is_the_same_however_its_body_is_cut() {
        let alone: &[u8] = &[0, 0, 0, 0, 3, 7, 8, 9];
        let followed: &[u8] = &[0, 0, 0, 0, 3, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5];
        for body in [alone, followed] {
            for cut in 1..=body.len() {
                assert_eq!(held(body, cut).as_deref(), Ok(&[7, 8, 9][..]), "{cut}");
            }
        }
        assert_eq!(held(&[0; 5], 5).as_deref(), Ok(&[][..]));
    }

    #[test]
    fn what_is_no_message_is_told_however_its_body_is_cut() {
        let bodies: [(&[u8], Reason); 8] = [
            (&[], Reason::Undecodable),
            (&[0, 0, 0], Reason::Undecodable),
            (&[0, 0, 0, 0, 3, 7, 8], Reason::Undecodable),
            (&[0, 0, 0, 0, 1, 7, 0], Reason::Undecodable),
            (&[2, 0, 0, 0, 1, 7], Reason::Undecodable),
            (&[1, 0, 0, 0, 1, 7], Reason::CompressionUnsupported),
            (&[0, 0, 0, 0, 1, 7, 1], Reason::CompressionUnsupported),
            (&[0, 0xff, 0xff, 0xff, 0xff], Reason::MessageTooLarge),
        ];
        for (body, reason) in bodies {
            for cut in 1..=body.len().max(1) {
                assert_eq!(held(body, cut), Err(reason), "{body:?} cut at {cut}");
            }
        }
        assert_eq!(held(&[0, 0, 0, 0, 10], 5), Err(Reason::MessageTooLarge));
    }
}
