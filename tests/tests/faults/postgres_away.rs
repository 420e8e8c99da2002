//! Without the registry or the ledger nothing is answered, nobody is told anything that is not
//! recorded, and when they are back everything goes on by itself.

use std::time::Duration;

use dancu_tests::away::postgres::{
    goes_on, nothing_is_answered, raise, second, told_as, while_paused,
};
use dancu_tests::proxy::Mode;

#[test]
fn nothing_is_lost_when_the_postmaster_is_killed() {
    let mut scene = raise();
    let hurt = scene.now();
    scene.country.parts.postgres.kill_postmaster();
    let told = told_as(&scene, &["registry", "ledger"]);
    nothing_is_answered(&scene, hurt, told, second());
    scene.country.parts.postgres.start();
    goes_on(&mut scene, hurt);
    scene.end();
}

#[test]
fn nothing_is_lost_when_postgres_is_stopped_at_once() {
    let mut scene = raise();
    for _ in 0..2 {
        let hurt = scene.now();
        scene.country.parts.postgres.stop_immediately();
        scene.go_on(second() / 2);
        scene.country.parts.postgres.start();
        goes_on(&mut scene, hurt);
    }
    scene.end();
}

#[test]
fn nothing_is_answered_while_postgres_is_paused() {
    while_paused(5);
}

#[test]
fn nothing_is_lost_when_connections_are_terminated() {
    let mut scene = raise();
    let hurt = scene.now();
    for _ in 0..5 {
        let ended = scene.country.parts.postgres.terminate_backends();
        assert!(ended > 0, "there was nothing to terminate");
        scene.go_on(second() / 2);
    }
    goes_on(&mut scene, hurt);
    scene.end();
}

#[test]
fn nothing_is_lost_when_no_connection_is_left() {
    let mut scene = raise();
    let hurt = scene.now();
    let postgres = &scene.country.parts.postgres;
    postgres.ask("alter role dancu connection limit 0");
    postgres.terminate_backends();
    let told = told_as(&scene, &["registry", "ledger"]);
    nothing_is_answered(&scene, hurt, told, second());
    scene
        .country
        .parts
        .postgres
        .ask("alter role dancu connection limit -1");
    goes_on(&mut scene, hurt);
    scene.end();
}

#[test]
fn nothing_is_answered_while_the_registry_is_cut_off() {
    let mut scene = raise();
    for mode in [Mode::Cut, Mode::Reset, Mode::Stall] {
        let hurt = scene.now();
        scene.country.instances[0].registry.both(mode);
        let told = told_as(&scene, &["registry"]);
        nothing_is_answered(&scene, hurt, told, second());
        scene.country.instances[0].registry.heal();
        goes_on(&mut scene, hurt);
    }
    scene.end();
}

#[test]
fn nothing_is_answered_while_the_ledger_is_cut_off() {
    let mut scene = raise();
    for mode in [Mode::Cut, Mode::Reset, Mode::Stall] {
        let hurt = scene.now();
        scene.country.instances[0].ledger.both(mode);
        let told = told_as(&scene, &["ledger"]);
        nothing_is_answered(&scene, hurt, told, second());
        scene.country.instances[0].ledger.heal();
        goes_on(&mut scene, hurt);
    }
    scene.end();
}

#[test]
fn nothing_is_lost_on_wires_that_are_sliced_and_half_closed() {
    let mut scene = raise();
    let slice = Mode::Slice {
        bytes: 40,
        pause: Duration::from_millis(1),
    };
    for (to, from) in [
        (slice, slice),
        (Mode::HalfClose, Mode::Pass),
        (Mode::Pass, Mode::HalfClose),
    ] {
        let hurt = scene.now();
        let instance = &scene.country.instances[0];
        for wire in [&instance.registry, &instance.ledger] {
            wire.to_part(to);
            wire.from_part(from);
        }
        scene.go_on(second());
        for wire in [&instance.registry, &instance.ledger] {
            wire.heal();
        }
        goes_on(&mut scene, hurt);
    }
    scene.end();
}
