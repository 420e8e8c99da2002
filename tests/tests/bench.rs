//! The benchmark in its short form: it runs, every side answers whatever it is asked, and what it
//! writes can be read. How fast anything was plays no part here.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use dancu_tests::country::signals::{alive, family, signal, within};
use dancu_tests::stage;
use serde_json::Value;

/// Runs it with these arguments in a folder; what it printed, and its tables.
fn bench(folder: &Path, arguments: &[&str]) -> (String, Vec<Value>) {
    // It is looked for beside the benchmark.
    stage::binary();
    let json = folder.join("b.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--citizens", "2000"])
        .args(["--seconds", "0.3", "--warm-up", "0.2"])
        .args(arguments)
        .arg("--json")
        .arg(&json)
        .arg("--svg")
        .arg(folder.join("b.svg"))
        .output()
        .expect("the benchmark runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).expect("text");
    let whole = std::fs::read(&json).expect("the figures are written");
    let whole: Value = serde_json::from_slice(&whole).expect("the figures are JSON");
    let tables = whole["tables"].as_array().expect("tables").clone();
    (text, tables)
}

/// The names of the sides, each of which was measured in every round and answered whatever it was
/// asked. A machine that stands still for the third of a second of a round leaves it without any.
fn measured(table: &Value, text: &str, rounds: usize) -> Vec<String> {
    let sides = table["sides"].as_array().expect("sides").iter();
    let measured = sides.map(|side| {
        let name = side["side"].as_str().expect("a name");
        assert!(text.contains(name), "{name}");
        let rates = side["rate"].as_array().expect("rates");
        assert_eq!(rates.len(), rounds, "{side}");
        let answered = |rate: &Value| rate.as_f64().is_some_and(|rate| rate > 0.0);
        assert!(rates.iter().any(answered), "{side}");
        assert_eq!(side["failed"], 0, "{side}");
        name.to_owned()
    });
    measured.collect()
}

#[test]
fn the_short_form_measures_every_side_and_writes_what_it_saw() {
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let (text, tables) = bench(
        folder.path(),
        &[
            "--short",
            "--rounds=2",
            "--concurrency=2x1,2x8",
            "--streams=2x1",
            "--items=40",
            "--depth=3",
            "--load-tool=2x4",
            "--recorded=2x4",
            "--stock=200",
        ],
    );
    assert!(
        text.contains("seed 1") && text.contains("commit "),
        "{text}"
    );
    let sides: Vec<usize> = tables.iter().map(|t| measured(t, &text, 2).len()).collect();
    // Two of unary calls and one of streams, each with echo, service and stub; two of the load
    // tool, with service and stub; two of the service without and with a recording.
    assert_eq!(sides, [3, 3, 3, 2, 2, 2, 2], "{text}");
    let svg = folder.path().join("b.svg");
    let drawn = std::fs::read_to_string(&svg).expect("the picture is written");
    assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"));
    assert_eq!(drawn.matches("<rect ").count(), 1 + 17, "{drawn}");
}

#[test]
fn every_rival_is_measured_and_misses_are_read_from_postgresql() {
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let (text, tables) = bench(
        folder.path(),
        &[
            "--parts",
            "--rounds=1",
            "--only=unary,streams,misses,seeding",
            "--concurrency=2x4",
            "--streams=2x1",
            "--items=40",
            "--misses=2x2",
            "--seeded=3000",
        ],
    );
    let [unary, streams, misses, seeding] = &tables[..] else {
        panic!("{text}");
    };
    let both = [
        "echo, a runtime a core",
        "dancu",
        "stub with kept replies",
        "dancu, a log line a message",
        "dancu, metrics read 10 times a second",
        "dancu, record in memory only",
        "echo, stock runtime",
    ];
    let plain = ["written plainly, SQLite", "written plainly, PostgreSQL"];
    let redis = ["redis GET", "redis GET, pipelined by 16"];
    assert_eq!(
        measured(unary, &text, 1),
        [&both[..], &plain, &redis].concat()
    );
    assert_eq!(measured(streams, &text, 1), [&both[..], &redis].concat());
    assert_eq!(
        measured(misses, &text, 1),
        [
            "pgbench, prepared point select",
            "written plainly, PostgreSQL",
            "dancu, every lookup a miss",
            "the same, ledger in PostgreSQL",
            "the same, record in memory only",
        ]
    );
    assert_eq!(
        measured(seeding, &text, 1),
        [
            "COPY of the same rows",
            "COPY, indexes, statistics",
            "dancu seed, PostgreSQL",
            "dancu seed, SQLite",
        ]
    );
    assert_eq!(seeding["unit"], "rows");
}

/// Runs it with what it must refuse; its exit code and what it said.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the benchmark runs");
    let ended = within(Duration::from_secs(20), || {
        child.try_wait().is_ok_and(|status| status.is_some())
    });
    if !ended {
        signal("TERM", &[child.id()]);
    }
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(ended, "it went on with {arguments:?}: {said}");
    (output.status.code(), said)
}

#[test]
fn what_cannot_be_measured_or_written_is_refused_before_anything_is_measured() {
    for wrong in [
        &["--seconds", "NaN"][..],
        &["--seconds", "0"],
        &["--warm-up", "inf"],
        &["--rounds", "0"],
        &["--citizens", "0"],
        &["--items", "0"],
        &["--depth", "0"],
        &["--only", "misses"],
        &["--only", "unary,misses"],
        &["--only", "seeding", "--short"],
    ] {
        let (code, said) = refused(wrong);
        assert_eq!(code, Some(2), "{wrong:?}: {said}");
        let named = said.contains(wrong[0]) && !said.contains("panicked");
        assert!(named, "{wrong:?}: {said}");
    }
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let file = folder.path().join("nowhere").join("b.json");
    let file = file.to_string_lossy().into_owned();
    for flag in ["--json", "--svg"] {
        let (code, said) = refused(&["--short", "--citizens", "2000", flag, &file]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("nowhere/b.json"), "{said}");
    }
}

#[test]
fn a_signal_ends_it_with_all_that_it_started_and_what_was_measured_is_kept() {
    stage::binary();
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let json = folder.path().join("b.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--short", "--only=unary", "--citizens=2000", "--rounds=1"])
        .args(["--seconds=0.2", "--warm-up=0.1"])
        .arg(format!("--concurrency=2x1{}", ",2x1".repeat(2_000)))
        .arg("--json")
        .arg(&json)
        .env("TMPDIR", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the benchmark runs");
    let patience = Duration::from_mins(2);
    assert!(within(patience, || json.exists()), "a table is kept");
    let all = family(child.id());
    assert!(all.len() > 3, "echo, service and stub: {all:?}");
    signal("TERM", &all[..1]);
    assert!(within(patience, || child
        .try_wait()
        .is_ok_and(|s| s.is_some())));
    let left = || all.iter().any(|id| alive(*id));
    assert!(within(Duration::from_secs(30), || !left()), "{all:?}");
    let status = child.wait().expect("it has ended");
    assert_eq!(status.code(), Some(130));
    let whole = std::fs::read(&json).expect("the figures are written");
    let whole: Value = serde_json::from_slice(&whole).expect("the figures are JSON");
    assert!(whole["tables"].as_array().is_some_and(|t| !t.is_empty()));
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .collect();
    assert_eq!(left, ["b.json"]);
}
