//! SIGINT and SIGTERM: they end a run before its time, and what was measured until then is told. A
//! second one ends the process, whatever it is about.

use std::sync::Arc;
use std::thread;

use dancu_load::measure::Watch;
use dancu_server::Signals;

use crate::load::live;

/// What a process ends with that was ended by a signal, as shells tell it of SIGINT.
const ENDED: i32 = 130;

/// From now on a signal asks the run to stop, and the next one ends the process.
pub(crate) fn stop(watch: &Arc<Watch>) {
    let watch = Arc::clone(watch);
    let waiting = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            Signals::new().wait().await;
            let next = Signals::new();
            watch.stop();
            next.wait().await;
        });
        live::give_back();
        std::process::exit(ENDED);
    };
    // Without the thread signals end the process as before.
    let _ = thread::Builder::new()
        .name("dancu-signals".to_owned())
        .spawn(waiting);
}
