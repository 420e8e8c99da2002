//! Peers that do not keep to the protocol, or keep a place for nothing.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::Service;
use crate::frames::{PREFACE, frame};
use crate::ops;

/// Waits until the peer has closed, or says after how long it had not.
async fn closes_within(socket: &mut TcpStream, limit: Duration) -> bool {
    let mut sink = Vec::new();
    timeout(limit, socket.read_to_end(&mut sink)).await.is_ok()
}

#[tokio::test]
async fn a_peer_that_sends_no_preface_is_closed_in_time() {
    let service = Service::with(|config| config.times.preface = Duration::from_millis(200));
    let address = service.running.grpc_addr();
    for begun in [&b""[..], &PREFACE[..10]] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(begun).await.unwrap();
        assert!(closes_within(&mut socket, Duration::from_secs(30)).await);
    }
    // The peer sees the end a moment before it is counted.
    let mut counted = false;
    for _ in 0..100 {
        let metrics = ops::get(&service, "/metrics").await.1;
        counted = metrics.contains("dancu_connections_silent_total 2\n");
        if counted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(counted, "two silent peers are two in the metrics");
}

#[tokio::test]
async fn a_connection_without_calls_is_closed_after_the_idle_limit() {
    let service = Service::with(|config| config.times.idle = Duration::from_millis(300));
    let mut socket = TcpStream::connect(service.running.grpc_addr())
        .await
        .unwrap();
    socket.write_all(PREFACE).await.unwrap();
    // An empty SETTINGS frame.
    socket
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    assert!(!closes_within(&mut socket, Duration::from_millis(200)).await);
    assert!(closes_within(&mut socket, Duration::from_secs(30)).await);
}

#[tokio::test]
async fn what_is_no_http2_is_closed() {
    let service = Service::start();
    let mut socket = TcpStream::connect(service.running.grpc_addr())
        .await
        .unwrap();
    socket
        .write_all(b"GET / HTTP/1.1\r\nhost: a-test-of-another-protocol\r\n\r\n")
        .await
        .unwrap();
    assert!(closes_within(&mut socket, Duration::from_secs(30)).await);
}

#[tokio::test]
async fn connections_beyond_the_cap_are_closed_at_once_and_a_place_becomes_free_again() {
    let service = Service::with(|config| config.limits.connections = 2);
    let address = service.running.grpc_addr();
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(PREFACE).await.unwrap();
        let mut byte = [0];
        socket.read_exact(&mut byte).await.unwrap();
        held.push(socket);
    }
    let mut third = TcpStream::connect(address).await.unwrap();
    assert!(closes_within(&mut third, Duration::from_secs(30)).await);
    held.pop();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut fourth = TcpStream::connect(address).await.unwrap();
    fourth.write_all(PREFACE).await.unwrap();
    let mut byte = [0];
    fourth.read_exact(&mut byte).await.unwrap();
    let metrics = ops::get(&service, "/metrics").await.1;
    assert!(metrics.contains("dancu_connections_beyond_cap_total 1\n"));
}

/// Reads frames until the peer says whether all is well: a ping that is answered, or a farewell.
async fn answers_a_ping(socket: &mut TcpStream) -> bool {
    let read = async {
        loop {
            let mut head = [0; 9];
            if socket.read_exact(&mut head).await.is_err() {
                return false;
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            if socket.read_exact(&mut payload).await.is_err() {
                return false;
            }
            match (head[3], head[4] & 1) {
                (6, 1) => return true,
                (7, _) => return false,
                _ => {}
            }
        }
    };
    timeout(Duration::from_secs(20), read).await == Ok(true)
}

#[tokio::test]
async fn calls_that_are_given_up_at_once_do_not_cost_the_connection() {
    let service = Service::start();
    let mut socket = TcpStream::connect(service.running.grpc_addr())
        .await
        .unwrap();
    // POST, http, and a path that is spelled out (RFC 7541, 6.1 and 6.2.2).
    let path = b"/dancu.v1.LookupService/LookupCitizen";
    let mut headers = vec![0x83, 0x86, 0x04, path.len() as u8];
    headers.extend(path);
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    // As when the deadlines of so many calls run out together.
    for call in 0..500 {
        bytes.extend(frame(1, 4, 2 * call + 1, &headers));
        bytes.extend(frame(3, 0, 2 * call + 1, &8_u32.to_be_bytes()));
    }
    bytes.extend(frame(6, 0, 0, b"01234567"));
    socket.write_all(&bytes).await.unwrap();
    assert!(
        answers_a_ping(&mut socket).await,
        "the connection was given up"
    );
}
