//! The subscriber of this process, and what a panic may say.

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogForm {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Writes the process's log to standard error.
///
/// `directives` is a filter such as `info` or `warn,dancu=debug`; `trace` shows everything. The
/// transport and the databases' drivers print neither payloads nor header values nor bound values
/// at any level, which `tests/quiet` holds against the versions in the lock file. Panics are
/// logged by their place alone, because a message could quote what it stumbled over.
pub fn install(form: LogForm, directives: &str) -> Result<(), String> {
    install_to(form, directives, std::io::stderr)
}

/// The same with another place for the lines.
pub fn install_to<W>(form: LogForm, directives: &str, writer: W) -> Result<(), String>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(directives).map_err(|error| error.to_string())?;
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    let lines = match form {
        LogForm::Text => lines.boxed(),
        LogForm::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|error| error.to_string())?;
    std::panic::set_hook(Box::new(|panic| {
        let (file, line) = panic
            .location()
            .map_or(("unknown", 0), |place| (place.file(), place.line()));
        tracing::error!(file, line, "panic");
    }));
    Ok(())
}

/// Whether a filter can be followed.
pub fn check(directives: &str) -> Result<(), String> {
    EnvFilter::try_new(directives)
        .map(drop)
        .map_err(|error| error.to_string())
}
