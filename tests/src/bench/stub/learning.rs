//! The side of the stub that asks the service what it does not know.

use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::TcpStream;
use tokio::task::spawn_local;

use super::known::{Known, message};

/// Serves on two current-thread runtimes until the process ends. Returns the address.
pub(super) fn serve(service: SocketAddr, known: Arc<Known>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    for _ in 0..2 {
        let (listener, known) = (listener.try_clone()?, Arc::clone(&known));
        listener.set_nonblocking(true)?;
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let Ok(runtime) = runtime else { return };
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                    return;
                };
                while let Ok((socket, _)) = listener.accept().await {
                    spawn_local(connection(socket, service, Arc::clone(&known)));
                }
            });
        });
    }
    Ok(address)
}

/// What one connection knows and asks.
struct Learner {
    known: Arc<Known>,
    service: SocketAddr,
    asking: tokio::sync::OnceCell<SendRequest<Bytes>>,
}

async fn connection(socket: TcpStream, service: SocketAddr, known: Arc<Known>) {
    socket.set_nodelay(true).ok();
    let built = h2::server::Builder::new()
        .initial_window_size(4 << 20)
        .initial_connection_window_size(8 << 20)
        .max_concurrent_streams(1_024)
        .handshake::<_, Bytes>(socket)
        .await;
    let Ok(mut connection) = built else { return };
    let learner = Rc::new(Learner {
        known,
        service,
        asking: tokio::sync::OnceCell::new(),
    });
    while let Some(Ok((request, respond))) = connection.accept().await {
        let learner = Rc::clone(&learner);
        spawn_local(async move {
            // A call that cannot be answered is reset by being dropped.
            learner.answer(request, respond).await;
        });
    }
}

impl Learner {
    /// Answers every message of a call, in order.
    async fn answer(
        &self,
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) -> Option<()> {
        let (head, mut body) = request.into_parts();
        let response = Response::builder()
            .header("content-type", "application/grpc")
            .body(())
            .ok()?;
        let mut out = respond.send_response(response, false).ok()?;
        let head = Request::from_parts(head, ());
        let mut waiting = BytesMut::new();
        while let Some(chunk) = body.data().await {
            let chunk = chunk.ok()?;
            body.flow_control().release_capacity(chunk.len()).ok()?;
            waiting.extend_from_slice(&chunk);
            while let Some(message) = message(&mut waiting) {
                match self.reply(&head, message).await? {
                    Ok(reply) => out.send_data(reply, false).ok()?,
                    Err(trailers) => return out.send_trailers(trailers).ok(),
                }
            }
        }
        ended(&mut out, 0)
    }

    /// The reply to one message: known, or what the service says to it in a call of its own; or
    /// with what other status that ended.
    async fn reply(&self, head: &Request<()>, message: Bytes) -> Option<Result<Bytes, HeaderMap>> {
        if let Some(reply) = self.known.reply(&message) {
            return Some(Ok(reply));
        }
        let asking = self.asking.get_or_try_init(|| connect(self.service)).await;
        let mut ready = asking.ok()?.clone().ready().await.ok()?;
        let (reply, mut out) = ready.send_request(head.clone(), false).ok()?;
        out.send_data(message.clone(), true).ok()?;
        let reply = reply.await.ok()?;
        if reply.headers().contains_key("grpc-status") {
            return Some(Err(reply.into_parts().0.headers));
        }
        let (mut body, mut whole) = (reply.into_body(), BytesMut::new());
        while let Some(chunk) = body.data().await {
            let chunk = chunk.ok()?;
            body.flow_control().release_capacity(chunk.len()).ok()?;
            whole.extend_from_slice(&chunk);
        }
        let trailers = body.trailers().await.ok()??;
        if trailers.get("grpc-status")? != "0" {
            return Some(Err(trailers));
        }
        let whole = whole.freeze();
        self.known.keep(message, whole.clone());
        Some(Ok(whole))
    }
}

async fn connect(service: SocketAddr) -> Result<SendRequest<Bytes>, h2::Error> {
    let socket = TcpStream::connect(service)
        .await
        .map_err(|_| h2::Reason::CONNECT_ERROR)?;
    socket.set_nodelay(true).ok();
    let (sender, driver) = h2::client::Builder::new()
        .initial_window_size(4 << 20)
        .initial_connection_window_size(8 << 20)
        .handshake::<_, Bytes>(socket)
        .await?;
    spawn_local(async move {
        drop(driver.await);
    });
    Ok(sender)
}

fn ended(out: &mut SendStream<Bytes>, code: u16) -> Option<()> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(code));
    out.send_trailers(trailers).ok()
}
