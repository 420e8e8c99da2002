//! What a connection owes its peer: pieces of answers that its socket has not taken yet.
//!
//! A call is over for us when its answer is made. For its caller it is over when the answer came, and
//! between the two lie the peer's flow control and its pace of reading. So every piece of an answer
//! carries a guard that goes when HTTP/2 has given the piece to the socket, or has dropped it.

use std::io::IoSlice;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};

use crate::limits::{Entered, Gate};

/// Of one connection. Only the core that it belongs to takes part.
#[derive(Debug)]
pub(crate) struct Owed {
    /// How many pieces that were made in an even and in an odd period are unsent.
    pieces: [AtomicUsize; 2],
    /// In which period we are.
    period: AtomicUsize,
    /// Whether the socket took less than it was given.
    is_full: AtomicBool,
    /// Bodies that wait until something was sent.
    waiting: Mutex<Vec<Waker>>,
    /// Bytes of the whole core.
    sending: Arc<Gate>,
}

impl Owed {
    /// Of a connection of the core with this gate.
    pub(crate) fn new(sending: Arc<Gate>) -> Arc<Self> {
        Arc::new(Self {
            pieces: Default::default(),
            period: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
            waiting: Mutex::default(),
            sending,
        })
    }

    /// A piece of an answer, owed from now on.
    pub(crate) fn piece(self: &Arc<Self>, bytes: Bytes) -> Piece {
        let unsent = (!bytes.is_empty()).then(|| {
            let period = self.period.load(Relaxed);
            self.pieces[period].fetch_add(1, Relaxed);
            Unsent {
                bytes: self.sending.count(bytes.len()),
                owed: Arc::clone(self),
                period,
            }
        });
        Piece {
            bytes,
            _unsent: unsent,
        }
    }

    /// Whether anything is unsent.
    pub(crate) fn is_any(&self) -> bool {
        self.is_full.load(Relaxed) || self.has_pieces()
    }

    fn has_pieces(&self) -> bool {
        self.pieces.iter().any(|pieces| pieces.load(Relaxed) > 0)
    }

    /// Whether more would be too much: the core has more unsent than it may, and part of that is
    /// this connection's.
    pub(crate) fn is_too_much(&self) -> bool {
        self.sending.is_full() && self.has_pieces()
    }

    /// Waits while more would be too much.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_too_much() {
            return Poll::Ready(());
        }
        // Whatever is unsent is sent or dropped later, on this same core.
        self.waiting().push(cx.waker().clone());
        Poll::Pending
    }

    /// Begins a new period; whether a piece is left that is older than the one that ends.
    pub(crate) fn begin_period(&self) -> bool {
        let next = 1 - self.period.load(Relaxed);
        self.period.store(next, Relaxed);
        self.pieces[next].load(Relaxed) > 0
    }

    /// Notes whether the socket took all that it was given.
    pub(super) fn socket_took_all(&self, all: bool) {
        self.is_full.store(!all, Relaxed);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a piece owed for as long as it lives.
#[derive(Debug)]
struct Unsent {
    #[expect(dead_code, reason = "they leave by being dropped")]
    bytes: Entered,
    owed: Arc<Owed>,
    period: usize,
}

impl Drop for Unsent {
    fn drop(&mut self) {
        self.owed.pieces[self.period].fetch_sub(1, Relaxed);
        let waiting = std::mem::take(&mut *self.owed.waiting());
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// A piece of an answer on its way to the socket.
#[derive(Debug)]
pub(crate) struct Piece {
    bytes: Bytes,
    _unsent: Option<Unsent>,
}

impl From<Bytes> for Piece {
    /// A piece that nobody waits for.
    fn from(bytes: Bytes) -> Self {
        Self {
            bytes,
            _unsent: None,
        }
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, cnt: usize) {
        self.bytes.advance(cnt);
    }

    fn chunks_vectored<'a>(&'a self, dst: &mut [IoSlice<'a>]) -> usize {
        self.bytes.chunks_vectored(dst)
    }

    fn copy_to_bytes(&mut self, len: usize) -> Bytes {
        self.bytes.copy_to_bytes(len)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures::FutureExt as _;

    use super::*;

    fn bytes(n: usize) -> Bytes {
        Bytes::from(vec![7; n])
    }

    #[test]
    fn a_piece_is_owed_until_it_is_dropped_and_counted_whole_until_then() {
        let gate = Gate::new(1_000);
        let owed = Owed::new(Arc::clone(&gate));
        let mut piece = owed.piece(bytes(300));
        piece.advance(299);
        assert_eq!((piece.remaining(), piece.chunk()), (1, &[7][..]));
        assert_eq!(gate.inside(), 300);
        assert!(owed.is_any());
        drop(piece);
        assert_eq!(gate.inside(), 0);
        assert!(!owed.is_any());
        let _nothing = owed.piece(Bytes::new());
        assert!(!owed.is_any());
    }

    #[test]
    fn a_full_socket_is_something_owed() {
        let owed = Owed::new(Gate::new(1));
        owed.socket_took_all(false);
        assert!(owed.is_any());
        owed.socket_took_all(true);
        assert!(!owed.is_any());
    }

    #[test]
    fn what_lies_for_a_whole_period_is_old() {
        let owed = Owed::new(Gate::new(1));
        let piece = owed.piece(bytes(1));
        assert!(!owed.begin_period());
        assert!(owed.begin_period());
        drop(piece);
        assert!(!owed.begin_period());
        drop(owed.piece(bytes(1)));
        assert!(!owed.begin_period());
        assert!(!owed.begin_period());
    }

    #[test]
    fn who_has_nothing_unsent_goes_on_however_much_the_core_has() {
        let gate = Gate::new(100);
        let (first, second) = (Owed::new(Arc::clone(&gate)), Owed::new(gate));
        let room = |owed: &Owed| poll_fn(|cx| owed.poll_room(cx)).now_or_never().is_some();
        let piece = first.piece(bytes(101));
        assert!(!room(&first));
        assert!(room(&second));
        let other = second.piece(bytes(1));
        assert!(!room(&second));
        drop(piece);
        assert!(room(&first) && room(&second));
        drop(other);
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_by_what_is_sent() {
        let owed = Owed::new(Gate::new(1));
        let pieces = [owed.piece(bytes(1)), owed.piece(bytes(1))];
        let waits = {
            let owed = Arc::clone(&owed);
            tokio::spawn(async move { poll_fn(|cx| owed.poll_room(cx)).await })
        };
        tokio::task::yield_now().await;
        drop(pieces);
        let woken = tokio::time::timeout(std::time::Duration::from_secs(30), waits);
        woken.await.unwrap().unwrap();
    }
}
