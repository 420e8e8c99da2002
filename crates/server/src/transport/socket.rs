//! The socket of a connection: read while it has its turn.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::activity::{Activity, Stand};
use super::connection::FAREWELL;
use crate::turns::Turn;

/// A socket that counts what was received until the preface is through, and that is not read while
/// others have their turn.
#[derive(Debug)]
pub(crate) struct Observed {
    socket: TcpStream,
    activity: Arc<Activity>,
    turn: Option<Turn>,
    rest: Option<Pin<Box<Sleep>>>,
    lingers: Option<Lingers>,
}

/// An end that waits for its peer's.
#[derive(Debug)]
struct Lingers {
    until: Instant,
    silence: Pin<Box<Sleep>>,
}

/// How long a socket is left alone while too much is in flight, at most: it is looked at whenever an
/// answer leaves, too.
const REST: Duration = Duration::from_millis(1);
/// How long the end of a peer is waited for that goes on saying something.
const LINGER: Duration = Duration::from_secs(30);

impl Observed {
    pub(crate) fn new(socket: TcpStream, activity: Arc<Activity>) -> Self {
        Self {
            socket,
            activity,
            turn: None,
            rest: None,
            lingers: None,
        }
    }

    /// Looks again in a moment.
    fn rests(&mut self, cx: &mut Context<'_>) -> bool {
        let rest = self.rest.get_or_insert_with(|| Box::pin(sleep(REST)));
        let rests = rest.as_mut().poll(cx).is_pending();
        if !rests {
            self.rest = None;
        }
        rests
    }

    /// Reads what is there.
    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(cx, buf);
        if polled.is_ready() {
            self.activity.receives(buf.filled().len() - before);
        }
        polled
    }
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = &mut *self;
        loop {
            match this.activity.stand() {
                Stand::InTurn if this.activity.is_over() => this.activity.end_turn(),
                Stand::InTurn => {
                    if let Some(turn) = this.turn.take() {
                        turn.has_caught_up(this.activity.asked());
                    }
                    if this.activity.is_crowded() {
                        if this.rests(cx) {
                            return Poll::Pending;
                        }
                        continue;
                    }
                    let polled = this.read(cx, buf);
                    if polled.is_pending() {
                        this.activity.is_emptied();
                    }
                    return polled;
                }
                Stand::CaughtUp => return this.read(cx, buf),
                Stand::Ending if this.activity.is_spared() => return this.read(cx, buf),
                Stand::Ending => this.turn = Some(this.activity.wait()),
                Stand::Waiting => {
                    if !this.activity.goes_on(this.turn.as_mut(), cx) {
                        return Poll::Pending;
                    }
                }
                Stand::CatchingUp => {
                    let polled = this.read(cx, buf);
                    if polled.is_pending() || this.turn.as_ref().is_none_or(Turn::is_on) {
                        this.activity.stands(Stand::CaughtUp);
                        // Others wait until its calls are begun, although nothing more may come.
                        cx.waker().wake_by_ref();
                    }
                    return polled;
                }
            }
        }
    }
}

impl Observed {
    /// Notes whether what was to be written was taken.
    fn wrote(&self, polled: Poll<std::io::Result<usize>>) -> Poll<std::io::Result<usize>> {
        self.activity.owed().socket_took_all(polled.is_ready());
        polled
    }

    /// Reads and forgets what still comes, until the peer closes its side as well. A socket that is
    /// closed while something comes is reset, and what its peer has not read by then is lost to it.
    fn linger(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let mut bytes = [0; 4_096];
        loop {
            let mut buf = ReadBuf::new(&mut bytes);
            let read = self.read(cx, &mut buf);
            let (Some(lingers), false) = (&mut self.lingers, matches!(read, Poll::Ready(Err(_))))
            else {
                return Poll::Ready(Ok(()));
            };
            if read.is_pending() {
                return lingers.silence.as_mut().poll(cx).map(Ok);
            }
            let now = Instant::now();
            if buf.filled().is_empty() || now >= lingers.until {
                return Poll::Ready(Ok(()));
            }
            lingers.silence.as_mut().reset(now + FAREWELL);
        }
    }
}

impl AsyncWrite for Observed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.wrote(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let this = &mut *self;
        if this.lingers.is_none() {
            ready!(Pin::new(&mut this.socket).poll_shutdown(cx))?;
            this.lingers = Some(Lingers {
                until: Instant::now() + LINGER,
                silence: Box::pin(sleep(FAREWELL)),
            });
        }
        this.linger(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.wrote(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;
    use crate::clock::instant;
    use crate::refusals::Refusals;
    use crate::turns;

    async fn read(observed: &mut Observed) -> Poll<usize> {
        poll_fn(|cx| {
            let mut bytes = [0; 64];
            let mut buf = ReadBuf::new(&mut bytes);
            let polled = Pin::new(&mut *observed).poll_read(cx, &mut buf);
            Poll::Ready(polled.map(|read| {
                read.unwrap();
                buf.filled().len()
            }))
        })
        .await
    }

    #[tokio::test]
    async fn what_lay_in_the_socket_while_others_had_their_turn_is_refused_and_what_comes_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut peer = TcpStream::connect(address).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let turns = turns::tests::of(4, Refusals::new(5_000, instant()));
        let gates = turns.gates().clone();
        let activity = Arc::new(Activity::new(Arc::clone(&turns)));
        let mut observed = Observed::new(socket, Arc::clone(&activity));
        let inside: Vec<_> = (0..4).filter_map(|_| gates.place(false)).collect();
        // As many as are its share are refused, and it is read on.
        (0..4).for_each(|_| activity.turn_away());
        peer.write_all(b"one").await.unwrap();
        observed.socket.readable().await.unwrap();
        assert_eq!(read(&mut observed).await, Poll::Ready(3));
        // Then more than a burst.
        (0..2_000).for_each(|_| activity.turn_away());
        peer.write_all(b"two").await.unwrap();
        observed.socket.readable().await.unwrap();
        assert!(read(&mut observed).await.is_pending());
        assert!(!activity.is_in_turn());
        drop(inside);
        let came = tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                match read(&mut observed).await {
                    Poll::Ready(bytes) => return bytes,
                    Poll::Pending => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        });
        assert_eq!(came.await.unwrap(), 3);
        activity.is_polled();
        assert!(!activity.is_in_turn(), "more may lie there");
        assert!(read(&mut observed).await.is_pending());
        assert!(!activity.is_in_turn(), "its calls are not begun yet");
        activity.is_polled();
        assert!(activity.is_in_turn());
    }

    #[tokio::test]
    async fn a_socket_is_left_alone_while_too_much_is_in_flight_and_for_too_long_ends_its_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let turns = turns::tests::of(4, Refusals::new(1_000_000, instant()));
        let gates = turns.gates().clone();
        let activity = Arc::new(Activity::new(Arc::clone(&turns)));
        let mut observed = Observed::new(socket, Arc::clone(&activity));
        let calls: Vec<_> = (0..5).map(|_| activity.begin()).collect();
        let inside: Vec<_> = (0..4).filter_map(|_| gates.place(false)).collect();
        // The core is late with what it has.
        gates.effort.is_behind();
        peer.write_all(b"one").await.unwrap();
        observed.socket.readable().await.unwrap();
        assert!(read(&mut observed).await.is_pending());
        assert!(activity.is_in_turn());
        drop(inside);
        assert_eq!(read(&mut observed).await, Poll::Ready(3));
        let _inside: Vec<_> = (0..4).filter_map(|_| gates.place(false)).collect();
        peer.write_all(b"two").await.unwrap();
        observed.socket.readable().await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(read(&mut observed).await.is_pending());
        assert!(!activity.is_in_turn(), "what lies there is old");
        drop(calls);
    }
}
