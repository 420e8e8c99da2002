//! The live counts are the ledger's, to the unit, whatever happens on the way.

mod mended;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::Chance;
use crate::support::over_redis::{PATIENT, link, until_up};
use crate::support::redis_server::RedisServer;
use dancu_cache::{Added, BlockVolumes, LiveVolumes, NoVolumes, WriterVolumes};
use dancu_domain::{
    AgencyCode, Day, NationId, Outcome, ServiceCode, Verb, VolumeKey, VolumeRow, WriterId,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What is durable: each writer's blocks in order.
#[derive(Default)]
struct Ledger(Mutex<BTreeMap<WriterId, Vec<BlockVolumes>>>);

impl Ledger {
    fn commit(&self, writer: u32, chance: &mut Chance) -> BlockVolumes {
        let mut counts = BTreeMap::<VolumeKey, u64>::new();
        for _ in 0..=chance.below(4) {
            *counts.entry(key(chance)).or_default() += 1 + chance.below(50);
        }
        let mut chains = self.0.lock().unwrap();
        let chain = chains.entry(WriterId(writer)).or_default();
        let first = chain.last().map_or(0, |block| block.next);
        let block = BlockVolumes {
            writer: WriterId(writer),
            first,
            next: first + counts.values().sum::<u64>(),
            counts: rows(counts),
        };
        chain.push(block.clone());
        block
    }

    fn standing(&self) -> Vec<WriterVolumes> {
        let chains = self.0.lock().unwrap();
        let of = |(writer, chain): (&WriterId, &Vec<BlockVolumes>)| WriterVolumes {
            writer: *writer,
            next: chain.last().map_or(0, |block| block.next),
            counts: rows(sums(chain)),
        };
        chains.iter().map(of).collect()
    }

    fn heads(&self) -> Vec<(WriterId, u64)> {
        let standing = self.standing();
        standing.iter().map(|of| (of.writer, of.next)).collect()
    }

    fn totals(&self) -> Vec<VolumeRow> {
        let chains = self.0.lock().unwrap();
        rows(sums(chains.values().flatten()))
    }
}

fn key(chance: &mut Chance) -> VolumeKey {
    let agency = ["H26", "G01", "000.00.H29"][chance.below(3) as usize];
    VolumeKey {
        agency: AgencyCode::parse(agency, "agency").unwrap(),
        verb: Verb::ALL[chance.below(4) as usize],
        service: ServiceCode::LOOKUP_CITIZEN,
        outcome: Outcome::ALL[chance.below(15) as usize],
        day: Day(19_358 + chance.below(3) as i32),
    }
}

fn sums<'a>(blocks: impl IntoIterator<Item = &'a BlockVolumes>) -> BTreeMap<VolumeKey, u64> {
    let mut sums = BTreeMap::new();
    for row in blocks.into_iter().flat_map(|block| &block.counts) {
        *sums.entry(row.key).or_default() += row.count;
    }
    sums
}

fn rows(sums: BTreeMap<VolumeKey, u64>) -> Vec<VolumeRow> {
    let row = |(key, count)| VolumeRow { key, count };
    sums.into_iter().map(row).collect()
}

/// A nation of its own for each test.
fn nation(id: u8) -> NationId {
    NationId([id; 16])
}

async fn in_redis(id: u8, writer: u32, back: &mut JoinSet<()>) -> LiveVolumes {
    let link = link(&RedisServer::shared().url(), PATIENT, back);
    until_up(&link).await;
    LiveVolumes::shared(link, nation(id), WriterId(writer), 1)
}

/// Forgets the counts of one nation, as if Redis had been emptied.
fn lose(id: u8, what: &str) {
    let pattern = format!("dancu:v:{{{}}}{what}", nation(id).text());
    let names: Vec<String> = RedisServer::shared().ask(redis::cmd("KEYS").arg(pattern));
    for name in names {
        RedisServer::shared().ask::<()>(redis::cmd("DEL").arg(name));
    }
}

async fn exactly_once(volumes: &LiveVolumes, seed: u64) {
    let (ledger, mut chance) = (Ledger::default(), Chance(seed));
    // A chain that nothing was put in place for shows a gap, even with its first block.
    let first = ledger.commit(1, &mut chance);
    assert_eq!(volumes.added(&first).await, Added::Gap);
    volumes.rebuild(&ledger.standing()).await.unwrap();
    assert_eq!(volumes.added(&first).await, Added::Repeated);
    let mut waiting: Vec<BlockVolumes> = Vec::new();
    for _ in 0..400 {
        match chance.below(10) {
            0..=4 => {
                let block = ledger.commit(1 + chance.below(3) as u32, &mut chance);
                waiting.push(block);
            }
            5..=7 if !waiting.is_empty() => {
                // In whatever order, and some of them twice.
                let at = chance.below(waiting.len() as u64) as usize;
                match volumes.added(&waiting[at]).await {
                    Added::Counted => {
                        assert_eq!(volumes.added(&waiting[at]).await, Added::Repeated);
                    }
                    Added::Repeated | Added::Gap => {}
                    Added::Away => panic!("nobody took it away"),
                }
                if chance.below(2) == 0 {
                    waiting.swap_remove(at);
                }
            }
            8 => volumes.rebuild(&ledger.standing()).await.unwrap(),
            _ => {}
        }
    }
    volumes.rebuild(&ledger.standing()).await.unwrap();
    assert_eq!(volumes.totals().await.unwrap(), ledger.totals());
    for block in waiting {
        assert_eq!(volumes.added(&block).await, Added::Repeated);
    }
    assert_eq!(volumes.totals().await.unwrap(), ledger.totals());
}

#[tokio::test]
async fn repeats_and_gaps_change_nothing_in_redis() {
    let mut back = JoinSet::new();
    for seed in 0..5 {
        let volumes = in_redis(10 + seed, 1, &mut back).await;
        exactly_once(&volumes, u64::from(seed)).await;
    }
}

#[tokio::test]
async fn repeats_and_gaps_change_nothing_in_the_twin() {
    for seed in 0..50 {
        exactly_once(&LiveVolumes::alone(), seed).await;
    }
}

#[tokio::test]
async fn a_part_that_was_lost_is_noticed() {
    let mut back = JoinSet::new();
    let volumes = in_redis(30, 1, &mut back).await;
    let (ledger, mut chance) = (Ledger::default(), Chance(1));
    for writer in [1, 1, 2, 2, 3] {
        ledger.commit(writer, &mut chance);
    }
    assert_eq!(volumes.totals().await, Err(NoVolumes::Unsettled));
    for lost in ["*", ":writers", ":1", ":3"] {
        volumes.rebuild(&ledger.standing()).await.unwrap();
        assert_eq!(volumes.totals().await.unwrap(), ledger.totals());
        lose(30, lost);
        assert_eq!(volumes.totals().await, Err(NoVolumes::Unsettled), "{lost}");
        let block = ledger.commit(1, &mut chance);
        let added = volumes.added(&block).await;
        let expected = if lost == ":3" {
            Added::Counted
        } else {
            Added::Gap
        };
        assert_eq!(added, expected, "{lost}");
    }
}

/// Standings of different moments, put in place at once while blocks are added.
#[tokio::test]
async fn instances_that_rebuild_at_once_do_not_harm_each_other() {
    let mut back = JoinSet::new();
    let ledger = Arc::new(Ledger::default());
    let mut chance = Chance(5);
    for writer in [1, 2, 3] {
        ledger.commit(writer, &mut chance);
    }
    let mut work = JoinSet::new();
    for writer in 1..=3 {
        let volumes = in_redis(31, writer, &mut back).await;
        let (ledger, mut chance) = (ledger.clone(), chance.fork());
        work.spawn(async move {
            for _ in 0..60 {
                let standing = ledger.standing();
                tokio::time::sleep(Duration::from_millis(chance.below(3))).await;
                let block = ledger.commit(writer, &mut chance);
                if chance.below(8) == 0 {
                    lose(31, "*");
                }
                let _ = volumes.rebuild(&standing).await;
                let _ = volumes.added(&block).await;
            }
            while volumes.rebuild(&ledger.standing()).await.is_err() {}
        });
    }
    work.join_all().await;
    let volumes = in_redis(31, 9, &mut back).await;
    volumes.rebuild(&ledger.standing()).await.unwrap();
    assert_eq!(volumes.totals().await.unwrap(), ledger.totals());
}

/// Several instances count what they commit, through a narrow channel, while Redis is emptied and
/// killed. In the end it has what the ledger has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_the_ledgers_after_redis_was_emptied_and_killed() {
    let mut server = RedisServer::start(&[]);
    let ledger = Arc::new(Ledger::default());
    let mut back = JoinSet::new();
    let mut chance = Chance(7);
    // A writer of the past, that nobody counts for any more.
    ledger.commit(9, &mut chance);
    let mut keepers = JoinSet::new();
    let mut work = JoinSet::new();
    let mut kept = Vec::new();
    for writer in 1..=3 {
        let link = link(&server.url(), Duration::from_millis(500), &mut back);
        let volumes = Arc::new(LiveVolumes::shared(link, nation(40), WriterId(writer), 1));
        kept.push(volumes.clone());
        let (blocks, committed) = mpsc::channel(8);
        let standing = ledger.clone();
        keepers.spawn(async move {
            let heads = || async { Some(standing.heads()) };
            let standing = || async { Some(standing.standing()) };
            volumes.keep(standing, heads, committed).await;
        });
        let (ledger, mut chance) = (ledger.clone(), chance.fork());
        work.spawn(async move {
            for turn in 0..1_500 {
                let block = ledger.commit(writer, &mut chance);
                let _ = blocks.try_send(block);
                if turn % 5 == 0 {
                    tokio::time::sleep(Duration::from_millis(1 + chance.below(20))).await;
                }
            }
            blocks
        });
    }
    for turn in 0..6 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        if turn % 2 == 0 {
            server.flush();
        } else {
            server.kill();
            tokio::time::sleep(Duration::from_millis(100)).await;
            server.again();
        }
    }
    let open = work.join_all().await;
    let settled = async {
        loop {
            let mut right = 0;
            for volumes in &kept {
                let whole = *volumes.whole().borrow();
                let totals = volumes.totals().await;
                right += usize::from(whole && totals.as_ref() == Ok(&ledger.totals()));
            }
            if right == kept.len() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(40), settled)
        .await
        .expect("the counts are the ledger's in the end");
    // And they are noticed to be gone though nobody commits.
    server.flush();
    assert_eq!(kept[0].totals().await, Err(NoVolumes::Unsettled));
    let again = async {
        while kept[0].totals().await.as_ref() != Ok(&ledger.totals()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(40), again)
        .await
        .expect("they are rebuilt");
    drop(open);
    timeout(Duration::from_secs(10), keepers.join_all())
        .await
        .expect("the keepers end with the last block");
}

/// Redis holds the counts of an older ledger of the same nation: this one's own are put in place.
#[tokio::test]
async fn a_ledger_made_anew_takes_its_place() {
    let mut back = JoinSet::new();
    let mut chance = Chance(3);
    let (old, new) = (Ledger::default(), Ledger::default());
    for _ in 0..10 {
        old.commit(1, &mut chance);
    }
    new.commit(1, &mut chance);
    let volumes = in_redis(41, 1, &mut back).await;
    volumes.rebuild(&old.standing()).await.unwrap();
    volumes.rebuild(&new.standing()).await.unwrap();
    assert_eq!(volumes.totals().await.unwrap(), new.totals());
    // Another writer's later counts are left alone: it may have gone on since the standing.
    let other = in_redis(41, 2, &mut back).await;
    let block = new.commit(1, &mut chance);
    let standing = new.standing();
    assert_eq!(volumes.added(&block).await, Added::Counted);
    let later = new.commit(1, &mut chance);
    assert_eq!(volumes.added(&later).await, Added::Counted);
    other.rebuild(&standing).await.unwrap();
    assert_eq!(other.totals().await.unwrap(), new.totals());
}
