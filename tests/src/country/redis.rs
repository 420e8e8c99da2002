//! The Redis of a country: spoken to over a socket of its own, paused, killed and started again.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::signals::{alive, signal, within};

/// A Redis server that a test may hurt.
#[derive(Debug)]
pub struct RedisPart {
    address: SocketAddr,
    id: u32,
    /// `deploy/parts`, and the folder that it keeps this server in.
    script: PathBuf,
    folder: PathBuf,
}

impl RedisPart {
    /// The server that listens at `address`; `script` starts it again in `folder`.
    pub fn at(address: SocketAddr, script: PathBuf, folder: PathBuf) -> Self {
        let id = id_of(address).expect("Redis tells its process id");
        Self {
            address,
            id,
            script,
            folder,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it answers to a command, as text; lists have a line an element.
    pub fn say(&self, words: &[&str]) -> String {
        say(self.address, words).expect("Redis answers")
    }

    /// The same after a password.
    pub fn say_as(&self, password: &str, words: &[&str]) -> String {
        say_after(self.address, &[&["AUTH", password], words]).expect("Redis answers")
    }

    /// One line of `INFO`.
    pub fn info(&self, name: &str) -> Option<String> {
        let all = self.say(&["INFO", "everything"]);
        let line = all
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|value| value.trim().to_owned())
    }

    /// Stops it where it stands.
    pub fn pause(&self) {
        signal("STOP", &[self.id]);
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        signal("CONT", &[self.id]);
    }

    /// Ends it as power loss to the process would.
    pub fn kill(&self) {
        signal("KILL", &[self.id]);
        assert!(
            within(Duration::from_secs(30), || !alive(self.id)),
            "Redis outlived SIGKILL"
        );
    }

    /// Starts it again, empty, on the same port.
    pub fn start(&mut self) {
        let started = Command::new(&self.script)
            .arg("start")
            .arg(&self.folder)
            .arg("redis")
            .stdin(Stdio::null())
            .status()
            .expect("deploy/parts runs");
        assert!(started.success(), "Redis does not start again");
        self.id = id_of(self.address).expect("Redis answers again");
    }
}

fn id_of(address: SocketAddr) -> Option<u32> {
    let info = say(address, &["INFO", "server"]).ok()?;
    info.lines()
        .find_map(|line| line.strip_prefix("process_id:")?.trim().parse().ok())
}

fn say(address: SocketAddr, words: &[&str]) -> std::io::Result<String> {
    say_after(address, &[words])
}

/// Says several commands on one connection; the answer to the last.
fn say_after(address: SocketAddr, commands: &[&[&str]]) -> std::io::Result<String> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut answers = BufReader::new(socket.try_clone()?);
    let mut last = String::new();
    for words in commands {
        let mut command = format!("*{}\r\n", words.len());
        for word in *words {
            write!(command, "${}\r\n{word}\r\n", word.len()).expect("a string takes every write");
        }
        socket.write_all(command.as_bytes())?;
        last = hear(&mut answers)?;
    }
    Ok(last)
}

fn hear(socket: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    if socket.read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let line = line.trim_end();
    let (kind, rest) = line.split_at(1.min(line.len()));
    match kind {
        "$" | "=" => {
            let Ok(length) = rest.parse::<usize>() else {
                return Ok(String::new());
            };
            let mut bytes = vec![0; length + 2];
            socket.read_exact(&mut bytes)?;
            bytes.truncate(length);
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        "*" => {
            let count = rest.parse().unwrap_or(0);
            let all: Result<Vec<_>, _> = (0..count).map(|_| hear(socket)).collect();
            Ok(all?.join("\n"))
        }
        "-" => Ok(format!("-{rest}")),
        _ => Ok(rest.to_owned()),
    }
}
