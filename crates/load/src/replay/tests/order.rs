//! Recordings beside each other, and files that grow while they are read.

use std::cell::Cell;
use std::io::Write as _;
use std::path::PathBuf;

use dancu_population::Nation;
use dancu_wire::pb::recording::Frame;
use prost::Message as _;

use super::{Folder, header, order, read};
use crate::replay::import::import;
use crate::replay::order::Ordered;

/// Ten seconds, which is longer than messages are put in order over.
const TEN: u64 = 10_000_000;

/// A log with a push at each of these seconds, about one citizen after the other.
fn log(folder: &Folder, recording: u64, seconds: impl Iterator<Item = u64>) -> PathBuf {
    let line = |(nth, at): (usize, u64)| {
        let items = format!("[{{\"citizen\": {nth}, \"event\": 1}}]");
        format!("{{\"at\": {at}, \"verb\": \"push\", \"agency\": \"G01\", \"items\": {items}}}\n")
    };
    let text: String = seconds.enumerate().map(line).collect();
    let path = folder.0.join(format!("log-{recording}"));
    let out = std::fs::File::create(&path).unwrap();
    import(text.as_bytes(), out, &Nation::new(4, 640), recording).unwrap();
    path
}

#[test]
fn several_logs_keep_their_pace_and_their_requests_apart() {
    let folder = Folder::new("logs");
    // A hundred lines within a second stand beside one line each ten seconds.
    let dense = log(&folder, 0x1234_5678_9abc, (0..100).map(|_| 50));
    let sparse = log(&folder, 0xfedc_ba98_7654, (0..10).map(|nth| nth * 10));
    let both = [dense, sparse];
    let found = order(&both);
    assert_eq!(found.len(), 110);
    assert!(found.is_sorted(), "{found:?}");
    let mut ordered = Ordered::open(&both, &|| true).unwrap();
    let mut requests = std::collections::HashSet::new();
    while let Some(exchange) = ordered.next().unwrap() {
        requests.insert(exchange.request);
    }
    assert_eq!(requests.len(), 110, "each is one of its own");
}

#[test]
fn what_is_written_after_a_file_was_read_through_is_not_read() {
    let folder = Folder::new("growing");
    let path = folder.file("one", header(1, 0), vec![read(0, 1, 0), read(TEN, 1, 1)]);
    let mut ordered = Ordered::open(std::slice::from_ref(&path), &|| true).unwrap();
    let mut found = 0;
    // It grows by a message for each that is read, as the recording of a replay of itself does.
    while let Some(exchange) = ordered.next().unwrap() {
        found += 1;
        assert!(found < 100, "it never ends");
        let frame = read(exchange.at_micros + 2 * TEN, 1, 2);
        let frame = Frame { frame: Some(frame) };
        let more = zstd::stream::encode_all(&frame.encode_length_delimited_to_vec()[..], 1);
        let mut file = std::fs::File::options().append(true).open(&path).unwrap();
        file.write_all(&more.unwrap()).unwrap();
    }
    assert_eq!((found, ordered.missing.grown), (2, 1));
}

#[test]
fn files_are_read_through_for_as_long_as_it_is_to_go_on() {
    let folder = Folder::new("goes-on");
    let many = (0..1_000).map(|at| read(at, 1, 0)).collect();
    let path = folder.file("one", header(1, 0), many);
    let looks = Cell::new(0);
    let goes_on = || {
        looks.set(looks.get() + 1);
        looks.get() < 10
    };
    let ordered = Ordered::open(&[path], &goes_on).unwrap();
    assert!(
        looks.get() == 10 && ordered.parts[0].contains(":9:"),
        "{:?}",
        ordered.parts
    );
}
