//! Redis is speed only: whatever becomes of it, calls are answered, and nothing is lost.

use std::time::Duration;

use dancu_tests::away::redis::{
    Told, answers_while, counts_again, raise, redis, second, while_paused,
};
use dancu_tests::country::instance::How;
use dancu_tests::country::signals::within;
use dancu_tests::proxy::Mode;
use dancu_tests::scene::{PATIENCE, Scene};

/// Four megabytes of keys of somebody else's.
const BALLAST: &str =
    "for i = 1, 4000 do redis.call('SET', 'ballast' .. i, string.rep('x', 1000)) end return 'OK'";

#[test]
fn lookup_answers_while_redis_is_away() {
    let scene = answers_while(
        raise(),
        Some(Told::Away),
        second(),
        |scene| redis(scene).start(),
        |scene| redis(scene).kill(),
    );
    let bypassed = scene.country.instances[0]
        .metric("dancu_cache_reads_total{level=\"redis\",result=\"bypassed\"}");
    assert!(bypassed > 0.0, "bypassed reads are not counted");
    counts_again(scene);
}

#[test]
fn lookup_answers_when_redis_is_emptied() {
    let scene = answers_while(
        raise(),
        None,
        second(),
        |_| {},
        |scene| {
            let lost = |scene: &Scene| {
                scene.country.instances[0].times_logged("live_volumes", How::Degraded)
            };
            // What is not there yet cannot be lost: a fast machine comes here before it is.
            scene.country.instances[0].until_says("live_volumes: ok", PATIENCE);
            let before = lost(scene);
            assert_eq!(redis(scene).say(&["FLUSHALL"]), "OK");
            let told = within(PATIENCE, || lost(scene) > before);
            assert!(told, "nobody was told that the live volumes are gone");
        },
    );
    counts_again(scene);
}

#[test]
fn lookup_answers_while_redis_is_paused() {
    while_paused(while_paused(raise(), 1), 5).end();
}

#[test]
fn lookup_answers_while_redis_holds_its_clients() {
    let scene = answers_while(
        raise(),
        Some(Told::Away),
        second(),
        |_| {},
        |scene| {
            assert_eq!(redis(scene).say(&["CLIENT", "PAUSE", "2500", "ALL"]), "OK");
        },
    );
    scene.end();
}

#[test]
fn lookup_answers_while_redis_evicts_and_while_it_has_no_room() {
    let mut scene = answers_while(
        raise(),
        None,
        second(),
        |_| {},
        |scene| {
            let redis = redis(scene);
            redis.say(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
            // What a small nation keeps is less than what Redis itself takes: with that alone
            // to give up, a bound below today's use could never be met.
            redis.say(&["EVAL", BALLAST, "0"]);
            let used: u64 = redis.info("used_memory").unwrap().parse().unwrap();
            redis.say(&[
                "CONFIG",
                "SET",
                "maxmemory",
                &(used - 1_000_000).to_string(),
            ]);
        },
    );
    let evicted: u64 = redis(&mut scene)
        .info("evicted_keys")
        .unwrap()
        .parse()
        .unwrap();
    assert!(evicted > 0, "nothing was evicted");
    let scene = answers_while(
        scene,
        None,
        second() * 2,
        |scene| {
            redis(scene).say(&["CONFIG", "SET", "maxmemory", "0"]);
        },
        |scene| {
            let redis = redis(scene);
            redis.say(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
            redis.say(&["CONFIG", "SET", "maxmemory", "1"]);
            assert!(
                redis.say(&["SET", "x", "y"]).starts_with("-OOM"),
                "there is room"
            );
        },
    );
    scene.end();
}

#[test]
fn lookup_answers_while_redis_is_read_only() {
    let scene = answers_while(
        raise(),
        None,
        second() * 2,
        |scene| {
            assert_eq!(redis(scene).say(&["REPLICAOF", "NO", "ONE"]), "OK");
        },
        |scene| {
            let redis = redis(scene);
            assert_eq!(redis.say(&["REPLICAOF", "127.0.0.1", "1"]), "OK");
            assert!(redis.say(&["SET", "x", "y"]).starts_with("-READONLY"));
        },
    );
    scene.end();
}

#[test]
fn lookup_answers_while_redis_wants_a_password() {
    let scene = answers_while(
        raise(),
        Some(Told::Away),
        second(),
        |scene| {
            let redis = redis(scene);
            redis.say_as("secret", &["CONFIG", "SET", "requirepass", ""]);
        },
        |scene| {
            let redis = redis(scene);
            redis.say(&["CONFIG", "SET", "requirepass", "secret"]);
            redis.say_as("secret", &["CLIENT", "KILL", "TYPE", "normal"]);
        },
    );
    scene.end();
}

#[test]
fn lookup_answers_whatever_the_wire_to_redis_does() {
    let mut scene = raise();
    let slice = Mode::Slice {
        bytes: 7,
        pause: Duration::from_millis(3),
    };
    let hurts: [(Mode, Mode); 8] = [
        (Mode::Cut, Mode::Cut),
        (Mode::Reset, Mode::Reset),
        (Mode::Stall, Mode::Stall),
        (Mode::Stall, Mode::Pass),
        (Mode::Pass, Mode::Stall),
        (slice, slice),
        (Mode::HalfClose, Mode::Pass),
        (Mode::Pass, Mode::HalfClose),
    ];
    for (to, from) in hurts {
        scene = answers_while(
            scene,
            None,
            second(),
            |scene| scene.country.instances[0].redis.as_ref().unwrap().heal(),
            |scene| {
                let wire = scene.country.instances[0].redis.as_ref().unwrap();
                wire.to_part(to);
                wire.from_part(from);
            },
        );
    }
    scene.end();
}
