//! The cores that answer: one thread and one runtime each.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use dancu_cache::Quotas;
use dancu_domain::Provinces;
use dancu_ledger::Ledger;
use dancu_population::Nation;
use dancu_store::RegistryMeta;
use dancu_wire::Door;
use tokio::sync::{mpsc, oneshot, watch};

use crate::back::{Over, Reader};
use crate::backing::RegistryHome;
use crate::clock::instant;
use crate::config::Config;
use crate::core::Core;
use crate::credentials::{DirectoryCell, Doorman};
use crate::error::StartError;
use crate::grpc::calls::Calls;
use crate::grpc::full::Full;
use crate::grpc::reflection::Reflection;
use crate::limits::Gates;
use crate::log::RequestLog;
use crate::numbers::Numbers;
use crate::parts::Parts;
use crate::phase::Phase;
use crate::recording::Recording;
use crate::refusals::Refusals;
use crate::threads;
use crate::totals::{Place, Wanted};
use crate::transport::accept::Handed;
use crate::transport::connection::http2;
use crate::transport::front::front;
use crate::turns::Turns;

/// What all cores share.
pub(crate) struct ForFronts<R> {
    pub(crate) reader: Arc<Reader<R>>,
    pub(crate) ledger: Ledger,
    pub(crate) wanted: Option<Wanted>,
    pub(crate) quotas: Option<Quotas>,
    pub(crate) cell: Arc<DirectoryCell>,
    pub(crate) meta: RegistryMeta,
    pub(crate) request_key: [u8; 16],
    pub(crate) recording: Option<Arc<Recording>>,
    pub(crate) parts: watch::Receiver<Parts>,
    pub(crate) phase: watch::Receiver<Phase>,
}

/// How long a note may lie on a core that has little to do.
const NOTED: Duration = Duration::from_millis(100);

/// Hands over what a core has noted, now and then.
async fn hand_over<R, L>(core: Arc<Core<R, L>>) {
    loop {
        tokio::time::sleep(NOTED).await;
        if let Some(notebook) = &core.notebook {
            notebook.flush();
        }
    }
}

/// One core as the back runtime sees it.
struct Front {
    sockets: mpsc::UnboundedSender<Handed>,
    numbers: Arc<Numbers>,
    gates: Gates,
    over: Over,
}

/// All cores.
pub(crate) struct Fronts(Vec<Front>);

impl Fronts {
    /// Begins a thread a core.
    pub(crate) fn begin<R: RegistryHome>(
        config: &Config,
        shared: &ForFronts<R>,
    ) -> Result<Self, StartError> {
        let cores = config.cores();
        let reflection = Reflection::new().map_err(|_| StartError::Reflection)?;
        let mut hash_key = [0; 16];
        getrandom::fill(&mut hash_key)
            .map_err(std::io::Error::other)
            .map_err(StartError::data("ask the system for randomness"))?;
        (0..cores)
            .map(|index| {
                let gates = Gates::part(&config.limits, cores);
                let numbers = Arc::new(Numbers::default());
                let (desk, bell) = shared.ledger.desk();
                let core: Core<Reader<R>, Place> = Core {
                    registry: Arc::clone(&shared.reader),
                    desk: Place::new(desk, shared.wanted.clone()),
                    doorman: Doorman::new(
                        Arc::clone(&shared.cell),
                        shared.meta.reference_date,
                        config.takes_sandbox_keys(),
                        hash_key,
                    ),
                    door: Door {
                        today: shared.meta.reference_date,
                        max_items: config.limits.items_per_message,
                        nation: shared.meta.nation,
                        provinces: Provinces::of(Nation::provinces()),
                    },
                    made_of: shared.meta,
                    event_days: config.event_days,
                    gates: gates.clone(),
                    turns: Turns::new(
                        Refusals::new(config.limits.refusals_per_core, instant()),
                        gates.clone(),
                        config.times.ping_timeout,
                        Arc::clone(&numbers),
                    ),
                    full: Full::new(config.times.retry_after),
                    quotas: shared.quotas.clone(),
                    limits: shared.ledger.limits(),
                    numbers: Arc::clone(&numbers),
                    log: RequestLog::part(&config.log, config.times.slow, cores, instant()),
                    request_key: shared.request_key,
                    times: config.times,
                    message_bytes: (config.limits.request_bytes, config.limits.answer_bytes),
                    messages_per_stream: config.limits.messages_per_stream,
                    parts: shared.parts.clone(),
                    phase: shared.phase.clone(),
                    reflection: reflection.clone(),
                    notebook: shared.recording.as_ref().map(|r| r.notebook()),
                    writes: Arc::new(AtomicUsize::new(0)),
                };
                let core = Arc::new(core);
                let (sockets, handed) = mpsc::unbounded_channel();
                let (ended, over) = oneshot::channel();
                let (builder, times) = (http2(&config.limits, &config.times), config.times);
                let phase = shared.phase.clone();
                threads::spawn(&format!("dancu-front-{index}"), move || async move {
                    tokio::spawn(bell);
                    if core.notebook.is_some() {
                        tokio::spawn(hand_over(Arc::clone(&core)));
                    }
                    let (calls, last) = (Arc::clone(&core), Arc::clone(&core));
                    let make = move |activity| Calls::new(Arc::clone(&calls), activity);
                    let report = front(handed, builder, times, phase, core, make).await;
                    if let Some(notebook) = &last.notebook {
                        notebook.flush();
                    }
                    // The back runtime waits for this word; gone, nobody needs it.
                    let _ = ended.send(report.cut);
                })?;
                Ok(Front {
                    sockets,
                    numbers,
                    gates,
                    over,
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Where sockets are handed to.
    pub(crate) fn senders(&self) -> Vec<mpsc::UnboundedSender<Handed>> {
        self.0.iter().map(|front| front.sockets.clone()).collect()
    }

    /// What each core counts.
    pub(crate) fn numbers(&self) -> Vec<Arc<Numbers>> {
        self.0
            .iter()
            .map(|front| Arc::clone(&front.numbers))
            .collect()
    }

    /// The bounds of each core.
    pub(crate) fn gates(&self) -> Vec<Gates> {
        self.0.iter().map(|front| front.gates.clone()).collect()
    }

    /// Waits for all of them to end: how many connections were cut.
    pub(crate) async fn ended(&mut self) -> usize {
        // No core is waited for while another one still waits for sockets.
        let ends: Vec<Over> = self.0.drain(..).map(|front| front.over).collect();
        let mut cut = 0;
        for over in ends {
            cut += over.await.unwrap_or(0);
        }
        cut
    }
}
