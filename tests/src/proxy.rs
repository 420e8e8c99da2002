//! A wire that a test can hurt: a TCP proxy whose ways can be stalled, sliced, cut, reset and
//! half-closed while it runs, each direction by itself.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

/// What is done to the bytes of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// They go on as they come.
    #[default]
    Pass,
    /// They stay where they are; nothing is lost and nothing arrives.
    Stall,
    /// They go on at most so many at once, each time after a pause.
    Slice {
        /// Bytes at once.
        bytes: usize,
        /// Before each.
        pause: Duration,
    },
    /// Both ends of every connection are closed, and so is every new one.
    Cut,
    /// The same, with a reset instead of an end.
    Reset,
    /// This direction is ended in order while the other goes on; what still comes is held back.
    HalfClose,
}

impl Mode {
    /// Every piece comes later by `pause`.
    pub const fn late(pause: Duration) -> Self {
        Self::Slice {
            bytes: PIECE,
            pause,
        }
    }

    const fn breaks(self) -> bool {
        matches!(self, Self::Cut | Self::Reset)
    }

    const fn piece(self) -> usize {
        match self {
            Self::Slice { bytes: 0, .. } => 1,
            Self::Slice { bytes, .. } if bytes < PIECE => bytes,
            _ => PIECE,
        }
    }
}

/// The most bytes that are in the proxy's hands at once.
const PIECE: usize = 32 << 10;

/// A proxy between whoever connects to it and the part behind it. It runs on a thread of its own,
/// and ends with all its connections when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    wire: Arc<Wire>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What the proxy and its connections share.
#[derive(Debug)]
struct Wire {
    part: watch::Sender<SocketAddr>,
    to_part: watch::Sender<Mode>,
    from_part: watch::Sender<Mode>,
    /// Counts the cuts of [`Proxy::drop_connections`].
    dropped: watch::Sender<u64>,
    connections: AtomicU64,
    open: AtomicU64,
    bytes_to_part: AtomicU64,
    bytes_from_part: AtomicU64,
}

impl Proxy {
    /// A proxy before the part that listens at `part`, on a port that the system chooses.
    pub fn before(part: SocketAddr) -> Self {
        let wire = Arc::new(Wire {
            part: watch::Sender::new(part),
            to_part: watch::Sender::new(Mode::Pass),
            from_part: watch::Sender::new(Mode::Pass),
            dropped: watch::Sender::new(0),
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
            bytes_to_part: AtomicU64::new(0),
            bytes_from_part: AtomicU64::new(0),
        });
        let (end, ended) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let shared = Arc::clone(&wire);
        let thread = std::thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime can be built");
                runtime.block_on(async {
                    let listener = TcpListener::bind("127.0.0.1:0")
                        .await
                        .expect("a port is free");
                    tell.send(listener.local_addr().expect("it has an address"))
                        .expect("the maker waits");
                    tokio::select! {
                        () = accept(listener, shared) => {}
                        _ = ended => {}
                    }
                });
            })
            .expect("a thread can be started");
        Self {
            address: told.recv().expect("the proxy tells its address"),
            wire,
            end: Some(end),
            thread: Some(thread),
        }
    }

    /// Where to connect in place of the part.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections from now on go to `part`; those that are open stay where they are.
    pub fn point(&self, part: SocketAddr) {
        self.wire.part.send_replace(part);
    }

    /// The part that connections go to now.
    pub fn part(&self) -> SocketAddr {
        *self.wire.part.borrow()
    }

    /// What happens to bytes on their way to the part.
    pub fn to_part(&self, mode: Mode) {
        self.wire.to_part.send_replace(mode);
    }

    /// What happens to bytes on their way from the part.
    pub fn from_part(&self, mode: Mode) {
        self.wire.from_part.send_replace(mode);
    }

    /// The same for both directions.
    pub fn both(&self, mode: Mode) {
        self.to_part(mode);
        self.from_part(mode);
    }

    /// Everything passes again.
    pub fn heal(&self) {
        self.both(Mode::Pass);
    }

    /// Stalls it for a second, one and a half seconds from now, both ways.
    pub fn stall_soon(self: &Arc<Self>) -> std::thread::JoinHandle<()> {
        let proxy = Arc::clone(self);
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(1_500));
            proxy.both(Mode::Stall);
            std::thread::sleep(Duration::from_secs(1));
            proxy.heal();
        })
    }

    /// Closes what is open now; new connections are taken.
    pub fn drop_connections(&self) {
        self.wire.dropped.send_modify(|times| *times += 1);
    }

    /// Connections that were taken since the start.
    pub fn connections(&self) -> u64 {
        self.wire.connections.load(Ordering::SeqCst)
    }

    /// Connections that are open.
    pub fn open(&self) -> u64 {
        self.wire.open.load(Ordering::SeqCst)
    }

    /// Bytes that were let through to the part, and from it.
    pub fn bytes(&self) -> (u64, u64) {
        (
            self.wire.bytes_to_part.load(Ordering::SeqCst),
            self.wire.bytes_from_part.load(Ordering::SeqCst),
        )
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, wire: Arc<Wire>) {
    loop {
        let Ok((asker, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        wire.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&wire);
        tokio::spawn(async move {
            shared.open.fetch_add(1, Ordering::SeqCst);
            join(asker, &shared).await;
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// One connection, from its first byte to its last.
async fn join(mut asker: TcpStream, wire: &Wire) {
    if through(&mut asker, wire).await == Mode::Reset {
        asker.set_zero_linger().ok();
    }
}

/// Carries both directions, and says how the connection ends.
async fn through(asker: &mut TcpStream, wire: &Wire) -> Mode {
    let mut broken = pin!(broken(wire));
    let part = *wire.part.borrow();
    let connected = tokio::select! {
        how = &mut broken => return how,
        connected = TcpStream::connect(part) => connected,
    };
    let Ok(mut part) = connected else {
        return Mode::Cut;
    };
    part.set_nodelay(true).ok();
    asker.set_nodelay(true).ok();
    let how = {
        let (ask_read, ask_write) = asker.split();
        let (part_read, part_write) = part.split();
        let carried = async {
            tokio::join!(
                carry(ask_read, part_write, &wire.to_part, &wire.bytes_to_part),
                carry(part_read, ask_write, &wire.from_part, &wire.bytes_from_part),
            )
        };
        tokio::select! {
            biased;
            how = &mut broken => how,
            _ = carried => Mode::Pass,
        }
    };
    if how == Mode::Reset {
        part.set_zero_linger().ok();
    }
    how
}

/// Waits until this connection is to be broken, and says how.
async fn broken(wire: &Wire) -> Mode {
    let (mut to, mut from) = (wire.to_part.subscribe(), wire.from_part.subscribe());
    let mut dropped = wire.dropped.subscribe();
    tokio::select! {
        how = to.wait_for(|mode| mode.breaks()) => how.map_or(Mode::Cut, |mode| *mode),
        how = from.wait_for(|mode| mode.breaks()) => how.map_or(Mode::Cut, |mode| *mode),
        _ = dropped.changed() => Mode::Cut,
    }
}

/// Carries the bytes of one direction until they end.
async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mode: &watch::Sender<Mode>,
    count: &AtomicU64,
) {
    let mut mode = mode.subscribe();
    let mut piece = vec![0; PIECE];
    loop {
        let now = *mode.borrow_and_update();
        match now {
            Mode::Stall | Mode::Cut | Mode::Reset => {
                // The latter two end the connection from outside.
                let _ = mode.changed().await;
                continue;
            }
            Mode::HalfClose => {
                let _ = to.shutdown().await;
                return;
            }
            Mode::Pass | Mode::Slice { .. } => {}
        }
        let read = tokio::select! {
            read = from.read(&mut piece[..now.piece()]) => read,
            _ = mode.changed() => continue,
        };
        let Ok(length @ 1..) = read else {
            let _ = to.shutdown().await;
            return;
        };
        if let Mode::Slice { pause, .. } = now {
            tokio::time::sleep(pause).await;
        }
        // What was read while the way was stalled waits with the rest.
        let _ = mode.wait_for(|mode| *mode != Mode::Stall).await;
        // Counted first: who hears them can see that they were counted.
        count.fetch_add(length as u64, Ordering::SeqCst);
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
