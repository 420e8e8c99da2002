//! What an operator can choose; the command line fills it in.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Everything that can be chosen about one service.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data directory: registry, ledger, keys, checkpoints, lock.
    pub data: PathBuf,
    /// Where gRPC listens.
    pub listen: SocketAddr,
    /// Where operators' HTTP listens; `None` for nowhere.
    pub ops: Option<SocketAddr>,
    /// How many citizens the nation must have; `None` takes the nation that is there, or makes one
    /// of [`DEFAULT_CITIZENS`].
    pub citizens: Option<u64>,
    /// The seed that the nation must have; `None` takes the nation that is there, or makes one of
    /// [`DEFAULT_SEED`].
    pub seed: Option<u64>,
    /// How many runtimes answer; `None` for one a core.
    pub cores: Option<usize>,
    /// Whether sandbox keys are taken although the service listens beyond loopback.
    pub allow_sandbox_keys_anywhere: bool,
    /// The file of signed checkpoints; `None` puts it into the data directory.
    pub checkpoints: Option<PathBuf>,
    /// How much at once.
    pub limits: Limits,
    /// How long.
    pub times: Times,
    /// The request log.
    pub log: LogConfig,
}

/// How many citizens a nation gets when nobody says.
pub const DEFAULT_CITIZENS: u64 = 100_000;
/// The seed that a nation gets when nobody says.
pub const DEFAULT_SEED: u64 = 1;

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from(".dancu"),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50051),
            ops: Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090)),
            citizens: None,
            seed: None,
            cores: None,
            allow_sandbox_keys_anywhere: false,
            checkpoints: None,
            limits: Limits::default(),
            times: Times::default(),
            log: LogConfig::default(),
        }
    }
}

/// How much at once. What goes beyond is told so, never queued without bound.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections; never more than the descriptor limit allows.
    pub connections: usize,
    /// Streams of one connection at once (HTTP/2 `SETTINGS_MAX_CONCURRENT_STREAMS`).
    pub streams_per_connection: u32,
    /// Calls in flight, over all cores.
    pub calls: usize,
    /// Items in flight, over all cores.
    pub items: usize,
    /// Bytes of request messages that are being received, over all cores.
    pub receiving_bytes: usize,
    /// Messages of one stream that are carried out at once; answers keep their order.
    pub messages_per_stream: usize,
    /// Items of one message.
    pub items_per_message: usize,
    /// Bytes of one request message.
    pub request_bytes: usize,
    /// Bytes of one answer.
    pub answer_bytes: usize,
    /// Entries that may wait for the ledger's next commit.
    pub waiting_entries: usize,
    /// Numbers that may wait for the registry.
    pub waiting_reads: usize,
    /// Citizens kept in memory.
    pub cached_citizens: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            streams_per_connection: 1_024,
            calls: 8_192,
            items: 400_000,
            receiving_bytes: 512 << 20,
            messages_per_stream: 4,
            items_per_message: 1_000,
            request_bytes: 4 << 20,
            answer_bytes: 16 << 20,
            waiting_entries: 1_000_000,
            waiting_reads: 200_000,
            cached_citizens: 1_000_000,
        }
    }
}

/// How long.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From accepting a connection to the end of its HTTP/2 preface.
    pub preface: Duration,
    /// How long a connection may stay without a call.
    pub idle: Duration,
    /// Between two pings to a silent peer.
    pub ping_every: Duration,
    /// How long the answer to a ping may take.
    pub ping_timeout: Duration,
    /// The deadline of a unary call that brings none.
    pub default_deadline: Duration,
    /// The longest deadline that a unary call can have.
    pub longest_deadline: Duration,
    /// The hard bound of a drain.
    pub drain: Duration,
    /// How often the directory of agencies, credentials and licences is read again.
    pub directory_every: Duration,
    /// How old the directory may get before nothing is answered on its authority.
    pub directory_oldest: Duration,
    /// How far behind the registry an answer of `minimize_latency` may be.
    pub freshness_bound: Duration,
    /// How often the change feed is asked.
    pub feed_every: Duration,
    /// What an exhausted caller is told to wait.
    pub retry_after: Duration,
    /// From what duration on a message is logged as slow.
    pub slow: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            preface: Duration::from_secs(5),
            idle: Duration::from_mins(5),
            ping_every: Duration::from_mins(1),
            ping_timeout: Duration::from_secs(20),
            default_deadline: Duration::from_secs(30),
            longest_deadline: Duration::from_mins(5),
            drain: Duration::from_secs(10),
            directory_every: Duration::from_secs(1),
            directory_oldest: Duration::from_secs(10),
            freshness_bound: Duration::from_secs(1),
            feed_every: Duration::from_millis(100),
            retry_after: Duration::from_millis(200),
            slow: Duration::from_secs(1),
        }
    }
}

/// The request log.
#[derive(Clone, Copy, Debug)]
pub struct LogConfig {
    /// Lines a second, over all cores, for messages that were answered.
    pub answered_per_second: u32,
    /// Lines a second, over all cores, for messages that were shed.
    pub shed_per_second: u32,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            answered_per_second: 10,
            shed_per_second: 10,
        }
    }
}

/// A choice that cannot be followed: the field, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The field, as a path in [`Config`].
    pub field: &'static str,
    /// What it must be.
    pub must: &'static str,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} must be {}", self.field, self.must)
    }
}

impl std::error::Error for ConfigError {}

/// The largest nation: what the numbering holds beside the personas.
const MOST_CITIZENS: u64 = dancu_population::MAX_CITIZENS;

impl Config {
    /// Checks every choice by itself; what the machine allows is found out at the start.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let rules: [(&'static str, bool, &'static str); 20] = [
            ("data", !self.data.as_os_str().is_empty(), "a directory"),
            (
                "citizens",
                self.citizens
                    .is_none_or(|n| (1..=MOST_CITIZENS).contains(&n)),
                "from 1 to 100,000,000",
            ),
            (
                "cores",
                self.cores.is_none_or(|n| (1..=1_024).contains(&n)),
                "from 1 to 1,024",
            ),
            (
                "ops",
                self.ops.is_none_or(|ops| ops.ip().is_loopback()),
                "a loopback address",
            ),
            (
                "ops",
                self.ops
                    .is_none_or(|ops| ops.port() == 0 || ops != self.listen),
                "another address than `listen`",
            ),
            (
                "limits.connections",
                self.limits.connections > 0,
                "at least 1",
            ),
            (
                "limits.streams_per_connection",
                self.limits.streams_per_connection > 0,
                "at least 1",
            ),
            ("limits.calls", self.limits.calls > 0, "at least 1"),
            (
                "limits.items_per_message",
                (1..=1_000).contains(&self.limits.items_per_message),
                "from 1 to 1,000",
            ),
            (
                "limits.items",
                self.limits.items >= self.limits.items_per_message,
                "at least `limits.items_per_message`",
            ),
            (
                "limits.request_bytes",
                (1_024..=64 << 20).contains(&self.limits.request_bytes),
                "from 1 KiB to 64 MiB",
            ),
            (
                "limits.answer_bytes",
                (1_024..=256 << 20).contains(&self.limits.answer_bytes),
                "from 1 KiB to 256 MiB",
            ),
            (
                "limits.receiving_bytes",
                self.limits.receiving_bytes >= self.limits.request_bytes,
                "at least `limits.request_bytes`",
            ),
            (
                "limits.messages_per_stream",
                (1..=64).contains(&self.limits.messages_per_stream),
                "from 1 to 64",
            ),
            (
                "limits.waiting_entries",
                self.limits.waiting_entries >= self.limits.items_per_message,
                "at least `limits.items_per_message`",
            ),
            (
                "limits.waiting_reads",
                self.limits.waiting_reads >= self.limits.items_per_message,
                "at least `limits.items_per_message`",
            ),
            (
                "times.preface",
                !self.times.preface.is_zero(),
                "longer than nothing",
            ),
            (
                "times.default_deadline",
                !self.times.default_deadline.is_zero()
                    && self.times.default_deadline <= self.times.longest_deadline,
                "longer than nothing and at most `times.longest_deadline`",
            ),
            (
                "times.directory_every",
                !self.times.directory_every.is_zero()
                    && self.times.directory_every < self.times.directory_oldest,
                "longer than nothing and shorter than `times.directory_oldest`",
            ),
            (
                "times.feed_every",
                !self.times.feed_every.is_zero()
                    && self.times.feed_every <= self.times.freshness_bound,
                "longer than nothing and at most `times.freshness_bound`",
            ),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, must)) => Err(ConfigError { field, must }),
            None => Ok(()),
        }
    }

    /// How many runtimes answer.
    pub fn cores(&self) -> usize {
        self.cores
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// Whether sandbox keys are taken.
    pub fn takes_sandbox_keys(&self) -> bool {
        self.allow_sandbox_keys_anywhere || self.listen.ip().is_loopback()
    }
}
