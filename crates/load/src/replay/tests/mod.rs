mod damage;
mod logs;
mod making;
mod order;

use std::path::{Path, PathBuf};

use dancu_domain::{Attribute, AttributeSet};
use dancu_population::Nation;
use dancu_wire::pb;
use dancu_wire::pb::recording::{Exchange, Frame, Gap, Header, Item, Row, frame, item::Subject};
use prost::Message as _;

use super::frames::{Entry, RecordingError, open};
use super::import::{ImportError, import};
use super::order::Ordered;
use super::plan::ReplayPlan;
use super::view::look;

/// A folder that is removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dancu-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, header: Header, frames: Vec<frame::Frame>) -> PathBuf {
        let path = self.0.join(name);
        let mut bytes = Vec::new();
        for frame in std::iter::once(frame::Frame::Header(header)).chain(frames) {
            let frame = Frame { frame: Some(frame) };
            bytes.extend(frame.encode_length_delimited_to_vec());
        }
        std::fs::write(
            &path,
            zstd::stream::encode_all(bytes.as_slice(), 1).unwrap(),
        )
        .unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn header(recording: u64, part: u32) -> Header {
    Header {
        form: 2,
        recording,
        part,
        nation: "00".repeat(16),
        citizens: 640,
        ..Header::default()
    }
}

fn read(at: u64, took: u64, revision: u64) -> frame::Frame {
    frame::Frame::Exchange(Exchange {
        at_micros: at,
        took_micros: took,
        verb: pb::Verb::Lookup.into(),
        revision,
        ..Exchange::default()
    })
}

fn push(at: u64, took: u64, change: u64, outcome: pb::Outcome) -> frame::Frame {
    frame::Frame::Exchange(Exchange {
        at_micros: at,
        took_micros: took,
        verb: pb::Verb::Push.into(),
        revision: change,
        items: vec![Item {
            outcome: outcome.into(),
            ..Item::default()
        }],
        ..Exchange::default()
    })
}

fn order(paths: &[PathBuf]) -> Vec<u64> {
    let mut ordered = Ordered::open(paths, &|| true).unwrap();
    let mut found = Vec::new();
    while let Some(exchange) = ordered.next().unwrap() {
        found.push(exchange.at_micros);
    }
    found
}

#[test]
fn messages_come_in_the_order_in_which_they_took_effect() {
    let folder = Folder::new("order");
    let denied = frame::Frame::Exchange(Exchange {
        at_micros: 35,
        reason: pb::ErrorReason::OfficerNotAuthorised.into(),
        ..Exchange::default()
    });
    let path = folder.file(
        "one",
        header(1, 0),
        vec![
            read(20, 1, 0),
            // It came before the read above and took effect behind it.
            push(10, 30, 1, pb::Outcome::Applied),
            read(15, 40, 1),
            denied,
            push(5, 60, 2, pb::Outcome::Applied),
            // What took no effect saw all that was in effect.
            push(4, 70, 1, pb::Outcome::Stale),
            read(80, 1, 2),
        ],
    );
    assert_eq!(order(&[path]), [20, 10, 4, 15, 35, 5, 80]);
}

#[test]
fn instances_and_parts_are_read_side_by_side() {
    let folder = Folder::new("parts");
    let late = Header {
        began_micros: 1_000_000,
        ..header(2, 0)
    };
    let paths = [
        folder.file("b", header(1, 1), vec![read(9_000_000, 1, 3)]),
        folder.file(
            "a",
            header(1, 0),
            vec![read(1, 1, 0), read(5_000_000, 1, 2)],
        ),
        folder.file(
            "c",
            late,
            vec![read(2_000_000, 1, 1), read(7_000_000, 1, 2)],
        ),
    ];
    assert_eq!(
        order(&paths),
        [1, 3_000_000, 5_000_000, 8_000_000, 9_000_000]
    );
    let twice = [paths[0].clone(), paths[0].clone()];
    assert!(matches!(
        Ordered::open(&twice, &|| true),
        Err(RecordingError::Apart(..))
    ));
    let other = Header {
        seed: 5,
        ..header(3, 0)
    };
    let apart = [paths[0].clone(), folder.file("d", other, Vec::new())];
    assert!(matches!(
        Ordered::open(&apart, &|| true),
        Err(RecordingError::Apart(..))
    ));
}

#[test]
fn an_offset_at_the_end_of_time_is_behind_all_others() {
    let folder = Folder::new("end-of-time");
    let late = Header {
        began_micros: 1_000_000,
        ..header(2, 0)
    };
    let paths = [
        folder.file("a", header(1, 0), vec![read(1, 1, 0)]),
        folder.file("b", late, vec![read(u64::MAX, 9, 0)]),
    ];
    assert_eq!(order(&paths), [1, u64::MAX]);
}

fn entries(path: &Path) -> (u64, u64, u64) {
    let mut reader = open(path).unwrap();
    let (mut messages, mut missing, mut cut) = (0, 0, 0);
    while let Some(entry) = reader.next().unwrap() {
        match entry {
            Entry::Exchange(_) => messages += 1,
            Entry::Gap(gap) => missing += gap.messages,
            Entry::Cut => cut += 1,
        }
    }
    (messages, missing, cut)
}

#[test]
fn a_file_is_read_up_to_where_it_was_cut_off_and_gaps_are_told() {
    let folder = Folder::new("cut");
    let mut frames: Vec<frame::Frame> = (0..3_000).map(|n| read(n * n * 977, n % 83, n)).collect();
    let gap = Gap {
        messages: 7,
        items: 9,
        ..Gap::default()
    };
    frames.insert(100, frame::Frame::Gap(gap));
    let path = folder.file("whole", header(1, 0), frames);
    assert_eq!(entries(&path), (3_000, 7, 0));
    let whole = std::fs::read(&path).unwrap();
    let cut = folder.0.join("cut");
    for length in (200..whole.len()).step_by(whole.len() / 7) {
        std::fs::write(&cut, &whole[..length]).unwrap();
        let Ok(_) = open(&cut) else { continue };
        let (messages, _, cuts) = entries(&cut);
        assert!(
            messages < 3_000 && cuts == 1,
            "{length}: {messages}, {cuts}"
        );
    }
    for (bytes, what) in [
        (Vec::new(), "nothing"),
        (b"{}".to_vec(), "no zstd"),
        (
            zstd::stream::encode_all(&b"text"[..], 1).unwrap(),
            "no frames",
        ),
    ] {
        std::fs::write(&cut, bytes).unwrap();
        assert!(open(&cut).is_err(), "{what}");
    }
    let other = Header {
        form: 1,
        ..header(1, 0)
    };
    let other = folder.file("other", other, Vec::new());
    assert!(matches!(open(&other), Err(RecordingError::NoRecording(..))));
}

#[test]
fn a_log_of_json_lines_becomes_a_recording_and_a_bad_line_is_told_without_its_values() {
    let nation = Nation::new(4, 6_400);
    let folder = Folder::new("import");
    let path = folder.0.join("made");
    let log = r#"{"at": 2, "verb": "push", "agency": "G01", "items": [{"citizen": 99, "event": 1}]}

{"at": 0.25, "verb": "lookup", "agency": "H26", "items": [{"citizen": 4711}]}
{"at": 1.5, "verb": "reconcile", "agency": "G03", "event_day": "2023-03-01", "items": [{"citizen": 99, "held": ["sex"], "differed": ["sex"], "outcome": "DIFFERS"}]}
{"at": 0.5, "verb": "authenticate", "agency": "H26", "items": [{"stranger": 7}, {"persona": "deceased", "outcome": "DECEASED"}]}
"#;
    let out = std::fs::File::create(&path).unwrap();
    let imported = import(log.as_bytes(), out, &nation, 9).unwrap();
    assert_eq!((imported.messages, imported.items), (4, 5));
    assert_eq!(
        order(std::slice::from_ref(&path)),
        [250_000, 500_000, 1_500_000, 2_000_000]
    );
    let mut ordered = Ordered::open(&[path], &|| true).unwrap();
    assert!(ordered.header.imported);
    let lookup = ordered.next().unwrap().unwrap();
    assert_eq!(lookup.items[0].outcome(), pb::Outcome::Found);
    let both = ordered.next().unwrap().unwrap();
    assert_eq!(both.items[0].outcome(), pb::Outcome::NoMatch);
    assert!(matches!(both.items[1].subject, Some(Subject::Persona(_))));
    let reconcile = ordered.next().unwrap().unwrap();
    let sex = AttributeSet::of(&[Attribute::Sex]).bits();
    let row = Row {
        held: sex,
        differed: sex,
    };
    assert_eq!(reconcile.items[0].row, Some(row));
    assert_eq!((both.event_day, reconcile.event_day), (None, Some(19_417)));
    for (line, told) in [
        ("{", "column"),
        (
            r#"{"at": 1, "verb": "spy", "agency": "H26", "items": [{"citizen": 1}]}"#,
            "verb must",
        ),
        (
            r#"{"at": 1, "verb": "lookup", "agency": "h26", "items": [{"citizen": 1}]}"#,
            "agency must",
        ),
        (
            r#"{"at": 1, "verb": "lookup", "agency": "Z99", "items": [{"citizen": 1}]}"#,
            "agency must",
        ),
        (
            r#"{"at": 1, "verb": "lookup", "agency": "H26", "items": [{"citizen": 1, "outcome": "MATCH"}]}"#,
            "outcome must",
        ),
        (
            r#"{"at": 1, "verb": "lookup", "agency": "H26", "items": []}"#,
            "items must",
        ),
        (
            r#"{"at": 1, "verb": "lookup", "agency": "H26", "items": [{"citizen": 901085000101}]}"#,
            "citizen",
        ),
        (
            r#"{"at": 1, "verb": "lookup", "agency": "H26", "number": "901085000101", "items": [{}]}"#,
            "a field is",
        ),
        (
            r#"{"at": 1, "verb": "lookup", "agency": "H26", "event_day": "901085000101", "items": [{"citizen": 1}]}"#,
            "event_day must",
        ),
        (
            r#"{"at": 1, "verb": "push", "agency": "G01", "items": [{"citizen": 1}]}"#,
            "event must",
        ),
        (
            r#"{"at": 1, "verb": "lookup", "agency": "H26", "items": [{"citizen": 1, "outcome": "901085000101"}]}"#,
            "outcome must",
        ),
    ] {
        let log = format!("\n{line}\n");
        match import(log.as_bytes(), Vec::new(), &nation, 9) {
            Err(error @ ImportError::Line(2, _)) => {
                let text = error.to_string();
                assert!(text.contains(told), "{text}");
                assert!(
                    !text.contains("901085000101") && !text.contains("spy"),
                    "{text}"
                );
            }
            other => panic!("{line}: {other:?}"),
        }
    }
}

#[test]
fn parts_that_are_missing_are_told_in_whatever_order_the_others_come() {
    let folder = Folder::new("parts");
    let part = |part: u32, nation: u8| {
        let began = Header {
            revision: u64::from(part) * 10,
            nation: format!("{nation:02}").repeat(16),
            ..header(7, part)
        };
        let frames = vec![read(u64::from(part) * 100, 1, 1)];
        folder.file(&format!("{part}-{nation}"), began, frames)
    };
    let (first, second, fourth) = (part(1, 0), part(2, 0), part(4, 0));
    let given = [fourth.clone(), first.clone(), second];
    let seen = look(&given).unwrap();
    // Of the five there must have been, the one before them all and one between them.
    assert_eq!((seen.files, seen.parts_missing), (3, 2));
    assert_eq!(seen.revision, 10, "that of the first of them");
    assert_eq!(Ordered::open(&given, &|| true).unwrap().missing.parts, 2);
    let whole = [part(0, 0)];
    assert_eq!(look(&whole).unwrap().parts_missing, 0);
    assert_eq!(Ordered::open(&whole, &|| true).unwrap().missing.parts, 0);
    let refused = |paths: &[PathBuf]| matches!(look(paths), Err(RecordingError::Apart(..)));
    assert!(refused(&[first.clone(), first.clone()]));
    assert!(refused(&[first, part(3, 1)]));
}

#[test]
fn a_recording_that_has_grown_is_another_one_to_a_position() {
    let folder = Folder::new("grown");
    let frames = vec![read(20, 1, 0), read(30, 1, 1)];
    let server = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let plan = ReplayPlan::new("run".to_owned(), server, Vec::new());
    let identity = |frames: &[frame::Frame]| {
        let path = folder.file("one", header(1, 0), frames.to_vec());
        plan.identity(&Ordered::open(&[path], &|| true).unwrap())
    };
    let (begun, whole) = (identity(&frames[..1]), identity(&frames));
    assert_ne!(begun, whole);
    assert_eq!(whole, identity(&frames), "the same file is the same one");
}
