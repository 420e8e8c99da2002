//! Load beyond the capacity in its short form: what finds no room is told so with a delay, the rest
//! is answered, and the service ends well. How much that is plays no part here.

use std::process::Command;

use dancu_tests::stage;
use serde_json::Value;

#[test]
fn beyond_its_capacity_the_service_answers_what_it_can_and_turns_the_rest_away() {
    stage::binary();
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let json = folder.path().join("o.json");
    let output = Command::new(env!("CARGO_BIN_EXE_overload"))
        .args(["--citizens=2000", "--set=limits.calls=8", "--connections=2"])
        .args(["--closed=2,4", "--in-flight=64", "--factors=1,4"])
        .args(["--seconds=1", "--warm-up=0.5"])
        .arg("--json")
        .arg(&json)
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).expect("text");
    let whole = std::fs::read(&json).expect("the figures are written");
    let whole: Value = serde_json::from_slice(&whole).expect("the figures are JSON");
    let report = &whole["report"];
    let number = |value: &Value| value.as_f64().expect("a number");
    let steps = |of: &str| report[of].as_array().expect("steps").clone();
    let (mut closed, peaks, open) = (steps("closed"), steps("peaks"), steps("open"));
    let counts = (closed.len(), peaks.len(), open.len());
    assert_eq!(counts, (2, 3, 2), "{text}");
    closed.extend(peaks);
    for step in closed.iter().chain(&open) {
        assert!(
            text.contains(step["name"].as_str().expect("a name")),
            "{text}"
        );
        assert!(number(&step["messages"]) > 0.0, "{step}");
        // Whatever was not answered was shed, and each time with a delay.
        assert_eq!(step["wrong"], 0, "{step}");
        assert!(number(&step["other"]).abs() < 0.01, "{step}");
        assert!(number(&step["most"]["descriptors"]) > 5.0, "{step}");
        assert!(number(&step["most"]["memory"]) > 1e6, "{step}");
    }
    // Callers who wait find room: there is a place for each of them.
    assert!(
        closed.iter().all(|step| number(&step["shed"]) <= 0.0),
        "{text}"
    );
    assert!(number(&open[1]["shed"]) > 0.0, "{text}");
    assert!(
        text.contains("goodput at least 0.8 and p99 at most 2"),
        "{text}"
    );
}
