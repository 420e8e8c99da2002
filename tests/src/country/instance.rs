//! One instance of the real binary, with a wire of its own to each part and before itself.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use dancu_wire::pb::health::HealthCheckRequest;
use dancu_wire::pb::health::health_check_response::ServingStatus;
use dancu_wire::pb::health::health_client::HealthClient;
use tonic::transport::Endpoint;

use super::held::{authority, through};
use super::signals::within;
use crate::bench::processes::Server;
use crate::proxy::Proxy;
use crate::{ops, stage};

/// What an instance is made of.
#[derive(Clone, Debug)]
pub struct Making {
    /// Its name, and with it its ledger's writer.
    pub name: String,
    /// Where the folders of all instances lie, and the keys that they share.
    pub folder: PathBuf,
    /// The registry's database.
    pub registry: String,
    /// The ledger's database.
    pub ledger: String,
    /// The shared level.
    pub redis: Option<String>,
    /// The nation's citizens.
    pub citizens: u64,
    /// The nation's seed.
    pub seed: u64,
    /// How many readers of the registry it has; left out, its default.
    pub readers: Option<u32>,
    /// The replica for reads, without a wire between.
    pub replica: Option<String>,
    /// Lines of its configuration beside those; first those that belong to no table.
    pub more: String,
}

/// How a part that is not well is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Calls are answered without it.
    Degraded,
    /// Calls that need it are not answered.
    Away,
}

impl How {
    /// Whether the service serves meanwhile.
    fn serves(self) -> bool {
        self == Self::Degraded
    }

    /// How readiness and log begin to say it.
    fn word(self) -> &'static str {
        match self {
            Self::Degraded => "degraded",
            Self::Away => "not ok",
        }
    }

    /// How loud the log is.
    fn level(self) -> &'static str {
        match self {
            Self::Degraded => " WARN ",
            Self::Away => "ERROR ",
        }
    }
}

/// An instance that a test may hurt, and whose wires it may hurt.
#[derive(Debug)]
pub struct Instance {
    making: Making,
    server: Server,
    /// Between its callers and itself; stays when it is started again.
    pub front: Proxy,
    /// Between it and the registry.
    pub registry: Proxy,
    /// Between it and the ledger.
    pub ledger: Proxy,
    /// Between it and Redis.
    pub redis: Option<Proxy>,
}

impl Instance {
    /// Starts one and waits until it answers.
    pub fn start(making: Making) -> Self {
        let registry = Proxy::before(authority(&making.registry));
        let ledger = Proxy::before(authority(&making.ledger));
        let redis = making
            .redis
            .as_deref()
            .map(|url| Proxy::before(authority(url)));
        let file = making.folder.join(format!("{}.toml", making.name));
        let mut text = format!(
            "instance = \"{}\"\nkeys = \"{}\"\n{}\n",
            making.name,
            making.folder.join("keys").display(),
            making.more
        );
        for (table, url, proxy) in [
            ("registry", Some(&making.registry), Some(&registry)),
            ("ledger", Some(&making.ledger), Some(&ledger)),
            ("redis", making.redis.as_ref(), redis.as_ref()),
        ] {
            if let (Some(url), Some(proxy)) = (url, proxy) {
                let url = through(url, proxy.address());
                writeln!(text, "\n[{table}]\nurl = \"{url}\"").expect("a string takes every write");
            }
        }
        let readers = making.readers.map(|readers| format!("readers = {readers}"));
        let replica = making.replica.as_ref();
        let replica = replica.map(|url| format!("replica = \"{url}\""));
        for line in readers.into_iter().chain(replica) {
            text = text.replacen("[registry]\n", &format!("[registry]\n{line}\n"), 1);
        }
        std::fs::write(&file, text).expect("a configuration can be written");
        let server = begin(&making).expect("the instance starts");
        let front = Proxy::before(server.address);
        Self {
            making,
            server,
            front,
            registry,
            ledger,
            redis,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.making.name
    }

    /// Where its callers connect, for as long as the test runs.
    pub fn address(&self) -> SocketAddr {
        self.front.address()
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.making.folder.join(&self.making.name)
    }

    /// Ends it as power loss to the process would.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Asks it to end, and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        self.server
            .terminate()
            .expect("it ends when it is asked to")
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.server.ended()
    }

    /// Starts it again, on another port behind the same wire.
    pub fn start_again(&mut self) -> std::io::Result<()> {
        self.server = begin(&self.making)?;
        self.front.point(self.server.address);
        Ok(())
    }

    /// Starts it again as a supervisor would: until it serves.
    pub fn supervise(&mut self, time: Duration) {
        let up = within(time, || self.start_again().is_ok());
        assert!(up, "{} does not start again:\n{}", self.name(), self.log());
    }

    /// What `/readyz?verbose` says; nothing where nobody answers.
    pub fn readiness(&self) -> String {
        let address = self.server.ops.expect("the binary tells its second port");
        ops::try_get(address, "/readyz?verbose").unwrap_or_default()
    }

    /// Whether it says that it serves.
    pub fn serves(&self) -> bool {
        self.readiness().starts_with("HTTP/1.1 200")
    }

    /// Whether readiness has this line.
    pub fn says(&self, line: &str) -> bool {
        self.readiness().lines().any(|told| told.starts_with(line))
    }

    /// Waits until readiness has a line that begins so.
    pub fn until_says(&self, line: &str, time: Duration) {
        assert!(
            within(time, || self.says(line)),
            "{} never said `{line}`, but\n{}\nits log:\n{}",
            self.name(),
            self.readiness(),
            self.log()
        );
    }

    /// Waits until it says that it serves.
    pub fn until_serves(&self, time: Duration) {
        assert!(
            within(time, || self.serves()),
            "{} never served again:\n{}\nits log:\n{}",
            self.name(),
            self.readiness(),
            self.log()
        );
    }

    /// The value of a series of `/metrics`; 0 where it is absent.
    pub fn metric(&self, series: &str) -> f64 {
        self.metric_told(series).unwrap_or(0.0)
    }

    /// The value of a series of `/metrics`, if it is there.
    fn metric_told(&self, series: &str) -> Option<f64> {
        let address = self.server.ops.expect("the binary tells its second port");
        let page = ops::try_get(address, "/metrics").unwrap_or_default();
        ops::series(&page, series)
    }

    /// What the log said last of how a part is.
    fn logged_of(&self, part: &str) -> String {
        let text = std::fs::read_to_string(log_file(&self.making)).unwrap_or_default();
        let of_part = format!("a part changed part=\"{part}\"");
        let lines = text.lines().rev();
        let last = lines.into_iter().find(|line| line.contains(&of_part));
        last.unwrap_or_default().to_owned()
    }

    /// How often the log said that a part that was well is not any more.
    pub fn times_logged(&self, part: &str, now: How) -> usize {
        let text = std::fs::read_to_string(log_file(&self.making)).unwrap_or_default();
        let words = format!("part=\"{part}\" was=ok now={}", now.word());
        text.matches(&words).count()
    }

    /// Waits until every voice tells that a part is `away`: readiness, health, metrics and log.
    pub fn until_told(&self, part: &str, away: How, time: Duration) {
        self.until_says(&format!("{part}: {}", away.word()), time);
        assert_eq!(self.serves(), away.serves(), "{}", self.readiness());
        assert_eq!(self.health(), away.serves(), "what grpc.health.v1 says");
        let number = |so: bool| f64::from(u8::from(so));
        for (series, so) in [
            ("dancu_part_up", away.serves()),
            ("dancu_part_degraded", away == How::Degraded),
        ] {
            let series = format!("{series}{{part=\"{part}\"}}");
            let told = self.metric_told(&series);
            assert_eq!(told, Some(number(so)), "{series}");
        }
        let line = self.logged_of(part);
        let words = format!("now={}", away.word());
        assert!(
            line.contains(away.level()) && line.contains(&words),
            "the log says of {part} at last: {line}"
        );
    }

    /// Whether `grpc.health.v1` says that it serves.
    fn health(&self) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be built");
        let to = format!("http://{}", self.server.address);
        let asked = async {
            let channel = Endpoint::from_shared(to)
                .expect("an address makes a URI")
                .connect()
                .await
                .expect("the instance takes connections");
            let mut client = HealthClient::new(channel);
            let answer = client.check(HealthCheckRequest::default()).await;
            answer.expect("health is always told").into_inner().status()
        };
        let asked = async { tokio::time::timeout(Duration::from_secs(10), asked).await };
        runtime.block_on(asked).expect("health is told in time") == ServingStatus::Serving
    }

    /// Runs `dancu audit verify` over the ledger at `url` with its checkpoints; what it prints when it finds something.
    pub fn audit(&self, url: &str) -> Result<(), String> {
        let told = Command::new(stage::binary())
            .args(["audit", "verify"])
            .env("DANCU_LEDGER_URL", url)
            .env("DANCU_KEYS", self.making.folder.join("keys"))
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        if told.status.success() {
            return Ok(());
        }
        Err(format!(
            "{}{}",
            String::from_utf8_lossy(&told.stdout),
            String::from_utf8_lossy(&told.stderr)
        ))
    }

    /// The last lines of its log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(log_file(&self.making)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.server.id()
    }
}

fn log_file(making: &Making) -> PathBuf {
    making.folder.join(format!("{}.log", making.name))
}

fn begin(making: &Making) -> std::io::Result<Server> {
    let log = std::fs::File::options()
        .append(true)
        .create(true)
        .open(log_file(making))?;
    Server::start(&mut serve(stage::binary(), making, log))
}

fn serve(binary: &Path, making: &Making, log: std::fs::File) -> Command {
    let mut command = Command::new(binary);
    command
        .arg("serve")
        .arg("--config")
        .arg(making.folder.join(format!("{}.toml", making.name)))
        .args(["--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"])
        .args(["--citizens", &making.citizens.to_string()])
        .args(["--seed", &making.seed.to_string()])
        .arg("--data")
        .arg(making.folder.join(&making.name))
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        .stderr(log);
    command
}
