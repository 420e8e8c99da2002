//! Keeping the live counts in step with the ledger.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::time::Duration;

use dancu_domain::{VolumeKey, WriterId};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep};

use super::{Added, BlockVolumes, LiveVolumes, WriterVolumes};

/// How long nothing may be heard before it is looked whether the counts are still there.
const LOOK: Duration = Duration::from_secs(2);
/// The pauses before a rebuild is tried again: the first, and the longest.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// Counts that were whole for so long make the next pause the first one again: where blocks come
/// faster than they can be added, the ledger is not read over and over.
const STEADY: Duration = Duration::from_secs(10);
/// Blocks that are added as one.
const TOGETHER: usize = 256;

/// How far the counts are known to be.
type Known = BTreeMap<WriterId, u64>;

impl LiveVolumes {
    /// Adds what each block counted, and rebuilds the counts from the ledger's standing at the
    /// start, after a gap, and after they were lost; until no more blocks can come. For the back
    /// runtime. `standing` gives every writer's counts with its next index, as of one moment, or
    /// nothing when the ledger cannot be read now.
    ///
    /// The channel may drop blocks when it is full: the next one shows the gap.
    pub async fn keep<F, S>(&self, standing: F, mut blocks: Receiver<BlockVolumes>)
    where
        F: Fn() -> S,
        S: Future<Output = Option<Vec<WriterVolumes>>>,
    {
        let mut pause = FIRST;
        let mut queue = VecDeque::new();
        loop {
            if let Some(mut known) = self.settle(&standing).await {
                let since = Instant::now();
                self.whole.send_replace(true);
                let ended = self.count(&mut known, &mut queue, &mut blocks).await;
                if ended {
                    return;
                }
                self.whole.send_replace(false);
                queue.clear();
                if since.elapsed() >= STEADY {
                    pause = FIRST;
                }
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = closed(&mut blocks) => return,
            }
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Puts the ledger's counts in place, and tells how far they are.
    async fn settle<F, S>(&self, standing: &F) -> Option<Known>
    where
        F: Fn() -> S,
        S: Future<Output = Option<Vec<WriterVolumes>>>,
    {
        let standing = standing().await?;
        self.rebuild(&standing).await.ok()?;
        Some(standing.iter().map(|of| (of.writer, of.next)).collect())
    }

    /// Adds blocks until something is missing (false) or no more can come (true).
    async fn count(
        &self,
        known: &mut Known,
        queue: &mut VecDeque<BlockVolumes>,
        blocks: &mut Receiver<BlockVolumes>,
    ) -> bool {
        loop {
            if queue.is_empty() {
                tokio::select! {
                    block = blocks.recv() => match block {
                        Some(block) => queue.push_back(block),
                        None => return true,
                    },
                    () = sleep(LOOK) => {
                        for (writer, next) in known.iter() {
                            if self.stands_at(*writer, *next).await != Ok(true) {
                                return false;
                            }
                        }
                        continue;
                    }
                }
            }
            while queue.len() < TOGETHER {
                let Ok(block) = blocks.try_recv() else { break };
                queue.push_back(block);
            }
            let Some(block) = next(known, queue) else {
                continue;
            };
            match self.added(&block).await {
                Added::Counted | Added::Repeated => known.insert(block.writer, block.next),
                Added::Gap | Added::Away => return false,
            };
        }
    }
}

/// Returns when no more blocks can come, and forgets those that come: a rebuild has them.
async fn closed(blocks: &mut Receiver<BlockVolumes>) {
    while blocks.recv().await.is_some() {}
}

/// The next block that is not known to be counted, together with those that follow it.
fn next(known: &Known, queue: &mut VecDeque<BlockVolumes>) -> Option<BlockVolumes> {
    let counted = |block: &BlockVolumes| known.get(&block.writer) >= Some(&block.next);
    let mut whole = loop {
        let block = queue.pop_front()?;
        if !counted(&block) {
            break block;
        }
    };
    let follows = |block: &BlockVolumes, whole: &BlockVolumes| {
        block.writer == whole.writer && block.first == whole.next
    };
    let mut sums: Option<BTreeMap<VolumeKey, u64>> = None;
    while let Some(block) = queue.pop_front_if(|block| follows(block, &whole)) {
        let sums = sums.get_or_insert_with(|| {
            let rows = whole.counts.iter().map(|row| (row.key, row.count));
            rows.collect()
        });
        for row in &block.counts {
            *sums.entry(row.key).or_default() += row.count;
        }
        whole.next = block.next;
    }
    if let Some(sums) = sums {
        let row = |(key, count)| dancu_domain::VolumeRow { key, count };
        whole.counts = sums.into_iter().map(row).collect();
    }
    Some(whole)
}
