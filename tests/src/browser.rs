//! A real browser without a window: what it makes of a page, what it asks for, what it complains of.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a browser saw of a page.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The document after everything on the page was done.
    pub dom: String,
    /// What was said on the console: errors, warnings and whatever else.
    pub console: Vec<String>,
    /// Everything that the page asked of the network.
    pub requests: Vec<String>,
}

/// Opens a file. `width` and `height` are those of the window.
pub fn open(file: &Path, (width, height): (u32, u32)) -> Seen {
    let profile = tempfile::tempdir().expect("a folder for the browser");
    let net = profile.path().join("net.json");
    let output = chromium(profile.path(), (width, height))
        .arg(format!("--log-net-log={}", net.display()))
        .args(["--enable-logging=stderr", "--v=0", "--dump-dom"])
        .arg(address(file))
        .output()
        .expect("chromium runs");
    let said = succeeded(&output);
    Seen {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: said
            .lines()
            .filter(|line| line.contains(":CONSOLE"))
            .map(str::to_owned)
            .collect(),
        requests: requests(&std::fs::read_to_string(&net).expect("the browser writes its log")),
    }
}

/// Draws a file into a PNG of this size.
pub fn draw(file: &Path, (width, height): (u32, u32), to: &Path) {
    let profile = tempfile::tempdir().expect("a folder for the browser");
    let output = chromium(profile.path(), (width, height))
        .arg(format!("--screenshot={}", to.display()))
        .arg(address(file))
        .output()
        .expect("chromium runs");
    succeeded(&output);
}

fn chromium(profile: &Path, (width, height): (u32, u32)) -> Command {
    let mut command = Command::new("timeout");
    command
        .args([
            "120",
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
        ])
        .args(["--disable-quic", "--no-first-run", "--disable-sync"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
        ])
        // Whatever asks for a name is told that there is none.
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars"])
        .arg(format!("--window-size={width},{height}"))
        .arg(format!("--user-data-dir={}", profile.display()))
        .env("HOME", profile)
        .stdin(Stdio::null());
    command
}

fn address(file: &Path) -> String {
    let file = file.canonicalize().expect("the file is there");
    format!("file://{}", file.display())
}

fn succeeded(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {said}", output.status);
    said
}

/// The addresses of everything that a page asked of the network, by the browser's log. What the
/// browser asks for itself has no origin.
fn requests(log: &str) -> Vec<String> {
    // A browser that is ended in a hurry leaves out the end of its list.
    let whole = serde_json::from_str::<Value>(log)
        .or_else(|_| serde_json::from_str(&format!("{}]}}", log.trim_end().trim_end_matches(','))));
    let whole = whole.expect("the log is JSON");
    let events = whole["events"].as_array().cloned().unwrap_or_default();
    let asked = events.iter().filter_map(|event| {
        let params = &event["params"];
        let of_page = params["initiator"].as_str()? != "not an origin";
        let url = params["url"].as_str().filter(|_| of_page)?;
        (!url.starts_with("file:")).then(|| url.to_owned())
    });
    let mut urls: Vec<String> = asked.collect();
    urls.dedup();
    urls
}
