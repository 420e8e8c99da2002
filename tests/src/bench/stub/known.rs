//! Replies by the message that they answer.

use std::collections::HashMap;
use std::sync::RwLock;

use bytes::Bytes;

/// Replies by the message that they answer, both behind their five bytes of framing. A message
/// holds its request id, so two that are the same ask the same.
#[derive(Debug, Default)]
pub(super) struct Known(RwLock<HashMap<Bytes, Bytes>>);

impl Known {
    /// The reply to a message.
    pub(super) fn reply(&self, message: &[u8]) -> Option<Bytes> {
        let known = self.0.read().ok()?;
        known.get(message).cloned()
    }

    /// Keeps a reply.
    pub(super) fn keep(&self, message: Bytes, reply: Bytes) {
        if let Ok(mut known) = self.0.write() {
            known.insert(message, reply);
        }
    }
}

/// Takes whole messages, with their framing, from the front of what has come in.
pub(super) fn message(bytes: &mut bytes::BytesMut) -> Option<Bytes> {
    let head: [u8; 5] = bytes.get(..5)?.try_into().ok()?;
    let [_, length @ ..] = head;
    let whole = 5 + u32::from_be_bytes(length) as usize;
    (bytes.len() >= whole).then(|| bytes.split_to(whole).freeze())
}
