//! The subscriber of this process, and what a panic may say.

use std::sync::OnceLock;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
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

/// How many lines may wait to be written.
const WAITING: usize = 16_384;

/// Lines that found no place among them.
static LOST: OnceLock<ErrorCounter> = OnceLock::new();

/// Writes what still waits when it is dropped, and waits for that for a second at most.
#[derive(Debug)]
#[must_use = "lines are written as long as it lives"]
pub struct LogGuard(#[expect(dead_code, reason = "it does its work by being dropped")] WorkerGuard);

/// How many lines were lost because whoever takes standard error was too slow.
pub(crate) fn lost() -> u64 {
    LOST.get().map_or(0, |lost| lost.dropped_lines() as u64)
}

/// Writes the process's log to standard error, from a thread of its own: who answers never waits
/// for whoever reads the log. Lines beyond 16,384 that wait are lost and counted.
///
/// `directives` is a filter such as `info` or `warn,dancu=debug`; `trace` shows everything. The
/// transport and the databases' drivers print neither payloads nor header values nor bound values
/// at any level, which `tests/quiet` holds against the versions in the lock file. Panics are
/// logged by their place alone, because a message could quote what it stumbled over.
pub fn install(form: LogForm, directives: &str) -> Result<LogGuard, String> {
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING)
        .thread_name("dancu-log")
        .finish(std::io::stderr());
    let lost = writer.error_counter();
    install_to(form, directives, writer)?;
    LOST.get_or_init(|| lost);
    Ok(LogGuard(guard))
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
