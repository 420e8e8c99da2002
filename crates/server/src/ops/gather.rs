//! The figures of the service, added up over its cores at the moment of a scrape.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use dancu_cache::Watermark;
use dancu_domain::{AgencyKind, Clock as _, Outcome, Reason, Verb, Volumes as _};
use tokio::time::timeout;
use tonic::Code;

use super::list::*;
use super::text::{Family, Figure, Row};
use super::{Sources, reading, shared};
use crate::backing::RegistryHome;
use crate::clock::WallClock;
use crate::grpc::method::Method;
use crate::limits::{Gate, Gates};
use crate::numbers::{BOUNDS_US, CODES, Count, Numbers};
use crate::parts::PartState;
use crate::totals::renewed;

/// How long a scrape waits for the counts of other writers.
const SCRAPE: Duration = Duration::from_secs(2);

/// All figures.
pub(crate) async fn families<R: RegistryHome>(sources: &Sources<R>) -> Vec<Family> {
    let mut families = Vec::from(calls(&sources.numbers));
    families.extend(outcomes(&sources.numbers));
    families.push(volumes(sources).await);
    families.extend(transport(sources));
    families.extend(reading::families(sources));
    families.extend(shared::families(sources).await);
    families.extend(ledger(sources));
    families.extend(recording(sources));
    families.extend(standing(sources));
    families.extend(super::host::families());
    families
}

pub(super) fn one(metric: &'static Metric, figure: Figure) -> Family {
    rows(metric, [(Vec::new(), figure)])
}

pub(super) fn count(metric: &'static Metric, n: u64) -> Family {
    one(metric, Figure::Count(n))
}

pub(super) fn rows(
    metric: &'static Metric,
    rows: impl IntoIterator<Item = (Vec<String>, Figure)>,
) -> Family {
    let rows = rows
        .into_iter()
        .map(|(labels, figure)| Row { labels, figure })
        .collect();
    Family { metric, rows }
}

pub(super) fn labelled(metric: &'static Metric, counts: &[(&str, u64)]) -> Family {
    let labelled = counts
        .iter()
        .map(|(label, n)| (vec![(*label).to_owned()], Figure::Count(*n)));
    rows(metric, labelled)
}

fn sum(cores: &[Arc<Numbers>], count: impl Fn(&Numbers) -> &Count) -> u64 {
    cores.iter().map(|numbers| count(numbers).get()).sum()
}

fn names(method: Method) -> Vec<String> {
    [method.kind().word(), method.service(), method.name()]
        .map(str::to_owned)
        .to_vec()
}

fn calls(cores: &[Arc<Numbers>]) -> [Family; 3] {
    let methods = Method::ALL.iter().copied();
    let started = methods.clone().map(|method| {
        let n = sum(cores, |numbers| &numbers.method(method).started);
        (names(method), Figure::Count(n))
    });
    let handled = methods.clone().flat_map(|method| {
        (0..CODES).filter_map(move |code| {
            let n = sum(cores, |numbers| &numbers.method(method).handled[code]);
            let code = Code::from_i32(code as i32);
            (n > 0 || occurs(code)).then(|| {
                let mut labels = names(method);
                labels.push(word(code));
                (labels, Figure::Count(n))
            })
        })
    });
    let handling = methods.map(|method| {
        let micros = sum(cores, |numbers| &numbers.method(method).micros);
        let bound = |i: usize| {
            BOUNDS_US
                .get(i)
                .map_or(f64::INFINITY, |us| *us as f64 / 1e6)
        };
        let buckets = (0..=BOUNDS_US.len())
            .map(|i| (bound(i), sum(cores, |n| &n.method(method).buckets[i])))
            .collect();
        (
            names(method),
            Figure::Durations(micros as f64 / 1e6, buckets),
        )
    });
    [
        rows(&STARTED, started),
        rows(&HANDLED, handled),
        rows(&HANDLING, handling),
    ]
}

/// The code as the usual `grpc_server_*` series spell it.
fn word(code: Code) -> String {
    match code {
        Code::Ok => "OK".to_owned(),
        Code::Cancelled => "Canceled".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Whether the service ever answers with this code: such series are there from the start.
fn occurs(code: Code) -> bool {
    !matches!(
        code,
        Code::Aborted | Code::OutOfRange | Code::DataLoss | Code::NotFound | Code::Unknown
    )
}

fn outcomes(cores: &[Arc<Numbers>]) -> [Family; 6] {
    let answers = Verb::ALL.iter().flat_map(|verb| {
        Outcome::ALL
            .iter()
            .filter(|outcome| ends(*verb, **outcome))
            .map(|outcome| {
                let n = sum(cores, |numbers| numbers.answers(*verb, *outcome));
                let labels = vec![verb.word().to_owned(), outcome.word().to_owned()];
                (labels, Figure::Count(n))
            })
    });
    let failures = Reason::ALL.iter().map(|reason| {
        let n = sum(cores, |numbers| numbers.failures(*reason));
        (vec![reason.word().to_owned()], Figure::Count(n))
    });
    [
        rows(&ANSWERS, answers),
        rows(&FAILURES, failures),
        count(&SHED, sum(cores, |numbers| &numbers.shed)),
        count(&SLOWED, sum(cores, |numbers| &numbers.slowed)),
        count(&LINES_OMITTED, sum(cores, |numbers| &numbers.lines_omitted)),
        count(&LINES_LOST, crate::log::lost()),
    ]
}

/// Whether an item of the verb can end like this.
fn ends(verb: Verb, outcome: Outcome) -> bool {
    use Outcome as O;
    match outcome {
        O::Refused => true,
        O::Found => verb == Verb::Lookup,
        O::Match => verb == Verb::Authenticate,
        O::NoMatch | O::Ambiguous => verb != Verb::Push,
        O::Deceased => !verb.is_sync(),
        O::InStep | O::Differs | O::DuplicateInSource => verb == Verb::Reconcile,
        O::Invalid => verb.is_sync(),
        O::Applied | O::AlreadyApplied | O::Stale | O::Conflict | O::Rejected => verb == Verb::Push,
    }
}

/// The ledger's own counts, by agency where there is a bounded number of them: health facilities
/// are one.
async fn volumes<R: RegistryHome>(sources: &Sources<R>) -> Family {
    if let Some(wanted) = &sources.wanted {
        // Where the others cannot be asked, their last counts stand.
        let _ = timeout(SCRAPE, renewed(wanted)).await;
    }
    let directory = sources.cell.current();
    let mut sums = BTreeMap::<_, u64>::new();
    for row in sources.ledger.volumes(None, None).await.unwrap_or_default() {
        let kind = directory.agency(row.key.agency).map(|agency| agency.kind);
        let agency = match kind {
            Some(AgencyKind::Ministry | AgencyKind::Province) => row.key.agency.text().to_owned(),
            Some(AgencyKind::HealthFacility) => AgencyKind::HealthFacility.word().to_owned(),
            None => "UNKNOWN".to_owned(),
        };
        *sums
            .entry((agency, row.key.verb, row.key.outcome))
            .or_default() += row.count;
    }
    let summed = sums.into_iter().map(|((agency, verb, outcome), n)| {
        let labels = vec![agency, verb.word().to_owned(), outcome.word().to_owned()];
        (labels, Figure::Count(n))
    });
    rows(&VOLUMES, summed)
}

fn transport<R: RegistryHome>(sources: &Sources<R>) -> Vec<Family> {
    let cores = &sources.numbers;
    let opened = sum(cores, |numbers| &numbers.opened);
    let closed = sum(cores, |numbers| &numbers.closed);
    let inside = |gate: fn(&Gates) -> &Gate| {
        let inside: usize = sources.gates.iter().map(|gates| gate(gates).inside()).sum();
        Figure::Count(inside as u64)
    };
    let room: usize = sources.gates.iter().map(Gates::most).sum();
    let accepted = &sources.accepted;
    vec![
        count(&CONNECTIONS, opened.saturating_sub(closed)),
        count(&CONNECTIONS_ACCEPTED, accepted.accepted.load(Relaxed)),
        count(&CONNECTIONS_BEYOND_CAP, accepted.beyond_cap.load(Relaxed)),
        count(&CONNECTIONS_SILENT, sum(cores, |numbers| &numbers.silent)),
        count(&CONNECTIONS_UNREAD, sum(cores, |numbers| &numbers.unread)),
        count(&CONNECTIONS_BROKEN, sum(cores, |numbers| &numbers.broken)),
        count(&ACCEPT_FAILURES, accepted.failed.load(Relaxed)),
        one(&CALLS_IN_FLIGHT, inside(|gates| &gates.calls)),
        one(&UNARY_ROOM, Figure::Count(room as u64)),
        one(&ITEMS_IN_FLIGHT, inside(|gates| &gates.items)),
        one(&RECEIVING, inside(|gates| &gates.receiving)),
        one(&SENDING, inside(|gates| &gates.sending)),
    ]
}

fn ledger<R: RegistryHome>(sources: &Sources<R>) -> Vec<Family> {
    let ledger = sources.ledger.counters();
    let seconds = |us: u64| Figure::Number(us as f64 / 1e6);
    vec![
        count(&LEDGER_COMMITS, ledger.commits),
        count(&LEDGER_MESSAGES, ledger.messages),
        count(&LEDGER_ENTRIES, ledger.entries),
        count(&LEDGER_BYTES, ledger.bytes),
        one(&LEDGER_COMMIT_SECONDS, seconds(ledger.commit_us)),
        one(&LEDGER_LAST_COMMIT, seconds(ledger.last_commit_us)),
        count(&LEDGER_WAITING, ledger.waiting),
        count(&LEDGER_SHED, ledger.shed),
        labelled(
            &LEDGER_CHECKPOINTS,
            &[
                ("written", ledger.checkpoints),
                ("failed", ledger.checkpoint_failures),
            ],
        ),
        count(&LEDGER_KEPT_LOOKUPS, ledger.kept_lookups),
        count(&LEDGER_KEPT_EDITED, ledger.kept_edited),
        count(&LEDGER_UNTOLD, ledger.untold),
    ]
}

/// The recording of traffic: the series are there also where there is none.
fn recording<R: RegistryHome>(sources: &Sources<R>) -> [Family; 3] {
    let of = |count: fn(&crate::recording::Counters) -> &AtomicU64| {
        let counters = sources.recording.as_deref();
        counters.map_or(0, |counters| count(counters).load(Relaxed))
    };
    [
        count(&RECORDED, of(|counters| &counters.messages)),
        count(&RECORDING_DROPPED, of(|counters| &counters.dropped)),
        count(&RECORDING_BYTES, of(|counters| &counters.bytes)),
    ]
}

fn standing<R: RegistryHome>(sources: &Sources<R>) -> Vec<Family> {
    let parts = *sources.parts.borrow();
    let there = |of: fn(PartState) -> bool| {
        let there = parts
            .each()
            .filter(|(_, state)| !matches!(state, PartState::Absent(_)));
        there.map(move |(part, state)| {
            let labels = vec![part.word().to_owned()];
            (labels, Figure::Count(of(state).into()))
        })
    };
    let meta = &sources.meta;
    vec![
        count(&REVISION, sources.watermark.revision()),
        one(&FEED_LAG, Figure::Number(lag_seconds(&sources.watermark))),
        rows(&PART_UP, there(PartState::serves)),
        rows(
            &PART_DEGRADED,
            there(|state| matches!(state, PartState::Degraded(_))),
        ),
        rows(
            &BUILD,
            [(vec![env!("CARGO_PKG_VERSION").to_owned()], Figure::Count(1))],
        ),
        rows(
            &NATION,
            [(
                vec![meta.nation.text(), meta.seed.to_string()],
                Figure::Count(meta.citizens),
            )],
        ),
        count(&EVENT_DAYS, sources.event_days.into()),
    ]
}

/// Since when the head was not confirmed, found by halving: the watermark answers only whether it
/// was confirmed within a bound.
fn lag_seconds(watermark: &Watermark) -> f64 {
    let now = WallClock.now();
    let (mut low, mut high) = (0_i64, 1_i64 << 40);
    if !watermark.confirmed_within(now, high) {
        return -1.0;
    }
    while low < high {
        let middle = low.midpoint(high);
        if watermark.confirmed_within(now, middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low as f64 / 1e3
}
