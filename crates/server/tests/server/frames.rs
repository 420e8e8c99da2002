//! HTTP/2 frame by frame: what a client library would not send in this order.

use std::net::SocketAddr;

use dancu_population::SandboxKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a connection begins with (RFC 9113, 3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A connection that has said what HTTP/2 wants to hear at its beginning.
pub(crate) struct Frames {
    socket: TcpStream,
    next: u32,
}

impl Frames {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(PREFACE).await.unwrap();
        let mut frames = Self { socket, next: 1 };
        frames.send(&frame(SETTINGS, 0, 0, &[])).await;
        frames
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    /// Begins so many calls of a path, whose messages are still to come: their streams.
    pub(crate) async fn begin(&mut self, calls: u32, path: &str, key: &SandboxKey) -> Vec<u32> {
        let head = head(path, key);
        let streams: Vec<u32> = (0..calls).map(|i| self.next + 2 * i).collect();
        self.next += 2 * calls;
        let each = |stream: &u32| frame(HEADERS, END_HEADERS, *stream, &head);
        let all: Vec<u8> = streams.iter().flat_map(each).collect();
        self.send(&all).await;
        streams
    }

    /// Sends the last bytes of each of them.
    pub(crate) async fn end(&mut self, streams: &[u32], body: &[u8]) {
        let each = |stream: &u32| frame(DATA, END_STREAM, *stream, body);
        let all: Vec<u8> = streams.iter().flat_map(each).collect();
        self.send(&all).await;
    }

    /// Reads until so many answers have ended; whether the connection was kept until then.
    pub(crate) async fn ended(&mut self, mut answers: usize) -> bool {
        while answers > 0 {
            let mut head = [0; 9];
            if self.socket.read_exact(&mut head).await.is_err() {
                return false;
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            self.socket.read_exact(&mut payload).await.unwrap();
            match head[3] {
                GOAWAY => return false,
                DATA | HEADERS if head[4] & END_STREAM != 0 => answers -= 1,
                _ => {}
            }
        }
        true
    }
}

/// One frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Headers of a call, none of them indexed (RFC 7541, 6.2.2).
fn head(path: &str, key: &SandboxKey) -> Vec<u8> {
    let bearer = format!("Bearer {}", key.key);
    let headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("authorization", &bearer),
    ];
    let text = |text: &str| {
        // A length of seven bits, beyond which the rest stands in the next byte.
        let mut bytes = match text.len() {
            length @ 0..127 => vec![length as u8],
            length => vec![127, u8::try_from(length - 127).unwrap()],
        };
        assert!(text.len() < 255);
        bytes.extend(text.as_bytes());
        bytes
    };
    let each = headers
        .iter()
        .map(|(name, value)| [vec![0], text(name), text(value)].concat());
    each.collect::<Vec<_>>().concat()
}
