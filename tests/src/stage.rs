//! A server of one's own: the real binary, on ports that the system chooses, in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A program that was built beside the one that is running.
pub fn sibling(name: &str) -> std::io::Result<PathBuf> {
    let mut folder = std::env::current_exe()?;
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let path = folder.join(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(std::io::Error::other(format!(
            "build `{name}` first: it is not beside this program"
        )))
    }
}

/// The binary `dancu` of this build; built now if it is not there or not new. `DANCU_BINARY` names
/// another one: of an earlier commit, or one that was broken on purpose.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the edge: whoever runs tests says so by a variable"
        )]
        let named = std::env::var_os("DANCU_BINARY");
        if let Some(named) = named {
            return named.into();
        }
        let mut folder = std::env::current_exe().expect("this program has a path");
        folder.pop();
        if folder.ends_with("deps") {
            folder.pop();
        }
        let mut build = Command::new(env!("CARGO"));
        match folder.file_name().and_then(|name| name.to_str()) {
            // As the tests of all rooms have built it already for those that name it: features are
            // theirs, and another build would make all that it stands on once more.
            Some("debug") | None => build.args(["test", "--no-run", "--test", "binary"]),
            Some(profile) => build.args(["build", "--bin", "dancu", "--profile", profile]),
        };
        build
            .args(["--quiet", "--workspace", "--target-dir"])
            .arg(
                folder
                    .parent()
                    .expect("a profile's folder lies in the target folder"),
            )
            .current_dir(crate::house::top());
        let built = build.status().expect("cargo runs");
        assert!(built.success(), "the binary does not build");
        folder.join("dancu")
    })
}

/// The command that serves a nation from `data` on ports that the system chooses.
pub fn serve_command(binary: &Path, data: &Path, citizens: u64, seed: u64) -> Command {
    let mut command = Command::new(binary);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"])
        .args([
            "--citizens",
            &citizens.to_string(),
            "--seed",
            &seed.to_string(),
        ])
        .arg("--data")
        .arg(data)
        .stdin(std::process::Stdio::null());
    command
}
