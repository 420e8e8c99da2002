//! `dancu serve`: the service, until SIGTERM or SIGINT.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use dancu_server::{Config, LogForm, Running, Stop};
use serde_json::json;

use crate::causes::chain;
use crate::exit::Failure;
use crate::output::{Form, print, tell};
use crate::seeding;
use crate::words::Lang;

/// Serves a nation over gRPC.
#[derive(Args, Clone, Debug)]
pub(crate) struct Serve {
    /// The data directory: registry, ledger, keys, checkpoints. Made if it is not there.
    #[arg(long, env = "DANCU_DATA", default_value = ".dancu")]
    data: PathBuf,
    /// Where gRPC listens.
    #[arg(long, env = "DANCU_LISTEN", default_value = "127.0.0.1:50051")]
    listen: SocketAddr,
    /// Where metrics and health are told, on loopback.
    #[arg(long, env = "DANCU_OPS", default_value = "127.0.0.1:9090")]
    ops: SocketAddr,
    /// Tell no metrics and no health over HTTP.
    #[arg(long, env = "DANCU_NO_OPS")]
    no_ops: bool,
    /// How many citizens the nation has; left out, those of the nation that is there, or 100,000.
    #[arg(long, env = "DANCU_CITIZENS")]
    citizens: Option<u64>,
    /// The nation's seed; left out, that of the nation that is there, or 1.
    #[arg(long, env = "DANCU_SEED")]
    seed: Option<u64>,
    /// How many cores answer; left out, all.
    #[arg(long, env = "DANCU_CORES")]
    cores: Option<usize>,
    /// The file of signed checkpoints; left out, it lies in the data directory.
    #[arg(long, env = "DANCU_CHECKPOINTS")]
    checkpoints: Option<PathBuf>,
    /// Begin a new file of checkpoints over entries that are there already. Without it, a lost file
    /// is an error: somebody may have taken it away.
    #[arg(long)]
    new_checkpoints: bool,
    /// Take sandbox keys although the service listens beyond loopback.
    #[arg(long, env = "DANCU_ALLOW_SANDBOX_KEYS_ANYWHERE")]
    allow_sandbox_keys_anywhere: bool,
    /// How many connections there may be.
    #[arg(long, env = "DANCU_CONNECTIONS")]
    connections: Option<usize>,
    /// How many citizens are kept in memory.
    #[arg(long, env = "DANCU_CACHED_CITIZENS")]
    cached_citizens: Option<usize>,
    /// How many seconds work in flight has at the end.
    #[arg(long, env = "DANCU_DRAIN_SECONDS")]
    drain_seconds: Option<u64>,
    /// How many lines a second the log has for messages that were answered.
    #[arg(long, env = "DANCU_LOG_ANSWERED")]
    log_answered: Option<u32>,
    /// What is logged: a level, or levels by target.
    #[arg(long, env = "DANCU_LOG", default_value = "info")]
    log: String,
    /// The form of the log.
    #[arg(long, env = "DANCU_LOG_FORM", value_enum, default_value_t = Lines::Text)]
    log_form: Lines,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Lines {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Serve {
    /// Serves until a signal comes.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let lines = match self.log_form {
            Lines::Text => LogForm::Text,
            Lines::Json => LogForm::Json,
        };
        dancu_server::install_log(lines, &self.log)
            .map_err(|why| Failure::Usage(format!("--log: {why}")))?;
        let running = start(self.config(), lang)?;
        announce(&running, form, lang);
        wait(running, lang)
    }

    fn config(&self) -> Config {
        let mut config = Config {
            data: self.data.clone(),
            listen: self.listen,
            ops: (!self.no_ops).then_some(self.ops),
            citizens: self.citizens,
            seed: self.seed,
            cores: self.cores,
            allow_sandbox_keys_anywhere: self.allow_sandbox_keys_anywhere,
            checkpoints: self.checkpoints.clone(),
            new_checkpoints: self.new_checkpoints,
            ..Config::default()
        };
        if let Some(connections) = self.connections {
            config.limits.connections = connections;
        }
        if let Some(citizens) = self.cached_citizens {
            config.limits.cached_citizens = citizens;
        }
        if let Some(seconds) = self.drain_seconds {
            config.times.drain = Duration::from_secs(seconds);
        }
        if let Some(lines) = self.log_answered {
            config.log.answered_per_second = lines;
        }
        config
    }
}

/// Starts a service; a configuration that cannot be followed is a fault of the command line.
pub(crate) fn start(config: Config, lang: Lang) -> Result<Running, Failure> {
    if let Err(error) = config.validate() {
        return Err(Failure::Usage(error.to_string()));
    }
    dancu_server::start(config, seeding::progress(lang)).map_err(|error| match error {
        dancu_server::StartError::AnotherNation { .. } => Failure::Usage(chain(&error, lang)),
        other => Failure::unable(
            lang.of("khởi động dịch vụ", "start the service"),
            &other,
            lang,
        ),
    })
}

/// Waits for a signal, then drains.
pub(crate) fn wait(running: Running, lang: Lang) -> Result<(), Failure> {
    let stop = running.wait();
    end(running, stop, lang)
}

/// Drains after this.
pub(crate) fn end(running: Running, stop: Stop, lang: Lang) -> Result<(), Failure> {
    let report = running.drain();
    if report.cut > 0 {
        let words = lang.of("kết nối bị cắt khi dừng", "connections cut at the end");
        tell(&format!("{}: {words}", report.cut));
    }
    match stop {
        Stop::Failed(why) => Err(Failure::Unable {
            doing: lang.of("phục vụ tiếp", "go on serving").to_owned(),
            cause: Some(why),
        }),
        Stop::Signal if !report.ledger_closed => Err(Failure::just(
            lang.of("đóng sổ kiểm toán", "close the ledger"),
        )),
        Stop::Signal => Ok(()),
    }
}

fn announce(running: &Running, form: Form, lang: Lang) {
    let (grpc, meta) = (running.grpc_addr(), running.meta());
    let ops = running.ops_addr();
    match form {
        Form::Json => print(&format!(
            "{}\n",
            json!({
                "grpc": grpc.to_string(),
                "ops": ops.map(|ops| ops.to_string()),
                "nation": meta.nation.text(),
                "seed": meta.seed,
                "citizens": meta.citizens,
            })
        )),
        Form::Table => {
            let citizens = lang.numbers().whole(meta.citizens);
            print(&format!("gRPC: http://{grpc}\n"));
            if let Some(ops) = ops {
                let words = lang.of("số đo", "metrics");
                print(&format!("{words}: http://{ops}/metrics\n"));
            }
            let words = lang.of("công dân, hạt giống", "citizens of seed");
            print(&format!("{citizens} {words} {}\n", meta.seed));
        }
    }
}
