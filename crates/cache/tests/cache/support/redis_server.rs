//! A Redis of the test's own, on a port of its own; gone with the test, however that ends.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

/// The shell holds the server: when its input closes, the server ends.
const HOLD: &str =
    r#"redis-server "$@" >/dev/null 2>&1 & echo $!; cat >/dev/null; kill -9 $!; wait"#;

pub(crate) struct RedisServer {
    pub(crate) port: u16,
    options: Vec<String>,
    folder: tempfile::TempDir,
    holder: Option<Holder>,
}

struct Holder {
    shell: Child,
    input: Option<ChildStdin>,
    pid: u32,
}

impl RedisServer {
    /// Starts one. A test without a redis-server fails here.
    pub(crate) fn start(options: &[&str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut server = Self {
            port,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            folder: tempfile::tempdir().unwrap(),
            holder: None,
        };
        server.again();
        server
    }

    /// One for all tests of a file that harm nobody.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<RedisServer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Starts it again on its port, after an end.
    pub(crate) fn again(&mut self) {
        let mut shell = Command::new("sh");
        shell.args(["-c", HOLD, "sh", "--bind", "127.0.0.1", "--save", ""]);
        shell.args(["--appendonly", "no", "--port", &self.port.to_string()]);
        shell.arg("--dir").arg(self.folder.path());
        shell.args(&self.options);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().expect("a shell");
        let mut line = String::new();
        let output = shell.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        self.holder = Some(Holder {
            pid: line.trim().parse().expect("the number of a process"),
            input: shell.stdin.take(),
            shell,
        });
        self.await_answer();
    }

    fn await_answer(&self) {
        let client = redis::Client::open(self.url()).unwrap();
        let since = Instant::now();
        loop {
            let asked = client
                .get_connection_with_timeout(Duration::from_secs(1))
                .and_then(|mut c| redis::cmd("PING").query::<String>(&mut c));
            match asked {
                Ok(_) => return,
                // It is there, and refuses strangers.
                Err(error) if error.code().is_some() => return,
                Err(error) if error.kind() == redis::ErrorKind::AuthenticationFailed => return,
                Err(_) if since.elapsed() < Duration::from_secs(20) => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => panic!("redis-server did not start: is it installed? {error}"),
            }
        }
    }

    /// Sends a signal, such as `STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.holder.as_ref().unwrap().pid.to_string();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &pid])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.holder = None;
    }

    pub(crate) fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> T {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_connection().expect("a connection");
        command.query(&mut connection).expect("an answer")
    }

    pub(crate) fn ask_pipeline(&self, commands: &redis::Pipeline) {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_connection().expect("a connection");
        commands.exec(&mut connection).expect("an answer");
    }

    pub(crate) fn flush(&self) {
        self.ask::<()>(&redis::cmd("FLUSHALL"));
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.shell.wait();
    }
}
