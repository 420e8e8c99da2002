//! SIGINT and SIGTERM: they end a run before its time, and what was measured until then is told.

use std::sync::Arc;
use std::thread;

use dancu_load::measure::Watch;
use dancu_server::Signals;

/// From now on a signal asks the run to stop, in place of ending the process.
pub(crate) fn stop(watch: &Arc<Watch>) {
    let watch = Arc::clone(watch);
    let waiting = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async { Signals::new().wait().await });
        watch.stop();
    };
    // Without the thread signals end the process as before.
    let _ = thread::Builder::new()
        .name("dancu-signals".to_owned())
        .spawn(waiting);
}
