//! Files whose middle is not what was written.

use std::io::Write as _;
use std::path::PathBuf;

use dancu_wire::pb::recording::{Frame, frame};
use prost::Message as _;

use super::{Folder, header, read};
use crate::replay::frames::{Damage, RecordingError};
use crate::replay::import::import;
use crate::replay::order::Ordered;
use crate::replay::view::{look, without_empty};

fn encoded(frame: frame::Frame) -> Vec<u8> {
    let frame = Frame { frame: Some(frame) };
    frame.encode_length_delimited_to_vec()
}

/// A file of these frames, of which a reader can see each hundred by itself, as the service lets him.
fn packed(frames: &[Vec<u8>]) -> Vec<u8> {
    packed_with_ends(frames).0
}

/// The same, and where what holds each hundred ends.
fn packed_with_ends(frames: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
    let mut ends = Vec::new();
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    for some in frames.chunks(100) {
        encoder.write_all(&some.concat()).unwrap();
        encoder.flush().unwrap();
        ends.push(encoder.get_ref().len());
    }
    (encoder.finish().unwrap(), ends)
}

/// The header and three thousand messages.
fn frames() -> Vec<Vec<u8>> {
    let messages = (0..3_000).map(|n| read(n * n * 977, n % 83, n));
    let all = std::iter::once(frame::Frame::Header(header(1, 0))).chain(messages);
    all.map(encoded).collect()
}

/// What is seen of a file, and where it is damaged; a replay refuses it.
fn seen(path: PathBuf) -> (u64, Vec<Damage>) {
    let paths = [path];
    let seen = look(&paths).unwrap();
    let refused = Ordered::open(&paths, &|| true);
    match seen.damaged.as_slice() {
        [] => assert!(refused.is_ok()),
        [damage] => match refused {
            Err(RecordingError::Damaged(told)) => assert_eq!(told, *damage),
            other => panic!("{other:?}"),
        },
        more => panic!("{more:?}"),
    }
    (seen.messages, seen.damaged)
}

#[test]
fn what_stands_before_the_damage_is_seen_and_a_replay_asks_nothing_of_it() {
    let folder = Folder::new("damage");
    let path = folder.0.join("damaged");
    let whole = packed(&frames());
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(seen(path.clone()), (3_000, Vec::new()));
    for tenths in [3, 5, 8] {
        let mut bytes = whole.clone();
        let at = whole.len() * tenths / 10;
        bytes[at..at + 64].fill(0xff);
        std::fs::write(&path, &bytes).unwrap();
        let (messages, damaged) = seen(path.clone());
        let about = 300 * tenths as u64;
        assert!(
            (about - 250..=about + 250).contains(&messages),
            "{tenths}: {messages}"
        );
        assert_eq!(damaged[0].messages, messages);
        // The system reads eight KiB at once.
        assert!(damaged[0].near.abs_diff(at as u64) <= 8_192, "{damaged:?}");
    }
}

#[test]
fn the_first_byte_that_cannot_be_read_is_told() {
    let folder = Folder::new("byte");
    let path = folder.0.join("damaged");
    for strange in [
        vec![3, 0xff, 0xff, 0xff],
        encoded(frame::Frame::Header(header(1, 1))),
    ] {
        let mut frames = frames();
        frames[1_235] = strange;
        std::fs::write(&path, packed(&frames)).unwrap();
        let (messages, damaged) = seen(path.clone());
        assert_eq!((messages, damaged[0].messages), (1_234, 1_234));
        let before: usize = frames[..1_235].iter().map(Vec::len).sum();
        assert_eq!(damaged[0].byte, before as u64);
        let told = damaged[0].to_string();
        assert!(told.contains("damaged behind 1234 messages"), "{told}");
    }
}

#[test]
fn a_block_that_cannot_be_unpacked_is_damage_and_no_file_out_of_reach() {
    let folder = Folder::new("block");
    let path = folder.0.join("damaged");
    let frames = frames();
    let (mut bytes, ends) = packed_with_ends(&frames);
    // No block is of this kind.
    bytes[ends[6]..ends[6] + 3].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let (messages, damaged) = seen(path);
    // What was unpacked together with the head of the next block goes with it. The header is the
    // first of the frames.
    assert!(messages == 699 || messages == 599, "{messages}");
    let before: usize = frames[..=messages as usize].iter().map(Vec::len).sum();
    assert_eq!(damaged[0].byte, before as u64);
}

/// A log of so many lookups as a recording.
fn imported(lines: u64) -> Vec<u8> {
    let nation = dancu_population::Nation::new(1, 640);
    let line = |at: u64| {
        format!(
            "{{\"at\": {at}, \"verb\": \"LOOKUP\", \"agency\": \"H26\", \
             \"items\": [{{\"citizen\": {}}}]}}\n",
            at * 7
        )
    };
    let log: String = (0..lines).map(line).collect();
    let mut bytes = Vec::new();
    import(log.as_bytes(), &mut bytes, &nation, 9).unwrap();
    bytes
}

#[test]
fn a_small_file_is_shown_although_the_only_block_of_its_messages_is_damaged() {
    let folder = Folder::new("small");
    let path = folder.0.join("imported");
    let mut bytes = imported(40);
    // Behind it stand four bytes of a checksum.
    let end = bytes.len() - 4;
    let whole = look(std::slice::from_ref(&{
        std::fs::write(&path, &bytes).unwrap();
        path.clone()
    }));
    assert_eq!(whole.unwrap().messages, 40);
    bytes[end - 24..end].fill(0xff);
    std::fs::write(&path, &bytes).unwrap();
    let (messages, damaged) = seen(path.clone());
    assert_eq!((messages, damaged[0].messages), (0, 0));
    assert!(damaged[0].byte > 0, "the header can be read: {damaged:?}");
    let seen = look(&[path]).unwrap();
    assert_eq!((seen.files, seen.citizens), (1, 640));
}

#[test]
fn a_file_whose_header_cannot_be_unpacked_is_damaged_from_its_first_byte_on() {
    let folder = Folder::new("head");
    let (whole, damaged) = (folder.0.join("whole"), folder.0.join("damaged"));
    let bytes = packed(&frames());
    std::fs::write(&whole, &bytes).unwrap();
    let mut unpackable = bytes.clone();
    // No block is of this kind; what stands before tells that it is a zstd frame.
    unpackable[6..40].fill(0xff);
    for (what, bytes) in [("changed", unpackable), ("cut off", bytes[..9].to_vec())] {
        std::fs::write(&damaged, bytes).unwrap();
        let (messages, told) = seen(damaged.clone());
        assert_eq!(
            (messages, told[0].messages, told[0].byte),
            (0, 0, 0),
            "{what}"
        );
        // The others are shown, in whatever order they are given.
        for paths in [[&whole, &damaged], [&damaged, &whole]] {
            let seen = look(&paths.map(Clone::clone)).unwrap();
            assert_eq!((seen.messages, seen.files), (3_000, 2), "{what}");
            assert_eq!(seen.damaged, told, "{what}");
        }
    }
    std::fs::write(&damaged, "no recording, whatever it is").unwrap();
    let refused = look(&[whole, damaged]);
    assert!(matches!(refused, Err(RecordingError::NoRecording(..))));
}

#[test]
fn files_in_which_nothing_was_recorded_are_passed_over_and_told() {
    let folder = Folder::new("empty");
    let (whole, empty) = (folder.0.join("whole"), folder.0.join("empty"));
    std::fs::write(&whole, packed(&frames())).unwrap();
    std::fs::write(&empty, "").unwrap();
    for paths in [[&whole, &empty], [&empty, &whole]] {
        let paths = paths.map(Clone::clone);
        let seen = look(&paths).unwrap();
        assert_eq!((seen.messages, seen.files), (3_000, 1));
        assert_eq!(seen.empty, [empty.display().to_string()]);
        assert_eq!(seen.damaged, []);
        let parted = without_empty(&paths).unwrap();
        assert_eq!(parted, (vec![whole.clone()], vec![empty.clone()]));
    }
    let refused = look(&[empty.clone(), empty.clone()]);
    assert!(matches!(refused, Err(RecordingError::NoRecording(..))));
    let refused = without_empty(&[empty]);
    assert!(matches!(refused, Err(RecordingError::NoRecording(..))));
}

#[test]
fn what_was_imported_and_changed_afterwards_is_not_seen_as_something_else() {
    let folder = Folder::new("changed");
    let path = folder.0.join("imported");
    let bytes = imported(40);
    std::fs::write(&path, &bytes).unwrap();
    let whole = serde_json::to_value(look(std::slice::from_ref(&path)).unwrap()).unwrap();
    assert_eq!(whole["messages"], 40);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x11;
        std::fs::write(&path, &changed).unwrap();
        let Ok(seen) = look(std::slice::from_ref(&path)) else {
            continue;
        };
        let told = seen.cut > 0 || !seen.damaged.is_empty();
        assert!(
            told || serde_json::to_value(seen).unwrap() == whole,
            "byte {at}"
        );
    }
}
