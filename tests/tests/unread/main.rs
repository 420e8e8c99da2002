//! Callers who do not read what they asked for, or read it slowly: whatever was counted reaches them as
//! long as they go on, a drain waits for that, and who never reads takes neither memory nor room for
//! long.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use dancu_population::SandboxKey;
use dancu_tests::callers::key;
use dancu_tests::messages;
use dancu_tests::within::Within;
use futures::future::join_all;
use h2::client::{ResponseFuture, SendRequest};
use h2::{PingPong, RecvStream, SendStream};
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

mod bounded;
mod drained;

const BATCH: u64 = 1_000;

/// A connection whose windows are chosen.
struct Peer {
    address: SocketAddr,
    key: String,
    sender: SendRequest<Bytes>,
    pings: PingPong,
    driver: JoinHandle<Result<(), h2::Error>>,
}

/// What may come in before the peer has to allow more.
struct Windows {
    stream: u32,
    connection: u32,
    /// What the system takes in before anybody reads.
    socket: u32,
}

/// More than will ever lie there, but in the socket.
const WIDE: Windows = Windows {
    stream: 16 << 20,
    connection: 256 << 20,
    socket: 8 << 10,
};

/// Those of most clients.
const USUAL: Windows = Windows {
    stream: 65_535,
    connection: 65_535,
    socket: 1 << 20,
};

impl Peer {
    async fn new(within: &Within, windows: &Windows) -> Self {
        let address = within.running.grpc_addr();
        let socket = TcpSocket::new_v4().expect("a socket");
        let size = socket.set_recv_buffer_size(windows.socket);
        size.expect("a size that the system takes");
        let socket = socket.connect(address).await.expect("a connection");
        let built = h2::client::Builder::new()
            .initial_window_size(windows.stream)
            .initial_connection_window_size(windows.connection)
            .handshake(socket)
            .await;
        let (sender, mut driver) = built.expect("a handshake");
        let pings = driver.ping_pong().expect("it is asked for once");
        Self {
            address,
            key: key(&within.nation, "H26").key,
            sender,
            pings,
            driver: tokio::spawn(driver),
        }
    }

    /// Begins a call; its messages are still to be sent.
    async fn begin(&self, method: &str) -> (ResponseFuture, SendStream<Bytes>) {
        let mut sender = self.sender.clone().ready().await.expect("a place");
        let uri = format!("http://{}/dancu.v1.LookupService/{method}", self.address);
        let request = http::Request::post(uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("authorization", format!("Bearer {}", self.key));
        let request = request.body(()).expect("a request");
        sender.send_request(request, false).expect("a stream")
    }

    /// Asks for one batch.
    async fn ask(&self, message: &Bytes) -> Result<http::Response<RecvStream>, h2::Error> {
        let (response, mut body) = self.begin("BatchLookupCitizens").await;
        body.send_data(message.clone(), true)?;
        response.await
    }

    /// Asks so often, all at once; the answers begin, and nobody takes them.
    async fn ask_all(&self, message: &Bytes, calls: usize) -> Vec<http::Response<RecvStream>> {
        let all = join_all((0..calls).map(|_| self.ask(message))).await;
        all.into_iter().map(|a| a.expect("an answer")).collect()
    }
}

fn batch(within: &Within, key: &SandboxKey) -> Bytes {
    messages::framed(&messages::lookups(&within.nation, 0..BATCH, "unread", key))
}

/// Takes a whole answer, with a pause before each of the first pieces; how many bytes came, and the
/// status.
async fn take(answer: http::Response<RecvStream>, pause: Duration) -> (usize, String) {
    let mut body = answer.into_body();
    let mut bytes = 0;
    while let Some(piece) = body.data().await {
        let piece = piece.expect("no answer is cut");
        if bytes < 100_000 {
            tokio::time::sleep(pause).await;
        }
        bytes += piece.len();
        let mut flow = body.flow_control().clone();
        flow.release_capacity(piece.len()).expect("it was taken");
    }
    let trailers = body.trailers().await.expect("an end in good order");
    let trailers = trailers.expect("trailers");
    let status = trailers["grpc-status"].to_str().expect("a number");
    (bytes, status.to_owned())
}

/// How many items were answered.
fn answered(within: &Within) -> f64 {
    all_answers(
        within
            .running
            .ops_addr()
            .expect("the operators' port is open"),
    )
}

fn all_answers(ops: SocketAddr) -> f64 {
    let page = dancu_tests::ops::try_get(ops, "/metrics").expect("metrics");
    let all = page
        .lines()
        .filter(|l| l.starts_with("dancu_answers_total{"));
    all.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

async fn until(what: &str, within: &Within, mut so: impl AsyncFnMut(&Within) -> bool) {
    for _ in 0..3_000 {
        if so(within).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to this: {what}");
}
