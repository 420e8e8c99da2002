//! The benchmark in its short form: it runs, every side answers whatever it is asked, and what it
//! writes can be read. How fast anything was plays no part here.

use std::process::Command;

use dancu_tests::stage;
use serde_json::Value;

#[test]
fn the_short_form_measures_every_side_and_writes_what_it_saw() {
    // It is looked for beside the benchmark.
    stage::binary();
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let (json, svg) = (folder.path().join("b.json"), folder.path().join("b.svg"));
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--short", "--citizens", "2000", "--rounds", "2"])
        .args(["--seconds", "0.3", "--warm-up", "0.2"])
        .args(["--concurrency", "2x1,2x8", "--streams", "2x1"])
        .args(["--items", "40", "--depth", "3"])
        .arg("--json")
        .arg(&json)
        .arg("--svg")
        .arg(&svg)
        .output()
        .expect("the benchmark runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(
        text.contains("seed 1") && text.contains("commit "),
        "{text}"
    );

    let whole = std::fs::read(&json).expect("the figures are written");
    let whole: Value = serde_json::from_slice(&whole).expect("the figures are JSON");
    let tables = whole["tables"].as_array().expect("tables");
    assert_eq!(tables.len(), 3, "{whole}");
    for table in tables {
        let sides = table["sides"].as_array().expect("sides");
        assert_eq!(sides.len(), 2, "{table}");
        for side in sides {
            let name = side["side"].as_str().expect("a name");
            assert!(text.contains(name), "{name}");
            let rates = side["rate"].as_array().expect("rates");
            assert_eq!(rates.len(), 2, "{side}");
            let answered = |rate: &Value| rate.as_f64().is_some_and(|rate| rate > 0.0);
            assert!(rates.iter().all(answered), "{side}");
            assert_eq!(side["failed"], 0, "{side}");
        }
    }
    let drawn = std::fs::read_to_string(&svg).expect("the picture is written");
    assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"));
    assert_eq!(drawn.matches("<rect ").count(), 1 + 6, "{drawn}");
}
