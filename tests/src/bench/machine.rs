//! Where a run was made: machine, load and commit, in a few words.

use std::process::Command;
use std::time::UNIX_EPOCH;

/// What it runs on, in a few words.
pub fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("processor unknown", |(_, model)| model);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("{cpus} x {model}, load {load} at the start")
}

/// The commit of the checkout from which this was built, as it is now, and whether what runs was built
/// before that commit was made.
pub fn commit() -> String {
    let ask = |words: &[&str]| {
        let mut git = Command::new("git");
        let output = git.args(words).current_dir(crate::house::top()).output();
        let output = output.ok().filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        Some(text.trim().to_owned())
    };
    let Some(commit) = ask(&["describe", "--always", "--dirty"]) else {
        return "unknown".to_owned();
    };
    let made: Option<u64> = ask(&["show", "-s", "--format=%ct"]).and_then(|at| at.parse().ok());
    let built = std::env::current_exe().and_then(|path| path.metadata()?.modified());
    let built = built.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    match (made, built) {
        (Some(made), Some(built)) if built.as_secs() < made => {
            format!("{commit} (built before it)")
        }
        _ => commit,
    }
}
