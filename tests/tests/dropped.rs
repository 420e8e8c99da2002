//! Calls that are dropped at each stage: nothing is lost, nothing is left open, and the next
//! calls are right.
//!
//! The stages are those at which a call can be found waiting: its request is still arriving, its
//! read waits in the coalescer, its entries wait for the commit, its answer is on its way out, its
//! write is at the registry. There is no stage of waiting to be let in: a full gate sheds at once
//! with RESOURCE_EXHAUSTED and a delay, so no queue forms there that a call could be dropped from.
//! Each test sees its stage hit before it drops.

use std::collections::BTreeMap;
use std::time::Duration;

use dancu_domain::Verb;
use dancu_ledger::audit;
use dancu_population::SandboxKey;
use dancu_tests::balance::balance;
use dancu_tests::callers::{key, signed};
use dancu_tests::messages;
use dancu_tests::within::{Within, start, until};
use dancu_tests::witness::{Acknowledged, Witness, lookup_outcome, push_outcome};
use dancu_wire::pb::dancu::v1 as pb;
use pb::lookup_service_client::LookupServiceClient;
use pb::sync_service_client::SyncServiceClient;
use tokio::task::JoinHandle;
use tonic::transport::Channel;

const CALLS: u64 = 64;

/// Begins lookups of as many citizens, each in a task that can be dropped.
fn begin(within: &Within, channel: &Channel, key: &SandboxKey, from: u64) -> Vec<JoinHandle<()>> {
    (from..from + CALLS)
        .map(|index| {
            let mut service = LookupServiceClient::new(channel.clone());
            let request = messages::lookup(&within.nation, index, &format!("drop-{index}"), key);
            let request = signed(key, request);
            tokio::spawn(async move {
                let _ = service.lookup_citizen(request).await;
            })
        })
        .collect()
}

async fn drop_all(calls: Vec<JoinHandle<()>>) {
    for call in calls {
        call.abort();
        let _ = call.await;
    }
}

/// Looks citizens up and holds the answers against them; what was acknowledged goes to `witness`.
async fn next_calls_are_right(within: &Within, channel: &Channel, witness: &Witness, from: u64) {
    let key = key(&within.nation, "H26");
    let mut service = LookupServiceClient::new(channel.clone());
    for index in from..from + 40 {
        let citizen = within.nation.citizen(index);
        let request = messages::lookup(&within.nation, index, &format!("next-{index}"), &key);
        let reply = tokio::time::timeout(
            Duration::from_secs(10),
            service.lookup_citizen(signed(&key, request)),
        )
        .await
        .expect("the next call is answered in time")
        .expect("the next call is answered")
        .into_inner();
        let result = reply.result.as_ref().expect("an answer has a result");
        if let Some(found) = &result.citizen {
            assert_eq!(found.full_name, citizen.name.text(), "another one's answer");
            assert_eq!(found.personal_number, citizen.personal_id.text());
        } else {
            assert!(citizen.locked, "somebody was not found");
        }
        witness.acknowledged(Acknowledged::new(
            "H26",
            Verb::Lookup,
            reply.header.as_ref(),
            reply.result.iter().filter_map(lookup_outcome).collect(),
        ));
    }
}

async fn holds(within: Within, witness: &Witness, dropped: u64) {
    witness.unanswered(dropped);
    // Whatever still writes on the server's side finishes with the drain.
    let mut blocks = within.blocks.clone();
    let report = within.running.drain();
    assert!(report.ledger_closed, "{report:?}");
    let balance = balance(&mut blocks, &witness.told()).await;
    assert!(balance.differences.is_empty(), "{balance:#?}");
    assert!(balance.acknowledged >= 40, "{balance:#?}");
}

#[tokio::test]
async fn a_call_dropped_while_its_request_still_arrives_leaves_nothing() {
    let within = start(4_000, |_| {});
    let witness = Witness::default();
    let key = key(&within.nation, "H26");
    // The head of the call without its body: it was let in and waits for its message.
    let address = within.running.grpc_addr();
    let socket = tokio::net::TcpStream::connect(address)
        .await
        .expect("a connection");
    let (client, connection) = h2::client::handshake(socket).await.expect("a handshake");
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.expect("room for a stream");
    let mut open = Vec::new();
    for _ in 0..CALLS {
        let head = http::Request::post(format!(
            "http://{address}/dancu.v1.LookupService/LookupCitizen"
        ))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {}", key.key))
        .body(())
        .expect("these headers are well-formed");
        open.push(client.send_request(head, false).expect("a stream opens"));
        client = client.ready().await.expect("room for a stream");
    }
    let mut begun = 0.0;
    for _ in 0..400 {
        begun = within
            .metric("grpc_server_started_total{grpc_type=\"unary\",grpc_service=\"dancu.v1.LookupService\",grpc_method=\"LookupCitizen\"}")
            .await;
        if begun >= CALLS as f64 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(
        begun >= CALLS as f64,
        "the stage was not hit: {begun} calls had begun"
    );
    drop(open);
    connection.abort();
    let channel = within.connect().await;
    next_calls_are_right(&within, &channel, &witness, 0).await;
    holds(within, &witness, 0).await;
}

#[tokio::test]
async fn a_call_dropped_in_the_coalescer_leaves_nothing() {
    let within = start(4_000, |_| {});
    let (witness, channel) = (Witness::default(), within.connect().await);
    let key = key(&within.nation, "H26");
    within.reads.shut();
    let calls = begin(&within, &channel, &key, 100);
    let reads = std::sync::Arc::clone(&within.reads);
    until("a read waits at the registry", || reads.waiting() > 0).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop_all(calls).await;
    within.reads.open();
    next_calls_are_right(&within, &channel, &witness, 90).await;
    holds(within, &witness, CALLS).await;
}

#[tokio::test]
async fn a_call_dropped_before_its_commit_is_audited_and_nothing_is_left() {
    let within = start(4_000, |_| {});
    let (witness, channel) = (Witness::default(), within.connect().await);
    let key = key(&within.nation, "H26");
    within.appends.shut();
    let calls = begin(&within, &channel, &key, 100);
    let appends = std::sync::Arc::clone(&within.appends);
    until("an append waits", || appends.waiting() > 0).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop_all(calls).await;
    within.appends.open();
    next_calls_are_right(&within, &channel, &witness, 90).await;
    let mut blocks = within.blocks.clone();
    let audited: u64 = audit::recount(&mut blocks)
        .await
        .expect("the blocks decode")
        .values()
        .sum();
    assert!(
        audited > 40,
        "the stage was not hit: nothing was audited for a dropped call"
    );
    holds(within, &witness, CALLS).await;
}

#[tokio::test]
async fn a_call_dropped_while_it_is_answered_is_audited_once() {
    let within = start(4_000, |_| {});
    let witness = Witness::default();
    let key = key(&within.nation, "H26");
    let address = within.running.grpc_addr();
    let socket = tokio::net::TcpStream::connect(address)
        .await
        .expect("a connection");
    // A window of one byte: the answer begins and cannot end.
    let (mut client, connection) = h2::client::Builder::new()
        .initial_window_size(1)
        .handshake::<_, bytes::Bytes>(socket)
        .await
        .expect("a handshake");
    let connection = tokio::spawn(connection);
    let mut half = Vec::new();
    for index in 0..CALLS {
        client = client.ready().await.expect("room for a stream");
        let head = http::Request::post(format!(
            "http://{address}/dancu.v1.LookupService/LookupCitizen"
        ))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {}", key.key))
        .body(())
        .expect("these headers are well-formed");
        let (reply, mut body) = client.send_request(head, false).expect("a stream opens");
        let request = messages::lookup(&within.nation, index, &format!("half-{index}"), &key);
        body.send_data(messages::framed(&request), true)
            .expect("the request can be sent");
        let mut reply = reply.await.expect("the answer begins").into_body();
        let first = reply
            .data()
            .await
            .expect("a first byte")
            .expect("a first byte");
        assert_eq!(
            first.len(),
            1,
            "the stage was not hit: the answer came whole"
        );
        half.push(reply);
    }
    drop(half);
    connection.abort();
    let channel = within.connect().await;
    next_calls_are_right(&within, &channel, &witness, 0).await;
    holds(within, &witness, CALLS).await;
}

#[tokio::test]
async fn a_push_dropped_at_the_registry_takes_effect_once_and_is_recorded() {
    let within = start(4_000, |_| {});
    let (witness, channel) = (Witness::default(), within.connect().await);
    let police = key(&within.nation, "G01");
    within.writes.shut();
    let mut tasks = Vec::new();
    let movable: Vec<u64> = (0..within.nation.len())
        .filter(|i| within.nation.event(*i, 0).is_some())
        .take(20)
        .collect();
    for index in &movable {
        let request = messages::push(&within.nation, *index, &format!("push-{index}"), &police);
        let (mut service, request) = (
            SyncServiceClient::new(channel.clone()),
            signed(&police, request),
        );
        tasks.push(tokio::spawn(async move {
            let _ = service.push_changes(request).await;
        }));
    }
    let writes = std::sync::Arc::clone(&within.writes);
    until("a write waits at the registry", || writes.waiting() > 0).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop_all(tasks).await;
    within.writes.open();
    let mut outcomes = BTreeMap::new();
    for index in &movable {
        let request = messages::push(&within.nation, *index, &format!("push-{index}"), &police);
        let reply = SyncServiceClient::new(channel.clone())
            .push_changes(signed(&police, request))
            .await
            .expect("the repeated push is answered")
            .into_inner();
        let told: Vec<_> = reply.results.iter().filter_map(push_outcome).collect();
        *outcomes.entry(told[0]).or_insert(0) += 1;
        assert_eq!(reply.results[0].version, 1, "an effect was doubled");
        witness.acknowledged(Acknowledged::new(
            "G01",
            Verb::Push,
            reply.header.as_ref(),
            told,
        ));
    }
    assert_eq!(
        outcomes.values().sum::<usize>(),
        movable.len(),
        "{outcomes:?}"
    );
    next_calls_are_right(&within, &channel, &witness, 3_000).await;
    holds(within, &witness, movable.len() as u64).await;
}
