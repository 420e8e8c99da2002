//! The acceptor: one loop that hands sockets to the cores in turn, within a cap.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::sleep;

use crate::phase::Phase;

/// How long to wait after the system refused to accept, so that a lack of descriptors does not
/// turn into a lack of processor time.
const BACK_OFF: Duration = Duration::from_millis(100);

/// A socket on its way to a core, with its place under the cap.
#[derive(Debug)]
pub(crate) struct Handed {
    /// The socket, not registered with any runtime.
    pub(crate) socket: std::net::TcpStream,
    /// Its place; free again when the connection ends.
    pub(crate) place: OwnedSemaphorePermit,
}

/// What the acceptor has seen.
#[derive(Debug, Default)]
pub(crate) struct AcceptNumbers {
    /// Connections handed to a core.
    pub(crate) accepted: AtomicU64,
    /// Connections closed at once because the cap was reached.
    pub(crate) beyond_cap: AtomicU64,
    /// Times when the system refused to accept.
    pub(crate) failed: AtomicU64,
}

/// Accepts until the service drains.
pub(crate) async fn accept(
    listener: TcpListener,
    fronts: Vec<mpsc::UnboundedSender<Handed>>,
    places: Arc<Semaphore>,
    numbers: Arc<AcceptNumbers>,
    mut phase: watch::Receiver<Phase>,
) {
    let mut turn = 0;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
            accepted = listener.accept() => accepted,
        };
        let socket = match accepted.and_then(|(socket, _)| socket.into_std()) {
            Ok(socket) => socket,
            Err(error) => {
                numbers.failed.fetch_add(1, Relaxed);
                tracing::warn!(kind = %error.kind(), "could not accept a connection");
                sleep(BACK_OFF).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            // Dropping the socket closes it: the caller sees UNAVAILABLE at once and not a hang.
            numbers.beyond_cap.fetch_add(1, Relaxed);
            continue;
        };
        numbers.accepted.fetch_add(1, Relaxed);
        // A core that is gone is gone with the whole service, which then drains.
        let _ = fronts[turn].send(Handed { socket, place });
        turn = (turn + 1) % fronts.len();
    }
}

/// The cap on connections: what was asked, but below what the descriptors allow.
pub(crate) fn cap(asked: usize, descriptors: Option<usize>) -> usize {
    /// Databases, logs, listeners, event queues.
    const RESERVED: usize = 128;
    descriptors.map_or(asked, |all| {
        asked.min(all.saturating_sub(RESERVED).max(all / 4).max(1))
    })
}

/// The soft limit on open descriptors of this process, where the system tells it.
pub(crate) fn descriptor_limit() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|l| l.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_stays_below_the_descriptor_limit() {
        assert_eq!(cap(1_024, Some(1_024)), 896);
        assert_eq!(cap(1_024, Some(65_536)), 1_024);
        assert_eq!(cap(1_024, Some(100)), 25);
        assert_eq!(cap(1_024, None), 1_024);
    }

    #[test]
    fn the_descriptor_limit_of_this_process_is_read() {
        assert!(descriptor_limit().is_some_and(|n| n > 0));
    }
}
