//! Where a run was made: machine, load and commit, in a few words.

use std::process::Command;
use std::time::UNIX_EPOCH;

/// What must be known to do a run again: machine, commit and command. `more` says what the words of the
/// command leave open.
pub fn heading(name: &str, more: &str) -> String {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let command = [&[name.to_owned()], words.as_slice()].concat().join(" ");
    let (machine, commit) = (machine(), commit());
    format!("{machine}; commit {commit}; {more}{command}")
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_that_measures_tells_machine_commit_and_command() {
        let bins = crate::house::top().join("tests/src/bin");
        let mut seen = 0;
        for entry in std::fs::read_dir(bins).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            // It measures nothing: it is what checkers are tried on.
            if name == "broken" {
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            let call = format!("machine::heading(\"{name}\", ");
            assert!(source.contains(&call), "{name}");
            seen += 1;
        }
        assert!(seen >= 6, "{seen}");
    }

    #[test]
    fn the_heading_is_on_one_line_and_ends_with_the_command() {
        let heading = heading("millions", "three rounds; ");
        let words: Vec<String> = std::env::args().skip(1).collect();
        let command = ["millions".to_owned()].into_iter().chain(words);
        let end = format!("; three rounds; {}", command.collect::<Vec<_>>().join(" "));
        assert!(
            heading.contains("; commit ") && heading.ends_with(&end),
            "{heading}"
        );
        assert_eq!(heading.lines().count(), 1);
    }
}
