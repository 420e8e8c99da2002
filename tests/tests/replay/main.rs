//! Traffic recorded from a real service and asked again of the same nation: the same outcomes, at
//! two speeds, and across kills of the replay; and nobody is named in the recording.

mod again;
mod apart;
mod days;
mod ended;
mod imported;
mod parts;
mod window;

use std::collections::HashSet;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use dancu_load::replay::look;
use dancu_tests::canary::Canaries;
use dancu_tests::recorded::{Counts, counted, nation, number, outcomes, record, replay, replaying};
use dancu_tests::within;
use dancu_tests::{messages, ops};
use serde_json::Value;

#[test]
fn what_was_recorded_is_what_was_answered_and_ends_the_same_at_two_speeds() {
    let recorded = record();
    let seen = recorded.seen();
    assert_eq!(
        seen.revision, 0,
        "the state of then is the one before the first message"
    );
    assert!(seen.files > 1, "the recording went on in a second part");
    assert_eq!((seen.missing, seen.cut), (0, 0));
    // Whatever the callers were told stands in it, and nothing else does.
    let mut told = Counts::new();
    for ((_, verb, outcome), count) in recorded.report.tally.outcomes() {
        let key = (verb.word().to_owned(), outcome.word().to_owned());
        *told.entry(key).or_default() += count;
    }
    assert_eq!(told, recorded.counted, "the callers' tally is the counters");
    let mut stands = Counts::new();
    for (verb, outcomes) in &seen.outcomes {
        for (outcome, count) in outcomes.iter().filter(|(word, _)| *word != "MALFORMED") {
            stands.insert((verb.clone(), outcome.clone()), *count);
        }
    }
    // A push that was sent twice is counted once and stands here twice.
    let pushes = |counts: &mut Counts| counts.retain(|(verb, _), _| verb != "PUSH");
    let mut reads = recorded.counted.clone();
    pushes(&mut reads);
    let mut others = stands.clone();
    pushes(&mut others);
    assert_eq!(others, reads);
    for outcome in [
        "NO_MATCH",
        "AMBIGUOUS",
        "REFUSED",
        "DECEASED",
        "APPLIED",
        "DIFFERS",
    ] {
        assert!(
            stands.keys().any(|(_, o)| o == outcome),
            "nothing ended {outcome}"
        );
    }
    for (name, speed) in [("max", "max"), ("twice", "2")] {
        let mut server = recorded.fresh(name);
        let done = replay(&recorded, &server, &["--speed", speed]);
        let report = &done.1;
        assert_eq!(done.0, Some(0), "{:#}", report["replay"]);
        assert_eq!(number(report, "different"), 0, "{:#}", report["replay"]);
        assert_eq!(number(report, "unanswered"), 0);
        assert_eq!(number(report, "messages"), seen.messages);
        let asked = seen.messages - number(report, "passed_over");
        assert_eq!(number(report, "acknowledged"), asked);
        assert_eq!(outcomes(report, "recorded"), stands);
        assert_eq!(outcomes(report, "replayed"), stands);
        // And the service has counted the same as the recorded one had.
        assert_eq!(counted(&server), recorded.counted, "at speed {speed}");
        server.terminate().expect("the service ends");
    }
}

#[test]
fn a_replay_that_is_killed_goes_on_and_every_message_is_acknowledged_once() {
    let recorded = record();
    let messages = recorded.seen().messages;
    let server = recorded.fresh("resumed");
    let position = recorded.folder.path().join("position");
    let path = position.to_string_lossy().into_owned();
    let more = [
        "--speed",
        "max",
        "--connections",
        "2",
        "--calls",
        "4",
        "--resume",
        &path,
    ];
    let acknowledged = || {
        let text = std::fs::read_to_string(&position).unwrap_or_default();
        text.lines().count() as u64
    };
    let mut killed = 0;
    for part in 1..=3 {
        let mut replaying = replaying(&recorded, &server, &more)
            .stdout(Stdio::null())
            .spawn()
            .expect("the replay can be started");
        let enough = messages * part / 4;
        for _ in 0..60_000 {
            let over = replaying.try_wait().expect("it can be looked at").is_some();
            if over || acknowledged() >= enough {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        killed += u64::from(replaying.try_wait().expect("it can be looked at").is_none());
        replaying.kill().expect("it can be killed");
        replaying.wait().expect("it ends");
    }
    assert!(killed > 0, "every replay was over before it was killed");
    let (code, report) = replay(&recorded, &server, &more);
    let sums = &report["replay"];
    assert_eq!(code, Some(0), "{sums:#}");
    assert!(number(&report, "before") > 0, "{sums:#}");
    assert_eq!(number(&report, "messages"), messages, "{sums:#}");
    let asked = messages - number(&report, "passed_over");
    assert_eq!(number(&report, "acknowledged"), asked, "{sums:#}");
    assert_eq!(number(&report, "different"), 0, "{sums:#}");
    assert_eq!(outcomes(&report, "replayed"), outcomes(&report, "recorded"));
    // Each position once.
    let text = std::fs::read_to_string(&position).expect("the file is there");
    let lines = text.lines().skip(1);
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with('>')).collect();
    let distinct: HashSet<&&str> = lines.iter().collect();
    assert_eq!((lines.len() as u64, distinct.len()), (asked, lines.len()));
    // A read that was on its way in a kill is a disclosure of its own; a push is not.
    let on_the_way = 3 * 8;
    for (key, count) in counted(&server) {
        let recorded = recorded.counted.get(&key).copied().unwrap_or(0);
        assert!(count >= recorded, "{key:?}: {count} of {recorded}");
        if key.0 == "PUSH" {
            assert_eq!(count, recorded, "{key:?}");
        } else {
            assert!(count <= recorded + on_the_way * 1_000, "{key:?}: {count}");
        }
    }
    // Once more: nothing is left to ask.
    let (code, report) = replay(&recorded, &server, &more);
    assert_eq!(code, Some(0));
    assert_eq!(number(&report, "before"), asked);
    // A file of positions of another window is not taken.
    let mut other = more.to_vec();
    other.extend(["--from", "1s"]);
    assert_eq!(replay(&recorded, &server, &other).0, Some(2));
}

#[test]
fn what_ends_otherwise_than_recorded_is_told_and_counted() {
    let recorded = record();
    let server = recorded.fresh("twice");
    let (code, _) = replay(&recorded, &server, &["--speed", "max"]);
    assert_eq!(code, Some(0));
    // Once its events have taken effect the nation is not in the state of the recording.
    let (code, report) = replay(&recorded, &server, &["--speed", "max", "--verb", "push"]);
    assert_eq!(code, Some(1), "{:#}", report["replay"]);
    let applied = recorded.counted[&("PUSH".to_owned(), "APPLIED".to_owned())];
    let replayed = outcomes(&report, "replayed");
    assert!(
        number(&report, "different") >= applied,
        "{:#}",
        report["replay"]
    );
    assert_eq!(
        replayed.get(&("PUSH".to_owned(), "APPLIED".to_owned())),
        None
    );
    assert!(number(&report, "left_out") > 0);
    // The figures of all reports agree, also where what differs is allowed.
    let path = |name: &str| recorded.folder.path().join(name);
    let [json, csv, html] = ["told.json", "told.csv", "told.html"].map(path);
    let text = |path: &PathBuf| std::fs::read_to_string(path).expect("the file is written");
    for (allowed, code) in [(&[][..], 1), (&["--allow-differences"][..], 0)] {
        let names = [&json, &csv, &html].map(|path| path.to_string_lossy());
        let files = ["--json", &names[0], "--csv", &names[1], "--html", &names[2]];
        let more = [&["--speed", "max", "--verb", "push"], &files[..], allowed].concat();
        let (exit, report) = replay(&recorded, &server, &more);
        assert_eq!(exit, Some(code));
        let different = number(&report, "different");
        assert!(different >= applied, "{different}");
        let written: Value = serde_json::from_str(&text(&json)).expect("it is JSON");
        assert!(written == report, "the file holds what is told");
        let wrong = if code == 0 { 0 } else { different };
        assert_eq!(report["wrong"], wrong);
        let intervals = report["intervals"].as_array().expect("intervals");
        let of_intervals = intervals.iter().filter_map(|i| i["wrong"].as_u64());
        assert_eq!(of_intervals.sum::<u64>(), wrong);
        let csv = text(&csv);
        let cells = csv
            .lines()
            .skip(1)
            .filter_map(|line| line.split(',').nth(8));
        let of_lines = cells.filter_map(|cell| cell.parse::<u64>().ok());
        assert_eq!(of_lines.sum::<u64>(), wrong);
        let told = report["discrepancies"].as_array().expect("a list").len();
        assert_eq!(told > 0, wrong > 0);
        let page = text(&html);
        assert_eq!(page.contains("<h2>Wrong replies</h2>"), wrong > 0);
        let warned = page.contains("--allow-differences takes none");
        assert_eq!(warned, wrong == 0);
    }
}

#[test]
fn nobody_is_named_in_a_recording() {
    let recorded = record();
    let nation = nation();
    let canaries = Canaries::of(&nation);
    let mut numbers: HashSet<u64> = (0..nation.len())
        .map(|index| nation.personal_id(index).digits())
        .collect();
    let personas = nation.personas();
    numbers.extend(personas.iter().map(|p| p.citizen.personal_id.digits()));
    let mut read = 0;
    for path in recorded.files() {
        let name = path.file_name().expect("it has a name").to_string_lossy();
        assert_eq!(canaries.found_in(name.as_bytes()).0, 0);
        let file = std::fs::File::open(&path).expect("it can be opened");
        let mut bytes = Vec::new();
        let mut decoder = zstd::stream::read::Decoder::new(file).expect("it is zstd");
        decoder.read_to_end(&mut bytes).expect("it is whole");
        read += bytes.len();
        let (found, first) = canaries.found_in(&bytes);
        assert_eq!(found, 0, "somebody is named, first at {first:?}");
        let hidden = hidden(&bytes, &numbers);
        assert_eq!(hidden, None, "a number stands in the bytes");
    }
    assert!(read > 50_000, "the recording is nearly empty: {read} bytes");
    // The search can find.
    let mut bytes = vec![8, 1];
    prost::encoding::encode_varint(nation.personal_id(3).digits(), &mut bytes);
    assert!(hidden(&bytes, &numbers).is_some());
}

/// The first place where bytes hold one of the numbers, as a varint or as eight bytes.
fn hidden(bytes: &[u8], numbers: &HashSet<u64>) -> Option<usize> {
    (0..bytes.len()).find(|at| {
        let mut rest = &bytes[*at..];
        let fixed = rest.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let varint = prost::encoding::decode_varint(&mut rest).ok();
        [fixed, varint]
            .into_iter()
            .flatten()
            .any(|n| numbers.contains(&n))
    })
}

#[test]
fn a_recording_that_cannot_be_written_is_degraded_and_no_outage() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let place = folder.path().join("recording");
    let service = within::start(640, |config| {
        config.recording.folder = Some(place.clone());
        config.recording.part_age = Duration::from_secs(1);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let ask = |count: u64| {
        runtime.block_on(async {
            let key = dancu_tests::callers::key(&service.nation, "H26");
            let channel = service.connect().await;
            let mut lookups =
                dancu_wire::pb::lookup_service_client::LookupServiceClient::new(channel);
            for nth in 0..count {
                let request = messages::lookup(&service.nation, nth, &format!("r-{nth}"), &key);
                let request = dancu_tests::callers::signed(&key, request);
                lookups.lookup_citizen(request).await.expect("an answer");
            }
        });
    };
    let metric = |name: &str| runtime.block_on(service.metric(name));
    let ready = || {
        let ops = service.running.ops_addr().expect("the port is open");
        runtime.block_on(ops::get(ops, "/readyz?verbose"))
    };
    ask(20);
    let written = || metric("dancu_recording_messages_total") >= 20.0;
    wait_for(written);
    // In the place of the folder there is a file now, so that the next part cannot be begun.
    std::fs::remove_dir_all(&place).expect("the folder can be removed");
    std::fs::write(&place, "in the way").expect("a file can be put there");
    wait_for(|| {
        ask(5);
        ready().contains("recording: degraded")
    });
    ask(5);
    wait_for(|| metric("dancu_recording_dropped_total") >= 5.0);
    assert!(ready().starts_with("HTTP/1.1 200"), "{}", ready());
    std::fs::remove_file(&place).expect("the file can be removed");
    wait_for(|| {
        ask(5);
        ready().contains("recording: ok")
    });
    ask(5);
    service.running.drain();
    let entries = std::fs::read_dir(&place).expect("the folder is made again");
    let files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    let seen = look(&files).expect("the recording can be read");
    assert!(seen.missing > 0, "the gap is told: {seen:?}");
    assert!(seen.messages > 0);
}

/// Waits until it is so, a minute at most.
fn wait_for(mut so: impl FnMut() -> bool) {
    for _ in 0..1_200 {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it never came to this");
}
