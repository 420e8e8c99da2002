//! Traffic of callers of every kind, recorded from a real service, and replays of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use dancu_domain::{Outcome, Verb};
use dancu_load::replay::{Seen, look};
use dancu_load::run::{nation_at, volumes};
use dancu_load::{DemoPlan, Progress, Report, drive};
use dancu_population::Nation;
use serde_json::Value;

use crate::bench::processes::Server;
use crate::stage;

/// Citizens of the nation that is recorded.
pub const CITIZENS: u64 = 6_400;
/// Items after which enough was recorded.
const ITEMS: u64 = 30_000;
/// Its seed.
pub const SEED: u64 = 11;

/// Items by verb and outcome.
pub type Counts = BTreeMap<(String, String), u64>;

/// A folder with a recording, and what the callers of then were told.
#[derive(Debug)]
pub struct Recorded {
    /// The folder.
    pub folder: tempfile::TempDir,
    /// What the callers were told.
    pub report: Report,
    /// What the service had counted.
    pub counted: Counts,
}

impl Recorded {
    /// The files of the recording.
    pub fn files(&self) -> Vec<PathBuf> {
        files(&self.folder.path().join("recording"))
    }

    /// What is in them.
    pub fn seen(&self) -> Seen {
        look(&self.files()).expect("the recording can be read")
    }

    /// Serves the nation as it was.
    pub fn fresh(&self, name: &str) -> Server {
        serve(&self.folder.path().join(name), &[])
    }
}

/// The files in a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the service made the folder");
    let mut paths: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// The nation that is recorded.
pub fn nation() -> Nation {
    Nation::new(SEED, CITIZENS)
}

/// Serves the nation from a folder, with these settings.
pub fn serve(data: &Path, settings: &[String]) -> Server {
    let mut command = stage::serve_command(stage::binary(), data, CITIZENS, SEED);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.stderr(Stdio::null());
    Server::start(&mut command).expect("the service starts")
}

/// Serves a nation, lets callers of every kind ask it for a while, and records.
pub fn record() -> Recorded {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let place = folder.path().join("recording");
    let settings = [
        format!("recording.folder={}", place.display()),
        "recording.part_bytes=20000".to_owned(),
    ];
    let mut server = serve(&folder.path().join("recorded"), &settings);
    let report = ask(server.address, "rec", |_| {});
    assert_eq!(report.wrong, 0, "{:?}", report.discrepancies);
    let counted = counted(&server);
    server.terminate().expect("the service ends");
    Recorded {
        folder,
        report,
        counted,
    }
}

/// Lets callers of every kind ask a service for a while, until enough was asked.
pub fn ask(address: SocketAddr, run: &str, change: impl FnOnce(&mut DemoPlan)) -> Report {
    let id = nation_at(address, &nation()).expect("the service tells its nation");
    let mut plan = DemoPlan::new(run.to_owned(), nation(), id);
    // Items enough, on a slow machine too, for the rarest outcomes; and more of what ends rarely.
    plan.duration = Duration::from_mins(1);
    plan.shares.personas *= 10;
    plan.connections = 4;
    change(&mut plan);
    let progress = Arc::new(Progress::default());
    let enough = {
        let progress = Arc::clone(&progress);
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(2));
            while progress.sent() < ITEMS && Arc::strong_count(&progress) > 1 {
                std::thread::sleep(Duration::from_millis(20));
            }
            progress.stop();
        })
    };
    let report = drive(plan, address, &progress);
    drop(progress);
    enough.join().expect("it only waits");
    report.expect("the run can be made")
}

/// What a service has counted.
pub fn counted(server: &Server) -> Counts {
    counted_at(server.address)
}

/// What the service at an address has counted.
pub fn counted_at(address: SocketAddr) -> Counts {
    let rows = volumes(address, &nation(), None).expect("the service tells its totals");
    let mut counts = Counts::new();
    for row in rows {
        let verb = Verb::from_code(row.verb as u8).expect("a verb");
        let outcome = Outcome::from_code(row.outcome as u8).expect("an outcome");
        let key = (verb.word().to_owned(), outcome.word().to_owned());
        *counts.entry(key).or_default() += row.count as u64;
    }
    counts
}

/// The command that replays to a service.
pub fn replaying(recorded: &Recorded, server: &Server, more: &[&str]) -> Command {
    replaying_to(&recorded.files(), server.address, more)
}

/// The command that replays files to the service at an address.
fn replaying_to(files: &[PathBuf], address: SocketAddr, more: &[&str]) -> Command {
    let mut command = Command::new(stage::binary());
    command
        .arg("replay")
        .args(files)
        .args(["--server", &format!("http://{address}")])
        .args(["--output", "json", "--deadline", "30s"])
        .args(more)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    if !more.contains(&"--patience") {
        command.args(["--patience", "60s"]);
    }
    command
}

/// Replays to the end: the exit code and what was reported.
pub fn replay(recorded: &Recorded, server: &Server, more: &[&str]) -> (Option<i32>, Value) {
    replay_to(&recorded.files(), server.address, more)
}

/// Replays files to the service at an address: the exit code and what was reported.
pub fn replay_to(files: &[PathBuf], address: SocketAddr, more: &[&str]) -> (Option<i32>, Value) {
    let output = replaying_to(files, address, more).output();
    let output = output.expect("the replay can be started");
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), report)
}

/// A number of a report.
pub fn number(report: &Value, field: &str) -> u64 {
    report["replay"][field].as_u64().unwrap_or(u64::MAX)
}

/// The outcomes of a report, as they were recorded or replayed; those without an outcome left out.
pub fn outcomes(report: &Value, which: &str) -> Counts {
    let mut counts = Counts::new();
    let verbs = report["replay"]["outcomes"].as_object();
    for (verb, ended) in verbs.into_iter().flatten() {
        for (outcome, ended) in ended.as_object().into_iter().flatten() {
            let count = ended[which].as_u64().unwrap_or(0);
            if outcome != "MALFORMED" && count > 0 {
                counts.insert((verb.clone(), outcome.clone()), count);
            }
        }
    }
    counts
}
