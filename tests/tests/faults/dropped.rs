//! Calls that are dropped while they stand in PostgreSQL, with one reader and with eight: nothing
//! is lost, nothing is left open, and the next calls are right.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dancu_domain::{Outcome, Verb};
use dancu_population::{Nation, SandboxKey};
use dancu_tests::balance::balance;
use dancu_tests::callers::{key, signed};
use dancu_tests::country::signals::within;
use dancu_tests::country::{Country, Plan};
use dancu_tests::proxy::Mode;
use dancu_tests::scene::PATIENCE;
use dancu_tests::stale::Chance;
use dancu_tests::witness::{Acknowledged, Witness, lookup_outcome, push_outcome};
use dancu_tests::{ledger, messages};
use dancu_wire::pb::dancu::v1 as pb;
use pb::lookup_service_client::LookupServiceClient;
use pb::sync_service_client::SyncServiceClient;
use tonic::transport::{Channel, Endpoint};

const ROUNDS: u64 = 24;
const CALLS: u64 = 48;
const CITIZENS: u64 = 4_000;

/// Who is called, and what was told.
#[derive(Clone)]
struct Home {
    nation: Nation,
    /// Several: HTTP/2 takes a connection for an attack on which more than 20 calls are reset before
    /// one of them was begun, and on a busy machine a whole round may wait so.
    channels: Vec<Channel>,
    witness: Arc<Witness>,
    /// The version that a citizen was acknowledged to have.
    versions: Arc<Mutex<BTreeMap<u64, i32>>>,
}

impl Home {
    fn channel(&self, index: u64) -> Channel {
        self.channels[index as usize % self.channels.len()].clone()
    }

    async fn look_up(self, index: u64, id: String, key: SandboxKey) -> Option<i32> {
        let request = messages::lookup(&self.nation, index, &id, &key);
        let mut service = LookupServiceClient::new(self.channel(index));
        let reply = service.lookup_citizen(signed(&key, request)).await;
        let reply = reply
            .expect("nothing but the drop ends a call")
            .into_inner();
        let result = reply.result.unwrap_or_default();
        self.witness.acknowledged(Acknowledged::new(
            "H26",
            Verb::Lookup,
            reply.header.as_ref(),
            lookup_outcome(&result).into_iter().collect(),
        ));
        let citizen = result.citizen?;
        assert_eq!(citizen.full_name, self.nation.citizen(index).name.text());
        Some(citizen.version)
    }

    async fn push(self, index: u64, id: String, key: SandboxKey) -> Vec<Outcome> {
        let mut request = messages::push(&self.nation, index, &id, &key);
        request.records = vec![messages::move_on(&self.nation, index, 0, "dropped")];
        let mut service = SyncServiceClient::new(self.channel(index));
        let reply = service.push_changes(signed(&key, request)).await;
        let reply = reply
            .expect("nothing but the drop ends a call")
            .into_inner();
        let outcomes: Vec<_> = reply.results.iter().filter_map(push_outcome).collect();
        for result in &reply.results {
            if result.version > 0 {
                let mut versions = self.versions.lock().expect("no call panics with it");
                versions.insert(index, result.version);
            }
        }
        self.witness.acknowledged(Acknowledged::new(
            "G01",
            Verb::Push,
            reply.header.as_ref(),
            outcomes.clone(),
        ));
        outcomes
    }
}

async fn connect(country: &Country) -> Vec<Channel> {
    let mut channels = Vec::new();
    for _ in 0..CALLS.div_ceil(16) {
        channels.push(connect_once(country).await);
    }
    channels
}

async fn connect_once(country: &Country) -> Channel {
    Endpoint::from_shared(format!("http://{}", country.instances[0].address()))
        .expect("an address makes a URI")
        .connect()
        .await
        .expect("the instance takes connections")
}

/// Begins calls again and again, and drops them at moments that spread over their whole life: as
/// long as it is on this machine now, so that some end and some do not.
async fn drop_many(home: &Home, clerk: &SandboxKey, police: &SandboxKey) -> (u64, u64) {
    let (mut dropped, mut finished) = (0, 0);
    let mut chance = Chance::new(5);
    let mut life = 100;
    for round in 0..ROUNDS {
        let mut calls = Vec::new();
        for call in 0..CALLS {
            let index = round * CALLS + call;
            let id = format!("d-{round}-{call}");
            let task = if call % 2 == 0 {
                let call = home.clone().look_up(index, id, clerk.clone());
                tokio::spawn(async move {
                    call.await;
                })
            } else {
                let call = home.clone().push(index, id, police.clone());
                tokio::spawn(async move { drop(call.await) })
            };
            calls.push((task, Duration::from_millis(chance.below(life))));
        }
        calls.sort_by_key(|(_, after)| *after);
        let began = tokio::time::Instant::now();
        let before = finished;
        for (task, after) in calls {
            tokio::time::sleep_until(began + after).await;
            task.abort();
            match task.await {
                Ok(()) => finished += 1,
                Err(error) if error.is_cancelled() => dropped += 1,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        life = match finished - before {
            few if few < CALLS / 3 => (life * 2).min(800),
            many if many > CALLS * 2 / 3 => (life / 2).max(25),
            _ => life,
        };
    }
    (dropped, finished)
}

async fn scene(readers: u32) {
    let mut country = Country::raise(&Plan {
        citizens: CITIZENS,
        readers: Some(readers),
        ..Plan::default()
    });
    let home = Home {
        nation: country.nation,
        channels: connect(&country).await,
        witness: Arc::new(Witness::default()),
        versions: Arc::default(),
    };
    let (clerk, police) = (key(&home.nation, "H26"), key(&home.nation, "G01"));
    for wire in [&country.instances[0].registry, &country.instances[0].ledger] {
        wire.from_part(Mode::late(Duration::from_millis(3)));
    }
    let (dropped, finished) = drop_many(&home, &clerk, &police).await;
    assert!(
        dropped > 200 && finished > 50,
        "{dropped} dropped, {finished} finished"
    );
    for wire in [&country.instances[0].registry, &country.instances[0].ledger] {
        wire.heal();
    }
    // The next calls are right, and every push that was repeated has one effect.
    for index in 0..ROUNDS * CALLS {
        if index % 2 == 1 {
            let again = home
                .clone()
                .push(index, format!("again-{index}"), police.clone());
            let told = tokio::time::timeout(PATIENCE, again)
                .await
                .expect("in time");
            let once = matches!(
                told[..],
                [Outcome::Applied | Outcome::AlreadyApplied | Outcome::Rejected]
            );
            assert!(once, "citizen {index}: {told:?}");
        }
    }
    // Nothing is left open.
    let open = "select count(*) from pg_stat_activity where usename = 'dancu' \
                and state like 'idle in transaction%'";
    let postgres = &country.parts.postgres;
    assert!(
        within(PATIENCE, || postgres.ask(open).trim() == "0"),
        "a transaction is left open"
    );
    // What was acknowledged is in the registry, seen by a process that remembers nothing.
    let instance = &mut country.instances[0];
    assert!(instance.terminate().success(), "{}", instance.log());
    instance.supervise(PATIENCE);
    let again = Home {
        channels: connect(&country).await,
        ..home.clone()
    };
    let versions = home
        .versions
        .lock()
        .expect("no call panics with it")
        .clone();
    assert!(
        versions.len() as u64 > ROUNDS * CALLS / 4,
        "{}",
        versions.len()
    );
    for (index, version) in versions {
        let id = format!("after-{index}");
        let found = again.clone().look_up(index, id, clerk.clone()).await;
        assert!(
            found.is_none_or(|found| found >= version),
            "citizen {index} lost a change"
        );
        assert_eq!(version, 1, "citizen {index}: an effect was doubled");
    }
    assert!(country.instances[0].terminate().success());
    home.witness.unanswered(dropped);
    let told = home.witness.told();
    let url = country.ledger.clone();
    let held = move || ledger::with_postgres(&url, async |store| balance(store, &told).await);
    let found = tokio::task::spawn_blocking(held)
        .await
        .expect("it compares");
    assert!(found.differences.is_empty(), "{found:#?}");
    assert!(
        found.unacknowledged > 0,
        "no call was dropped after its commit: {found:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_leave_nothing_with_one_reader() {
    scene(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_leave_nothing_with_eight_readers() {
    scene(8).await;
}
