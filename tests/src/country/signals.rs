//! Processes that a test pauses, wakes and kills: one, or one with everything it started.

use std::process::Command;
use std::time::{Duration, Instant};

/// Sends a signal to processes; those that are gone already do not matter.
pub fn signal(name: &str, ids: &[u32]) {
    let mut command = Command::new("kill");
    command.arg(format!("-{name}"));
    command.args(ids.iter().map(u32::to_string));
    command.stderr(std::process::Stdio::null());
    command.status().expect("kill runs");
}

/// A process and all that it started, itself first.
pub fn family(id: u32) -> Vec<u32> {
    let mut all = vec![id];
    let mut at = 0;
    while let Some(id) = all.get(at).copied() {
        at += 1;
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap_or_default();
        all.extend(
            children
                .split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
    }
    all
}

/// Whether a process is there; one that ended and was not waited for is not.
pub fn alive(id: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/stat"))
        .ok()
        .and_then(|stat| {
            Some(
                stat.rsplit_once(')')?
                    .1
                    .trim_start()
                    .starts_with(['Z', 'X']),
            )
        })
        == Some(false)
}

/// Waits until `so` holds; whether it came to that in time.
#[expect(clippy::disallowed_methods, reason = "a test waits by the wall clock")]
pub fn within(time: Duration, mut so: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if so() {
            return true;
        }
        if began.elapsed() > time {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_found_and_its_end_is_seen() {
        let mut parent = Command::new("sh")
            .args(["-c", "sleep 60 & sleep 60; :"])
            .spawn()
            .unwrap();
        assert!(within(Duration::from_secs(30), || family(parent.id())
            .len()
            == 3));
        let all = family(parent.id());
        assert!(all.iter().all(|id| alive(*id)));
        signal("KILL", &all);
        parent.wait().unwrap();
        assert!(within(Duration::from_secs(30), || !all
            .iter()
            .any(|id| alive(*id))));
    }
}
