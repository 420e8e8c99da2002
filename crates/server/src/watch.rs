//! Those who look after the parts, each a task of the back runtime, and report to the board.

use std::sync::Arc;
use std::time::Duration;

use dancu_cache::{Bounds, Watermark};
use dancu_domain::Clock as _;
use dancu_ledger::{Doubt, Ledger, LedgerFailure, Limits, LimitsKnown};
use dancu_store::ReplicaState;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::any::AnyBlocks;
use crate::backing::RegistryHome;
use crate::clock::{WallClock, instant};
use crate::config::Times;
use crate::credentials::DirectoryCell;
use crate::parts::{Board, Part, PartState};
use crate::running::Stop;

/// How long a service whose ledger failed goes on saying so before it asks to be ended.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How often the parts are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often the databases are asked for their standbys, and how long they have to say.
const STANDBY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(5));

/// Runs the ledger's writer. While it is in doubt about a commit, or
/// its store does not answer, nothing is. When it
/// fails, nothing more is, and after a moment in which callers and probes can see that, the
/// service asks to be ended.
pub(crate) async fn ledger(
    ledger: Ledger,
    writing: impl Future<Output = Result<(), LedgerFailure>>,
    board: Arc<Board>,
    stop: watch::Sender<Option<Stop>>,
) {
    let doubt = async {
        let mut doubt = ledger.in_doubt();
        while doubt.changed().await.is_ok() {
            let state = match *doubt.borrow_and_update() {
                Doubt::None => PartState::Up,
                Doubt::Append => PartState::Away("finds out about a commit"),
                Doubt::Silence => PartState::Away("does not answer"),
            };
            board.report(Part::Ledger, state);
        }
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = writing => ended,
        () = doubt => return,
    };
    board.report(Part::Ledger, PartState::Away("takes no entries"));
    if let Err(failure) = ended {
        let cause = std::error::Error::source(&failure).map(ToString::to_string);
        tracing::error!(
            cause,
            "the ledger takes no more entries: could not {failure}"
        );
        sleep(LAST_WORDS).await;
        let cause = cause.map_or(String::new(), |cause| format!(": {cause}"));
        stop.send_replace(Some(Stop::Failed(format!(
            "the ledger could not {failure}{cause}"
        ))));
    }
}

/// Keeps the state of the registry: it is there while its head was confirmed a moment ago. Beyond
/// the bound of freshness calls are read through; beyond that of its absence it is away, by the
/// same measure by which memory answers nothing any more.
pub(crate) async fn registry(watermark: Arc<Watermark>, board: Arc<Board>, bounds: Bounds) {
    let soon = Duration::from_millis(bounds.fresh_ms.unsigned_abs());
    // Nothing was confirmed yet at the start; the head was asked for a moment ago.
    let mut confirmed = false;
    let began = instant();
    loop {
        sleep(LOOK).await;
        let now = WallClock.now();
        let fresh = watermark.confirmed_within(now, bounds.fresh_ms);
        confirmed |= fresh;
        if !confirmed && instant().duration_since(began) < soon {
            continue;
        }
        let (feed, registry) = if fresh {
            (PartState::Up, PartState::Up)
        } else if watermark.confirmed_within(now, bounds.away_ms) {
            (PartState::Degraded("behind, read through"), PartState::Up)
        } else {
            (
                PartState::Degraded("not followed"),
                PartState::Away("does not answer"),
            )
        };
        board.report(Part::Feed, feed);
        board.report(Part::Registry, registry);
    }
}

/// Reads the directory again and again.
pub(crate) async fn directory<R: RegistryHome>(
    registry: Arc<R>,
    cell: Arc<DirectoryCell>,
    board: Arc<Board>,
    times: Times,
) {
    let mut fresh = instant();
    loop {
        sleep(times.directory_every).await;
        let asked = instant();
        match timeout(times.directory_oldest, registry.directory()).await {
            Ok(Ok(directory)) => {
                fresh = asked;
                cell.replace(directory);
                board.report(Part::Directory, PartState::Up);
            }
            Ok(Err(_)) | Err(_) => {
                if instant().duration_since(fresh) >= times.directory_oldest {
                    cell.mark_too_old();
                    board.report(Part::Directory, PartState::Away("too old"));
                }
            }
        }
    }
}

/// Reads what the limits stand at, by a store of its own, and tells how far that is known. Without
/// one it never is, and nothing is answered.
pub(crate) async fn limits(limits: Limits, store: Option<AnyBlocks>, board: Arc<Board>) {
    let told = async {
        let mut known = limits.known();
        loop {
            let state = limits_are(*known.borrow_and_update());
            board.report(Part::Limits, state);
            if known.changed().await.is_err() {
                return;
            }
        }
    };
    match store {
        Some(store) => {
            tokio::join!(told, limits.clone().follow(store));
        }
        None => told.await,
    }
}

/// How the limits are, by how far it is known what they stand at.
pub(crate) const fn limits_are(known: LimitsKnown) -> PartState {
    match known {
        LimitsKnown::NotYet => PartState::Away("not read yet"),
        LimitsKnown::Known => PartState::Up,
        LimitsKnown::Lost => PartState::Away("cannot be read"),
    }
}

/// Asks the registry's database again and again what an acknowledged change survives.
pub(crate) async fn registry_standby<R: RegistryHome>(registry: Arc<R>, board: Arc<Board>) {
    loop {
        let state = timeout(STANDBY.1, registry.standby()).await;
        board.report(Part::RegistryStandby, state.unwrap_or(UNKNOWN));
        sleep(STANDBY.0).await;
    }
}

/// The same for the ledger's database, by a connection of its own.
pub(crate) async fn ledger_standby(mut beside: AnyBlocks, board: Arc<Board>) {
    loop {
        let state = timeout(STANDBY.1, beside.standby()).await;
        board.report(Part::LedgerStandby, state.unwrap_or(UNKNOWN));
        sleep(STANDBY.0).await;
    }
}

/// Tells how the replica for reads is.
pub(crate) async fn replica(mut state: watch::Receiver<ReplicaState>, board: Arc<Board>) {
    loop {
        let now = *state.borrow_and_update();
        board.report(Part::RegistryReplica, now.into());
        if state.changed().await.is_err() {
            return;
        }
    }
}

/// What is said of a standby while nobody can be asked.
pub(crate) const UNKNOWN: PartState = PartState::Degraded("not known");
