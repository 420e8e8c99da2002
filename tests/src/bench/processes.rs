//! The processes that a benchmark starts, and what they cost.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// A server in a process of its own; it is ended when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its operators' pages are; known of the real binary.
    pub ops: Option<SocketAddr>,
}

impl Server {
    /// Starts `command` and reads lines of its standard output until one holds a loopback
    /// address.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().expect("standard output was piped");
        let mut lines = BufReader::new(output).lines();
        let told = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| address_in(&line).map(|address| (line, address)));
        let Some((told, address)) = told else {
            child.kill().ok();
            child.wait().ok();
            return Err(std::io::Error::other("the server told no address"));
        };
        // The real binary names its second port on the next line.
        let next = if told.starts_with("gRPC") {
            lines.next()
        } else {
            None
        };
        let ops = next.and_then(Result::ok).and_then(|line| address_in(&line));
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Self {
            child,
            address,
            ops,
        })
    }

    /// Seconds of processor time that it has used.
    pub fn cpu(&self) -> f64 {
        cpu_seconds(self.child.id()).unwrap_or(0.0)
    }

    /// The server itself, also where another program, such as strace, was started around it.
    fn innermost(&self) -> u32 {
        let mut id = self.child.id();
        while let Some(child) = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"))
            .ok()
            .and_then(|children| children.split_whitespace().next()?.parse().ok())
        {
            id = child;
        }
        id
    }

    /// Ends it as power loss to the process would: SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Asks it to end with SIGTERM, and waits until it has.
    pub fn terminate(&mut self) -> std::io::Result<std::process::ExitStatus> {
        let id = self.innermost().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        for _ in 0..3_000 {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Err(std::io::Error::other(
            "it did not end within 30 s of SIGTERM",
        ))
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.innermost() != self.child.id() {
            let id = self.innermost().to_string();
            Command::new("kill").args(["-KILL", &id]).status().ok();
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let from = line.find("127.0.0.1:")?;
    let rest = &line[from..];
    let end = rest
        .char_indices()
        .find(|(_, c)| !(c.is_ascii_digit() || *c == '.' || *c == ':'))
        .map_or(rest.len(), |(at, _)| at);
    rest[..end].parse().ok()
}

/// Seconds of processor time a process has used, user and system, from `/proc`.
pub fn cpu_seconds(id: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let rest = stat.rsplit_once(')')?.1;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}

/// Seconds of processor time of those threads of a process that have this name.
pub fn cpu_of_threads(id: u32, name: &str) -> std::io::Result<f64> {
    let mut seconds = 0.0;
    for thread in std::fs::read_dir(format!("/proc/{id}/task"))? {
        let thread = thread?.path();
        if std::fs::read_to_string(thread.join("comm"))?.trim() == name {
            // Nanoseconds on a processor stand first: the ticks of `stat` are too coarse for a thread
            // that works a little and often.
            let told = std::fs::read_to_string(thread.join("schedstat"))?;
            let nanos = told.split_whitespace().next().map(str::parse::<f64>);
            seconds += nanos.and_then(Result::ok).unwrap_or(0.0) / 1e9;
        }
    }
    Ok(seconds)
}

/// The same of a process with all its children, those that have ended among them.
pub fn cpu_of_all(id: u32) -> f64 {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    let children = children.unwrap_or_default();
    let living = children.split_whitespace().filter_map(|id| id.parse().ok());
    cpu_with_ended(id).unwrap_or(0.0) + living.map(cpu_of_all).sum::<f64>()
}

/// Seconds of processor time of everybody whom this process started and has waited for.
pub fn cpu_of_ended() -> f64 {
    let own = std::process::id();
    cpu_with_ended(own).unwrap_or(0.0) - cpu_seconds(own).unwrap_or(0.0)
}

/// The same of a process and those of its children that have ended and were waited for.
fn cpu_with_ended(id: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let rest = stat.rsplit_once(')')?.1;
    let fields = rest.split_whitespace().skip(11).take(4);
    let ticks: f64 = fields.filter_map(|field| field.parse::<f64>().ok()).sum();
    Some(ticks / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_a_line() {
        assert_eq!(
            address_in("gRPC on http://127.0.0.1:50051, metrics elsewhere"),
            "127.0.0.1:50051".parse().ok()
        );
        assert_eq!(address_in("nothing here"), None);
    }

    #[test]
    fn a_process_has_used_some_time() {
        assert!(cpu_seconds(std::process::id()).is_some());
    }
}
