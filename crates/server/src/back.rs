//! The back runtime: it owns everything that talks to databases, and the life of the service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dancu_cache::{
    CacheConfig, Cached, CoalesceConfig, Coalesced, Shared, Watermark, follow, layered,
};
use dancu_domain::{Clock, NationId, SourceKey};
use dancu_ledger::{BlockStore, Ledger, LedgerConfig, LimitsKnown};
use dancu_store::RegistryMeta;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::backing::{Backing, Beside, RegistryHome};
use crate::clock::{WallClock, instant};
use crate::config::Config;
use crate::credentials::DirectoryCell;
use crate::data::Places;
use crate::error::StartError;
use crate::fronts::{ForFronts, Fronts};
use crate::observed::{Observed, SeenOfRegistry};
use crate::ops;
use crate::parts::{Board, Part, PartState, Parts};
use crate::phase::Phase;
use crate::recording::{Recording, Stage};
use crate::running::{ChangedByOthers, DrainReport, Order, Stop};
use crate::sharing;
use crate::start::probe_all;
use crate::totals;
use crate::transport::accept::{AcceptNumbers, accept, cap, descriptor_limit};
use crate::watch as watchers;

/// What a running service is known by.
pub(crate) struct Begun {
    pub(crate) grpc: SocketAddr,
    pub(crate) ops: Option<SocketAddr>,
    pub(crate) meta: RegistryMeta,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) stop: watch::Receiver<Option<Stop>>,
    pub(crate) parts: watch::Receiver<Parts>,
    pub(crate) back: Handle,
    pub(crate) changed_by_others: ChangedByOthers,
}

/// The registry with everything that makes it cheap.
pub(crate) type Reader<R> = Cached<Coalesced<Shared<Observed<R>>>>;

/// The back of a service that runs.
pub(crate) struct Back<R> {
    registry: Arc<R>,
    ledger: Ledger,
    fronts: Fronts,
    phase: watch::Sender<Phase>,
    board: Arc<Board>,
    recording: Option<Arc<Recording>>,
    orders: mpsc::UnboundedReceiver<Order>,
}

/// How long closing the ledger may take beyond the bound of the drain: one commit and its sync.
const LAST_COMMIT: Duration = Duration::from_secs(2);

impl<R: RegistryHome> Back<R> {
    /// Opens everything and begins to answer.
    pub(crate) async fn open<S: BlockStore>(
        config: Config,
        backing: Backing<R, S>,
    ) -> Result<(Self, Begun), StartError> {
        let Backing {
            meta,
            registry,
            blocks,
            keys,
            beside,
        } = backing;
        let clock: Arc<dyn Clock> = Arc::new(WallClock);
        let head = registry.head().await.map_err(StartError::Registry)?;
        let directory = registry.directory().await.map_err(StartError::Registry)?;
        let (committed, commits) = mpsc::channel(sharing::COMMITS);
        let kept_live = beside.is_some();
        let mut at_first = Parts::EMBEDDED;
        if config.limit_rules().any() {
            at_first = at_first.with(Part::Limits, watchers::limits_are(LimitsKnown::NotYet));
        }
        let board = Arc::new(Board::new(&at_first));
        let parts = board.watch();
        let watermark = Watermark::of_many(meta.nation, head.number, meta.citizens);
        let recording = Recording::begin(&Stage {
            config: &config,
            meta: &meta,
            keys: &keys,
            watermark: Arc::clone(&watermark),
            board: Arc::clone(&board),
        })?
        .map(Arc::new);
        // A nation may have been made since they were first tried.
        probe_all(&config)?;
        // The last step that may be refused: it takes the place of whoever runs under this name.
        let (ledger, writing) = Ledger::open(
            blocks,
            Arc::clone(&clock),
            keys.ledger(),
            LedgerConfig {
                committed: kept_live.then_some(committed),
                ..ledger_config(&config, meta.nation)
            },
        )
        .await?;
        let (listener, grpc) = listen(config.listen).await?;
        if !config.takes_sandbox_keys() {
            tracing::warn!("sandbox keys are not taken beyond loopback");
        }
        if let Some(days) = config.event_days {
            tracing::warn!(%days, "callers may name the day under which they are counted");
        }
        let ops_listener = match config.ops {
            Some(address) => Some(listen(address).await?),
            None => None,
        };

        let (phase, phases) = watch::channel(Phase::Serving);
        let (stop, stops) = watch::channel(None);
        let seen = Arc::new(SeenOfRegistry::default());
        let observed = Arc::new(Observed::new(
            Arc::clone(&registry),
            parts.clone(),
            Arc::clone(&seen),
            config.times.registry_read,
        ));
        let link = sharing::link(&config, &board)?;
        let level = Arc::new(sharing::level(
            Arc::clone(&observed),
            &config,
            &keys,
            &watermark,
            link.as_ref(),
        ));
        let quotas = sharing::quotas(&config.quotas, meta.nation, link.as_ref(), &board);
        let (reader, driver) = layered(
            Arc::clone(&level),
            Arc::clone(&watermark),
            clock,
            CacheConfig {
                capacity: config.limits.cached_citizens,
                bounds: sharing::bounds(&config.times),
            },
            CoalesceConfig {
                max_waiting: config.limits.waiting_reads,
                ..CoalesceConfig::default()
            },
        );
        let reader = Arc::new(reader);
        let cell = DirectoryCell::new(directory);
        tokio::spawn(driver);
        tokio::spawn(follow(
            observed,
            Arc::clone(&watermark),
            WallClock,
            config.times.feed_every,
            std::future::pending(),
        ));
        tokio::spawn(watchers::ledger(
            ledger.clone(),
            writing,
            Arc::clone(&board),
            stop,
        ));
        tokio::spawn(watchers::registry(
            Arc::clone(&watermark),
            Arc::clone(&board),
            sharing::bounds(&config.times),
        ));
        tokio::spawn(watchers::directory(
            Arc::clone(&registry),
            Arc::clone(&cell),
            Arc::clone(&board),
            config.times,
        ));

        tokio::spawn(watchers::registry_standby(
            Arc::clone(&registry),
            Arc::clone(&board),
        ));
        if let Some(replica) = registry.replica() {
            tokio::spawn(watchers::replica(replica, Arc::clone(&board)));
        }
        let (mut wanted, mut volumes) = (None, None);
        let mut followed = None;
        if let Some(Beside {
            counts,
            standby,
            limits,
        }) = beside
        {
            followed = limits;
            let counts = Arc::new(Mutex::new(counts));
            if let Some(standby) = standby {
                let (asked, waiting) = totals::waiting();
                wanted = Some(asked);
                tokio::spawn(watchers::ledger_standby(standby, Arc::clone(&board)));
                tokio::spawn(totals::renew(Arc::clone(&counts), ledger.clone(), waiting));
            }
            let (nation, own) = (meta.nation, ledger.writer());
            let link = link.as_ref();
            volumes = Some(sharing::volumes(nation, own, link, counts, commits, &board));
        }
        if let Some(limits) = ledger.limits() {
            tokio::spawn(watchers::limits(limits, followed, Arc::clone(&board)));
        }

        let shared = ForFronts {
            reader: Arc::clone(&reader),
            ledger: ledger.clone(),
            wanted: wanted.clone(),
            quotas: quotas.clone(),
            cell,
            meta,
            request_key: keys.request,
            recording: recording.clone(),
            parts: parts.clone(),
            phase: phases.clone(),
        };
        let fronts = Fronts::begin(&config, &shared)?;
        let accepted = Arc::new(AcceptNumbers::default());
        let places = cap(config.limits.connections, descriptor_limit());
        tokio::spawn(accept(
            listener,
            fronts.senders(),
            Arc::new(Semaphore::new(places)),
            Arc::clone(&accepted),
            phases,
        ));
        let ops = ops_listener.map(|(listener, address)| {
            let sources = ops::Sources {
                numbers: fronts.numbers(),
                gates: fronts.gates(),
                accepted,
                reader,
                ledger: ledger.clone(),
                wanted,
                shared: level,
                link,
                volumes,
                quotas,
                registry: Arc::clone(&registry),
                seen,
                watermark,
                parts: parts.clone(),
                cell: Arc::clone(&shared.cell),
                recording: recording.as_ref().map(|r| r.counters()),
                meta,
                event_days: config.event_days.is_some(),
            };
            tokio::spawn(ops::serve(listener, sources));
            address
        });
        let (sender, orders) = mpsc::unbounded_channel();
        let asked = Arc::clone(&registry);
        let begun = Begun {
            grpc,
            ops,
            meta,
            orders: sender,
            stop: stops,
            parts,
            back: Handle::current(),
            changed_by_others: Box::new(move |source: SourceKey| {
                let registry = Arc::clone(&asked);
                Box::pin(async move { registry.changed_by_others(&source).await })
            }),
        };
        let back = Self {
            registry,
            ledger,
            fronts,
            phase,
            board,
            recording,
            orders,
        };
        tracing::info!(%grpc, ops = ?ops, nation = ?meta.nation, "serves");
        Ok((back, begun))
    }

    /// Runs until it is told to drain, then drains.
    pub(crate) async fn run(mut self) -> DrainReport {
        // Whoever holds the service dropped it: nobody waits for what is in flight.
        let bound = match self.orders.recv().await {
            Some(Order::Drain(bound)) => bound,
            None => Duration::ZERO,
        };
        let began = instant();
        let until = began + bound;
        let ledger_was_up = self.board.now().of(Part::Ledger).serves();
        self.board.report(Part::Open, PartState::Away("draining"));
        // What callers hold up is cut a little earlier, so that closing the ledger is within it.
        let cut_at = began + bound.saturating_sub((bound / 10).min(LAST_COMMIT));
        self.phase.send_replace(Phase::Draining { until: cut_at });
        let cut = self.fronts.ended().await;
        if let Some(recording) = &self.recording {
            recording.close().await;
        }
        let left = until.saturating_duration_since(instant());
        let ledger_closed = timeout(left + LAST_COMMIT, self.ledger.close())
            .await
            .is_ok()
            && ledger_was_up;
        let closing = timeout(LAST_COMMIT, self.registry.close());
        if closing.await.is_err() {
            tracing::warn!("the registry did not close in time");
        }
        let took = instant().duration_since(began);
        tracing::info!(
            cut,
            ledger_closed,
            millis = took.as_millis() as u64,
            "drained"
        );
        DrainReport {
            took,
            cut,
            ledger_closed,
        }
    }
}

fn ledger_config(config: &Config, nation: NationId) -> LedgerConfig {
    let places = Places::of(&config.data);
    let checkpoints = config.checkpoints.clone();
    // The ledger bounds each desk, and a core has one; there is always room for one message.
    let limits = &config.limits;
    let a_desk = (limits.waiting_entries / config.cores()).max(limits.items_per_message);
    LedgerConfig {
        max_waiting_entries: u32::try_from(a_desk).unwrap_or(u32::MAX),
        writer: config.instance.clone(),
        new_checkpoints: config.new_checkpoints,
        limits: config.limit_rules(),
        ..LedgerConfig::new(nation, checkpoints.unwrap_or_else(|| places.checkpoints()))
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The end of a thread, told to the back runtime.
pub(crate) type Over = oneshot::Receiver<usize>;
