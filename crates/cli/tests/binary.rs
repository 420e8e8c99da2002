//! The binary as somebody at a terminal meets it: what it prints and how it ends.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn dancu(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dancu"))
        .args(arguments)
        .output()
        .expect("the binary runs")
}

fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("standard output is one JSON object")
}

fn demo(data: &Path, more: &[&str]) -> Output {
    let data = data.to_str().expect("a folder of ours");
    let mut arguments = vec!["demo", "--data", data, "--output", "json"];
    if !more.contains(&"--seconds") {
        arguments.extend(["--seconds", "1"]);
    }
    arguments.extend(more);
    dancu(&arguments)
}

#[test]
fn the_demo_adds_up_twice_on_the_same_data_and_the_audit_finds_an_edited_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut runs = Vec::new();
    // Long enough for every verb to be met on a busy machine: pushes are one in thirty.
    for more in [
        &["--seconds", "5", "--citizens", "1280"][..],
        &["--seconds", "5"],
    ] {
        let output = demo(&data, more);
        let told = object(&output);
        assert_eq!(output.status.code(), Some(0), "{told:#}");
        assert_eq!(told["adds_up"], true);
        assert_eq!(told["discrepancies"], serde_json::json!([]));
        let figure = |name: &str| told[name].as_u64().expect("a number");
        assert!(figure("answered") > 0);
        assert_eq!(
            figure("sent"),
            ["answered", "refused", "malformed", "unavailable"]
                .map(figure)
                .iter()
                .sum::<u64>()
        );
        assert_eq!(figure("counted"), figure("audited"));
        for verb in ["LOOKUP", "AUTHENTICATE", "RECONCILE", "PUSH"] {
            assert!(told["verbs"][verb]["answered"].as_u64() > Some(0), "{verb}");
            assert!(told["verbs"][verb]["p99_us"].as_u64() > Some(0), "{verb}");
        }
        runs.push((told["run"].clone(), figure("audited"), figure("refused")));
    }
    assert_ne!(runs[0].0, runs[1].0, "each run has an id of its own");

    let text = data.to_str().unwrap();
    let volumes = object(&dancu(&["volumes", "--data", text, "--output", "json"]));
    let total = |name: &str| volumes["totals"][name].as_u64().unwrap();
    assert_eq!(
        total("lookups_and_authentications") + total("syncs"),
        runs.iter().map(|run| run.1).sum::<u64>(),
        "the ledger holds both runs and nothing else"
    );
    assert_eq!(total("refused"), runs.iter().map(|run| run.2).sum::<u64>());

    let applied = |row: &&Value| row["outcome"] == "APPLIED";
    let rows = volumes["volumes"].as_array().unwrap();
    assert!(rows.iter().any(|row| applied(&row)), "events were applied");

    let verify = || dancu(&["audit", "verify", "--data", text, "--output", "json"]);
    let good = verify();
    assert_eq!(good.status.code(), Some(0));
    assert_eq!(object(&good)["ok"], true);
    let nobodys = dancu(&["audit", "show", "1:999999999:2", "--data", text]);
    assert_eq!(nobodys.status.code(), Some(1));
    let said = String::from_utf8_lossy(&nobodys.stderr).into_owned();
    assert_eq!(
        said,
        "dancu: 0 entries of this receipt are in the ledger, of 2\n"
    );
    // The file of settings of a service says where its ledger lies as well.
    let settings = folder.path().join("dancu.toml");
    std::fs::write(&settings, format!("data = \"{text}\"\n")).unwrap();
    let named = ["audit", "verify", "--config", settings.to_str().unwrap()];
    let by_file = dancu(&[&named[..], &["--output", "json"]].concat());
    assert_eq!(object(&by_file), object(&good));
    let checkpoints = data.join("checkpoints.log");
    let mut lines = std::fs::read(&checkpoints).unwrap();
    let middle = lines.len() / 2;
    lines[middle] ^= 1;
    std::fs::write(&checkpoints, lines).unwrap();
    let bad = verify();
    assert_eq!(bad.status.code(), Some(1));
    assert_eq!(object(&bad)["ok"], false);

    let other = demo(&data, &["--seed", "2"]);
    assert_eq!(
        other.status.code(),
        Some(2),
        "the nation there is another one"
    );
}

#[test]
fn a_wrong_command_line_ends_with_2_and_an_unreachable_service_with_3() {
    let code = |arguments: &[&str]| dancu(arguments).status.code();
    assert_eq!(code(&["nonsense"]), Some(2));
    assert_eq!(code(&["lookup"]), Some(2), "nobody is named");
    assert_eq!(code(&["demo", "--seconds", "0"]), Some(2));
    assert_eq!(code(&["audit", "show", "x"]), Some(2));
    let nowhere = ["--server", "http://127.0.0.1:1"];
    assert_eq!(code(&["volumes", nowhere[0], nowhere[1]]), Some(3));
    let lookup = ["lookup", "--persona", "plain", nowhere[0], nowhere[1]];
    assert_eq!(code(&lookup), Some(3));
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().to_str().unwrap();
    assert_eq!(code(&["audit", "verify", "--data", empty]), Some(3));
}

#[test]
fn an_address_needs_no_scheme_and_failures_are_told_in_the_language_asked_for() {
    let told = |arguments: &[&str]| {
        let output = dancu(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    let plain = ["lookup", "--persona", "plain", "--server", "127.0.0.1:1"];
    let (code, said) = told(&plain);
    assert_eq!(code, Some(3), "{said}");
    assert_eq!(
        said,
        "dancu: cannot reach 127.0.0.1:1: Connection refused (os error 111)\n"
    );
    let (code, said) = told(&[&plain[..], &["--lang", "vi"]].concat());
    assert_eq!(code, Some(3), "{said}");
    assert_eq!(
        said,
        "dancu: không thể kết nối tới 127.0.0.1:1: kết nối bị từ chối\n"
    );
    for wrong in ["https://127.0.0.1:1", "", "http://", "a b"] {
        let (code, said) = told(&["volumes", "--server", wrong]);
        assert_eq!(code, Some(2), "{wrong}: {said}");
    }
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().to_str().unwrap();
    let (_, said) = told(&["audit", "verify", "--data", empty, "--lang", "vi"]);
    assert_eq!(
        said,
        "dancu: không thể đọc sổ: thư mục dữ liệu chưa có sổ\n"
    );
}

#[test]
fn agencies_and_personas_are_listed_without_a_service() {
    let empty = tempfile::tempdir().unwrap();
    let data = empty.path().to_str().unwrap();
    let agencies = object(&dancu(&["agencies", "--data", data, "--output", "json"]));
    let agencies = agencies["agencies"].as_array().unwrap();
    let of_kind = |kind: &str| {
        let fits = |a: &&Value| a["kind"] == kind && a["state"] == "valid";
        agencies.iter().filter(fits).count()
    };
    assert_eq!(of_kind("MINISTRY"), 15);
    assert_eq!(of_kind("PROVINCE"), 63);
    for state in ["debug", "expired", "revoked", "not-yet-valid"] {
        assert!(agencies.iter().any(|a| a["state"] == state), "{state}");
    }
    let personas = object(&dancu(&["personas", "--output", "json"]));
    let personas = personas["personas"].as_array().unwrap();
    assert!(personas.iter().any(|p| p["key"] == "plain_match"));
    let table = dancu(&["personas", "--lang", "vi"]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("tình huống"));
}

#[test]
fn numbers_that_look_real_are_made_on_demand_only_and_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let (real, usual) = (folder.path().join("real"), folder.path().join("usual"));
    let flag = "--real-looking-numbers";
    let warned = |output: &Output| {
        String::from_utf8_lossy(&output.stderr).contains("WARNING: personal numbers look real")
    };
    // Made by the first, found by the second: whoever serves it is warned each time.
    for more in [&["--citizens", "1280", flag][..], &[], &[flag]] {
        let output = demo(&real, more);
        assert_eq!(output.status.code(), Some(0), "{:#}", object(&output));
        assert!(warned(&output), "{more:?}");
    }
    let output = demo(&usual, &["--citizens", "1280"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(!warned(&output));
    // What is there is not made into something else.
    let refused = demo(&usual, &[flag]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("numbers that look real"));

    let numbers = |arguments: &[&str]| -> Vec<String> {
        let listed = object(&dancu(arguments));
        let all = listed["personas"].as_array().unwrap().iter();
        all.map(|persona| persona["number"].as_str().unwrap().to_owned())
            .filter(|number| number.len() == 12)
            .collect()
    };
    let list = ["personas", "--output", "json", flag];
    let (usual, real) = (numbers(&list[..3]), numbers(&list));
    assert!(usual.iter().all(|number| number.starts_with('9')));
    assert!(real.iter().all(|number| number.starts_with('0')));
    let rest = |all: &[String]| -> Vec<String> { all.iter().map(|n| n[1..].to_owned()).collect() };
    assert_eq!(rest(&usual), rest(&real));
}

#[test]
fn help_speaks_the_language_asked_for() {
    for arguments in [
        &["--lang", "vi", "demo", "--help"][..],
        &["demo", "--lang=vi", "-h"],
    ] {
        let output = dancu(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0));
        assert!(said.contains("Cách dùng: dancu demo"), "{said}");
        assert!(said.contains("Thư mục dữ liệu"), "{said}");
        assert!(!said.contains("The data directory"), "{said}");
    }
    let said = dancu(&["demo", "--help"]).stdout;
    assert!(String::from_utf8_lossy(&said).contains("The data directory"));
}

#[test]
fn a_service_that_is_told_to_end_as_soon_as_it_says_that_it_serves_drains() {
    use std::io::{BufRead as _, BufReader};
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let data = folder.path().to_str().expect("a folder of ours");
    let common = ["serve", "--citizens", "2000", "--ops", "off", "--data"];
    for turn in 0..30 {
        let mut service = Command::new(env!("CARGO_BIN_EXE_dancu"))
            .args(common)
            .args([data, "--listen", "127.0.0.1:0"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let out = service.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .expect("it says where it serves");
        let told = Command::new("kill")
            .args(["-TERM", &service.id().to_string()])
            .status();
        assert!(told.expect("it can be told").success());
        let ended = service.wait().expect("it ends");
        assert!(ended.success(), "turn {turn}: {ended}");
    }
}

#[test]
fn a_run_whose_figures_could_not_be_written_is_not_begun() {
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let gone = folder.path().join("gone/run.json").display().to_string();
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{").expect("it is written");
    let broken = broken.display().to_string();
    // Nobody listens there: whoever got as far as that says so.
    let nowhere = ["load", "--server", "127.0.0.1:1"];
    for (given, code) in [
        (["--json", &gone], 3),
        (["--csv", &gone], 3),
        (["--hdr", &gone], 3),
        (["--html", &gone], 3),
        (["--compare", &gone], 3),
        (["--compare", &broken], 2),
        (["--noise", "NaN"], 2),
    ] {
        let output = dancu(&[&nowhere[..], &given[..]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{given:?}: {said}");
        assert!(
            said.contains(given[1]) || said.contains(given[0]),
            "{given:?}: {said}"
        );
    }
}

#[test]
fn a_damaged_recording_is_shown_up_to_the_damage_and_not_replayed() {
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (log, out) = (place("log.jsonl"), place("made"));
    let lines = (0..40_000_u32).map(|n| {
        let citizen = n.wrapping_mul(2_654_435_761) % 100_000;
        format!(
            "{{\"at\": {n}, \"verb\": \"lookup\", \"agency\": \"H26\", \"items\": \
             [{{\"citizen\": {citizen}}}]}}\n"
        )
    });
    std::fs::write(&log, lines.collect::<String>()).expect("it is written");
    let output = dancu(&["recording", "import", &log, "--out", &out]);
    assert_eq!(output.status.code(), Some(0));
    let show = ["recording", "show", &out, "--lang", "en"];
    assert_eq!(dancu(&show).status.code(), Some(0));

    let mut bytes = std::fs::read(&out).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xff);
    std::fs::write(&out, bytes).expect("it is written");
    let output = dancu(&[&show[..], &["--output", "json"]].concat());
    assert_eq!(output.status.code(), Some(1));
    let seen = object(&output);
    let messages = seen["messages"].as_u64().expect("a number");
    assert!((1_000..39_000).contains(&messages), "{messages}");
    assert_eq!(seen["damaged"][0]["messages"], seen["messages"]);
    assert_eq!(seen["damaged"][0]["file"], out.as_str());
    let output = dancu(&show);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = format!("{out}: damaged behind ");
    assert!(text.contains("FOUND") && text.contains(&told), "{text}");

    // Nobody listens there: whoever got as far as that says so.
    let output = dancu(&["replay", &out, "--server", "127.0.0.1:1", "--lang", "en"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(&told), "{said}");
}

#[test]
fn a_schedule_that_is_refused_is_told_by_its_part_and_the_rule_it_breaks() {
    let given = "hold 10 1s, ramp 10 fast 5s";
    for (lang, told) in [
        (
            "en",
            "stage 2 (`ramp FROM TO TIME`), TO: must be a rate from 0 to 10,000,000",
        ),
        (
            "vi",
            "chặng 2 (`ramp FROM TO TIME`), TO: phải là tốc độ từ 0 đến 10.000.000",
        ),
    ] {
        let output = dancu(&["load", "--schedule", given, "--lang", lang]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(told) && !said.contains("fast"), "{said}");
    }
}

#[test]
fn shares_that_are_more_than_all_are_refused_before_anybody_is_asked() {
    let nowhere = ["load", "--server", "127.0.0.1:1", "--lang", "en"];
    let shares = ["--mistaken", "600", "--unknown", "300", "--malformed"];
    for (malformed, code, told) in [
        ("100", 3, "127.0.0.1:1"),
        ("101", 2, "together at most a thousand in a thousand"),
        ("1001", 2, "--malformed"),
    ] {
        let output = dancu(&[&nowhere[..], &shares, &[malformed]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(told), "{malformed}: {said}");
    }
}

#[test]
fn what_a_run_cannot_be_is_told_by_its_flag() {
    for (given, told) in [
        (["--calls", "0"], "--calls must be from 1 to 1,024"),
        (
            ["--warm-up", "40s"],
            "--warm-up must be shorter than the run",
        ),
        (["--window", "65"], "--window must be from 1 to 64"),
    ] {
        let nobody = ["load", "--server", "127.0.0.1:1", "--lang", "en"];
        let output = dancu(&[&nobody[..], &given].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(told), "{said}");
        assert_eq!(output.status.code(), Some(2));
    }
}
