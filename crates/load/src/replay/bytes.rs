//! A message ready to be sent again.

use bytes::Bytes;
use std::rc::Rc;

use super::remake::Remade;
use crate::run::{Ask, Heads};

/// Its headers and its bytes.
pub(super) struct Sendable {
    pub(super) head: Rc<http::Request<()>>,
    pub(super) body: Bytes,
}

/// Makes a message ready.
pub(super) fn sendable(remade: Remade, heads: &mut Heads) -> Sendable {
    let ask = Ask::new(remade.message, remade.shape, remade.day, heads);
    Sendable {
        head: ask.head,
        body: ask.body,
    }
}
