//! The key that seals what is kept in Redis is exchanged as the guide for operators says, one
//! instance after the other: what either seals the other opens, and nothing counts as forged.

use std::path::PathBuf;
use std::time::Duration;

use dancu_tests::country::Plan;
use dancu_tests::scene::{PATIENCE, Scene};

const NEW: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn keys(scene: &Scene) -> PathBuf {
    scene.country.folder().join("keys")
}

/// Changes the file of keys that the instances share.
fn edit(scene: &Scene, change: impl Fn(&str) -> String) {
    let text = std::fs::read_to_string(keys(scene)).expect("the first instance made it");
    std::fs::write(keys(scene), change(&text)).expect("it is ours");
}

/// The lines of a file of keys but those of the cache, and these.
fn with(text: &str, current: &str, previous: &[&str]) -> String {
    let kept = text.lines().filter(|line| !line.starts_with("cache"));
    let mut lines: Vec<String> = kept.map(str::to_owned).collect();
    lines.push(format!("cache={current}"));
    lines.extend(previous.iter().map(|key| format!("cache_previous={key}")));
    lines.join("\n") + "\n"
}

fn start_again(scene: &mut Scene, which: usize) {
    let instance = &mut scene.country.instances[which];
    assert!(instance.terminate().success(), "{}", instance.log());
    instance.supervise(PATIENCE);
    instance.until_serves(PATIENCE);
    instance.until_says("redis: ok", PATIENCE);
}

/// What an instance that has just begun, and remembers nobody, read in Redis.
fn opens_what_is_kept(scene: &Scene, which: usize) {
    scene.flows(PATIENCE);
    scene.go_on(Duration::from_secs(1));
    let instance = &scene.country.instances[which];
    let read = |result: &str| {
        let series = format!("dancu_cache_reads_total{{level=\"redis\",result=\"{result}\"}}");
        instance.metric(&series)
    };
    assert!(read("hit") > 0.0, "{} found nothing", instance.name());
    for other in &scene.country.instances {
        let series = "dancu_cache_reads_total{level=\"redis\",result=\"forged\"}";
        assert!(
            other.metric(series) == 0.0,
            "{} took a value for forged",
            other.name()
        );
    }
}

#[test]
fn the_key_of_the_shared_level_is_exchanged_without_a_pause() {
    let mut scene = Scene::raise(&Plan {
        instances: vec!["a", "b"],
        ..Plan::default()
    });
    let text = std::fs::read_to_string(keys(&scene)).expect("the first instance made it");
    let old = text.lines().find_map(|line| line.strip_prefix("cache="));
    let old = old.expect("a file of keys has it").to_owned();
    for (current, previous) in [(old.as_str(), NEW), (NEW, old.as_str())] {
        edit(&scene, |text| with(text, current, &[previous]));
        for which in [0, 1] {
            start_again(&mut scene, which);
            opens_what_is_kept(&scene, which);
        }
    }
    scene.end();
}
