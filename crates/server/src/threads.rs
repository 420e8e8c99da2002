//! Threads, each with a runtime of its own.

use std::future::Future;
use std::thread::JoinHandle;

use crate::error::StartError;

/// Runs a future to its end on a new thread with a current-thread runtime. What the future
/// spawned ends with it.
pub(crate) fn spawn<T, M, F>(name: &str, main: M) -> Result<JoinHandle<T>, StartError>
where
    T: Send + 'static,
    M: FnOnce() -> F + Send + 'static,
    F: Future<Output = T>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name(name)
        .build()
        .map_err(StartError::Threads)?;
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let ended = runtime.block_on(async { main().await });
            // A blocking task of a driver must not hold the end up.
            runtime.shutdown_background();
            ended
        })
        .map_err(StartError::Threads)
}
