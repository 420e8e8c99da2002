//! Calls made by hand: any bytes, any headers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use dancu_domain::Reason;
use dancu_population::SandboxKey;
use futures::StreamExt as _;
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tower::{Service as _, ServiceExt as _};

/// What came back.
pub(crate) struct Answer {
    pub(crate) http: u16,
    pub(crate) status: Option<Status>,
}

impl Answer {
    pub(crate) fn code(&self) -> Code {
        self.status.as_ref().map_or(Code::Ok, Status::code)
    }

    /// The reason of `ErrorInfo`.
    pub(crate) fn reason(&self) -> Option<Reason> {
        dancu_wire::reason_of(self.status.as_ref()?)
    }
}

/// One message in gRPC's frame.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend((message.len() as u32).to_be_bytes());
    bytes.extend(message);
    bytes
}

/// Calls a path with these bytes as the whole body.
pub(crate) async fn call(
    channel: &mut Channel,
    path: &str,
    key: Option<&SandboxKey>,
    headers: &[(&'static str, &str)],
    body: Vec<u8>,
) -> Answer {
    let mut request = http::Request::post(format!("http://localhost{path}"))
        .header("te", "trailers")
        .header("content-type", "application/grpc");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {}", key.key));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = tonic::body::Body::new(Full::new(Bytes::from(body)));
    let call = async {
        let ready = channel.ready().await.unwrap();
        let response = ready.call(request.body(body).unwrap()).await.unwrap();
        let http = response.status().as_u16();
        let in_headers = Status::from_header_map(response.headers());
        let rest = response.into_body().collect().await.unwrap();
        let in_trailers = rest.trailers().and_then(Status::from_header_map);
        Answer {
            http,
            status: in_headers.or(in_trailers),
        }
    };
    tokio::time::timeout(Duration::from_secs(20), call)
        .await
        .unwrap()
}

/// The same on a connection of its own, without a client that knows gRPC. An open
/// request's body never ends.
pub(crate) async fn by_hand(
    address: SocketAddr,
    path: &str,
    key: &SandboxKey,
    headers: &[(&'static str, &str)],
    body: Vec<u8>,
    open: bool,
) -> Answer {
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
        .await
        .unwrap();
    let driving = tokio::spawn(connection);
    let mut request = http::Request::post(format!("http://localhost{path}"))
        .header("te", "trailers")
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {}", key.key));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let first = futures::stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from(body)))]);
    let rest = if open {
        futures::stream::pending().left_stream()
    } else {
        futures::stream::empty().right_stream()
    };
    let body = StreamBody::new(first.chain(rest));
    let call = async {
        let response = sender
            .send_request(request.body(body).unwrap())
            .await
            .unwrap();
        let http = response.status().as_u16();
        let in_headers = Status::from_header_map(response.headers());
        let rest = response.into_body().collect().await.unwrap();
        let in_trailers = rest.trailers().and_then(Status::from_header_map);
        Answer {
            http,
            status: in_headers.or(in_trailers),
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(20), call)
        .await
        .unwrap();
    driving.abort();
    answer
}

/// A request that does not claim to be gRPC.
pub(crate) async fn plain(channel: &mut Channel, path: &str) -> Answer {
    let request = http::Request::get(format!("http://localhost{path}"))
        .body(tonic::body::Body::empty())
        .unwrap();
    let ready = channel.ready().await.unwrap();
    let response = ready.call(request).await.unwrap();
    Answer {
        http: response.status().as_u16(),
        status: Status::from_header_map(response.headers()),
    }
}
