//! How a configuration is chosen on the command line, and read together with the rest.

use std::path::{Path, PathBuf};

use clap::Args;
use dancu_server::{Layers, Origin, Secret, Settled};

use crate::edge;
use crate::exit::Failure;
use crate::output::tell;
use crate::words::Lang;

/// Settings: a flag wins over a variable (DANCU_ and the setting's name in capitals), that over the
/// file, that over the default. `dancu config default` prints the manual of all of them.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Choosing {
    /// A file of settings.
    #[arg(long, env = "DANCU_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Any setting by its name, such as limits.calls=1000; can be given many times.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = hidden)]
    set: Vec<Secret>,
    /// The data directory: keys, checkpoints, and registry and ledger where they are files. Made if
    /// it is not there. [default: .dancu]
    #[arg(long)]
    data: Option<String>,
    /// The name under which this instance writes the ledger. [default: main]
    #[arg(long)]
    instance: Option<String>,
    /// The file of keys; left out, it lies in the data directory.
    #[arg(long, value_name = "FILE")]
    keys: Option<String>,
    /// Where gRPC listens. [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where metrics and health are told; `off` for nowhere. [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDRESS")]
    ops: Option<String>,
    /// Tell no metrics and no health over HTTP.
    #[arg(long, conflicts_with = "ops")]
    no_ops: bool,
    /// How many citizens the nation has; left out, those of the nation that is there, or 100,000.
    #[arg(long)]
    citizens: Option<String>,
    /// The nation's seed; left out, that of the nation that is there, or 1.
    #[arg(long)]
    seed: Option<String>,
    /// Let callers name the day under which they are counted, from a first to a last:
    /// 2023-01-01..2023-09-30. For replaying another time into a ledger of its own. [default: off]
    #[arg(long, value_name = "DAYS")]
    event_days: Option<String>,
    /// Make the nation with personal numbers that begin with a 0, as real ones do. Living people may
    /// have these numbers.
    #[arg(long)]
    real_looking_numbers: bool,
    /// How many cores answer; left out, all.
    #[arg(long)]
    cores: Option<String>,
    /// The registry's database, postgres://…; better given as DANCU_REGISTRY_URL or in a file,
    /// because everybody on the machine can read flags.
    #[arg(long, value_name = "URL", value_parser = hidden)]
    registry: Option<Secret>,
    /// The same database on a replica, for reads.
    #[arg(long, value_name = "URL", value_parser = hidden)]
    replica: Option<Secret>,
    /// The ledger's database, postgres://…
    #[arg(long, value_name = "URL", value_parser = hidden)]
    ledger: Option<Secret>,
    /// The level that instances share, redis://…
    #[arg(long, value_name = "URL", value_parser = hidden)]
    redis: Option<Secret>,
    /// The file of signed checkpoints; left out, it lies in the data directory.
    #[arg(long, value_name = "FILE")]
    checkpoints: Option<String>,
    /// Take sandbox keys although the service listens beyond loopback.
    #[arg(long)]
    allow_sandbox_keys_anywhere: bool,
    /// Tell metrics and health beyond loopback.
    #[arg(long)]
    allow_ops_anywhere: bool,
    /// How many connections there may be.
    #[arg(long)]
    connections: Option<String>,
    /// How many citizens are kept in memory.
    #[arg(long)]
    cached_citizens: Option<String>,
    /// How long work in flight has at the end, such as 10s.
    #[arg(long, value_name = "DURATION")]
    drain: Option<String>,
    /// What is logged: a level, or levels by target. [default: info]
    #[arg(long, value_name = "LEVELS")]
    log: Option<String>,
    /// The form of the log, text or json. [default: text]
    #[arg(long, value_name = "FORM")]
    log_form: Option<String>,
    /// How many lines a second the log has for messages that were answered.
    #[arg(long, value_name = "LINES")]
    log_answered: Option<String>,
}

/// Takes a text that may hold a password.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a parser of an argument may fail, this one never does"
)]
fn hidden(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

impl Choosing {
    /// What a file of settings chooses, without any flag.
    pub(crate) fn by(file: &Path) -> Self {
        Self {
            config: Some(file.to_owned()),
            ..Self::default()
        }
    }

    /// Reads flags, environment and file together; a configuration that cannot be followed is a
    /// fault of whoever called.
    pub(crate) fn settle(&self, lang: Lang) -> Result<Settled, Failure> {
        let environment = edge::variables();
        let file = match &self.config {
            Some(path) => Some((path.display().to_string(), read(path, lang)?)),
            None => None,
        };
        let layers = Layers {
            file,
            environment: environment.clone(),
            flags: self.flags()?,
        };
        let settled = layers
            .settle()
            .map_err(|error| Failure::Usage(error.to_string()))?;
        for (name, _) in environment {
            if !Layers::knows(&name) && !is_of_another(&name) {
                let words = lang.of("không phải là thiết lập", "is no setting");
                tell(&format!("dancu: {name} {words}"));
            }
        }
        if let Some(path) = &self.config {
            warn_of_readers(path, &settled, lang);
        }
        Ok(settled)
    }

    /// Setting, flag and text of each flag that was given.
    fn flags(&self) -> Result<Vec<(String, String, String)>, Failure> {
        let truth = |given: bool| given.then_some("true");
        let secret = |given: &'_ Option<Secret>| given.as_ref().map(|s| s.reveal().to_owned());
        let flags = [
            ("data", "--data", self.data.clone()),
            ("instance", "--instance", self.instance.clone()),
            ("keys", "--keys", self.keys.clone()),
            ("listen", "--listen", self.listen.clone()),
            ("ops", "--ops", self.ops.clone()),
            ("ops", "--no-ops", self.no_ops.then(|| "off".to_owned())),
            ("citizens", "--citizens", self.citizens.clone()),
            ("seed", "--seed", self.seed.clone()),
            ("event_days", "--event-days", self.event_days.clone()),
            (
                "real_looking_numbers",
                "--real-looking-numbers",
                truth(self.real_looking_numbers).map(str::to_owned),
            ),
            ("cores", "--cores", self.cores.clone()),
            ("registry.url", "--registry", secret(&self.registry)),
            ("registry.replica", "--replica", secret(&self.replica)),
            ("ledger.url", "--ledger", secret(&self.ledger)),
            ("redis.url", "--redis", secret(&self.redis)),
            ("checkpoints", "--checkpoints", self.checkpoints.clone()),
            (
                "allow_sandbox_keys_anywhere",
                "--allow-sandbox-keys-anywhere",
                truth(self.allow_sandbox_keys_anywhere).map(str::to_owned),
            ),
            (
                "allow_ops_anywhere",
                "--allow-ops-anywhere",
                truth(self.allow_ops_anywhere).map(str::to_owned),
            ),
            (
                "limits.connections",
                "--connections",
                self.connections.clone(),
            ),
            (
                "limits.cached_citizens",
                "--cached-citizens",
                self.cached_citizens.clone(),
            ),
            ("times.drain", "--drain", self.drain.clone()),
            ("log.levels", "--log", self.log.clone()),
            ("log.form", "--log-form", self.log_form.clone()),
            (
                "log.answered_per_second",
                "--log-answered",
                self.log_answered.clone(),
            ),
        ];
        let named = flags
            .into_iter()
            .filter_map(|(setting, flag, text)| Some((setting.to_owned(), flag.to_owned(), text?)));
        // What is named is more particular than what has a flag of its own, whatever the order.
        let set = self.set.iter().map(|given| {
            let wrong = || Failure::Usage("--set must be NAME=VALUE".to_owned());
            let (name, text) = given.reveal().split_once('=').ok_or_else(wrong)?;
            // An address without a name may hold a `=` as well.
            if name.contains("://") || name.contains('@') {
                return Err(wrong());
            }
            Ok((name.to_owned(), format!("--set {name}"), text.to_owned()))
        });
        named.map(Ok).chain(set).collect()
    }
}

fn read(path: &Path, lang: Lang) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let doing = lang.of("đọc tệp thiết lập", "read the file of settings");
        Failure::unable(&format!("{doing} {}", path.display()), &error, lang)
    })
}

/// Variables that other commands, other tools of ours and container platforms set.
fn is_of_another(name: &str) -> bool {
    const COMMANDS: [&str; 8] = [
        "CONFIG", "OUTPUT", "LANG", "SERVER", "KEY", "AGENCY", "SECONDS", "LOG",
    ];
    const FAMILIES: [&str; 6] = ["PARTS_", "LOAD_", "SERVICE_", "PORT", "TEST_", "BROKEN"];
    name.strip_prefix("DANCU_").is_none_or(|rest| {
        COMMANDS.contains(&rest) || FAMILIES.iter().any(|family| rest.starts_with(family))
    })
}

/// Says so when others can read a file that holds addresses with passwords.
#[cfg(unix)]
fn warn_of_readers(path: &Path, settled: &Settled, lang: Lang) {
    use std::os::unix::fs::PermissionsExt as _;
    let holds = settled.choices().into_iter().any(|choice| {
        matches!(choice.origin, Origin::File(..))
            && [
                "registry.url",
                "registry.replica",
                "ledger.url",
                "redis.url",
            ]
            .contains(&choice.name)
            && choice
                .value
                .is_some_and(|shown| shown.toml().contains("(hidden)"))
    });
    let open = std::fs::metadata(path).is_ok_and(|at| at.permissions().mode() & 0o077 != 0);
    if holds && open {
        let words = lang.of(
            "chứa mật khẩu mà người khác đọc được: chmod 600",
            "holds passwords that others can read: chmod 600",
        );
        tell(&format!("dancu: {} {words}", path.display()));
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_: &Path, _: &Settled, _: Lang) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_that_may_hold_a_password_does_not_print() {
        let choosing = Choosing {
            registry: Some(Secret::new("postgres://dancu:Chim3@db/registry")),
            set: vec![Secret::new("redis.url=redis://:Chim3@cache")],
            ..Choosing::default()
        };
        assert!(!format!("{choosing:?}").contains("Chim3"));
        let flags = choosing.flags().unwrap();
        assert_eq!(flags[0].0, "registry.url");
        assert_eq!(flags[1].1, "--set redis.url");
        assert_eq!(flags[1].2, "redis://:Chim3@cache");
    }

    #[test]
    fn a_set_without_a_value_is_refused_without_being_repeated() {
        let choosing = Choosing {
            set: vec![Secret::new("Chim3")],
            ..Choosing::default()
        };
        let told = choosing.flags().unwrap_err().text(Lang::En);
        assert_eq!(told, "--set must be NAME=VALUE");
    }

    #[test]
    fn variables_of_others_are_known() {
        for name in [
            "DANCU_PARTS_REDIS",
            "DANCU_CONFIG",
            "DANCU_PORT_50051_TCP",
            "HOME",
        ] {
            assert!(is_of_another(name), "{name}");
        }
        assert!(!is_of_another("DANCU_LIMTS_CALLS"));
    }
}
