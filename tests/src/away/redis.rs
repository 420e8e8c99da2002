//! Redis is away, or not itself.

use std::time::Duration;

use crate::country::Plan;
use crate::country::redis::RedisPart;
use crate::scene::{PATIENCE, Scene};

/// A call may take this long while Redis is in trouble: its own limit is 50 ms, the rest is the
/// registry and a busy machine.
const SLOWEST: Duration = Duration::from_secs(4);
/// What readiness says meanwhile.
pub const AWAY: &str = "redis: degraded";
const BACK: &str = "redis: ok";

/// A country whose instance has Redis.
pub fn raise() -> Scene {
    let scene = Scene::raise(&Plan::default());
    scene.country.instances[0].until_says(BACK, PATIENCE);
    scene
}

/// Goes on for a while under what was done to Redis, until readiness says `told`, then undoes it
/// and goes on until all is well. Every call of that time was answered.
pub fn answers_while(
    mut scene: Scene,
    told: Option<&str>,
    time: Duration,
    undo: impl FnOnce(&mut Scene),
    hurt: impl FnOnce(&mut Scene),
) -> Scene {
    let from = scene.now();
    hurt(&mut scene);
    if let Some(told) = told {
        scene.country.instances[0].until_says(told, PATIENCE);
        assert!(
            scene.country.instances[0].serves(),
            "a degraded service serves"
        );
    }
    scene.go_on(time);
    scene.flows(PATIENCE);
    undo(&mut scene);
    scene.country.instances[0].until_says(BACK, PATIENCE);
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
        Some(AWAY),
        second() * seconds,
        |scene| redis(scene).go_on(),
        |scene| redis(scene).pause(),
    )
}
