//! PostgreSQL is away, whole or one of the two databases.

use std::time::Duration;

use crate::country::Plan;
use crate::country::instance::How;
use crate::country::signals::within;
use crate::scene::{Moment, PATIENCE, Scene};

/// What callers may be told while a part is away.
const TOLD: &[&str] = &["Unavailable"];
/// After this long nothing that was remembered is given, whatever was asked for: the bound after
/// which the registry counts as away, and what a busy machine needs to see it.
const BOUND: Duration = Duration::from_millis(2_500);
/// Nobody waits longer than this for being told.
const SLOWEST: Duration = Duration::from_secs(20);

/// A country of one instance.
pub fn raise() -> Scene {
    Scene::raise(&Plan::default())
}

/// A second.
pub fn second() -> Duration {
    Duration::from_secs(1)
}

/// Waits until every voice tells that these parts are away; the moment at which readiness did.
pub fn told_as(scene: &Scene, parts: &[&str]) -> Moment {
    let instance = &scene.country.instances[0];
    for part in parts {
        instance.until_says(&format!("{part}: not ok"), PATIENCE);
    }
    let told = scene.now();
    for part in parts {
        instance.until_told(part, How::Away, PATIENCE);
    }
    told
}

/// Nothing is answered for as long as `time`, counted from when readiness said so and the bound is
/// over; lookups that send a revision neither, although what is remembered is what they ask for.
pub fn nothing_is_answered(scene: &Scene, hurt: Moment, told: Moment, time: Duration) {
    scene.go_on(time + (hurt + BOUND).saturating_sub(told));
    let from = told.max(hurt + BOUND);
    let since = || scene.tally(|seen| seen.began >= from);
    // On a wire that stands still a caller may wait longer than that before he is told.
    let asked = within(SLOWEST, || since().failures() > 0);
    let (seen, log) = (since(), scene.country.instances[0].log());
    assert_eq!(seen.answers(), 0, "{seen:#?}\n{log}");
    assert!(asked, "nobody was told anything: {seen:#?}\n{log}");
}

/// Waits until all goes on, and holds the whole time against what callers may be told.
pub fn goes_on(scene: &mut Scene, hurt: Moment) {
    scene.country.instances[0].until_serves(PATIENCE);
    let to = scene.flows(PATIENCE);
    let seen = scene.around(hurt, to);
    assert!(seen.unexpected(TOLD).is_empty(), "{seen:#?}");
    assert!(seen.slowest < SLOWEST, "{seen:#?}");
    assert!(
        scene.country.instances[0].ended().is_none(),
        "the process ended"
    );
}

/// PostgreSQL stands still for so many seconds.
pub fn while_paused(seconds: u32) {
    let mut scene = raise();
    let hurt = scene.now();
    scene.country.parts.postgres.pause();
    let told = told_as(&scene, &["registry"]);
    nothing_is_answered(&scene, hurt, told, second() * seconds);
    scene.country.parts.postgres.go_on();
    goes_on(&mut scene, hurt);
    scene.end();
}
