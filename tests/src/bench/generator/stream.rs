//! A stream that keeps so many messages on their way, and counts what comes back.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use hdrhistogram::Histogram;

use super::{Shared, Traffic, empty, head, instant};

/// Sends message after message on one stream until it is told to stop. A stream that ends before
/// counts as a failure and is not begun again.
pub(super) async fn messages(
    address: SocketAddr,
    sender: h2::client::SendRequest<Bytes>,
    traffic: Traffic,
    shared: Arc<Shared>,
    turn: usize,
    depth: usize,
) -> Histogram<u64> {
    let mut latency = empty();
    let went_on = exchange(address, sender, traffic, &shared, turn, depth, &mut latency).await;
    if went_on.is_none() {
        shared.failed.fetch_add(1, Ordering::Relaxed);
    }
    latency
}

async fn exchange(
    address: SocketAddr,
    sender: h2::client::SendRequest<Bytes>,
    traffic: Traffic,
    shared: &Shared,
    mut turn: usize,
    depth: usize,
    latency: &mut Histogram<u64>,
) -> Option<()> {
    let mut next = || {
        turn += 1;
        traffic.messages[turn % traffic.messages.len()].clone()
    };
    let mut ready = sender.ready().await.ok()?;
    let (reply, mut body) = ready.send_request(head(address, &traffic), false).ok()?;
    let mut sent: VecDeque<Instant> = VecDeque::with_capacity(depth);
    for _ in 0..depth {
        body.send_data(next(), false).ok()?;
        sent.push_back(instant());
    }
    let mut replies = reply.await.ok()?.into_body();
    let mut frames = Frames::default();
    loop {
        let chunk = replies.data().await?.ok()?;
        replies.flow_control().release_capacity(chunk.len()).ok()?;
        for _ in 0..frames.follow(&chunk, traffic.items as usize)? {
            let began = sent.pop_front()?;
            if shared.stop.load(Ordering::Relaxed) {
                return Some(());
            }
            if shared.counting.load(Ordering::Relaxed) {
                shared.ok.fetch_add(traffic.items, Ordering::Relaxed);
                latency.record(began.elapsed().as_micros() as u64).ok();
            }
            body.send_data(next(), false).ok()?;
            sent.push_back(instant());
        }
    }
}

/// Counts whole gRPC messages in what comes.
#[derive(Default)]
struct Frames {
    head: [u8; 5],
    filled: usize,
    left: usize,
}

impl Frames {
    /// How many messages end in these bytes; `None` when one is too short to be an answer to so
    /// many items, as a status in its place is.
    fn follow(&mut self, mut bytes: &[u8], items: usize) -> Option<usize> {
        let mut ended = 0;
        while !bytes.is_empty() {
            if self.filled < self.head.len() {
                self.head[self.filled] = bytes[0];
                self.filled += 1;
                bytes = &bytes[1..];
                if self.filled == self.head.len() {
                    let [_, length @ ..] = self.head;
                    self.left = u32::from_be_bytes(length) as usize;
                    if self.left < items * 8 {
                        return None;
                    }
                }
                continue;
            }
            let part = bytes.len().min(self.left);
            self.left -= part;
            bytes = &bytes[part..];
            if self.left == 0 {
                self.filled = 0;
                ended += 1;
            }
        }
        Some(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_however_they_are_cut() {
        let body = [&[0, 0, 0, 0, 8][..], &[7; 8], &[0, 0, 0, 0, 9], &[7; 9]].concat();
        for cut in 1..=body.len() {
            let mut frames = Frames::default();
            let ended: usize = body
                .chunks(cut)
                .map(|part| frames.follow(part, 1).expect("long enough"))
                .sum();
            assert_eq!(ended, 2, "{cut}");
        }
        assert_eq!(Frames::default().follow(&[0, 0, 0, 0, 7, 1], 1), None);
    }
}
