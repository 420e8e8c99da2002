//! The primary is lost and the synchronous standby takes over: what was acknowledged is there.

use std::time::Duration;

use dancu_tests::country::Plan;
use dancu_tests::country::held::authority;
use dancu_tests::country::postgres::psql;
use dancu_tests::country::signals::within;
use dancu_tests::scene::{PATIENCE, Scene};

#[test]
fn nothing_is_lost_when_a_synchronous_standby_takes_over() {
    let mut scene = Scene::raise(&Plan {
        parts: vec!["--standby"],
        ..Plan::default()
    });
    let instance = &scene.country.instances[0];
    instance.until_says("registry_standby: ok", PATIENCE);
    instance.until_says("ledger_standby: ok", PATIENCE);
    scene.go_on(Duration::from_secs(2));
    let hurt = scene.now();
    scene.country.parts.postgres.kill_postmaster();
    let standby = scene.country.parts.told("STANDBY_ADMIN").to_owned();
    psql(&standby, "select pg_promote()").expect("the standby takes over");
    let promoted = || psql(&standby, "select pg_is_in_recovery()").is_ok_and(|told| told == "f\n");
    assert!(within(PATIENCE, promoted));
    let there = authority(&standby);
    for instance in &scene.country.instances {
        for wire in [&instance.registry, &instance.ledger] {
            wire.point(there);
            wire.drop_connections();
        }
    }
    scene.country.ledger = scene.country.parts.told("STANDBY_LEDGER").to_owned();
    let instance = &mut scene.country.instances[0];
    if instance.ended().is_some() {
        instance.supervise(PATIENCE);
    }
    // Alone now, and it says so.
    scene.country.instances[0].until_says("registry_standby: none: alone", PATIENCE);
    let to = scene.flows(PATIENCE);
    let seen = scene.around(hurt, to);
    assert!(seen.unexpected(&["Unavailable"]).is_empty(), "{seen:#?}");
    let found = scene.end();
    assert!(found.acknowledged > 100, "{found:#?}");
}
