//! No answer leaves before its record is durable: seen in the system calls of the real binary.

use std::path::Path;
use std::process::Command;

use dancu_population::Nation;
use dancu_tests::bench::processes::Server;
use dancu_tests::callers::{key, signed};
use dancu_tests::messages;
use dancu_tests::stage;
use dancu_wire::pb::lookup_service_client::LookupServiceClient;
use tonic::transport::Endpoint;

const CALLS: usize = 25;
/// An answer with its headers is longer than this, a frame of HTTP/2's own housekeeping shorter.
const ANSWER: usize = 150;

/// What a trace tells of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// A sync of the ledger's files returned.
    Synced,
    /// The write of an answer to a caller's socket began.
    Answering,
}

/// The moments of a trace, in order. A call that is split over two lines syncs where it is
/// resumed, and answers where it began.
fn moments(trace: &str) -> Vec<Moment> {
    let mut syncing: Vec<&str> = Vec::new();
    let mut writing: Vec<(&str, usize)> = Vec::new();
    let mut moments: Vec<Option<Moment>> = Vec::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        let split = call.ends_with("<unfinished ...>");
        if is_sync(call) && call.contains("ledger.db") {
            if split {
                syncing.push(thread);
            } else if call.ends_with("= 0") {
                moments.push(Some(Moment::Synced));
            }
        } else if is_write(call) && call.contains("<TCP:[127.0.0.1:") {
            if split {
                writing.push((thread, moments.len()));
                moments.push(None);
            } else if bytes(call) >= ANSWER {
                moments.push(Some(Moment::Answering));
            }
        } else if call.starts_with("<... ") && call.contains("sync resumed") {
            if let Some(at) = syncing.iter().position(|waiting| *waiting == thread) {
                syncing.swap_remove(at);
                moments.push(Some(Moment::Synced));
            }
        } else if call.starts_with("<... ")
            && let Some(at) = writing.iter().position(|(waiting, _)| *waiting == thread)
        {
            let (_, began) = writing.swap_remove(at);
            moments[began] = (bytes(call) >= ANSWER).then_some(Moment::Answering);
        }
    }
    moments.into_iter().flatten().collect()
}

fn is_sync(call: &str) -> bool {
    call.starts_with("fdatasync(") || call.starts_with("fsync(")
}

fn is_write(call: &str) -> bool {
    ["write(", "writev(", "sendto(", "sendmsg("]
        .iter()
        .any(|name| call.starts_with(name))
}

/// How many bytes a finished write wrote.
fn bytes(call: &str) -> usize {
    call.rsplit_once("= ")
        .and_then(|(_, count)| count.trim().parse().ok())
        .unwrap_or(0)
}

/// Answers, and how many of them left without a sync since the one before.
fn unsynced(moments: &[Moment]) -> (usize, usize) {
    let (mut answers, mut bare, mut synced) = (0, 0, false);
    for moment in moments {
        match moment {
            Moment::Synced => synced = true,
            Moment::Answering => {
                answers += 1;
                bare += usize::from(!synced);
                synced = false;
            }
        }
    }
    (answers, bare)
}

/// Asks a server under strace one call after the other, and returns what [`unsynced`] finds.
fn traced(binary: &Path) -> (usize, usize) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let trace = folder.path().join("trace");
    let serve = stage::serve_command(binary, &folder.path().join("dancu"), 2_000, 1);
    let mut command = Command::new("strace");
    command
        .args(["-f", "-yy", "--seccomp-bpf", "-e"])
        .arg("trace=fsync,fdatasync,write,writev,sendto,sendmsg")
        .arg("-o")
        .arg(&trace)
        .arg("--")
        .arg(serve.get_program())
        .args(serve.get_args())
        .env("DANCU_BROKEN", "unsynced")
        .stdin(std::process::Stdio::null());
    let mut server = Server::start(&mut command).expect("strace and the server start");
    let nation = Nation::new(1, 2_000);
    let key = key(&nation, "H26");
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
        .block_on(async {
            let channel = Endpoint::from_shared(format!("http://{}", server.address))
                .expect("an address makes a URI")
                .connect()
                .await
                .expect("the server takes connections");
            let mut service = LookupServiceClient::new(channel);
            for call in 0..CALLS {
                let request = messages::lookup(&nation, call as u64, &format!("s-{call}"), &key);
                service
                    .lookup_citizen(signed(&key, request))
                    .await
                    .expect("an answer");
            }
        });
    // strace has written everything when it ends, which it does with the server.
    server.terminate().expect("the server ends");
    let trace = std::fs::read_to_string(&trace).expect("strace wrote its file");
    unsynced(&moments(&trace))
}

#[test]
fn the_sync_returns_before_the_answer_is_written() {
    let (answers, bare) = traced(stage::binary());
    assert!(answers >= CALLS, "only {answers} answers were seen");
    assert_eq!(
        bare, 0,
        "of {answers} answers, {bare} left before their record was durable"
    );
}

#[test]
fn a_ledger_that_does_not_sync_is_caught() {
    let (answers, bare) = traced(&stage::sibling("broken").expect("the binary was built"));
    assert!(answers >= CALLS, "only {answers} answers were seen");
    assert!(
        bare >= CALLS - 1,
        "of {answers} answers, only {bare} were seen to leave unsynced"
    );
}
