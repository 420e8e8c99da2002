//! A bare tonic echo: the price of gRPC itself, with the message shapes of a lookup.

use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use dancu_wire::pb::dancu::v1 as pb;
use pb::lookup_service_server::{LookupService, LookupServiceServer};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

/// Answers every lookup with one canned reply.
#[derive(Clone, Debug)]
pub struct Echo {
    reply: pb::LookupCitizenResponse,
}

impl Echo {
    /// An echo that answers with `reply`.
    pub const fn new(reply: pb::LookupCitizenResponse) -> Self {
        Self { reply }
    }
}

#[tonic::async_trait]
impl LookupService for Echo {
    async fn lookup_citizen(
        &self,
        request: Request<pb::LookupCitizenRequest>,
    ) -> Result<Response<pb::LookupCitizenResponse>, Status> {
        let _ = request.into_inner();
        Ok(Response::new(self.reply.clone()))
    }

    async fn batch_lookup_citizens(
        &self,
        _: Request<pb::BatchLookupCitizensRequest>,
    ) -> Result<Response<pb::BatchLookupCitizensResponse>, Status> {
        Err(Status::unimplemented("the echo answers single lookups"))
    }

    type StreamLookupCitizensStream =
        Pin<Box<dyn Stream<Item = Result<pb::StreamLookupCitizensResponse, Status>> + Send>>;

    async fn stream_lookup_citizens(
        &self,
        _: Request<Streaming<pb::StreamLookupCitizensRequest>>,
    ) -> Result<Response<Self::StreamLookupCitizensStream>, Status> {
        Err(Status::unimplemented("the echo answers single lookups"))
    }
}

struct HandedOut(mpsc::UnboundedReceiver<std::net::TcpStream>);

impl Stream for HandedOut {
    type Item = std::io::Result<TcpStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0
            .poll_recv(cx)
            .map(|socket| socket.map(TcpStream::from_std))
    }
}

/// Serves on `cores` current-thread runtimes, sockets handed out in turn, until the process ends.
/// Returns the address.
pub fn serve_per_core(echo: &Echo, cores: usize) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut desks = Vec::new();
    for _ in 0..cores {
        let (hand, handed) = mpsc::unbounded_channel();
        desks.push(hand);
        let service = LookupServiceServer::new(echo.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let Ok(runtime) = runtime else { return };
            let served = runtime.block_on(
                tonic::transport::Server::builder()
                    .max_concurrent_streams(1024)
                    .initial_connection_window_size(8 << 20)
                    .initial_stream_window_size(4 << 20)
                    .add_service(service)
                    .serve_with_incoming(HandedOut(handed)),
            );
            drop(served);
        });
    }
    std::thread::spawn(move || {
        let turn = AtomicUsize::new(0);
        for socket in listener.incoming().flatten() {
            let ready = socket
                .set_nonblocking(true)
                .and_then(|()| socket.set_nodelay(true));
            if ready.is_ok() {
                let next = turn.fetch_add(1, Ordering::Relaxed) % desks.len();
                drop(desks[next].send(socket));
            }
        }
    });
    Ok(address)
}

/// Serves on the stock multi-thread runtime, as one would write it first.
pub fn serve_stock(echo: &Echo) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let service = LookupServiceServer::new(echo.clone());
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
        else {
            return;
        };
        runtime.block_on(async move {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                return;
            };
            let incoming =
                tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
            let served = tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(incoming)
                .await;
            drop(served);
        });
    });
    Ok(address)
}
