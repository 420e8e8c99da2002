//! How many commits and entries a second the ledger takes on this machine's disk.
//!
//! `cargo run --release -p dancu-store --example commits [-- SECONDS [DIRECTORY]]`: bare appends
//! of blocks of one size, then messages through desks, with `synchronous` FULL and OFF in turn.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement prints, stops at the first error, and reads the clock"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dancu_domain::{
    AgencyCode, AttributeSet, Clock, Day, IdKey, ItemRecord, MessageRecord, NationId, Outcome,
    PersonalId, Purpose, Recorder as _, RequestContext, RequestId, ServiceCode, Timestamp, Verb,
    VolumeKey, VolumeRow,
};
use dancu_ledger::{Block, BlockStore as _, Desk, Ledger, LedgerConfig, LedgerKeys};
use dancu_store::{SqliteBlocks, SqliteBlocksOptions};
use tokio::runtime::{Builder, Runtime};

struct FarClock(AtomicI64);

impl Clock for FarClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(3, |text| text.parse().unwrap());
    let folder = arguments
        .next()
        .map_or_else(|| PathBuf::from("."), PathBuf::from);
    let span = Duration::from_secs(seconds);
    println!("bare appends, {seconds} s each");
    for (kilobytes, keys) in [(1, 4), (40, 4), (40, 100), (256, 100)] {
        for full in [true, false] {
            let scratch = Scratch::new(&folder);
            runtime().block_on(appends(&scratch.0, span, kilobytes * 1_024, keys, full));
        }
    }
    println!("messages through two desks, {seconds} s each");
    for (in_flight, items) in [(1, 1), (64, 1), (256, 1), (1_024, 1), (8, 1_000)] {
        for full in [true, false] {
            let scratch = Scratch::new(&folder);
            messages(&scratch.0, span, in_flight, items, full);
        }
    }
}

/// A folder that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(folder: &Path) -> Self {
        let path = folder.join(format!("commits-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn word(full: bool) -> &'static str {
    if full { "FULL" } else { "OFF " }
}

async fn open(folder: &Path, full: bool) -> SqliteBlocks {
    let options = SqliteBlocksOptions {
        synchronous_full: full,
    };
    let path = folder.join("ledger.db");
    SqliteBlocks::open_with(&path, options).await.unwrap()
}

async fn appends(folder: &Path, span: Duration, bytes: usize, keys: i32, full: bool) {
    let mut store = open(folder, full).await;
    let claim = store.claim_writer("bench").await.unwrap();
    let count = bytes as u32 / 100;
    let counts: Vec<_> = (0..keys)
        .map(|n| VolumeRow {
            key: VolumeKey {
                agency: AgencyCode::parse("H26", "").unwrap(),
                verb: Verb::Lookup,
                service: ServiceCode::LOOKUP_CITIZEN,
                outcome: Outcome::Match,
                day: Day(n),
            },
            count: 1,
        })
        .collect();
    let mut block = Block {
        writer: claim.writer,
        first: 0,
        count,
        at: Timestamp(0),
        previous: claim.hash,
        hash: [7; 32],
        entries: vec![7; bytes],
    };
    let (begun, mut commits) = (Instant::now(), 0_u32);
    while begun.elapsed() < span {
        store.append(&block, &counts, &[]).await.unwrap();
        block.first += u64::from(count);
        commits += 1;
    }
    let rate = f64::from(commits) / begun.elapsed().as_secs_f64();
    let (sync, kilobytes) = (word(full), bytes / 1_024);
    println!(
        "  {sync} {kilobytes:>4} KiB {keys:>3} counts: {rate:>7.0} commits/s {:>5.0} us",
        1e6 / rate
    );
    store.close().await.unwrap();
}

fn message(n: u64, items: u64) -> MessageRecord {
    let item = |place| ItemRecord {
        subject: PersonalId::from_digits(1_099_000_000 + n * 1_000 + place).map(IdKey::Personal),
        outcome: [Outcome::Match, Outcome::NoMatch][place as usize % 2],
        given: AttributeSet::BASIC,
        dossier: None,
    };
    MessageRecord {
        agency: AgencyCode::parse(["H26", "G05", "BYT", "H01"][n as usize % 4], "").unwrap(),
        verb: Verb::Lookup,
        service: ServiceCode::LOOKUP_CITIZEN,
        context: RequestContext {
            request_id: RequestId::parse(&format!("request-{n}"), "").unwrap(),
            officer: None,
            procedure: None,
            dossier: None,
            purpose: Purpose::DataCleaning,
            unit: None,
            event_day: None,
        },
        granted: AttributeSet::all(),
        items: (0..items).map(item).collect(),
        kept: None,
    }
}

/// Two front threads with so many messages in flight each, and the back thread.
fn messages(folder: &Path, span: Duration, in_flight: u64, items: u64, full: bool) {
    let config = LedgerConfig::new(NationId([0; 16]), folder.join("checkpoints"));
    let keys = LedgerKeys {
        pseudonym: [1; 16],
        request: [2; 16],
        checkpoint: [3; 32],
    };
    let (send, receive) = std::sync::mpsc::channel();
    let place = folder.to_owned();
    let back = thread::spawn(move || {
        runtime().block_on(async {
            let store = open(&place, full).await;
            let clock = Arc::new(FarClock(AtomicI64::new(1_700_000_000_000)));
            let opened = Ledger::open(store, clock, keys, config).await;
            let (ledger, writer) = opened.unwrap();
            send.send(ledger).unwrap();
            writer.await.unwrap();
        });
    });
    let ledger: Ledger = receive.recv().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let fronts: Vec<_> = (0..2)
        .map(|_| {
            let (desk, bell) = ledger.desk();
            let over = Arc::clone(&over);
            thread::spawn(move || {
                runtime().block_on(async {
                    tokio::spawn(bell);
                    let lane = |_| tokio::spawn(lane(desk.clone(), Arc::clone(&over), items));
                    let lanes: Vec<_> = (0..in_flight).map(lane).collect();
                    for lane in lanes {
                        lane.await.unwrap();
                    }
                });
            })
        })
        .collect();
    thread::sleep(span);
    over.store(true, Ordering::Relaxed);
    for front in fronts {
        front.join().unwrap();
    }
    let took = begun.elapsed().as_secs_f64();
    let counters = ledger.counters();
    runtime().block_on(ledger.close());
    back.join().unwrap();
    let rate = |number: u64| number as f64 / took;
    println!(
        "  {} 2 x {in_flight:>4} in flight, {items:>4} items: {:>6.0} commits/s {:>8.0} messages/s \
         {:>9.0} entries/s, {:>5.1} entries a commit, {:>4.1} bytes an entry, {:>5.0} us a commit",
        word(full),
        rate(counters.commits),
        rate(counters.messages),
        rate(counters.entries),
        counters.entries as f64 / counters.commits as f64,
        counters.bytes as f64 / counters.entries as f64,
        counters.commit_us as f64 / counters.commits as f64,
    );
}

async fn lane(desk: Desk, over: Arc<AtomicBool>, items: u64) {
    let template = message(u64::from(Arc::strong_count(&over) as u32), items);
    while !over.load(Ordering::Relaxed) {
        desk.record(template.clone()).await.unwrap();
    }
}
