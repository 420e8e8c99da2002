//! The comparison with the recording is one that can fail: of a recording that was altered, of a service
//! over another nation, of one that judges otherwise.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use dancu_tests::bench::processes::Server;
use dancu_tests::recorded::{CITIZENS, SEED, number, outcomes, record, replay, replay_to};
use dancu_tests::stage;
use dancu_wire::pb;
use dancu_wire::pb::recording::{Frame, Item, frame};
use prost::Message as _;

/// Says of one item in these files that it was about somebody dead, and writes them elsewhere; how many
/// items say so now.
fn altered(paths: &[PathBuf], folder: &Path) -> (Vec<PathBuf>, u64) {
    std::fs::create_dir(folder).expect("a folder can be made");
    let (mut copies, mut changed) = (Vec::new(), 0);
    for path in paths {
        let file = std::fs::File::open(path).expect("it can be opened");
        let bytes = zstd::stream::decode_all(file).expect("it is whole");
        let (mut rest, mut written) = (bytes.as_slice(), Vec::new());
        while !rest.is_empty() {
            let mut frame = Frame::decode_length_delimited(&mut rest).expect("a frame");
            if let (0, Some(frame::Frame::Exchange(exchange))) = (changed, &mut frame.frame) {
                let found = |item: &Item| item.outcome() == pb::Outcome::Found;
                if let Some(item) = exchange.items.iter_mut().find(|item| found(item)) {
                    item.set_outcome(pb::Outcome::Deceased);
                    changed = 1;
                }
            }
            frame
                .encode_length_delimited(&mut written)
                .expect("a frame can be written");
        }
        let copy = folder.join(path.file_name().expect("it has a name"));
        let written = zstd::stream::encode_all(written.as_slice(), 1).expect("it can be written");
        std::fs::write(&copy, written).expect("it can be written");
        copies.push(copy);
    }
    (copies, changed)
}

#[test]
fn one_altered_outcome_another_nation_and_another_judgement_are_all_seen() {
    let recorded = record();
    // A copy in which one outcome is another: that one is told.
    let (copies, changed) = altered(&recorded.files(), &recorded.folder.path().join("altered"));
    assert_eq!(changed, 1, "nobody was found");
    let server = recorded.fresh("as-it-was");
    let (code, report) = replay_to(&copies, server.address, &["--speed", "max"]);
    assert_eq!(code, Some(1), "{:#}", report["replay"]);
    assert_eq!(
        number(&report, "different"),
        changed,
        "{:#}",
        report["replay"]
    );
    drop(server);
    // A service over another nation is not asked at all.
    let data = recorded.folder.path().join("other");
    let mut command = stage::serve_command(stage::binary(), &data, CITIZENS, SEED + 1);
    let other = Server::start(command.stderr(Stdio::null())).expect("the service starts");
    assert_eq!(replay(&recorded, &other, &["--speed", "max"]).0, Some(2));
    drop(other);
    // One that takes the dead for living ends otherwise wherever somebody was found dead.
    let data = recorded.folder.path().join("undying");
    let broken = stage::sibling("broken").expect("the binary was built");
    let mut command = stage::serve_command(&broken, &data, CITIZENS, SEED);
    command.env("DANCU_BROKEN", "undying").stderr(Stdio::null());
    let undying = Server::start(&mut command).expect("the service starts");
    let (code, report) = replay(&recorded, &undying, &["--speed", "max"]);
    assert_eq!(code, Some(1), "{:#}", report["replay"]);
    let dead = ("LOOKUP".to_owned(), "DECEASED".to_owned());
    let of = |which| outcomes(&report, which).get(&dead).copied().unwrap_or(0);
    let (then, now) = (of("recorded"), of("replayed"));
    assert!(then > 0 && now == 0, "{then} were found dead, now {now}");
    assert!(number(&report, "different") >= then);
}
