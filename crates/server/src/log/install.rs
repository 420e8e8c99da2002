//! The subscriber of this process, and what a panic may say.

use tracing::Level;
use tracing::level_filters::LevelFilter;
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
/// `directives` is a filter such as `info` or `warn,dancu=debug`. Whatever it says, targets of the
/// transport and of the databases' drivers stay at INFO and above: at TRACE they would print
/// header values and statements with their values. Panics are logged by their place alone,
/// because a message could quote what it stumbled over.
pub fn install(form: LogForm, directives: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(directives).map_err(|error| error.to_string())?;
    let capped = tracing_subscriber::filter::filter_fn(|metadata| {
        *metadata.level() <= Level::INFO || !is_foreign(metadata.target())
    })
    .with_max_level_hint(LevelFilter::TRACE);
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match form {
        LogForm::Text => lines.with_ansi(false).boxed(),
        LogForm::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(capped).with_filter(filter))
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

/// Whether a target belongs to a library rather than to this project.
fn is_foreign(target: &str) -> bool {
    !(target == "dancu" || target.starts_with("dancu_") || target.starts_with("dancu::"))
}
