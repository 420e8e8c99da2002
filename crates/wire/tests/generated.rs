//! The generated code and the descriptor set are those of the protos: regenerating changes nothing.
//!
//! `DANCU_BLESS=1 cargo test -p dancu-wire --test generated` writes them.

use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_types::FileDescriptorSet;

/// Everything that is compiled; imports follow.
const FILES: &[&str] = &[
    "dancu/v1/authentication_service.proto",
    "dancu/v1/citizen.proto",
    "dancu/v1/envelope.proto",
    "dancu/v1/errors.proto",
    "dancu/v1/lookup_service.proto",
    "dancu/v1/statistics_service.proto",
    "dancu/v1/sync_service.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
    "google/type/date.proto",
    "grpc/health/v1/health.proto",
    "dancu/recording/v1/recording.proto",
];

/// What must never print: `pb` gives these a `Debug` that shows nothing.
const OPAQUE: &[&str] = &[
    ".dancu.v1.Claims",
    ".dancu.v1.Address",
    ".dancu.v1.Relative",
    ".dancu.v1.Citizen",
    ".dancu.v1.ReconcileRecord",
    ".dancu.v1.ResidenceChange",
    ".dancu.v1.Death",
    ".dancu.v1.ChangeRecord",
];

fn room() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn compiled(source_info: bool) -> FileDescriptorSet {
    let mut compiler =
        protox::Compiler::new([room().join("../../proto")]).expect("the protos are there");
    compiler
        .include_imports(true)
        .include_source_info(source_info)
        .open_files(FILES)
        .expect("the protos compile");
    compiler.file_descriptor_set()
}

fn generate(into: &Path) {
    let mut config = tonic_prost_build::Config::new();
    config.disable_comments([".google", ".grpc"]);
    config.skip_debug(OPAQUE);
    config.btree_map([".google"]);
    config.enable_type_names();
    config.type_name_domain(["."], "type.googleapis.com");
    tonic_prost_build::configure()
        .build_client(true)
        .build_server(true)
        .build_transport(false)
        .codec_path("crate::codec::MessageCodec")
        .disable_comments(["grpc.health.v1.Health"])
        .emit_rerun_if_changed(false)
        .out_dir(into)
        .compile_fds_with_config(compiled(true), config)
        .expect("the code is generated");
    fs::write(
        into.join("descriptors.bin"),
        compiled(false).encode_to_vec(),
    )
    .expect("the descriptor set is written");
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| {
            let name = entry.expect("an entry").file_name();
            name.into_string().expect("a plain name")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn regenerating_changes_nothing() {
    let checked_in = room().join("src/gen");
    let fresh = tempfile::tempdir().expect("a folder to generate into");
    generate(fresh.path());
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is the edge: the one switch that writes instead of comparing"
    )]
    let bless = std::env::var("DANCU_BLESS").is_ok_and(|value| value == "1");
    if bless {
        for name in names(&checked_in) {
            fs::remove_file(checked_in.join(name)).expect("the old file goes");
        }
        for name in names(fresh.path()) {
            fs::copy(fresh.path().join(&name), checked_in.join(&name)).expect("the new one comes");
        }
        return;
    }
    assert_eq!(names(&checked_in), names(fresh.path()));
    for name in names(fresh.path()) {
        let same = fs::read(checked_in.join(&name)).expect("checked in")
            == fs::read(fresh.path().join(&name)).expect("generated");
        assert!(same, "{name} is not what the protos generate");
    }
}
