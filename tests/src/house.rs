//! The house as a table: which room may name which, and which crates from outside each may use.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A room and what its `[dependencies]` may hold. Dev-dependencies are free.
#[derive(Debug)]
pub struct Room {
    /// The folder under `crates/`.
    pub name: &'static str,
    /// Our rooms that it may name.
    pub rooms: &'static [&'static str],
    /// Crates from outside that it may name.
    pub outside: &'static [&'static str],
}

/// The table. To add an arrow, argue for it in `crates/ARCHITECTURE.md` first.
pub const ROOMS: &[Room] = &[
    Room {
        name: "domain",
        rooms: &[],
        outside: &["compact_str", "unicode-normalization"],
    },
    Room {
        name: "service",
        rooms: &["domain"],
        outside: &[],
    },
    Room {
        name: "ledger",
        rooms: &["domain"],
        outside: &["ed25519-dalek", "sha2", "siphasher", "tokio", "tracing"],
    },
    Room {
        name: "store",
        rooms: &["domain", "ledger"],
        outside: &["futures", "sqlx", "tokio", "tracing"],
    },
    Room {
        name: "cache",
        rooms: &["domain"],
        outside: &[
            "chacha20poly1305",
            "quick_cache",
            "redis",
            "siphasher",
            "tokio",
            "tracing",
        ],
    },
    Room {
        name: "wire",
        rooms: &["domain"],
        outside: &["prost", "prost-types", "sha2", "tonic"],
    },
    Room {
        name: "population",
        rooms: &["domain"],
        outside: &["sha2", "siphasher"],
    },
    Room {
        name: "server",
        rooms: &[
            "domain",
            "service",
            "ledger",
            "store",
            "cache",
            "wire",
            "population",
        ],
        outside: &[
            "axum",
            "bytes",
            "futures",
            "getrandom",
            "http",
            "http-body",
            "humantime",
            "hyper",
            "hyper-util",
            "prometheus-client",
            "prost",
            "rustix",
            "serde",
            "sha2",
            "siphasher",
            "tokio",
            "toml",
            "tonic",
            "tonic-reflection",
            "tower",
            "tracing",
            "tracing-appender",
            "tracing-subscriber",
            "zstd",
        ],
    },
    Room {
        name: "load",
        rooms: &["domain", "wire", "population"],
        outside: &[
            "bytes",
            "h2",
            "hdrhistogram",
            "http",
            "memchr",
            "prost",
            "serde",
            "serde_json",
            "tokio",
            "tokio-stream",
            "tonic",
            "zstd",
        ],
    },
    Room {
        name: "cli",
        rooms: &["domain", "server", "load", "population", "wire", "ledger"],
        outside: &[
            "clap",
            "indicatif",
            "mimalloc",
            "ratatui",
            "serde_json",
            "tokio",
            "tonic",
            "uuid",
        ],
    },
];

/// The most lines a file of ours may have.
pub const MAX_LINES: usize = 400;

/// The top of the checkout.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names in a manifest's `[dependencies]` table.
pub fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
            if let Some(name) = line.strip_prefix("[dependencies.") {
                names.insert(name.trim_end_matches(']').to_owned());
            }
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            names.insert(name.to_owned());
        }
    }
    names
}

/// What breaks the table in this room's manifest, in words.
pub fn strangers(room: &Room, manifest: &str) -> Vec<String> {
    dependencies(manifest)
        .into_iter()
        .filter(|name| match name.strip_prefix("dancu-") {
            Some(ours) => !room.rooms.contains(&ours),
            None => !room.outside.contains(&name.as_str()),
        })
        .map(|name| format!("`{}` may not name `{name}`", room.name))
        .collect()
}

/// Every file below `folder` whose name ends in one of `endings`, generated ones left out.
pub fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the checkout can be listed") {
            let path = entry.expect("an entry of the checkout can be read").path();
            if path.is_dir() {
                if !path.ends_with("gen") && !path.ends_with("target") {
                    open.push(path);
                }
            } else if endings
                .iter()
                .any(|ending| path.to_string_lossy().ends_with(ending))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
