//! A wire to PostgreSQL that is cut where a test wants it.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What becomes of the first message with the mark in it.
pub(crate) enum Cut {
    /// It never leaves, and the client is cut off.
    Before,
    /// It arrives, and the client is cut off before it hears the answer.
    After,
    /// The client is cut off; the message leaves when the test lets it.
    Hold(oneshot::Receiver<()>),
}

/// The mark that is waited for, and what becomes of it.
type Rule = Arc<Mutex<Option<(Vec<u8>, Cut)>>>;

/// A wire from a port of its own to the server.
pub(crate) struct Wire {
    pub url: String,
    rule: Rule,
}

impl Wire {
    /// A wire to the server of this address.
    pub(crate) async fn to(url: &str) -> Self {
        let (before, after) = url.split_once('@').unwrap();
        let (server, database) = after.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap();
        let rule = Arc::new(Mutex::new(None));
        let (server, shared) = (server.to_owned(), Arc::clone(&rule));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(server) = TcpStream::connect(&server).await {
                    tokio::spawn(carry(client, server, Arc::clone(&shared)));
                }
            }
        });
        Self {
            url: format!("{before}@{own}/{database}"),
            rule,
        }
    }

    /// Cuts once, at the next message that holds the mark.
    pub(crate) fn cut_at(&self, mark: &[u8], cut: Cut) {
        *self.rule.lock().unwrap() = Some((mark.to_vec(), cut));
    }

    /// Whether the cut was made.
    pub(crate) fn was_cut(&self) -> bool {
        self.rule.lock().unwrap().is_none()
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, rule: Rule) {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                let message = &up[..length];
                let cut = {
                    let mut rule = rule.lock().unwrap();
                    let hit = rule.as_ref().is_some_and(|(mark, _)| {
                        message.windows(mark.len()).any(|window| window == &mark[..])
                    });
                    if hit { rule.take() } else { None }
                };
                match cut {
                    None => server.write_all(message).await.unwrap(),
                    Some((_, Cut::Before)) => return,
                    Some((_, Cut::After)) => {
                        server.write_all(message).await.unwrap();
                        // Whatever it answers is heard here and nowhere else.
                        let _ = server.read(&mut down).await;
                        return;
                    }
                    Some((_, Cut::Hold(released))) => {
                        drop(client);
                        let _ = released.await;
                        server.write_all(message).await.unwrap();
                        let _ = server.read(&mut down).await;
                        return;
                    }
                }
            }
            read = server.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&down[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
