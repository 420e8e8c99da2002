//! A caller that speaks HTTP/2 by hand, and keeps every byte that it is told.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::{Code, Status};

/// Headers beyond those that every gRPC call has.
pub type Extra = Vec<(&'static str, Vec<u8>)>;

/// One connection.
pub struct Line {
    send: SendRequest<Bytes>,
    address: SocketAddr,
    connection: tokio::task::JoinHandle<()>,
}

/// All that came back for one call.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub http: u16,
    /// The headers.
    pub head: HeaderMap,
    /// The messages, without their framing.
    pub messages: Vec<Bytes>,
    /// The trailers, if there were any.
    pub tail: HeaderMap,
}

/// A call under way.
pub struct Talk {
    sending: SendStream<Bytes>,
    answer: Option<ResponseFuture>,
    body: Option<RecvStream>,
    buffer: BytesMut,
    reply: Reply,
}

/// Waits for what must come soon.
async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come in time"))
}

impl Line {
    /// A connection of its own to `address`.
    pub async fn connect(address: SocketAddr) -> Self {
        let socket = tokio::net::TcpStream::connect(address)
            .await
            .expect("the service takes connections");
        let _ = socket.set_nodelay(true);
        let (send, connection) = h2::client::handshake(socket).await.expect("a handshake");
        let connection = tokio::spawn(async move {
            let _ = connection.await;
        });
        Self {
            send,
            address,
            connection,
        }
    }

    /// Whether the connection is still open.
    pub fn is_open(&self) -> bool {
        !self.connection.is_finished()
    }

    /// Opens a call of the method at `path`.
    pub async fn open(&mut self, path: &str, extra: &Extra) -> Talk {
        let mut head = http::Request::post(format!("http://{}{path}", self.address))
            .header("te", "trailers")
            .body(())
            .expect("a path makes a URI");
        let headers = head.headers_mut();
        for (name, value) in extra {
            let value = HeaderValue::from_bytes(value).expect("these bytes can stand in a header");
            headers.append(HeaderName::from_static(name), value);
        }
        headers
            .entry("content-type")
            .or_insert(HeaderValue::from_static("application/grpc"));
        let mut send = soon("room for a call", self.send.clone().ready())
            .await
            .expect("the connection is still good");
        let (answer, sending) = send
            .send_request(head, false)
            .expect("a call can be opened");
        Talk {
            sending,
            answer: Some(answer),
            body: None,
            buffer: BytesMut::new(),
            reply: Reply {
                http: 0,
                head: HeaderMap::new(),
                messages: Vec::new(),
                tail: HeaderMap::new(),
            },
        }
    }

    /// Makes a whole call whose body is `body`.
    pub async fn call(&mut self, path: &str, extra: &Extra, body: Vec<Bytes>) -> Reply {
        let mut talk = self.open(path, extra).await;
        for part in body {
            talk.say(part);
        }
        talk.done();
        talk.end().await
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Talk {
    /// Sends bytes. Whether the other side still wants them is its own affair.
    pub fn say(&mut self, bytes: Bytes) {
        let _ = self.sending.send_data(bytes, false);
    }

    /// Closes this side.
    pub fn done(&mut self) {
        let _ = self.sending.send_data(Bytes::new(), true);
    }

    /// The next message; `None` at the end. Dropped before it is done, it has lost nothing.
    pub async fn hear(&mut self) -> Option<Bytes> {
        if let Some(answer) = &mut self.answer {
            let (parts, body) = soon("the head of an answer", answer)
                .await
                .expect("the call is answered, not reset")
                .into_parts();
            self.answer = None;
            self.reply.http = parts.status.as_u16();
            self.reply.head = parts.headers;
            self.body = Some(body);
        }
        let body = self.body.as_mut()?;
        loop {
            if let Some(length) = self.buffer.get(1..5) {
                let length = length.iter().fold(0, |n, b| n << 8 | usize::from(*b));
                if self.buffer.len() >= 5 + length {
                    assert_eq!(self.buffer[0], 0, "answers are not compressed");
                    self.buffer.advance(5);
                    let message = self.buffer.split_to(length).freeze();
                    self.reply.messages.push(message.clone());
                    return Some(message);
                }
            }
            match soon("more of an answer", body.data()).await {
                Some(Ok(bytes)) => {
                    let _ = body.flow_control().release_capacity(bytes.len());
                    self.buffer.extend_from_slice(&bytes);
                }
                Some(Err(error))
                    if error.is_reset() && error.reason() == Some(h2::Reason::NO_ERROR) =>
                {
                    break;
                }
                Some(Err(error)) => panic!("the answer was cut: {error}"),
                None => break,
            }
        }
        assert!(self.buffer.is_empty(), "the answer ends within a message");
        if let Ok(Some(tail)) = soon("the end of an answer", body.trailers()).await {
            self.reply.tail = tail;
        }
        self.body = None;
        None
    }

    /// Everything up to the end.
    pub async fn end(mut self) -> Reply {
        while self.hear().await.is_some() {}
        self.reply
    }
}

impl Reply {
    /// The status at its end.
    pub fn status(&self) -> Status {
        Status::from_header_map(&self.tail)
            .or_else(|| Status::from_header_map(&self.head))
            .unwrap_or_else(|| panic!("an answer without a status: {:?}", self.head))
    }

    /// The code at its end.
    pub fn code(&self) -> Code {
        self.status().code()
    }

    /// Everything that was told, as it came and as it decodes.
    pub fn told(&self) -> Vec<Vec<u8>> {
        let mut told: Vec<Vec<u8>> = self.messages.iter().map(|m| m.to_vec()).collect();
        for (name, value) in self.head.iter().chain(&self.tail) {
            told.push(name.as_str().as_bytes().to_vec());
            told.push(value.as_bytes().to_vec());
        }
        if let Some(status) =
            Status::from_header_map(&self.tail).or_else(|| Status::from_header_map(&self.head))
        {
            told.push(status.message().as_bytes().to_vec());
            told.push(status.details().to_vec());
        }
        told
    }

    /// Whether any of it holds `planted`.
    pub fn echoes(&self, planted: &[u8]) -> bool {
        !planted.is_empty()
            && self
                .told()
                .iter()
                .any(|told| told.windows(planted.len()).any(|window| window == planted))
    }
}
