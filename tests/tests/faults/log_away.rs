//! Whoever takes the log stands still, and nobody scrapes the metrics: callers are answered.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use dancu_load::run::nation_at;
use dancu_load::{DemoPlan, Progress, drive};
use dancu_population::Nation;
use dancu_tests::bench::processes::Server;
use dancu_tests::{ops, stage};

const CITIZENS: u64 = 4_000;
const SEED: u64 = 5;

#[test]
fn lookup_answers_while_nobody_reads_the_log() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("dancu");
    let mut command = stage::serve_command(stage::binary(), &data, CITIZENS, SEED);
    // A pipe holds 64 KiB, and what a call says at TRACE fills it soon.
    command
        .env("DANCU_LOG_LEVELS", "trace")
        .stderr(Stdio::piped());
    let mut server = Server::start(&mut command).expect("the service starts");
    let nation = Nation::new(SEED, CITIZENS);
    let id = nation_at(server.address, &nation).expect("the service tells its nation");
    let mut plan = DemoPlan::new("unread".to_owned(), nation, id);
    plan.duration = Duration::from_mins(2);
    let address = server.ops.expect("it tells its operators' port");
    let progress = Arc::new(Progress::default());
    let lost = || {
        let page = ops::try_get(address, "/metrics").expect("the metrics are told");
        ops::series(&page, "dancu_log_lines_lost_total").expect("it is one of them")
    };
    let report = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            // It goes on for a while after the first line was lost.
            let mut sent = None;
            for _ in 0..1_100 {
                std::thread::sleep(Duration::from_millis(100));
                match sent {
                    None if lost() > 0.0 => sent = Some(progress.sent()),
                    Some(sent) if progress.sent() > sent + 500 => break,
                    _ => {}
                }
            }
            progress.stop();
            sent
        });
        let report = drive(plan, server.address, &progress).expect("the run can be made");
        let sent = watching.join().expect("it only watches");
        assert!(sent.is_some(), "no line was lost: nothing was tried");
        report
    });
    assert_eq!(report.wrong, 0, "{:?}", report.discrepancies);
    let unavailable = report.tally.total().unavailable;
    assert_eq!(unavailable, 0, "nobody waited for the log");
    // Nor does the end wait for it.
    let ended = server.terminate().expect("the service ends");
    assert!(ended.success(), "{ended}");
}
