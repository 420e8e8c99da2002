//! Measures hits a second and bytes a kept value: `cargo run --release -p dancu-cache --example
//! hits -- [citizens] [threads] [seconds]`. Figures are of this machine at this moment.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dancu_cache::{Bounds, Cached, Watermark};
use dancu_domain::{
    Applied, Candidates, ChangeFeed, ChangeNotice, ChangeRecord, Clock, Freshness, IdKey, NationId,
    Reading, Registry, RegistryError, Revision, Source, Timestamp,
};
use dancu_population::Nation;

const NATION: NationId = NationId([1; 16]);
const BATCH: usize = 1_000;

/// A registry of the mock nation that makes every citizen when asked.
struct Made(Vec<Arc<dancu_domain::Citizen>>);

impl Made {
    fn head() -> Revision {
        Revision {
            nation: NATION,
            number: 0,
        }
    }
}

impl Registry for Made {
    async fn read(&self, keys: &[IdKey], _: Freshness) -> Result<Reading, RegistryError> {
        let one = |key: &IdKey| {
            let found = self
                .0
                .binary_search_by_key(key, |c| IdKey::Personal(c.personal_id));
            found.map_or(Candidates::NONE, |at| Candidates::one(self.0[at].clone()))
        };
        Ok(Reading {
            candidates: keys.iter().map(one).collect(),
            revision: Self::head(),
            source: Source::Registry,
        })
    }

    async fn apply(&self, _: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        Err(RegistryError::Unavailable)
    }
}

impl ChangeFeed for Made {
    async fn head(&self) -> Result<Revision, RegistryError> {
        Ok(Self::head())
    }

    async fn changes(&self, _: u64, _: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        Ok(Vec::new())
    }
}

/// Stands still: what a clock costs is not measured here.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs a stopwatch")]
fn now() -> Instant {
    Instant::now()
}

/// Resident bytes of this program.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}

/// Seconds that this program has spent on the processor, all threads together.
fn on_processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|n| n.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime without drivers").block_on(future)
}

fn measure(
    cached: &Arc<Cached<Made>>,
    ids: &Arc<Vec<IdKey>>,
    batch: usize,
    run: &Run,
) -> (f64, f64) {
    let over = Arc::new(AtomicBool::new(false));
    let (began, spent) = (now(), on_processor());
    let threads: Vec<_> = (0..run.threads)
        .map(|thread| {
            let (cached, ids, over) = (cached.clone(), ids.clone(), over.clone());
            std::thread::spawn(move || {
                block_on(async {
                    let (mut at, mut hits) = (thread * 7_919, 0_u64);
                    let mut keys = vec![ids[0]; batch];
                    while !over.load(Ordering::Relaxed) {
                        for _ in 0..256 / batch {
                            for key in &mut keys {
                                at = (at + 104_729) % ids.len();
                                *key = ids[at];
                            }
                            let reading = cached.read(&keys, Freshness::MinimizeLatency).await;
                            assert!(reading.is_ok_and(|r| r.source == Source::Memory));
                            hits += batch as u64;
                        }
                    }
                    hits
                })
            })
        })
        .collect();
    std::thread::sleep(Duration::from_secs(run.seconds));
    over.store(true, Ordering::Relaxed);
    let hits: u64 = threads.into_iter().map(|t| t.join().unwrap_or(0)).sum();
    let (hits, spent) = (hits as f64, on_processor() - spent);
    (hits / began.elapsed().as_secs_f64(), spent * 1e9 / hits)
}

struct Run {
    threads: usize,
    seconds: u64,
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut next = |usual| arguments.next().and_then(Result::ok).unwrap_or(usual);
    let citizens = next(100_000);
    let run = Run {
        threads: next(2) as usize,
        seconds: next(3),
    };
    let nation = Nation::new(1, citizens);
    let mut people: Vec<_> = (0..nation.len())
        .map(|i| Arc::new(nation.citizen(i)))
        .collect();
    people.sort_unstable_by_key(|c| c.personal_id);
    let ids: Vec<_> = people
        .iter()
        .map(|c| IdKey::Personal(c.personal_id))
        .collect();
    let (count, ids) = (ids.len(), Arc::new(ids));
    let watermark = Watermark::new(NATION, 0);
    watermark.confirm(0, Timestamp(0));
    let before = resident();
    // Shards fill unevenly: a little more room than there are people.
    let capacity = count + count / 16;
    let cached = Arc::new(Cached::new(
        Made(people),
        watermark,
        capacity,
        Arc::new(Still),
        Bounds::default(),
    ));
    block_on(async {
        for keys in ids.chunks(BATCH) {
            let read = cached.read(keys, Freshness::MinimizeLatency).await;
            assert!(read.is_ok(), "the registry answers");
        }
    });
    let after = resident();
    let (kept, _) = cached.level().len();
    println!("citizens {count}, kept {kept}, threads {}", run.threads);
    let each = after.saturating_sub(before) / kept.max(1) as u64;
    println!("bytes a kept value beyond the record: {each}");
    for batch in [1, 16, 256] {
        let (rate, cost) = measure(&cached, &ids, batch, &run);
        println!("batches of {batch}: {rate:.0} hits a second, {cost:.0} ns of processor a hit");
    }
}
