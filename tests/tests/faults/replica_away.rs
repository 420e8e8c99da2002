//! A replica is for reads and never in their way: whatever becomes of it, calls are answered by the
//! primary, and it is told.

use std::process::{Command, Stdio};
use std::time::Duration;

use dancu_tests::country::instance::{How, Instance};
use dancu_tests::country::postgres::PostgresPart;
use dancu_tests::country::signals::within;
use dancu_tests::country::{Country, Plan};
use dancu_tests::scene::{PATIENCE, Scene};
use dancu_tests::stage;

const PART: &str = "registry_replica";
/// How long a replica stands still.
const STILL: Duration = Duration::from_secs(8);
/// What counts as slow: far more than a busy machine needs, and half of what a read was held up by
/// when each gave the replica half of its time.
const SLOW: Duration = Duration::from_millis(500);

fn plan() -> Plan {
    Plan {
        parts: vec!["--no-redis", "--replica"],
        // Memory keeps next to nothing, so that calls read.
        more: "[limits]\ncached_citizens = 16".to_owned(),
        ..Plan::default()
    }
}

fn by_replica(instance: &Instance) -> f64 {
    instance.metric("dancu_replica_reads_total{result=\"answered\"}")
}

/// Waits until the replica answers reads, which the part says as well.
fn answers(instance: &Instance) {
    instance.until_says(&format!("{PART}: ok"), PATIENCE);
    let before = by_replica(instance);
    let more = || by_replica(instance) > before + 20.0;
    assert!(within(PATIENCE, more), "{}", instance.log());
}

fn stands_still(readers: Option<u32>) {
    let scene = Scene::raise(&Plan { readers, ..plan() });
    answers(&scene.country.instances[0]);
    let replica = PostgresPart::at(scene.country.parts.told("REPLICA_ADMIN"));
    let from = scene.now();
    replica.pause();
    let instance = &scene.country.instances[0];
    instance.until_told(PART, How::Degraded, PATIENCE);
    instance.until_says(&format!("{PART}: degraded: away"), PATIENCE);
    scene.go_on(STILL);
    let to = scene.flows(PATIENCE);
    let seen = scene.around(from, to);
    assert_eq!(seen.failures(), 0, "{seen:#?}");
    assert!(seen.answers() > 200, "{seen:#?}");
    let slow = scene
        .tally(|call| call.began >= from && call.ended <= to && call.began + SLOW < call.ended);
    // Each caller may have been held up once, and one in a hundred by the machine.
    assert!(
        slow.answers() <= 4 + seen.answers() / 100,
        "{slow:#?} of {seen:#?}"
    );
    let passed = instance.metric("dancu_replica_reads_total{result=\"away\"}");
    assert!(
        passed > 0.0,
        "reads that pass the replica by are not counted"
    );
    assert_eq!(instance.times_logged(PART, How::Degraded), 1);
    replica.go_on();
    answers(&scene.country.instances[0]);
    let to = scene.flows(PATIENCE);
    assert_eq!(scene.around(from, to).failures(), 0);
    scene.end();
}

#[test]
fn reads_go_to_the_primary_while_the_replica_stands_still() {
    stands_still(None);
}

#[test]
fn a_single_reader_is_not_held_up_by_a_replica_that_stands_still() {
    stands_still(Some(1));
}

#[test]
fn a_replica_that_is_behind_is_told() {
    let scene = Scene::raise(&plan());
    let instance = &scene.country.instances[0];
    answers(instance);
    let replica = PostgresPart::at(scene.country.parts.told("REPLICA_ADMIN"));
    replica.ask("select pg_wal_replay_pause()");
    instance.until_told(PART, How::Degraded, PATIENCE);
    instance.until_says(&format!("{PART}: degraded: behind"), PATIENCE);
    replica.ask("select pg_wal_replay_resume()");
    answers(instance);
    scene.end();
}

#[test]
fn a_replica_of_another_nation_is_told_and_never_read() {
    let mut plan = Plan {
        parts: vec!["--no-redis"],
        instances: Vec::new(),
        ..Plan::default()
    };
    let mut country = Country::raise(&plan);
    let other = country.parts.fresh_database();
    let seeded = Command::new(stage::binary())
        .args(["seed", "--seed", "8", "--citizens", "200"])
        .env("DANCU_REGISTRY_URL", &other)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(seeded.expect("the binary runs").success());
    plan.replica = Some(other);
    country.add("a", &plan);
    // A database without any nation is not the replica either.
    plan.replica = Some(country.parts.fresh_database());
    country.add("b", &plan);
    for instance in &mut country.instances {
        instance.until_says(&format!("{PART}: degraded: has another nation"), PATIENCE);
        instance.until_told(PART, How::Degraded, PATIENCE);
        assert!(instance.serves());
        assert!(by_replica(instance) < 1.0);
        assert!(instance.terminate().success());
    }
}
