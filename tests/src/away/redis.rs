//! Redis is away, or not itself.

use std::time::Duration;

use crate::country::Plan;
use crate::country::instance::How;
use crate::country::redis::RedisPart;
use crate::scene::{PATIENCE, Scene};

/// A call may take this long while Redis is in trouble: its own limit is 50 ms, the rest is the
/// registry and a busy machine.
const SLOWEST: Duration = Duration::from_secs(10);
const BACK: &str = "redis: ok";
const REBUILT: &str = "live_volumes: ok";

/// What must be told meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Redis is away, and with it the live volumes.
    Away,
}

/// A country whose instance has Redis.
pub fn raise() -> Scene {
    let scene = Scene::raise(&Plan::default());
    scene.country.instances[0].until_says(BACK, PATIENCE);
    scene
}

/// Goes on for a while under what was done to Redis, once every voice tells `told`, then undoes it
/// and goes on until all is well, the live volumes rebuilt among it. Every call of that time was
/// answered.
pub fn answers_while(
    mut scene: Scene,
    told: Option<Told>,
    time: Duration,
    undo: impl FnOnce(&mut Scene),
    hurt: impl FnOnce(&mut Scene),
) -> Scene {
    let from = scene.now();
    hurt(&mut scene);
    if told == Some(Told::Away) {
        let instance = &scene.country.instances[0];
        for part in ["redis", "live_volumes"] {
            instance.until_told(part, How::Degraded, PATIENCE);
        }
        let bypassed = "dancu_cache{cache=\"bypassed\"}";
        assert!(instance.metric(bypassed) > 0.0, "{bypassed} is not 1");
    }
    scene.go_on(time);
    scene.flows(PATIENCE);
    undo(&mut scene);
    let instance = &scene.country.instances[0];
    instance.until_says(BACK, PATIENCE);
    instance.until_says(REBUILT, PATIENCE);
    let to = scene.flows(PATIENCE);
    let seen = scene.around(from, to);
    assert_eq!(seen.failures(), 0, "{seen:#?}");
    assert!(seen.answers() > 50, "{seen:#?}");
    assert!(seen.slowest < SLOWEST, "{seen:#?}");
    assert!(
        scene.country.instances[0].ended().is_none(),
        "the process ended"
    );
    scene
}

/// Ends a scene, and holds the live volumes in Redis against what the ledger counts.
pub fn counts_again(mut scene: Scene) {
    scene.stop_callers();
    assert_eq!(scene.live_volumes(), scene.counted(), "live, and counted");
    scene.end();
}

/// The Redis of a scene.
pub fn redis(scene: &mut Scene) -> &mut RedisPart {
    scene.country.parts.redis()
}

/// A second.
pub fn second() -> Duration {
    Duration::from_secs(1)
}

/// Redis stands still for so many seconds.
pub fn while_paused(scene: Scene, seconds: u32) -> Scene {
    answers_while(
        scene,
        Some(Told::Away),
        second() * seconds,
        |scene| redis(scene).go_on(),
        |scene| redis(scene).pause(),
    )
}
