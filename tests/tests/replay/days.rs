//! Days that callers named: recorded, and named again where the service allows it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use dancu_load::replay::look;
use dancu_load::run::volumes;
use dancu_tests::bench::processes::Server;
use dancu_tests::recorded::{CITIZENS, SEED, files, nation, number, outcomes, replay_to, serve};
use dancu_tests::stage;

const DAYS: &str = "event_days=2023-01-01..2023-09-30";

/// Items by agency, verb, outcome and day.
type ByDay = BTreeMap<(String, i32, i32, (i32, i32, i32)), i64>;

fn by_day(address: SocketAddr) -> ByDay {
    let mut counted = ByDay::new();
    for row in volumes(address, &nation(), None).expect("the service tells its totals") {
        let day = row.day.expect("a count has its day");
        let day = (day.year, day.month, day.day);
        *counted
            .entry((row.agency, row.verb, row.outcome, day))
            .or_default() += row.count;
    }
    counted
}

/// The nine months, small, each message under its day.
fn nine_months(server: &Server) {
    let load = Command::new(stage::binary())
        .args(["load", "--profile", "nine-months", "--scale", "1:500000"])
        .args(["--shape", "batch", "--size", "5", "--calls", "4", "--plain"])
        .args(["--server", &format!("http://{}", server.address)])
        .args(["--citizens", &CITIZENS.to_string()])
        .args(["--seed", &SEED.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(load.expect("the load tool can be started").success());
}

fn fresh(folder: &Path, name: &str, settings: &[String]) -> Server {
    serve(&folder.join(name), settings)
}

#[test]
fn a_replay_is_counted_under_the_days_that_were_named_or_says_that_it_is_not() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let place = folder.path().join("recording");
    let settings = [
        format!("recording.folder={}", place.display()),
        DAYS.to_owned(),
    ];
    let mut server = fresh(folder.path(), "recorded", &settings);
    nine_months(&server);
    let recorded = by_day(server.address);
    server.terminate().expect("the service ends");
    let days = |counted: &ByDay| {
        let days = counted.keys().map(|(_, _, _, day)| *day);
        days.collect::<std::collections::BTreeSet<_>>()
    };
    assert!(days(&recorded).len() > 200, "{:?}", days(&recorded));
    let paths = files(&place);
    let seen = look(&paths).expect("the recording can be read");

    let mut same = fresh(folder.path(), "same", &[DAYS.to_owned()]);
    let (code, report) = replay_to(&paths, same.address, &["--speed", "max"]);
    assert_eq!(code, Some(0), "{:#}", report["replay"]);
    assert_eq!(number(&report, "undated"), 0);
    assert_eq!(by_day(same.address), recorded);
    same.terminate().expect("the service ends");

    // Where the first half may be named, the rest is counted today, and the report says so.
    let half = "event_days=2023-01-01..2023-05-15".to_owned();
    let mut half = fresh(folder.path(), "half", &[half]);
    let (code, report) = replay_to(&paths, half.address, &["--speed", "max"]);
    assert_eq!(code, Some(0), "{:#}", report["replay"]);
    let undated = number(&report, "undated");
    assert!(undated > 0 && undated < seen.messages, "{undated}");
    let early = |counted: ByDay| -> ByDay {
        let named = |day: &(i32, i32, i32)| *day <= (2023, 5, 15);
        counted
            .into_iter()
            .filter(|(key, _)| named(&key.3))
            .collect()
    };
    assert_eq!(early(by_day(half.address)), early(recorded.clone()));
    half.terminate().expect("the service ends");

    let mut today = fresh(folder.path(), "today", &[]);
    let (code, report) = replay_to(&paths, today.address, &["--speed", "max"]);
    assert_eq!(code, Some(0), "{:#}", report["replay"]);
    assert_eq!(number(&report, "undated"), seen.messages);
    assert_eq!(outcomes(&report, "replayed"), outcomes(&report, "recorded"));
    // A run that goes over midnight has two.
    assert!(days(&by_day(today.address)).len() <= 2);
    today.terminate().expect("the service ends");
}
