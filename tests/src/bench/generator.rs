//! A pre-encoded generator over h2: it costs little, so that what is measured is the server.

mod stream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt as _;
use hdrhistogram::Histogram;

/// What is sent: one method, framed messages in turn, one credential.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Such as `/dancu.v1.LookupService/LookupCitizen`.
    pub path: &'static str,
    /// The bearer key.
    pub key: String,
    /// Messages with their five bytes of gRPC framing.
    pub messages: Arc<Vec<Bytes>>,
    /// How many items each message has.
    pub items: u64,
    /// In streams: how many messages of each are on their way at once. `None` is a call a message.
    pub stream: Option<usize>,
}

/// How hard.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections.
    pub connections: usize,
    /// Calls in flight on each.
    pub in_flight: usize,
    /// For how long, after the warm-up.
    pub measured: Duration,
    /// For how long nothing is counted.
    pub warm_up: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Items answered within the measured time, in calls that ended with OK or streams that went on.
    pub ok: u64,
    /// Messages answered otherwise, or not at all.
    pub failed: u64,
    /// Seconds measured.
    pub seconds: f64,
    /// Latencies in microseconds.
    pub latency: Histogram<u64>,
    /// Seconds of processor time the generator used, all of its threads.
    pub cpu: f64,
}

impl Measured {
    /// Items a second: calls a second, where a call has one.
    pub fn rate(&self) -> f64 {
        self.ok as f64 / self.seconds
    }
}

#[derive(Default)]
struct Shared {
    counting: AtomicBool,
    stop: AtomicBool,
    ok: AtomicU64,
    failed: AtomicU64,
}

/// Drives `address` with two current-thread runtimes and returns what was measured.
pub fn drive(address: SocketAddr, traffic: &Traffic, load: Load) -> Measured {
    let shared = Arc::new(Shared::default());
    let threads = 2.min(load.connections);
    let workers: Vec<_> = (0..threads)
        .map(|thread| {
            let (shared, traffic) = (Arc::clone(&shared), traffic.clone());
            let connections = (load.connections + threads - 1 - thread) / threads;
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime can be built");
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, async move {
                    let calls: Vec<_> = (0..connections)
                        .map(|n| {
                            let connection = connection(
                                address,
                                traffic.clone(),
                                load.in_flight,
                                Arc::clone(&shared),
                                (thread * 64 + n) * 31,
                            );
                            tokio::task::spawn_local(connection)
                        })
                        .collect();
                    let mut latency = empty();
                    for call in calls {
                        latency
                            .add(call.await.expect("a connection's task ends well"))
                            .ok();
                    }
                    latency
                })
            })
        })
        .collect();
    std::thread::sleep(load.warm_up);
    let (began, cpu) = (instant(), own_cpu());
    shared.counting.store(true, Ordering::Relaxed);
    std::thread::sleep(load.measured);
    shared.counting.store(false, Ordering::Relaxed);
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), own_cpu() - cpu);
    shared.stop.store(true, Ordering::Relaxed);
    let mut latency = empty();
    for worker in workers {
        latency
            .add(worker.join().expect("a generator thread ends well"))
            .ok();
    }
    Measured {
        ok: shared.ok.load(Ordering::Relaxed),
        failed: shared.failed.load(Ordering::Relaxed),
        seconds,
        latency,
        cpu,
    }
}

/// Asks every message once, each in a call of its own.
pub async fn once(address: SocketAddr, traffic: &Traffic) -> Result<(), h2::Error> {
    let unreachable = |_| h2::Error::from(h2::Reason::CONNECT_ERROR);
    let socket = tokio::net::TcpStream::connect(address).await;
    let built = h2::client::Builder::new()
        .initial_window_size(4 << 20)
        .initial_connection_window_size(8 << 20)
        .handshake::<_, Bytes>(socket.map_err(unreachable)?)
        .await;
    let (sender, driver) = built?;
    let head = head(address, traffic);
    let calls = futures::stream::iter(traffic.messages.iter().cloned()).map(|message| {
        let (mut sender, head) = (sender.clone(), head.clone());
        async move { call(&mut sender, &head, message).await }
    });
    let all = calls
        .buffer_unordered(64)
        .all(|answered| async move { answered.is_some() });
    tokio::select! {
        ended = driver => ended.and(Err(h2::Reason::CONNECT_ERROR.into())),
        answered = all => answered.then_some(()).ok_or(h2::Reason::REFUSED_STREAM.into()),
    }
}

async fn connection(
    address: SocketAddr,
    traffic: Traffic,
    in_flight: usize,
    shared: Arc<Shared>,
    offset: usize,
) -> Histogram<u64> {
    let mut latency = empty();
    let Ok(socket) = tokio::net::TcpStream::connect(address).await else {
        shared.failed.fetch_add(1, Ordering::Relaxed);
        return latency;
    };
    socket.set_nodelay(true).ok();
    let built = h2::client::Builder::new()
        .initial_window_size(4 << 20)
        .initial_connection_window_size(8 << 20)
        .handshake::<_, Bytes>(socket)
        .await;
    let Ok((sender, driver)) = built else {
        shared.failed.fetch_add(1, Ordering::Relaxed);
        return latency;
    };
    let driver = tokio::task::spawn_local(driver);
    let calls: Vec<_> = (0..in_flight)
        .map(|n| {
            let (sender, traffic, shared) = (sender.clone(), traffic.clone(), Arc::clone(&shared));
            let offset = offset + n * 7;
            tokio::task::spawn_local(async move {
                match traffic.stream {
                    None => calls(address, sender, traffic, shared, offset).await,
                    Some(depth) => {
                        stream::messages(address, sender, traffic, shared, offset, depth).await
                    }
                }
            })
        })
        .collect();
    drop(sender);
    for call in calls {
        latency
            .add(call.await.expect("a caller's task ends well"))
            .ok();
    }
    driver.abort();
    latency
}

async fn calls(
    address: SocketAddr,
    mut sender: h2::client::SendRequest<Bytes>,
    traffic: Traffic,
    shared: Arc<Shared>,
    mut turn: usize,
) -> Histogram<u64> {
    let mut latency = empty();
    let head = head(address, &traffic);
    while !shared.stop.load(Ordering::Relaxed) {
        let message = traffic.messages[turn % traffic.messages.len()].clone();
        turn += 1;
        let began = instant();
        let answered = call(&mut sender, &head, message).await;
        if !shared.counting.load(Ordering::Relaxed) {
            continue;
        }
        if answered.is_some() {
            shared.ok.fetch_add(traffic.items, Ordering::Relaxed);
            latency.record(began.elapsed().as_micros() as u64).ok();
        } else {
            shared.failed.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    latency
}

/// What every request begins with.
fn head(address: SocketAddr, traffic: &Traffic) -> http::Request<()> {
    let uri = format!("http://{address}{}", traffic.path);
    http::Request::post(uri)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {}", traffic.key))
        .body(())
        .expect("these headers are well-formed")
}

/// One call; `None` unless it ended with `grpc-status: 0` and a message.
async fn call(
    sender: &mut h2::client::SendRequest<Bytes>,
    head: &http::Request<()>,
    message: Bytes,
) -> Option<usize> {
    let mut ready = sender.clone().ready().await.ok()?;
    let (reply, mut body) = ready.send_request(head.clone(), false).ok()?;
    body.send_data(message, true).ok()?;
    let mut body = reply.await.ok()?.into_body();
    let mut length = 0;
    while let Some(chunk) = body.data().await {
        let chunk = chunk.ok()?;
        length += chunk.len();
        body.flow_control().release_capacity(chunk.len()).ok()?;
    }
    let trailers = body.trailers().await.ok()??;
    (trailers.get("grpc-status")?.as_bytes() == b"0" && length > 5).then_some(length)
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("these bounds are in order")
}

/// Seconds of processor time of this process.
fn own_cpu() -> f64 {
    super::processes::cpu_seconds(std::process::id()).unwrap_or(0.0)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the benchmark measures on the wall clock"
)]
fn instant() -> Instant {
    Instant::now()
}
