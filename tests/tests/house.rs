//! The rules of the house, held against the checkout.

use std::collections::BTreeSet;
use std::fs;

use dancu_tests::house::{MAX_LINES, ROOMS, dependencies, files, strangers, top};

fn manifest(room: &str) -> String {
    fs::read_to_string(top().join("crates").join(room).join("Cargo.toml"))
        .expect("each room has a manifest")
}

#[test]
fn every_room_names_only_what_the_table_allows() {
    let broken: Vec<String> = ROOMS
        .iter()
        .flat_map(|room| strangers(room, &manifest(room.name)))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_table_and_the_folders_hold_the_same_rooms() {
    let folders: BTreeSet<String> = fs::read_dir(top().join("crates"))
        .expect("there is a folder of rooms")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.is_dir())
        .map(|path| {
            path.file_name()
                .expect("a folder has a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let table: BTreeSet<String> = ROOMS.iter().map(|room| room.name.to_owned()).collect();
    assert_eq!(folders, table);
    for shapeless in ["common", "shared", "util", "utils", "helpers"] {
        assert!(
            !folders.contains(shapeless),
            "no room is called `{shapeless}`"
        );
    }
}

#[test]
fn an_arrow_that_the_table_lacks_is_told() {
    let domain = &ROOMS[0];
    let manifest = "[dependencies]\ndancu-store.workspace = true\nsqlx = \"0.9\"\n\n[dev-dependencies]\nproptest = \"1\"\n";
    assert_eq!(
        strangers(domain, manifest),
        [
            "`domain` may not name `dancu-store`",
            "`domain` may not name `sqlx`"
        ]
    );
    assert!(!dependencies(manifest).contains("proptest"));
}

#[test]
fn no_arrow_points_back() {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut waiting: Vec<_> = ROOMS.iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|room| {
            let ready = room.rooms.iter().all(|name| known.contains(name));
            if ready {
                known.insert(room.name);
            }
            !ready
        });
        assert!(waiting.len() < before, "a circle among {waiting:#?}");
    }
}

#[test]
fn no_file_outgrows_its_room() {
    let long: Vec<String> = files(&top().join("crates"), &[".rs"])
        .into_iter()
        .chain(files(&top().join("tests"), &[".rs"]))
        .filter_map(|path| {
            let lines = fs::read_to_string(&path)
                .expect("a source is text")
                .lines()
                .count();
            (lines > MAX_LINES).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn nothing_is_waved_through() {
    let forbidden = [
        concat!("#[", "allow("),
        concat!("#[", "ignore"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("unsafe", " {"),
    ];
    let mut found = Vec::new();
    for path in files(&top().join("crates"), &[".rs"])
        .into_iter()
        .chain(files(&top().join("tests"), &[".rs"]))
    {
        let text = fs::read_to_string(&path).expect("a source is text");
        for word in forbidden {
            if text.contains(word) {
                found.push(format!("{} holds `{word}`", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_room_and_module_says_what_it_is_for() {
    let silent: Vec<_> = files(&top().join("crates"), &[".rs"])
        .into_iter()
        // What a file of tests is for, the names of its tests say.
        .filter(|path| {
            let within = path.strip_prefix(top().join("crates")).unwrap_or(path);
            !within.ends_with("tests.rs") && !within.components().any(|p| p.as_os_str() == "tests")
        })
        .filter(|path| {
            !fs::read_to_string(path)
                .expect("a source is text")
                .trim_start()
                .starts_with("//!")
        })
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn the_continuous_run_calls_the_second_command_and_no_more() {
    let run = fs::read_to_string(top().join(".ci/run")).expect("there is a .ci/run");
    let lines: Vec<&str> = run
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].ends_with("tests/run\""), "{lines:#?}");
}
