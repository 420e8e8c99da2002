//! What instances share in Redis: the second level of the cache, the live volumes, the quotas.
//! Without Redis each has its twin in this process. All of it belongs to the back runtime.

use std::future::Future;
use std::sync::Arc;

use dancu_cache::{
    BlockVolumes, Bounds, Link, LinkConfig, LiveVolumes, QuotaLimits, Quotas, RecordForm,
    RedisState, SealKeys, Shared, SharedConfig, Watermark, WriterVolumes,
};
use dancu_domain::{ChangeFeed, Clock, NationId, Registry, WriterId};
use dancu_ledger::{BlockStore as _, Committed, Standing};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::timeout;

use crate::any::AnyBlocks;
use crate::clock::WallClock;
use crate::config::{Config, QuotaConfig, Times, by_agency};
use crate::error::StartError;
use crate::keys::Keys;
use crate::parts::{Board, Part, PartState};
use crate::totals;

/// How many commits may wait to be added to the live volumes; more are found by a rebuild.
pub(crate) const COMMITS: usize = 1_024;
/// How many of them may be added as one.
const TOGETHER: usize = 256;

/// The connection to Redis; none where the configuration names none.
pub(crate) fn link(config: &Config, board: &Arc<Board>) -> Result<Option<Link>, StartError> {
    let Some(place) = &config.redis else {
        return Ok(None);
    };
    let made = Link::new(&LinkConfig {
        url: place.url.reveal().to_owned(),
        timeout: place.timeout,
    });
    let (link, keeper) = made.map_err(StartError::Redis)?;
    tokio::spawn(keeper);
    board.report(Part::Redis, redis(*link.state().borrow()));
    tokio::spawn(watch_link(link.state(), Arc::clone(board)));
    Ok(Some(link))
}

fn redis(state: RedisState) -> PartState {
    match state {
        RedisState::Up => PartState::Up,
        RedisState::Away(away) => PartState::Degraded(away.word()),
    }
}

async fn watch_link(mut state: watch::Receiver<RedisState>, board: Arc<Board>) {
    while state.changed().await.is_ok() {
        let now = *state.borrow_and_update();
        board.report(Part::Redis, redis(now));
        if board.now().of(Part::Quotas) != PartState::Absent(NO_QUOTAS) {
            board.report(Part::Quotas, quotas_by(now));
        }
    }
}

/// How long what is kept may be served after the registry was last heard of.
pub(crate) const fn bounds(times: &Times) -> Bounds {
    Bounds {
        fresh_ms: times.freshness_bound.as_millis() as i64,
        away_ms: times.registry_away.as_millis() as i64,
    }
}

/// The registry behind the second level; the registry itself where there is no Redis.
pub(crate) fn level<R: Registry + ChangeFeed>(
    observed: Arc<R>,
    config: &Config,
    keys: &Keys,
    watermark: &Arc<Watermark>,
    link: Option<&Link>,
) -> Shared<R> {
    let (Some(place), Some(link)) = (&config.redis, link) else {
        return Shared::without(observed);
    };
    let seal = SealKeys {
        names: keys.names(),
        current: keys.cache,
        previous: keys.cache_previous.clone(),
    };
    let form = RecordForm {
        encode: dancu_store::encode_citizen,
        decode: |bytes| dancu_store::decode_citizen(bytes).ok(),
    };
    let kept = SharedConfig {
        expiry: place.expiry,
        bounds: bounds(&config.times),
        ..SharedConfig::new(seal, form)
    };
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let watermark = Arc::clone(watermark);
    let (shared, driver) = Shared::new(observed, watermark, clock, link.clone(), kept);
    tokio::spawn(driver);
    shared
}

const NO_QUOTAS: &str = "not configured";

fn quotas_by(state: RedisState) -> PartState {
    match state {
        RedisState::Up => PartState::Up,
        RedisState::Away(_) => PartState::Degraded("in this process"),
    }
}

/// The quotas; none where the configuration gives no limit.
pub(crate) fn quotas(
    config: &QuotaConfig,
    nation: NationId,
    link: Option<&Link>,
    board: &Board,
) -> Option<Quotas> {
    let limits = QuotaLimits {
        usual: config.items_per_second,
        agencies: by_agency(&config.agencies),
    };
    if limits == QuotaLimits::default() {
        return None;
    }
    board.report(
        Part::Quotas,
        link.map_or(PartState::Absent("in this process"), |link| {
            quotas_by(*link.state().borrow())
        }),
    );
    let shared = link.map(|link| (link.clone(), nation));
    let (quotas, driver) = Quotas::new(limits, shared, Arc::new(WallClock));
    tokio::spawn(driver);
    Some(quotas)
}

/// The live volumes, kept in step with the ledger. `beside` reads what it holds.
pub(crate) fn volumes(
    nation: NationId,
    own: WriterId,
    link: Option<&Link>,
    beside: Arc<Mutex<AnyBlocks>>,
    commits: mpsc::Receiver<Committed>,
    board: &Arc<Board>,
) -> Arc<LiveVolumes> {
    let volumes = Arc::new(match link {
        Some(link) => {
            let turn = WallClock.now().0.cast_unsigned();
            LiveVolumes::shared(link.clone(), nation, own, turn)
        }
        None => LiveVolumes::alone(),
    });
    tokio::spawn(watch_volumes(volumes.whole(), Arc::clone(board)));
    tokio::spawn(keep(Arc::clone(&volumes), beside, commits));
    volumes
}

fn keep(
    volumes: Arc<LiveVolumes>,
    beside: Arc<Mutex<AnyBlocks>>,
    mut commits: mpsc::Receiver<Committed>,
) -> impl Future<Output = ()> {
    let (sender, blocks) = mpsc::channel(TOGETHER);
    let told = async move {
        while let Some(committed) = commits.recv().await {
            let Committed {
                writer,
                first,
                next,
                counts,
            } = committed;
            let block = BlockVolumes {
                writer,
                first,
                next,
                counts,
            };
            if sender.send(block).await.is_err() {
                return;
            }
        }
    };
    async move {
        let standing = || {
            let beside = Arc::clone(&beside);
            async move {
                let mut beside = beside.lock().await;
                let standing = timeout(totals::READ, beside.standing()).await;
                match standing {
                    Ok(Ok(standing)) => Some(by_writer(standing)),
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "cannot read what the ledger counts");
                        None
                    }
                    Err(_) => None,
                }
            }
        };
        let heads = || {
            let beside = Arc::clone(&beside);
            async move {
                let mut beside = beside.lock().await;
                match timeout(totals::READ, beside.heads()).await {
                    Ok(Ok(heads)) => {
                        Some(heads.iter().map(|head| (head.writer, head.next)).collect())
                    }
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "cannot read how far the ledger is");
                        None
                    }
                    Err(_) => None,
                }
            }
        };
        tokio::join!(volumes.keep(standing, heads, blocks), told);
    }
}

fn by_writer(standing: Standing) -> Vec<WriterVolumes> {
    let mut writers: Vec<WriterVolumes> = standing
        .heads
        .iter()
        .map(|head| WriterVolumes {
            writer: head.writer,
            next: head.next,
            counts: Vec::new(),
        })
        .collect();
    writers.sort_unstable_by_key(|of| of.writer);
    for counted in standing.counts {
        if let Ok(place) = writers.binary_search_by_key(&counted.writer, |of| of.writer) {
            writers[place].counts.push(counted.row);
        }
    }
    writers
}

async fn watch_volumes(mut whole: watch::Receiver<bool>, board: Arc<Board>) {
    loop {
        let state = if *whole.borrow_and_update() {
            PartState::Up
        } else {
            PartState::Degraded("rebuilt from the ledger")
        };
        board.report(Part::LiveVolumes, state);
        if whole.changed().await.is_err() {
            return;
        }
    }
}
