//! The wire that other tests hurt does what it says, and nothing else.

use std::net::SocketAddr;
use std::time::Duration;

use dancu_tests::proxy::{Mode, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

const SOON: Duration = Duration::from_secs(30);
const MOMENT: Duration = Duration::from_millis(150);

/// A part that says back what it hears, and after the end of what it hears says so and ends.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("the wire is whole");
    let address = listener.local_addr().expect("the wire is whole");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut heard = [0; 4_096];
                loop {
                    match socket.read(&mut heard).await {
                        Ok(0) => {
                            socket.write_all(b"[end]").await.ok();
                            return;
                        }
                        Ok(length) => socket
                            .write_all(&heard[..length])
                            .await
                            .expect("the wire is whole"),
                        Err(_) => return,
                    }
                }
            });
        }
    });
    address
}

async fn wire() -> (Proxy, TcpStream) {
    let proxy = Proxy::before(echo().await);
    let socket = TcpStream::connect(proxy.address())
        .await
        .expect("the wire is whole");
    (proxy, socket)
}

async fn says_back(socket: &mut TcpStream, words: &[u8]) {
    socket.write_all(words).await.expect("the wire is whole");
    let mut heard = vec![0; words.len()];
    timeout(SOON, socket.read_exact(&mut heard))
        .await
        .expect("it is said back in time")
        .expect("the wire is whole");
    assert_eq!(heard, words);
}

async fn silent(socket: &mut TcpStream) {
    let mut heard = [0; 1];
    let read = timeout(MOMENT, socket.read(&mut heard)).await;
    assert!(read.is_err(), "something came: {read:?}");
}

#[tokio::test]
async fn bytes_pass_and_are_counted() {
    let (proxy, mut socket) = wire().await;
    let words: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    for piece in words.chunks(3_000) {
        says_back(&mut socket, piece).await;
    }
    assert_eq!(proxy.bytes(), (200_000, 200_000));
    assert_eq!((proxy.connections(), proxy.open()), (1, 1));
}

#[tokio::test]
async fn a_stalled_way_holds_everything_and_loses_nothing() {
    let (proxy, mut socket) = wire().await;
    says_back(&mut socket, b"before").await;
    proxy.to_part(Mode::Stall);
    socket.write_all(b"held").await.unwrap();
    silent(&mut socket).await;
    assert_eq!(proxy.bytes(), (6, 6));
    proxy.heal();
    let mut heard = [0; 4];
    timeout(SOON, socket.read_exact(&mut heard))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&heard, b"held");
    says_back(&mut socket, b"after").await;
}

#[tokio::test]
async fn one_way_can_be_stalled_without_the_other() {
    let (proxy, mut socket) = wire().await;
    proxy.from_part(Mode::Stall);
    socket.write_all(b"heard").await.unwrap();
    silent(&mut socket).await;
    assert_eq!(proxy.bytes(), (5, 0));
    proxy.heal();
    says_back(&mut socket, b"").await;
    let mut heard = [0; 5];
    timeout(SOON, socket.read_exact(&mut heard))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_new_connection_of_a_stalled_way_is_taken_and_hears_nothing() {
    let (proxy, _first) = wire().await;
    proxy.both(Mode::Stall);
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    socket.write_all(b"hello").await.unwrap();
    silent(&mut socket).await;
    assert_eq!(proxy.bytes(), (0, 0));
}

#[tokio::test]
async fn a_sliced_way_brings_everything_in_small_pieces() {
    let (proxy, mut socket) = wire().await;
    let (bytes, pause) = (3, Duration::from_millis(2));
    proxy.from_part(Mode::Slice { bytes, pause });
    socket.write_all(&[7; 300]).await.unwrap();
    let (mut heard, mut all, mut longest) = ([0; 300], 0, 0);
    let began = Instant::now();
    while all < 300 {
        let length = timeout(SOON, socket.read(&mut heard))
            .await
            .unwrap()
            .unwrap();
        assert!(heard[..length].iter().all(|byte| *byte == 7));
        all += length;
        longest = longest.max(length);
    }
    assert_eq!(all, 300);
    assert!(longest < 300, "it came whole");
    assert!(began.elapsed() >= pause * 100, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_late_way_is_late_and_keeps_its_order() {
    let (proxy, mut socket) = wire().await;
    proxy.from_part(Mode::late(MOMENT));
    let began = Instant::now();
    says_back(&mut socket, b"first").await;
    assert!(began.elapsed() >= MOMENT);
    says_back(&mut socket, b"second").await;
}

#[tokio::test]
async fn a_cut_ends_what_is_open_and_what_comes() {
    let (proxy, mut socket) = wire().await;
    says_back(&mut socket, b"before").await;
    proxy.both(Mode::Cut);
    let mut heard = [0; 16];
    let read = timeout(SOON, socket.read(&mut heard)).await.unwrap();
    assert_eq!(read.unwrap(), 0, "an end, not a reset");
    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    let read = timeout(SOON, next.read(&mut heard)).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    proxy.heal();
    let mut again = TcpStream::connect(proxy.address()).await.unwrap();
    says_back(&mut again, b"again").await;
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let (proxy, mut socket) = wire().await;
    says_back(&mut socket, b"before").await;
    proxy.both(Mode::Reset);
    let mut heard = [0; 16];
    let read = timeout(SOON, socket.read(&mut heard)).await.unwrap();
    let error = read.expect_err("no orderly end");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_half_closed_way_ends_while_the_other_goes_on() {
    let (proxy, mut socket) = wire().await;
    says_back(&mut socket, b"before").await;
    proxy.to_part(Mode::HalfClose);
    // The part hears the end, and its last words still arrive.
    let mut heard = [0; 5];
    timeout(SOON, socket.read_exact(&mut heard))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&heard, b"[end]");
}

#[tokio::test]
async fn half_closed_from_the_part_the_asker_hears_an_end_and_is_still_heard() {
    let (proxy, mut socket) = wire().await;
    says_back(&mut socket, b"before").await;
    proxy.from_part(Mode::HalfClose);
    let mut heard = [0; 1];
    let read = timeout(SOON, socket.read(&mut heard)).await.unwrap();
    assert_eq!(read.unwrap(), 0);
    socket.write_all(b"more").await.unwrap();
    tokio::time::sleep(MOMENT).await;
    assert_eq!(proxy.bytes(), (10, 6));
}

#[tokio::test]
async fn what_is_open_can_be_dropped_once() {
    let (proxy, mut socket) = wire().await;
    says_back(&mut socket, b"before").await;
    proxy.drop_connections();
    let mut heard = [0; 1];
    let read = timeout(SOON, socket.read(&mut heard)).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    says_back(&mut next, b"next").await;
}

#[tokio::test]
async fn new_connections_can_be_sent_elsewhere() {
    let (proxy, mut socket) = wire().await;
    says_back(&mut socket, b"here").await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    proxy.point(other.local_addr().unwrap());
    let next = tokio::spawn(TcpStream::connect(proxy.address()));
    let (mut there, _) = timeout(SOON, other.accept()).await.unwrap().unwrap();
    there.write_all(b"elsewhere").await.unwrap();
    let mut heard = [0; 9];
    let mut next = next.await.unwrap().unwrap();
    timeout(SOON, next.read_exact(&mut heard))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&heard, b"elsewhere");
    says_back(&mut socket, b"still here").await;
}
