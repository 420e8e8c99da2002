mod frames;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dancu_domain::{IdKey, LegacyId, NationId, PersonalId};
use dancu_population::{GENERATOR_VERSION, Nation};
use dancu_store::RegistryMeta;
use dancu_wire::pb::recording::item::Subject;
use dancu_wire::pb::recording::{Exchange, Frame, Header, frame};
use prost::Message as _;

use super::files::Files;
use super::places::Places;
use super::writer::FORM;
use crate::clock::instant;
use crate::config::RecordingConfig;

fn config(part_bytes: u64, total_bytes: u64) -> RecordingConfig {
    RecordingConfig {
        folder: None,
        part_bytes,
        part_age: Duration::from_mins(1),
        total_bytes,
    }
}

fn header() -> Header {
    Header {
        form: FORM,
        recording: 7,
        instance: "main".to_owned(),
        ..Header::default()
    }
}

/// A frame of a message that does not compress.
fn message(nth: u64) -> Vec<u8> {
    let mut request = nth;
    let items = (0..40)
        .map(|_| {
            request = request.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd134_2543;
            dancu_wire::pb::recording::Item {
                subject: Some(Subject::Stranger(request)),
                ..Default::default()
            }
        })
        .collect();
    let exchange = Exchange {
        at_micros: nth,
        items,
        ..Exchange::default()
    };
    let frame = Frame {
        frame: Some(frame::Frame::Exchange(exchange)),
    };
    frame.encode_length_delimited_to_vec()
}

/// The frames of a file up to where it ends or was cut off.
fn frames(path: &Path) -> Vec<frame::Frame> {
    let file = std::fs::File::open(path).unwrap();
    let mut bytes = Vec::new();
    let mut decoder = zstd::stream::read::Decoder::new(file).unwrap();
    // The error of a file that was cut off comes behind all that can be read of it.
    let _ = decoder.read_to_end(&mut bytes);
    let (mut rest, mut frames) = (bytes.as_slice(), Vec::new());
    while let Ok(frame) = Frame::decode_length_delimited(&mut rest) {
        frames.extend(frame.frame);
        if rest.is_empty() {
            break;
        }
    }
    frames
}

fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn offsets(path: &Path) -> Vec<u64> {
    let of = |frame: &frame::Frame| match frame {
        frame::Frame::Exchange(exchange) => Some(exchange.at_micros),
        _ => None,
    };
    frames(path).iter().filter_map(of).collect()
}

#[test]
fn a_part_that_is_full_is_followed_by_another_and_nothing_is_lost_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made");
    let mut files = Files::new(path.clone(), config(4_096, 1 << 30), header()).unwrap();
    for nth in 0..2_000 {
        files.write(&message(nth), instant(), nth).unwrap();
    }
    files.finish().unwrap();
    let parts = parts(&path);
    assert!(parts.len() > 5, "{}", parts.len());
    for (nth, part) in (0..).zip(&parts) {
        match frames(part).first() {
            Some(frame::Frame::Header(header)) => assert_eq!(header.part, nth),
            other => panic!("{other:?} stands where the header must"),
        }
    }
    let all: Vec<u64> = parts.iter().flat_map(|part| offsets(part)).collect();
    assert_eq!(all, (0..2_000).collect::<Vec<_>>());
}

#[test]
fn a_part_in_which_a_byte_was_changed_does_not_pass_for_one_that_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut files =
        Files::new(folder.path().to_owned(), config(1 << 20, 1 << 30), header()).unwrap();
    for nth in 0..20 {
        files.write(&message(nth), instant(), 0).unwrap();
    }
    files.finish().unwrap();
    let part = std::fs::read(&parts(folder.path())[0]).unwrap();
    let unpacked = zstd::decode_all(part.as_slice()).unwrap();
    for at in 0..part.len() {
        let mut changed = part.clone();
        changed[at] ^= 0x11;
        // What says how much memory unpacking takes may be another without changing anything.
        let told = zstd::decode_all(changed.as_slice());
        assert!(told.is_err() || told.unwrap() == unpacked, "byte {at}");
    }
}

#[test]
fn a_part_that_is_old_is_followed_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut files =
        Files::new(folder.path().to_owned(), config(1 << 30, 1 << 40), header()).unwrap();
    let began = instant();
    for minutes in 0..3 {
        let now = began + Duration::from_mins(minutes);
        files.write(&message(minutes), now, 0).unwrap();
    }
    files.finish().unwrap();
    assert_eq!(parts(folder.path()).len(), 3);
}

#[test]
fn the_oldest_parts_go_and_what_is_not_a_part_of_this_instance_stays() {
    let folder = tempfile::tempdir().unwrap();
    let others = [
        "else.dancu-recording",
        "other-0000000000000007-000000.dancu-recording",
        "a-main-0000000000000007-000000.dancu-recording",
        "notes.txt",
    ];
    for other in others {
        std::fs::write(folder.path().join(other), vec![0; 100_000]).unwrap();
    }
    let mut files = Files::new(folder.path().to_owned(), config(4_096, 40_000), header()).unwrap();
    for nth in 0..4_000 {
        files.write(&message(nth), instant(), 0).unwrap();
        assert!(mine(folder.path()) <= 40_000, "{nth}");
    }
    files.finish().unwrap();
    let (mine, kept): (Vec<PathBuf>, Vec<PathBuf>) =
        parts(folder.path()).into_iter().partition(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("main-")
        });
    assert_eq!(kept.len(), others.len());
    let bytes: Vec<u64> = mine.iter().map(|p| p.metadata().unwrap().len()).collect();
    assert!(bytes.iter().sum::<u64>() <= 40_000, "{bytes:?}");
    // Each is as full as a part can be, and the room is used.
    let (full, last) = (&bytes[..bytes.len() - 1], bytes.len() >= 9);
    assert!(
        last && full.iter().all(|b| (3_000..=4_096).contains(b)),
        "{bytes:?}"
    );
    assert!(offsets(&mine[0]).first() > Some(&0), "the oldest are gone");
    assert_eq!(offsets(mine.last().unwrap()).last(), Some(&3_999));
}

/// How much the files of this instance take.
fn mine(folder: &Path) -> u64 {
    let of_mine = |path: &PathBuf| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("main-")
    };
    let mine = parts(folder).into_iter().filter(of_mine);
    mine.map(|path| path.metadata().unwrap().len()).sum()
}

#[test]
fn what_is_larger_than_a_part_is_one_of_its_own_and_all_stay_within_their_bound() {
    let folder = tempfile::tempdir().unwrap();
    let bound = 1 << 20;
    let mut files = Files::new(folder.path().to_owned(), config(4_096, bound), header()).unwrap();
    for piece in 0..60 {
        // What the writer gathers before it writes, and a long message.
        let frames: Vec<u8> = (0..280).flat_map(|n| message(piece * 280 + n)).collect();
        assert!(
            (100_000..200_000).contains(&frames.len()),
            "{}",
            frames.len()
        );
        files.write(&frames, instant(), 0).unwrap();
        files.flush().unwrap();
        assert!(mine(folder.path()) <= bound, "{piece}");
    }
    files.finish().unwrap();
    assert!(mine(folder.path()) <= bound);
    let last = parts(folder.path()).pop().unwrap();
    assert_eq!(offsets(&last), (59 * 280..60 * 280).collect::<Vec<_>>());
}

#[test]
fn what_was_flushed_is_read_although_the_file_was_never_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut files =
        Files::new(folder.path().to_owned(), config(1 << 30, 1 << 40), header()).unwrap();
    for nth in 0..10 {
        files.write(&message(nth), instant(), 0).unwrap();
    }
    files.flush().unwrap();
    for nth in 10..20 {
        files.write(&message(nth), instant(), 0).unwrap();
    }
    let path = &parts(folder.path())[0];
    assert_eq!(offsets(path), (0..10).collect::<Vec<_>>());
    drop(files);
    let whole = std::fs::read(path).unwrap();
    std::fs::write(path, &whole[..whole.len() / 2]).unwrap();
    let cut = offsets(path);
    assert!(
        cut.len() < 10
            && cut
                .iter()
                .eq((0..cut.len() as u64).collect::<Vec<_>>().iter())
    );
}

#[test]
fn people_of_the_nation_have_places_and_all_others_are_strangers() {
    let nation = Nation::new(3, 6_400);
    let mut meta = RegistryMeta {
        nation: NationId([1; 16]),
        seed: nation.seed(),
        citizens: nation.len(),
        generator: GENERATOR_VERSION,
        reference_date: nation.reference_date(),
    };
    let mut places = Places::new(&meta, [5; 16]);
    for index in (0..nation.len()).step_by(7) {
        let citizen = nation.citizen(index);
        let id = citizen.personal_id;
        for _ in 0..2 {
            let found = places.subject(IdKey::Personal(id).packed());
            assert_eq!(found, Subject::Citizen(index));
        }
        if let Some(legacy) = citizen.legacy_id {
            // Of two under one number it is the first, unless the answer says who was found.
            let found = places.subject(IdKey::Legacy(legacy).packed());
            let twin = nation.legacy_twin(index).unwrap_or(index);
            assert_eq!(found, Subject::Citizen(index.min(twin)));
        }
    }
    let persona = &nation.personas()[3].citizen;
    let found = places.subject(IdKey::Personal(persona.personal_id).packed());
    assert_eq!(found, Subject::Persona(3));
    let nobodys = IdKey::Personal(PersonalId::from_digits(901_085_000_999).unwrap());
    let old = IdKey::Legacy(LegacyId::from_digits(999_999_999).unwrap());
    let strangers = [nobodys, old].map(|key| places.subject(key.packed()));
    assert!(strangers.iter().all(|s| matches!(s, Subject::Stranger(_))));
    assert_ne!(strangers[0], strangers[1]);
    assert_eq!(places.subject(nobodys.packed()), strangers[0]);
    // Under another key the same number is another stranger.
    assert_ne!(
        Places::new(&meta, [6; 16]).subject(nobodys.packed()),
        strangers[0]
    );
    // So have the people of a nation whose numbers look real, under those numbers only.
    let real = nation.with_real_looking_numbers();
    meta.generator = real.generator();
    let mut places = Places::new(&meta, [5; 16]);
    let ids = [&real, &nation].map(|nation| IdKey::Personal(nation.personal_id(9)));
    let [found, other] = ids.map(|id| places.subject(id.packed()));
    assert_eq!(found, Subject::Citizen(9));
    assert!(matches!(other, Subject::Stranger(_)));
    // A nation that another generator made has no places here.
    meta.generator = GENERATOR_VERSION;
    meta.generator += 1;
    let id = IdKey::Personal(nation.personal_id(0));
    let mut places = Places::new(&meta, [5; 16]);
    assert!(matches!(places.subject(id.packed()), Subject::Stranger(_)));
}

#[test]
fn a_file_that_is_removed_while_it_is_written_is_told_and_another_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let mut files =
        Files::new(folder.path().to_owned(), config(1 << 30, 1 << 40), header()).unwrap();
    files.write(&message(0), instant(), 0).unwrap();
    files.flush().unwrap();
    std::fs::remove_file(&parts(folder.path())[0]).unwrap();
    files.write(&message(1), instant(), 0).unwrap();
    let told = files.flush().unwrap_err();
    assert_eq!(told.kind(), std::io::ErrorKind::NotFound);
    files.give_up();
    files.write(&message(2), instant(), 0).unwrap();
    files.finish().unwrap();
    let left = parts(folder.path());
    assert_eq!(left.len(), 1);
    assert_eq!(offsets(&left[0]), [2]);
    // Moved elsewhere, it is still there.
    files.write(&message(3), instant(), 0).unwrap();
    let now = parts(folder.path()).pop().unwrap();
    std::fs::rename(now, folder.path().join("kept")).unwrap();
    files.flush().unwrap();
}
