//! `dancu serve`: the service, until SIGTERM or SIGINT.

use clap::Args;
use dancu_server::{Config, Running, StartError, Stop};
use serde_json::json;

use crate::causes::chain;
use crate::choosing::Choosing;
use crate::exit::Failure;
use crate::output::{Form, print, tell};
use crate::real_looking;
use crate::seeding;
use crate::words::Lang;

/// Serves a nation over gRPC.
#[derive(Args, Clone, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    choosing: Choosing,
    /// Begin a new file of checkpoints over entries that are there already. Without it, a lost file
    /// is an error: somebody may have taken it away.
    #[arg(long)]
    new_checkpoints: bool,
}

impl Serve {
    /// Serves until a signal comes.
    pub(crate) fn run(&self, form: Form, lang: Lang) -> Result<(), Failure> {
        let config = Config {
            new_checkpoints: self.new_checkpoints,
            ..self.choosing.settle(lang)?.config
        };
        let _log = dancu_server::install_log(config.log.form, &config.log.levels)
            .map_err(|why| Failure::Usage(format!("log.levels: {why}")))?;
        let running = start(config, lang)?;
        // Whoever reads that it serves may end it at once, and it drains all the same.
        let stopping = running.stopping();
        announce(&running, form, lang);
        let stop = stopping.recv().unwrap_or_else(|_| Stop::ended());
        end(running, stop, lang)
    }
}

/// Starts a service; a configuration that cannot be followed is a fault of the command line.
pub(crate) fn start(config: Config, lang: Lang) -> Result<Running, Failure> {
    if let Err(error) = config.validate() {
        return Err(Failure::Usage(error.to_string()));
    }
    let running =
        dancu_server::start(config, seeding::progress(lang)).map_err(|error| match error {
            StartError::AnotherNation { .. }
            | StartError::Unfinished { .. }
            | StartError::SyntheticNumbers => Failure::Usage(chain(&error, lang)),
            other => Failure::unable(
                lang.of("khởi động dịch vụ", "start the service"),
                &other,
                lang,
            ),
        })?;
    real_looking::warn_of(&running.meta(), lang);
    Ok(running)
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
