//! Cores of their own for the service and the load tool: what one of them takes, the other does not
//! miss, and a service beyond its capacity is not measured by what the tool leaves it.

use std::io;
use std::process::Command;

/// The cores that this process may use, in two halves.
pub(super) fn halves() -> io::Result<[String; 2]> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let cores = listed(allowed.unwrap_or_default().trim());
    if cores.len() < 2 {
        return Err(io::Error::other(
            "two halves need two cores: leave out --apart",
        ));
    }
    let (first, second) = cores.split_at(cores.len() / 2);
    Ok([first, second].map(|half| {
        let half: Vec<String> = half.iter().map(usize::to_string).collect();
        half.join(",")
    }))
}

/// The cores of a list such as `0-2,5`.
fn listed(list: &str) -> Vec<usize> {
    let ranges = list.split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    ranges.flatten().collect()
}

/// Takes these cores, and no others, for every thread of this process.
pub(super) fn take(cores: &str) -> io::Result<()> {
    let id = std::process::id().to_string();
    let output = Command::new("taskset")
        .args(["-a", "-p", "-c", cores, &id])
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(
        String::from_utf8_lossy(&output.stderr).into_owned(),
    ))
}

/// The same command on these cores.
pub(super) fn within(cores: &str, command: &Command) -> Command {
    let mut pinned = Command::new("taskset");
    pinned
        .args(["-c", cores])
        .arg(command.get_program())
        .args(command.get_args());
    pinned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_cores_is_read_as_the_system_writes_it() {
        assert_eq!(listed("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(listed("7"), [7]);
        assert_eq!(listed(""), [0; 0]);
    }
}
