//! A disk that is full, and a sync that fails: nothing is told that is not recorded, the process
//! ends where it must not go on, and what was acknowledged is there afterwards.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dancu_load::replay::look;
use dancu_population::Nation;
use dancu_tests::balance::{Balance, balance};
use dancu_tests::bench::processes::Server;
use dancu_tests::callers::{Run, drive};
use dancu_tests::country::signals::within;
use dancu_tests::witness::Witness;
use dancu_tests::{ledger, ops, stage};

const CITIZENS: u64 = 2_000;
const SEED: u64 = 7;
const PATIENCE: Duration = Duration::from_secs(30);

/// Callers on a thread of their own, who stop when the service answers no more.
struct Load {
    run: Arc<Run>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Load {
    fn on(server: &Server, witness: &Arc<Witness>, number: u64) -> Self {
        let run = Arc::new(Run {
            nation: Nation::new(SEED, CITIZENS),
            witness: Arc::clone(witness),
            stop: AtomicBool::new(false),
            in_flight: AtomicU64::new(0),
            number,
        });
        let (shared, address) = (Arc::clone(&run), server.address);
        let thread = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("the system does its part")
                .block_on(drive(shared, address, 4));
        });
        Self {
            run,
            thread: Some(thread),
        }
    }

    fn over(&self) -> bool {
        self.thread
            .as_ref()
            .is_none_or(std::thread::JoinHandle::is_finished)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.run.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the system does its part");
        }
    }
}

fn serve(data: &Path) -> Command {
    stage::serve_command(stage::binary(), data, CITIZENS, SEED)
}

fn acknowledged(witness: &Witness) -> usize {
    witness.told().acknowledged.len()
}

/// Serves once more, in health, and holds everything that was told against what is recorded.
fn recovers(data: &Path, witness: &Arc<Witness>, number: u64) -> Balance {
    let mut server = Server::start(&mut serve(data)).expect("it starts again");
    let before = acknowledged(witness);
    let load = Load::on(&server, witness, number);
    assert!(
        within(PATIENCE, || acknowledged(witness) > before + 50),
        "it does not answer again"
    );
    drop(load);
    assert!(
        server
            .terminate()
            .expect("the system does its part")
            .success()
    );
    let told = witness.told();
    let found = ledger::with_blocks(data, async |store| balance(store, &told).await);
    assert!(found.differences.is_empty(), "{found:#?}");
    ledger::audit(stage::binary(), data).expect("the audit finds nothing");
    found
}

/// A small file system of its own, in memory.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(size: &str) -> Self {
        let folder = tempfile::tempdir()
            .expect("the system does its part")
            .keep();
        as_root(
            &[
                "mount",
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=0777"),
                "tmpfs",
            ],
            &folder,
        );
        Self(folder)
    }

    /// Takes all but about so many KiB of what is free.
    fn fill_to(&self, kib: usize) -> PathBuf {
        let path = self.0.join("ballast");
        let mut ballast = fs::File::create(&path).expect("the system does its part");
        let piece = vec![1; 16 << 10];
        while ballast.write_all(&piece).is_ok() {}
        let full = ballast.metadata().expect("the system does its part").len();
        ballast
            .set_len(full.saturating_sub((kib << 10) as u64))
            .expect("the system does its part");
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        as_root(&["umount", "-l"], &self.0);
        fs::remove_dir(&self.0).ok();
    }
}

fn as_root(command: &[&str], folder: &Path) {
    let id = Command::new("id")
        .arg("-u")
        .output()
        .expect("the system does its part");
    let mut words: Vec<&str> = command.to_vec();
    if id.stdout != b"0\n" {
        words.splice(0..0, ["sudo", "-n"]);
    }
    let done = Command::new(words[0])
        .args(&words[1..])
        .arg(folder)
        .status()
        .expect("the system does its part");
    assert!(done.success(), "{words:?} failed");
}

#[test]
fn a_full_disk_is_unavailable_and_loses_nothing() {
    let disk = SmallDisk::new("24m");
    let data = disk.0.join("dancu");
    let witness = Arc::new(Witness::default());
    let mut server = Server::start(&mut serve(&data)).unwrap();
    let load = Load::on(&server, &witness, 1);
    assert!(within(PATIENCE, || acknowledged(&witness) > 200));
    let ballast = disk.fill_to(512);
    // The callers end when they are told UNAVAILABLE; any other error is noted as wrong.
    assert!(within(PATIENCE, || load.over()), "it still answers");
    let ready = server.ops.and_then(|ops| ops::try_get(ops, "/readyz").ok());
    let ready = ready.unwrap_or_default();
    assert!(
        !ready.starts_with("HTTP/1.1 200"),
        "it says that it serves: {ready}"
    );
    drop(load);
    let ended = within(PATIENCE, || server.ended().is_some());
    if ended {
        assert!(
            !server.ended().unwrap().success(),
            "it ended as if all were well"
        );
    } else {
        server.kill();
    }
    let before = acknowledged(&witness);
    assert!(
        witness.told().wrong.is_empty(),
        "{:?}",
        witness.told().wrong
    );
    fs::remove_file(ballast).unwrap();
    let balance = recovers(&data, &witness, 2);
    assert!(balance.acknowledged as usize > before, "{balance:#?}");
}

#[test]
fn a_full_disk_leaves_no_empty_recordings_behind_and_none_is_missing_afterwards() {
    let disk = SmallDisk::new("1m");
    let folder = tempfile::tempdir().unwrap();
    let ballast = disk.fill_to(0);
    let mut command = serve(&folder.path().join("dancu"));
    command.arg("--set");
    command.arg(format!("recording.folder={}", disk.0.display()));
    let mut server = Server::start(&mut command).unwrap();
    let witness = Arc::new(Witness::default());
    let load = Load::on(&server, &witness, 1);
    let ops = server.ops.unwrap();
    let ready = |word: &str| {
        let ready = ops::try_get(ops, "/readyz?verbose").unwrap_or_default();
        ready.contains(&format!("recording: {word}"))
    };
    assert!(within(PATIENCE, || ready("degraded")), "it is not told");
    // It tries again every two seconds.
    std::thread::sleep(Duration::from_secs(5));
    let recordings = || {
        let entries = fs::read_dir(&disk.0).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| *path != ballast).collect::<Vec<_>>()
    };
    assert_eq!(recordings(), Vec::<PathBuf>::new());
    fs::remove_file(&ballast).unwrap();
    assert!(within(PATIENCE, || ready("ok")), "it does not record again");
    let before = acknowledged(&witness);
    assert!(within(PATIENCE, || acknowledged(&witness) > before + 50));
    drop(load);
    assert!(server.terminate().unwrap().success());
    let seen = look(&recordings()).unwrap();
    assert!(seen.messages > 0 && seen.missing > 0, "{seen:?}");
    assert_eq!((seen.files, seen.parts_missing), (1, 0), "{seen:?}");
}

#[test]
fn a_failed_sync_ends_the_process_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("dancu");
    let witness = Arc::new(Witness::default());
    // A nation first, so that the syncs that are counted are the ledger's own.
    assert!(
        Server::start(&mut serve(&data))
            .unwrap()
            .terminate()
            .unwrap()
            .success()
    );
    for (turn, nth) in [(1, 3), (2, 40), (3, 150)] {
        let inner = serve(&data);
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-e", "trace=fsync,fdatasync"])
            .arg("-P")
            .arg(data.join("ledger.db-wal"))
            .args([
                "-e",
                &format!("inject=fsync,fdatasync:error=EIO:when={nth}"),
            ])
            .arg("-o")
            .arg(folder.path().join("trace"))
            .arg("--")
            .arg(inner.get_program())
            .args(inner.get_args())
            .stdin(std::process::Stdio::null());
        let mut server = Server::start(&mut command).expect("strace and the server start");
        let load = Load::on(&server, &witness, turn);
        assert!(
            within(PATIENCE, || server.ended().is_some()),
            "it goes on after a failed sync"
        );
        assert!(
            !server.ended().unwrap().success(),
            "it ended as if all were well"
        );
        drop(load);
        let trace = fs::read_to_string(folder.path().join("trace")).unwrap();
        assert!(trace.contains("(INJECTED)"), "no sync failed: {trace}");
        assert!(
            witness.told().wrong.is_empty(),
            "{:?}",
            witness.told().wrong
        );
        recovers(&data, &witness, turn + 10);
    }
    assert!(acknowledged(&witness) > 150);
}

#[test]
fn while_a_slow_disk_holds_up_what_follows_a_commit_everybody_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("dancu");
    const MANY: u64 = 20_000;
    let serve = || stage::serve_command(stage::binary(), &data, MANY, SEED);
    // A nation first, whose making is not to be slow.
    let mut once = Server::start(&mut serve()).unwrap();
    assert!(once.terminate().unwrap().success());
    let inner = serve();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "trace=fsync,fdatasync"]);
    command
        .args(["-e", "inject=fsync,fdatasync:delay_exit=300000"])
        .arg("-o")
        .arg(folder.path().join("trace"))
        .arg("--")
        .arg(inner.get_program())
        .args(inner.get_args())
        .stdin(std::process::Stdio::null());
    let mut server = Server::start(&mut command).expect("strace and the server start");
    // Pushes of many pages, so that the log is often brought back into the file.
    let driven = Command::new(stage::binary())
        .args(["load", "--server", &format!("http://{}", server.address)])
        .args(["--citizens", &MANY.to_string()])
        .args(["--seed", &SEED.to_string()])
        .args(["--closed", "--connections", "4", "--calls", "4"])
        .args(["--shape", "batch", "--size", "100", "--stock", "4096"])
        .args(["--mix", "lookup=10,push=10", "--warm-up", "0s"])
        .args(["--time", "12s", "--plain", "--output", "json"])
        .output()
        .expect("the binary runs");
    assert!(server.terminate().expect("it ends").success());
    let trace = fs::read_to_string(folder.path().join("trace")).unwrap();
    assert!(trace.matches("(DELAYED)").count() > 10, "{trace}");
    let account: serde_json::Value = serde_json::from_slice(&driven.stdout).expect("an account");
    let (codes, wrong) = (&account["codes"], &account["discrepancies"]);
    assert_eq!(driven.status.code(), Some(0), "{codes} {wrong}");
}
