//! A bare tonic echo: the price of gRPC itself, with the message shapes of a lookup.

use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use dancu_wire::pb::dancu::v1 as pb;
use pb::lookup_service_server::{LookupService, LookupServiceServer};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

/// The answers of a stream.
pub type Replies =
    Pin<Box<dyn Stream<Item = Result<pb::StreamLookupCitizensResponse, Status>> + Send>>;

/// Answers every lookup with one canned reply, and every message of a stream with another.
#[derive(Clone, Debug)]
pub struct Echo {
    reply: pb::LookupCitizenResponse,
    batch: Arc<pb::StreamLookupCitizensResponse>,
}

impl Echo {
    /// An echo that answers with `reply`, and in streams with `items` times the result of `whole`
    /// a message.
    pub fn new(
        reply: pb::LookupCitizenResponse,
        whole: pb::LookupCitizenResponse,
        items: usize,
    ) -> Self {
        let answer = pb::BatchLookupCitizensResponse {
            results: whole.result.iter().cycle().take(items).cloned().collect(),
            header: whole.header,
        };
        let reply_of_stream = pb::stream_lookup_citizens_response::Reply::Answer(answer);
        Self {
            reply,
            batch: Arc::new(pb::StreamLookupCitizensResponse {
                reply: Some(reply_of_stream),
            }),
        }
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
        Err(Status::unimplemented(
            "the echo answers single lookups and streams",
        ))
    }

    type StreamLookupCitizensStream = Replies;

    async fn stream_lookup_citizens(
        &self,
        request: Request<Streaming<pb::StreamLookupCitizensRequest>>,
    ) -> Result<Response<Self::StreamLookupCitizensStream>, Status> {
        let batch = Arc::clone(&self.batch);
        let replies = request
            .into_inner()
            .map(move |message| message.map(|_| pb::StreamLookupCitizensResponse::clone(&batch)));
        Ok(Response::new(Box::pin(replies)))
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

/// Serves on the stock multi-thread runtime, as one would write it first; on `runtime`, where the
/// service has made one already. Returns the address.
pub fn serve_stock<S: LookupService>(
    service: LookupServiceServer<S>,
    runtime: Option<Runtime>,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = match runtime {
        Some(runtime) => runtime,
        None => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?,
    };
    std::thread::spawn(move || {
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
