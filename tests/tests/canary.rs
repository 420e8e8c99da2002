//! Nobody is named where nobody should be: logs at TRACE, metrics, error texts, files.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use dancu_domain::NationId;
use dancu_load::{DemoPlan, Progress, drive};
use dancu_population::Nation;
use dancu_tests::bench::processes::Server;
use dancu_tests::callers::{key, signed};
use dancu_tests::canary::Canaries;
use dancu_tests::{messages, ops, stage};
use dancu_wire::pb::dancu::v1 as pb;
use pb::lookup_service_client::LookupServiceClient;
use tonic::transport::Endpoint;

const CITIZENS: u64 = 4_000;
const SEED: u64 = 3;
/// A name that no nation has, and numbers with a fault, sent where they are refused.
const PLANTED_NAME: &str = "Đặng Thị Kiến Tố Cáo";
const PLANTED_NUMBER: &str = "98765432109";

/// Everything that a run of `binary` writes, prints and tells of, by where it was found.
fn run(binary: &Path, broken: Option<&str>) -> Vec<(&'static str, Vec<u8>)> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (data, log) = (folder.path().join("dancu"), folder.path().join("log"));
    let serve = stage::serve_command(binary, &data, CITIZENS, SEED);
    let mut command = Command::new(serve.get_program());
    command
        .args(serve.get_args())
        .env("DANCU_LOG_LEVELS", "trace")
        .env("DANCU_LOG_ANSWERED_PER_SECOND", "1000000")
        .stdin(std::process::Stdio::null())
        .stderr(File::create(&log).expect("a file can be made"));
    if let Some(how) = broken {
        command.env("DANCU_BROKEN", how);
    }
    let mut server = Server::start(&mut command).expect("the server starts");
    let nation = Nation::new(SEED, CITIZENS);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let (errors, id) = runtime.block_on(refused_calls(&server, &nation));
    let mut plan = DemoPlan::new("canary".to_owned(), nation, id);
    plan.duration = Duration::from_secs(2);
    let report =
        drive(plan, server.address, &Arc::new(Progress::default())).expect("the run can be made");
    let metrics = match server.ops {
        Some(ops) => runtime.block_on(async {
            ops::get(ops, "/metrics").await + &ops::get(ops, "/readyz?verbose").await
        }),
        None => String::new(),
    };
    server.terminate().expect("the server ends");
    let read = |path: &Path| std::fs::read(path).unwrap_or_default();
    let log = read(&log);
    assert!(
        log.len() > 10_000,
        "the log at TRACE is nearly empty: {} bytes",
        log.len()
    );
    // What was lost cannot be looked through.
    // The broken one writes all of it itself, and has no operators' port.
    let lost = ops::series(&metrics, "dancu_log_lines_lost_total");
    let lost = lost.unwrap_or_else(|| if broken.is_some() { 0.0 } else { f64::NAN });
    let lines = log.split(|byte| *byte == b'\n').count();
    assert!(lost < lines as f64 / 10.0, "{lost} lines lost of {lines}");
    vec![
        ("the log", log),
        ("error texts", errors.into_bytes()),
        ("metrics", metrics.into_bytes()),
        ("the report", format!("{report:?}").into_bytes()),
        (
            "the ledger",
            [
                read(&data.join("ledger.db")),
                read(&data.join("ledger.db-wal")),
            ]
            .concat(),
        ),
        ("checkpoints", read(&data.join("checkpoints.log"))),
    ]
}

/// Calls that are refused, with planted values; what the errors say, and the nation's id.
async fn refused_calls(server: &Server, nation: &Nation) -> (String, NationId) {
    let channel = Endpoint::from_shared(format!("http://{}", server.address))
        .expect("an address makes a URI")
        .connect()
        .await
        .expect("the server takes connections");
    let key = key(nation, "H26");
    let mut service = LookupServiceClient::new(channel);
    let good = messages::lookup(nation, 1, "canary-0", &key);
    let answer = service
        .lookup_citizen(signed(&key, good.clone()))
        .await
        .expect("an answer");
    let revision = answer
        .into_inner()
        .header
        .and_then(|header| header.revision);
    let id = revision.and_then(|revision| NationId::parse(&revision.nation));
    let mut errors = String::new();
    for (number, name) in [
        (PLANTED_NUMBER, PLANTED_NAME),
        ("901090000017x", PLANTED_NAME),
        (PLANTED_NUMBER, "Đặng Thị Kiến\u{202e}"),
    ] {
        let mut bad = good.clone();
        let claims = bad.item.as_mut().and_then(|item| item.claims.as_mut());
        let claims = claims.expect("a lookup has claims");
        claims.number = Some(pb::claims::Number::PersonalNumber(number.to_owned()));
        name.clone_into(&mut claims.full_name);
        let error = service
            .lookup_citizen(signed(&key, bad))
            .await
            .expect_err("it is malformed");
        writeln!(errors, "{error:?}").expect("a string takes every write");
        errors.push_str(&String::from_utf8_lossy(error.details()));
    }
    (errors, id.expect("an answer names its nation"))
}

fn canaries() -> Canaries {
    let mut canaries = Canaries::of(&Nation::new(SEED, CITIZENS));
    canaries.name(PLANTED_NAME);
    canaries.number(PLANTED_NUMBER);
    canaries.number("901090000017");
    canaries
}

#[test]
fn nobody_is_named_in_logs_metrics_errors_or_the_ledger() {
    let canaries = canaries();
    for (place, text) in run(stage::binary(), None) {
        let (found, first) = canaries.found_in(&text);
        assert_eq!(
            found, 0,
            "{place} names somebody {found} times, first at: {first:?}"
        );
    }
}

#[test]
fn a_leak_is_caught() {
    let canaries = canaries();
    let broken = stage::sibling("broken").expect("the binary was built");
    let found: usize = run(&broken, Some("leaky"))
        .into_iter()
        .filter(|(place, _)| *place == "the log")
        .map(|(_, text)| canaries.found_in(&text).0)
        .sum();
    assert!(
        found > 100,
        "of a log that names everybody, only {found} places were found"
    );
}
