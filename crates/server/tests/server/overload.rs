//! What finds no room.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dancu_domain::Reason;
use dancu_population::KeyState;
use dancu_wire::pb;
use dancu_wire::pb::health::HealthCheckRequest;
use dancu_wire::pb::health::health_client::HealthClient;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use dancu_wire::pb::stream_lookup_citizens_response::Reply;
use tonic::Code;

use crate::common::{Service, context, item, request};
use crate::frames::Frames;
use crate::memory;
use crate::raw::framed;

#[tokio::test]
async fn what_finds_no_room_is_told_when_to_come_again() {
    let (service, trouble) = memory::start(|config| {
        config.cores = Some(1);
        config.limits.calls = 2;
        config.times.retry_after = Duration::from_millis(250);
    });
    trouble.append_ms.store(500, Ordering::Relaxed);
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let client = LookupServiceClient::new(service.channel().await);
    let calls = (0..6).map(|i| {
        let mut client = client.clone();
        let asked = request(
            &key,
            pb::LookupCitizenRequest {
                context: Some(context(&key, &format!("r-{i}"))),
                item: Some(item(&persona.claims)),
                ..Default::default()
            },
        );
        async move { client.lookup_citizen(asked).await }
    });
    let answers = futures::future::join_all(calls).await;
    let (answered, shed): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((answered.len(), shed.len()), (2, 4));
    for status in shed.into_iter().map(Result::unwrap_err) {
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(dancu_wire::reason_of(&status), Some(Reason::Overloaded));
        let retry = dancu_wire::retry_after_of(&status);
        assert_eq!(retry, Some(Duration::from_millis(250)));
    }
}

#[tokio::test]
async fn unary_calls_beyond_what_a_core_takes_are_shed_and_streams_are_not() {
    let (service, trouble) = memory::start(|config| {
        config.cores = Some(1);
        config.limits.unary_per_core = 2;
    });
    trouble.append_ms.store(500, Ordering::Relaxed);
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let client = LookupServiceClient::new(service.channel().await);
    let calls = (0..5).map(|i| {
        let mut client = client.clone();
        let asked = request(
            &key,
            pb::LookupCitizenRequest {
                context: Some(context(&key, &format!("r-{i}"))),
                item: Some(item(&persona.claims)),
                ..Default::default()
            },
        );
        async move { client.lookup_citizen(asked).await }
    });
    let mut streaming = client.clone();
    let batch = pb::StreamLookupCitizensRequest {
        batch: Some(pb::BatchLookupCitizensRequest {
            context: Some(context(&key, "r-stream")),
            items: vec![item(&persona.claims); 2],
            ..Default::default()
        }),
    };
    let stream = async {
        let messages = futures::stream::iter([batch]);
        let replies = streaming.stream_lookup_citizens(request(&key, messages));
        replies.await.unwrap().into_inner().message().await
    };
    let (answers, streamed) = futures::join!(futures::future::join_all(calls), stream);
    let reply = streamed.unwrap().unwrap().reply.unwrap();
    assert!(matches!(reply, Reply::Answer(_)));
    let (answered, shed): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((answered.len(), shed.len()), (2, 3));
    for status in shed.into_iter().map(Result::unwrap_err) {
        assert_eq!(dancu_wire::reason_of(&status), Some(Reason::Overloaded));
    }
}

#[tokio::test]
async fn messages_of_a_stream_are_shed_in_their_place() {
    let (service, trouble) = memory::start(|config| {
        config.cores = Some(1);
        config.limits.items = 10;
        config.limits.items_per_message = 10;
    });
    trouble.append_ms.store(200, Ordering::Relaxed);
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let batch = |i: u32| pb::StreamLookupCitizensRequest {
        batch: Some(pb::BatchLookupCitizensRequest {
            context: Some(context(&key, &format!("r-{i}"))),
            items: vec![item(&persona.claims); 6],
            ..Default::default()
        }),
    };
    let messages: Vec<_> = (0..2).map(batch).collect();
    let mut client = LookupServiceClient::new(service.channel().await);
    let mut replies = client
        .stream_lookup_citizens(request(&key, futures::stream::iter(messages)))
        .await
        .unwrap()
        .into_inner();
    let first = replies.message().await.unwrap().unwrap().reply.unwrap();
    assert!(matches!(first, Reply::Answer(_)));
    let second = replies.message().await.unwrap().unwrap().reply.unwrap();
    let Reply::Status(status) = second else {
        panic!("the second message found room");
    };
    assert_eq!(dancu_wire::reason_of_rpc(&status), Some(Reason::Overloaded));
    assert!(replies.message().await.unwrap().is_none());
}

#[tokio::test]
async fn streams_without_a_credential_are_bounded_and_keep_nobody_else_out() {
    let service = Service::with(|config| {
        config.cores = Some(1);
        config.limits.streams_per_connection = 1_024;
    });
    let channel = service.channel().await;
    let mut client = HealthClient::new(channel.clone());
    let mut watches = Vec::new();
    let refused = loop {
        match client.watch(HealthCheckRequest::default()).await {
            Ok(watch) => watches.push(watch.into_inner()),
            Err(status) => break status,
        }
        // The connection has room for as many; another one goes on from there.
        if watches.len() == 1_000 {
            client = HealthClient::new(service.channel().await);
        }
        assert!(watches.len() <= 1_024, "they are not bounded");
    };
    assert_eq!(watches.len(), 1_024);
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(dancu_wire::reason_of(&refused), Some(Reason::Overloaded));
    assert!(dancu_wire::retry_after_of(&refused).is_some());
    // Health can still be asked, and whoever has a credential is answered.
    client.check(HealthCheckRequest::default()).await.unwrap();
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let asked = pb::LookupCitizenRequest {
        context: Some(context(&key, "r-1")),
        item: Some(item(&persona.claims)),
        ..Default::default()
    };
    let mut lookups = LookupServiceClient::new(service.channel().await);
    lookups.lookup_citizen(request(&key, asked)).await.unwrap();
    // Who leaves makes room.
    drop(watches);
    for _ in 0..100 {
        if client.watch(HealthCheckRequest::default()).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("there was no room again");
}

#[tokio::test]
async fn who_is_turned_away_too_often_is_read_more_slowly_and_nobody_else_is() {
    let (service, trouble) = memory::start(|config| {
        config.cores = Some(1);
        config.limits.calls = 1;
        config.limits.streams_per_connection = 1_024;
        config.limits.refusals_per_core = 500;
    });
    trouble.append_ms.store(400, Ordering::Relaxed);
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let asked = |i: u32| {
        let message = pb::LookupCitizenRequest {
            context: Some(context(&key, &format!("r-{i}"))),
            item: Some(item(&persona.claims)),
            ..Default::default()
        };
        request(&key, message)
    };
    let client = LookupServiceClient::new(service.channel().await);
    let calls = (0..800).map(|i| {
        let (mut client, asked) = (client.clone(), asked(i));
        async move { client.lookup_citizen(asked).await }
    });
    let calls = futures::future::join_all(calls);
    let mut other = HealthClient::new(service.channel().await);
    let health = async {
        for _ in 0..20 {
            other.check(HealthCheckRequest::default()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (answers, ()) = futures::join!(calls, health);
    // Every one of them is told what became of it.
    let (answered, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert!(
        !answered.is_empty() && refused.len() > 512,
        "{}",
        refused.len()
    );
    for status in refused.into_iter().map(Result::unwrap_err) {
        assert_eq!(dancu_wire::reason_of(&status), Some(Reason::Overloaded));
    }
    let times = slowed(&crate::ops::get(&service, "/metrics").await.1);
    assert!(times > 0, "they were all read at once");
}

#[tokio::test]
async fn who_keeps_to_his_share_is_answered_while_others_ask_for_everything() {
    let (service, trouble) = memory::start(|config| {
        config.cores = Some(1);
        config.limits.unary_per_core = 64;
        config.limits.refusals_per_core = 2_000;
    });
    trouble.append_ms.store(20, Ordering::Relaxed);
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let asked = |name: String| {
        let message = pb::LookupCitizenRequest {
            context: Some(context(&key, &name)),
            item: Some(item(&persona.claims)),
            ..Default::default()
        };
        request(&key, message)
    };
    let counts = [AtomicU32::new(0), AtomicU32::new(0)];
    let mut greedy = Vec::new();
    for connection in 0..3 {
        let client = LookupServiceClient::new(service.channel().await);
        for caller in 0..150 {
            let (mut client, asked, counts) = (client.clone(), asked, &counts);
            greedy.push(async move {
                for call in 0.. {
                    let name = format!("g-{connection}-{caller}-{call}");
                    let done = client.lookup_citizen(asked(name)).await;
                    if let Err(status) = &done {
                        let reason = dancu_wire::reason_of(status);
                        assert_eq!(reason, Some(Reason::Overloaded));
                    }
                    counts[usize::from(done.is_err())].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    }
    let mut modest = LookupServiceClient::new(service.channel().await);
    let modest = async {
        let mut answered = 0;
        // Whoever is there alone may have all the room, so the others are to be at work by now.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        for call in 0..50 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            let done = modest.lookup_citizen(asked(format!("m-{call}"))).await;
            answered += u32::from(done.is_ok());
        }
        answered
    };
    let answered = tokio::select! {
        answered = modest => answered,
        _ = futures::future::join_all(greedy) => 0,
    };
    let counts = counts.map(AtomicU32::into_inner);
    assert!(counts.iter().all(|n| *n > 0), "{counts:?}");
    assert!(answered >= 45, "{answered} of 50, {counts:?}");
}

#[tokio::test]
async fn who_sends_all_headers_first_keeps_his_connection_however_often_he_is_turned_away() {
    sends_all_headers_first(100_000).await;
}

#[tokio::test]
async fn so_does_who_is_turned_away_for_so_often_that_he_has_to_wait_for_his_turn() {
    let metrics = sends_all_headers_first(100).await;
    assert!(slowed(&metrics) >= 8, "it was always read");
}

/// Turns away 3,600 calls of one connection whose messages come behind their headers, on a core that
/// refuses so many a second.
async fn sends_all_headers_first(refusals: usize) -> String {
    let (service, trouble) = memory::start(|config| {
        config.cores = Some(1);
        config.limits.unary_per_core = 1;
        config.limits.refusals_per_core = refusals;
        // Nobody waits for his turn for more than half of it.
        config.times.ping_timeout = Duration::from_millis(800);
    });
    trouble.append_ms.store(30_000, Ordering::Relaxed);
    let key = service.key(KeyState::Valid);
    let persona = service.nation().personas().remove(0);
    let asked = pb::LookupCitizenRequest {
        context: Some(context(&key, "r-1")),
        item: Some(item(&persona.claims)),
        ..Default::default()
    };
    let mut client = LookupServiceClient::new(service.channel().await);
    let asked = request(&key, asked);
    let slow = tokio::spawn(async move { client.lookup_citizen(asked).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut frames = Frames::connect(service.running.grpc_addr()).await;
    let path = "/dancu.v1.LookupService/BatchLookupCitizens";
    // HTTP/2 remembers fifty streams that were reset, and forgives a thousand frames for others.
    for round in 0..18 {
        let streams = frames.begin(200, path, &key).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        frames.end(&streams, &framed(&[0; 60])).await;
        let kept = tokio::time::timeout(Duration::from_secs(20), frames.ended(200)).await;
        assert!(kept.unwrap(), "the connection was lost in round {round}");
    }
    assert!(!slow.is_finished(), "there was room");
    slow.abort();
    crate::ops::get(&service, "/metrics").await.1
}

/// How often a connection had to wait for its turn.
fn slowed(metrics: &str) -> u64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("dancu_reading_slowed_total "));
    line.and_then(|n| n.parse().ok()).expect("it is counted")
}
