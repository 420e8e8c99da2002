//! Drains while answers are on their way.

use std::sync::Arc;
use std::time::Duration;

use dancu_server::{Config, DrainReport, Running};
use dancu_tests::callers::key;
use dancu_tests::messages;
use dancu_tests::within::start;
use futures::future::join_all;
use h2::Ping;

use crate::{BATCH, Peer, USUAL, WIDE, Windows, all_answers, answered, batch, take, until};

/// A drain takes as long as answers are being taken, and cuts nobody.
async fn drained(report: impl Future<Output = DrainReport>, peer: Peer) {
    let report = report.await;
    assert_eq!(report.cut, 0, "{report:?}");
    assert!(report.took < Duration::from_secs(50), "{report:?}");
    peer.driver.await.expect("it ends").expect("in good order");
}

fn begin_drain(running: Running) -> impl Future<Output = DrainReport> {
    let report = tokio::task::spawn_blocking(move || running.drain());
    async move { report.await.expect("it ends") }
}

fn patient(config: &mut Config) {
    config.times.drain = Duration::from_mins(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_waits_for_answers_that_flow_control_holds_up() {
    const CALLS: usize = 20;
    // Each answer is given away whole at its first bytes, and lies in HTTP/2 from then on.
    let narrow = Windows {
        stream: 16 << 10,
        ..WIDE
    };
    let within = start(BATCH, patient);
    let peer = Peer::new(&within, &narrow).await;
    let message = batch(&within, &key(&within.nation, "H26"));
    let answers = peer.ask_all(&message, CALLS).await;
    let due = (CALLS as u64 * BATCH) as f64;
    until("all is counted", &within, async |w| answered(w) >= due).await;
    let report = begin_drain(within.running);
    tokio::time::sleep(Duration::from_secs(7)).await;
    let pause = Duration::from_millis(100);
    let taken = join_all(answers.into_iter().map(|answer| take(answer, pause))).await;
    for (bytes, status) in taken {
        assert!(bytes > 100_000, "{bytes}");
        assert_eq!(status, "0");
    }
    drained(report, peer).await;
}

#[tokio::test]
async fn what_lies_in_the_socket_when_a_drain_has_nothing_left_to_send_is_not_lost() {
    // The socket takes the answer whole, and the peer says something before it reads: a service that
    // has closed the socket by then would reset it.
    const ITEMS: u64 = 500;
    let small = Windows {
        socket: 4 << 10,
        ..USUAL
    };
    let within = start(BATCH, patient);
    let mut peer = Peer::new(&within, &small).await;
    let key = key(&within.nation, "H26");
    let message = messages::framed(&messages::lookups(&within.nation, 0..ITEMS, "unread", &key));
    within.appends.shut();
    let (response, mut body) = peer.begin("BatchLookupCitizens").await;
    body.send_data(message, true).expect("it is sent");
    let appends = Arc::clone(&within.appends);
    until("it waits for the record", &within, async |_| {
        tokio::time::sleep(Duration::from_millis(200)).await;
        appends.waiting() > 0
    })
    .await;
    let report = begin_drain(within.running);
    // The peer hears of the drain and answers, while its call is still at work.
    tokio::time::sleep(Duration::from_secs(1)).await;
    appends.open();
    // This runtime has one thread, and while that stands still nobody reads.
    std::thread::sleep(Duration::from_secs(2));
    let ping = peer.pings.send_ping(Ping::opaque());
    ping.expect("the first one");
    let answer = response.await.expect("an answer");
    let (bytes, status) = take(answer, Duration::from_millis(10)).await;
    assert!((30_000..65_535).contains(&bytes), "{bytes}");
    assert_eq!(status, "0");
    drained(report, peer).await;
}

#[tokio::test]
async fn a_drain_waits_for_answers_that_a_full_socket_holds_up() {
    let within = start(BATCH, patient);
    let peer = Peer::new(&within, &WIDE).await;
    let message = batch(&within, &key(&within.nation, "H26"));
    let mut calls = Vec::new();
    for _ in 0..60 {
        let (response, mut body) = peer.begin("BatchLookupCitizens").await;
        body.send_data(message.clone(), true).expect("it is sent");
        calls.push(response);
    }
    let running = within.running;
    let ops = running.ops_addr().expect("the operators' port is open");
    let metric = |name: &str| {
        let page = dancu_tests::ops::try_get(ops, "/metrics").expect("metrics");
        dancu_tests::ops::series(&page, name).unwrap_or(0.0)
    };
    let mut most = 0.0_f64;
    let mut answers = Vec::new();
    let mut later = calls.into_iter();
    for response in later.by_ref().take(1) {
        answers.push(response.await.expect("an answer"));
    }
    // This runtime has one thread, and while that stands still nobody reads the socket.
    for _ in 0..600 {
        std::thread::sleep(Duration::from_millis(50));
        let sending = metric("dancu_sending_bytes");
        if sending > 0.0 && (sending - most).abs() < 1.0 {
            break;
        }
        most = sending;
    }
    assert!(most > 0.0, "the system took all of it");
    let counted = all_answers(ops);
    let report = std::thread::spawn(move || running.drain());
    std::thread::sleep(Duration::from_secs(7));
    for response in later {
        if let Ok(answer) = response.await {
            answers.push(answer);
        }
    }
    let taken = join_all(answers.into_iter().map(|a| take(a, Duration::ZERO))).await;
    let whole = taken.iter().filter(|(bytes, _)| *bytes > 100_000).count() as u64;
    assert!((whole * BATCH) as f64 >= counted, "{whole} of {counted}");
    assert_eq!(report.join().expect("it ends").cut, 0);
}
