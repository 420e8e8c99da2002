//! A connection: HTTP/2 by hand, so that a call costs little.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use http::HeaderMap;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// What came back of one call.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// The number of the gRPC status.
    pub(crate) code: i32,
    /// The headers that hold the status, where it is not OK.
    pub(crate) status: Option<HeaderMap>,
    /// The message without its five bytes of framing; empty where there was none.
    pub(crate) body: Bytes,
}

/// Nothing came back: the connection broke or could not be made, or the peer does not speak gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Whether the request may have arrived.
    pub(crate) sent: bool,
}

/// A connection, made anew when it breaks.
pub(crate) struct Link {
    address: SocketAddr,
    sender: RefCell<Option<SendRequest<Bytes>>>,
    most: Cell<usize>,
    making: Semaphore,
    made: Cell<u64>,
}

/// How long nobody tries again where a connection could not be made.
const PAUSE: Duration = Duration::from_millis(50);
/// How long the service may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The largest reply taken: a thousand whole records.
const MOST: usize = 16 << 20;

impl Link {
    /// A connection that is not made yet.
    pub(crate) fn new(address: SocketAddr) -> Rc<Self> {
        Rc::new(Self {
            address,
            sender: RefCell::new(None),
            most: Cell::new(usize::MAX),
            making: Semaphore::new(1),
            made: Cell::new(0),
        })
    }

    /// How often it was made.
    pub(crate) const fn made(&self) -> u64 {
        self.made.get()
    }

    /// How many calls the peer takes on it at once.
    pub(crate) const fn most(&self) -> usize {
        self.most.get()
    }

    /// Makes it, unless it is there.
    pub(crate) async fn open(&self) -> Result<SendRequest<Bytes>, Broken> {
        let broken = Broken { sent: false };
        if let Some(sender) = self.sender.borrow().as_ref() {
            return Ok(sender.clone());
        }
        let _making = self.making.acquire().await.map_err(|_| broken)?;
        if let Some(sender) = self.sender.borrow().as_ref() {
            return Ok(sender.clone());
        }
        match tokio::time::timeout(CONNECT, connect(self.address)).await {
            Ok(Some(sender)) => {
                self.made.set(self.made.get() + 1);
                self.most.set(sender.current_max_send_streams());
                *self.sender.borrow_mut() = Some(sender.clone());
                Ok(sender)
            }
            _ => {
                tokio::time::sleep(PAUSE).await;
                Err(broken)
            }
        }
    }

    /// Forgets a connection that takes no more requests.
    fn close(&self, made: u64) {
        if made == self.made.get() {
            *self.sender.borrow_mut() = None;
        }
    }

    /// Opens a stream on it with these headers.
    pub(crate) async fn request(
        &self,
        head: http::Request<()>,
    ) -> Result<(h2::client::ResponseFuture, h2::SendStream<Bytes>), Broken> {
        // A connection that was told to go away takes nothing more: there is another one to be made.
        let mut again = true;
        loop {
            let sender = self.open().await?;
            let made = self.made.get();
            match sender.ready().await {
                Ok(mut ready) => {
                    return ready.send_request(head, false).map_err(|_| {
                        self.close(made);
                        Broken { sent: false }
                    });
                }
                Err(_) => self.close(made),
            }
            if !std::mem::take(&mut again) {
                return Err(Broken { sent: false });
            }
        }
    }

    /// One call with one message.
    pub(crate) async fn call(&self, head: http::Request<()>, body: Bytes) -> Result<Heard, Broken> {
        let (reply, mut out) = self.request(head).await?;
        let made = self.made.get();
        let lost = |error: h2::Error| {
            if error.is_io() || error.is_go_away() {
                self.close(made);
            }
            Broken { sent: true }
        };
        out.send_data(body, true).map_err(lost)?;
        let (head, mut body) = reply.await.map_err(lost)?.into_parts();
        if body.is_end_stream() {
            return heard(head.headers, Bytes::new());
        }
        let mut first = Bytes::new();
        let mut rest: Option<BytesMut> = None;
        while let Some(chunk) = body.data().await {
            let chunk = chunk.map_err(lost)?;
            body.flow_control()
                .release_capacity(chunk.len())
                .map_err(lost)?;
            if let Some(rest) = &mut rest {
                rest.extend_from_slice(&chunk);
                if rest.len() > MOST {
                    return Err(Broken { sent: true });
                }
            } else if first.is_empty() {
                first = chunk;
            } else if !chunk.is_empty() {
                let rest = rest.insert(BytesMut::from(&first[..]));
                rest.extend_from_slice(&chunk);
            }
        }
        let whole = rest.map_or(first, BytesMut::freeze);
        match body.trailers().await.map_err(lost)? {
            Some(trailers) => heard(trailers, whole),
            None => heard(head.headers, whole),
        }
    }
}

/// Reads the status, and takes the framing off the message.
fn heard(headers: HeaderMap, mut body: Bytes) -> Result<Heard, Broken> {
    let strange = Broken { sent: true };
    let code = code(&headers).ok_or(strange)?;
    if code != 0 {
        return Ok(Heard {
            code,
            status: Some(headers),
            body: Bytes::new(),
        });
    }
    if framed(&body).is_none_or(|length| length + 5 != body.len()) {
        return Err(strange);
    }
    Ok(Heard {
        code,
        status: None,
        body: body.split_off(5),
    })
}

/// The status that stands in headers.
pub(crate) fn code(headers: &HeaderMap) -> Option<i32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// The length of the message that begins here, where its framing is complete and not compressed.
pub(crate) fn framed(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0, a, b, c, d, ..] => {
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            (length <= MOST).then_some(length)
        }
        _ => None,
    }
}

async fn connect(address: SocketAddr) -> Option<SendRequest<Bytes>> {
    let socket = TcpStream::connect(address).await.ok()?;
    socket.set_nodelay(true).ok()?;
    let (sender, mut driver) = h2::client::Builder::new()
        .initial_window_size(8 << 20)
        .initial_connection_window_size(16 << 20)
        .max_frame_size(1 << 20)
        .handshake::<_, Bytes>(socket)
        .await
        .ok()?;
    let ping = driver.ping_pong();
    tokio::task::spawn_local(async move {
        // How it ended is told to the calls that were on it.
        drop(driver.await);
    });
    // The peer's settings come before its answer to a ping: from here on they are known.
    if let Some(mut ping) = ping {
        ping.ping(h2::Ping::opaque()).await.ok()?;
    }
    Some(sender)
}
