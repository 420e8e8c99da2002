//! What callers take who do not take their answers.

use std::time::Duration;

use dancu_tests::callers::{key, signed};
use dancu_tests::messages;
use dancu_tests::within::start;
use dancu_wire::pb::dancu::v1 as pb;
use futures::future::join_all;
use pb::lookup_service_client::LookupServiceClient;

use crate::{BATCH, Peer, USUAL, Windows, answered, batch, take, until};

#[tokio::test]
async fn who_never_takes_what_he_asked_for_loses_the_connection_and_others_do_not() {
    let unread = Duration::from_millis(500);
    let within = start(BATCH, |config| config.times.unread = unread);
    for stream in [0, 1] {
        let windows = Windows { stream, ..USUAL };
        let peer = Peer::new(&within, &windows).await;
        let other = within.connect().await;
        let key = key(&within.nation, "H26");
        let message = batch(&within, &key);
        let begun = tokio::time::Instant::now();
        let _answers = peer.ask_all(&message, 5).await;
        let ended = tokio::time::timeout(Duration::from_secs(30), peer.driver);
        ended.await.expect("it is closed").expect("it ends").ok();
        assert!(begun.elapsed() >= unread, "{:?}", begun.elapsed());
        let mut client = LookupServiceClient::new(other);
        let lookup = messages::lookup(&within.nation, 1, "other", &key);
        client
            .lookup_citizen(signed(&key, lookup))
            .await
            .expect("an answer");
    }
    until(
        "both are counted, and nothing is left",
        &within,
        async |w| {
            w.metric("dancu_connections_unread_total").await > 1.9
                && w.metric("dancu_sending_bytes").await < 0.1
        },
    )
    .await;
}

#[tokio::test]
async fn answers_that_nobody_takes_have_a_bound_beyond_which_their_callers_are_turned_away() {
    const BOUND: usize = 2 << 20;
    let within = start(BATCH, |config| {
        config.limits.sending_bytes = BOUND;
        config.cores = Some(1);
    });
    let windows = Windows { stream: 1, ..USUAL };
    let peer = Peer::new(&within, &windows).await;
    let key = key(&within.nation, "H26");
    let message = batch(&within, &key);
    let (mut answers, mut turned_away) = (Vec::new(), 0);
    for _ in 0..100 {
        let answer = peer.ask(&message).await.expect("an answer");
        if answer.headers().contains_key("grpc-status") {
            assert_eq!(answer.headers()["grpc-status"], "8");
            turned_away += 1;
        } else {
            answers.push(answer);
        }
    }
    assert!(turned_away > 50, "{turned_away}");
    let inside = within.metric("dancu_sending_bytes").await;
    assert!(
        inside >= BOUND as f64 && inside < (2 * BOUND) as f64,
        "{inside}"
    );
    let mut client = LookupServiceClient::new(within.connect().await);
    let lookup = messages::lookup(&within.nation, 1, "other", &key);
    client
        .lookup_citizen(signed(&key, lookup))
        .await
        .expect("whoever takes his answers gets them");
    // Once they are taken, it goes on.
    drop(answers);
    until("they are gone", &within, async |w| {
        w.metric("dancu_sending_bytes").await < BOUND as f64
    })
    .await;
    let answer = peer.ask(&message).await.expect("an answer");
    assert!(!answer.headers().contains_key("grpc-status"));
}

#[tokio::test]
async fn a_stream_whose_answers_nobody_takes_stops_and_goes_on_when_they_are_taken() {
    const BOUND: usize = 1 << 20;
    const MESSAGES: usize = 30;
    const STREAMS: usize = 16;
    let within = start(BATCH, |config| {
        config.limits.sending_bytes = BOUND;
        config.cores = Some(1);
    });
    let windows = Windows {
        connection: 256 << 20,
        ..USUAL
    };
    let peer = Peer::new(&within, &windows).await;
    let key = key(&within.nation, "H26");
    let message = messages::framed(&pb::StreamLookupCitizensRequest {
        batch: Some(messages::lookups(&within.nation, 0..BATCH, "unread", &key)),
    });
    // Many streams: each alone is held up by what HTTP/2 keeps for it.
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        let (response, mut body) = peer.begin("StreamLookupCitizens").await;
        for nth in 1..=MESSAGES {
            body.send_data(message.clone(), nth == MESSAGES)
                .expect("it is sent");
        }
        streams.push((response, body));
    }
    let mut before = -1.0;
    until("nothing moves", &within, async |w| {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = answered(w);
        now > 0.0 && (now - std::mem::replace(&mut before, now)).abs() < 0.1
    })
    .await;
    let all = ((STREAMS * MESSAGES) as u64 * BATCH) as f64;
    assert!(before < all / 2.0, "{before} of {all} were made for nobody");
    let inside = within.metric("dancu_sending_bytes").await;
    assert!(inside < (2 * BOUND) as f64, "{inside}");
    let taken = join_all(streams.into_iter().map(|(response, _body)| async {
        let answer = response.await.expect("an answer");
        take(answer, Duration::ZERO).await
    }))
    .await;
    assert!(taken.iter().all(|(_, status)| status == "0"), "{taken:?}");
    let now = answered(&within);
    assert!((now - all).abs() < 0.1, "{now} of {all}");
}
