//! Rivals that bring a generator of their own: `redis-benchmark` and `pgbench`.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::processes::cpu_of_all;

/// What a tool told.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// Calls a second.
    pub rate: f64,
    /// Seconds of processor time of the server, its children among them.
    pub server_cpu: f64,
    /// Seconds that the tool ran, its start among them.
    pub seconds: f64,
}

/// GETs of one value of so many bytes, `pipeline` at once on each of `clients` connections.
pub fn redis_get(
    at: (&str, &str),
    server: u32,
    (clients, pipeline, bytes, calls): (usize, usize, usize, usize),
) -> std::io::Result<Told> {
    let mut command = Command::new("redis-benchmark");
    command
        .args(["-h", at.0, "-p", at.1, "--csv", "-t", "set,get"])
        .args(["-c", &clients.to_string(), "-P", &pipeline.to_string()])
        .args(["-d", &bytes.to_string(), "-n", &calls.to_string()]);
    told(command, server, |line| {
        let rest = line.strip_prefix("\"GET\",\"")?;
        rest.split('"').next()?.parse().ok()
    })
}

/// Prepared selects by a random key, for so many seconds, on so many connections.
pub fn pgbench(
    (program, url): (&Path, &str),
    server: u32,
    script: &Path,
    (clients, rows, seconds): (usize, u64, f64),
) -> std::io::Result<Told> {
    let mut command = Command::new(program);
    command
        .args([
            "-n",
            "-M",
            "prepared",
            "-j",
            "2",
            "-c",
            &clients.to_string(),
        ])
        .args(["-T", &format!("{}", seconds.ceil().max(1.0))])
        .args(["-D", &format!("rows={rows}"), "-f"])
        .arg(script)
        .arg(url);
    told(command, server, |line| {
        let rest = line.strip_prefix("tps = ")?;
        rest.split(' ').next()?.parse().ok()
    })
}

fn told(
    mut command: Command,
    server: u32,
    rate: impl Fn(&str) -> Option<f64>,
) -> std::io::Result<Told> {
    let (before, began) = (cpu_of_all(server), instant());
    let output = command.output()?;
    let seconds = began.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(rate).ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        std::io::Error::other(format!("the tool told no rate: {said}"))
    })?;
    Ok(Told {
        rate,
        server_cpu: cpu_of_all(server) - before,
        seconds,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the benchmark measures on the wall clock"
)]
fn instant() -> Instant {
    Instant::now()
}
