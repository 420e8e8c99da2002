//! Keeping the live counts in step with the ledger.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::time::Duration;

use dancu_domain::{VolumeKey, WriterId};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, sleep_until};

use super::look::Found;
use super::{Added, BlockVolumes, LiveVolumes, WriterVolumes};

/// How often the counts are held against the ledger: whoever was not counted at one look and the
/// next is late.
const LOOK: Duration = Duration::from_secs(2);
/// The pauses before a rebuild is tried again: the first, and the longest.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// Counts that were whole for so long make the next pause the first one again: where blocks come
/// faster than they can be added, the ledger is not read over and over.
const STEADY: Duration = Duration::from_secs(10);
/// After how many looks the counts themselves are read, and not only how far they are.
const THOROUGH: u32 = 15;
/// How many looks must find nothing late before counts are whole again that had been.
const CALM: u32 = 3;
/// Blocks that are added as one.
const TOGETHER: usize = 256;

/// How far the counts are known to be.
pub(super) type Known = BTreeMap<WriterId, u64>;

impl LiveVolumes {
    /// Adds what each block counted, and rebuilds the counts from the ledger's standing at the
    /// start, after a gap, and after they were lost; until no more blocks can come. For the back
    /// runtime. `standing` gives every writer's counts with its next index, as of one moment, and
    /// `heads` the indices alone; nothing when the ledger cannot be read now.
    ///
    /// The channel may drop blocks when it is full: the next one shows the gap. Other writers'
    /// counts are added by whoever keeps theirs; where that is not done in time, they are put here
    /// from the ledger, and are not called whole before they are in time again.
    pub async fn keep<F, S, H, G>(&self, standing: F, heads: H, mut blocks: Receiver<BlockVolumes>)
    where
        F: Fn() -> S,
        S: Future<Output = Option<Vec<WriterVolumes>>>,
        H: Fn() -> G,
        G: Future<Output = Option<Vec<(WriterId, u64)>>>,
    {
        let mut pause = FIRST;
        let mut queue = VecDeque::new();
        loop {
            if let Some(mut known) = self.settle(&standing, &heads).await {
                let since = Instant::now();
                self.whole.send_replace(true);
                let looks = Looks::new(&standing, &heads);
                let counted = self.count(&mut known, &mut queue, &mut blocks, looks);
                if counted.await {
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

    /// Removes what is none of the ledger's, puts the ledger's counts in place, and tells how far
    /// they are.
    async fn settle<F, S, H, G>(&self, standing: &F, heads: &H) -> Option<Known>
    where
        F: Fn() -> S,
        S: Future<Output = Option<Vec<WriterVolumes>>>,
        H: Fn() -> G,
        G: Future<Output = Option<Vec<(WriterId, u64)>>>,
    {
        self.look(heads, &mut Known::new(), true).await.ok()?;
        let standing = standing().await?;
        self.rebuild(&standing).await.ok()?;
        Some(standing.iter().map(|of| (of.writer, of.next)).collect())
    }

    /// Adds blocks until something is missing (false) or no more can come (true).
    async fn count<F, S, H, G>(
        &self,
        known: &mut Known,
        queue: &mut VecDeque<BlockVolumes>,
        blocks: &mut Receiver<BlockVolumes>,
        mut looks: Looks<'_, F, H>,
    ) -> bool
    where
        F: Fn() -> S,
        S: Future<Output = Option<Vec<WriterVolumes>>>,
        H: Fn() -> G,
        G: Future<Output = Option<Vec<(WriterId, u64)>>>,
    {
        looks.due.clone_from(known);
        loop {
            // Whatever waits to be added, the counts are looked at when it is time.
            if Instant::now() >= looks.at {
                if !self.looked_at(known, &mut looks).await {
                    return false;
                }
                looks.at = Instant::now() + LOOK;
            }
            if queue.is_empty() {
                tokio::select! {
                    block = blocks.recv() => match block {
                        Some(block) => queue.push_back(block),
                        None => return true,
                    },
                    () = sleep_until(looks.at) => continue,
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

    /// Holds the counts against the ledger, and puts those in place that are late; false where they
    /// must be rebuilt.
    async fn looked_at<F, S, H, G>(&self, known: &mut Known, looks: &mut Looks<'_, F, H>) -> bool
    where
        F: Fn() -> S,
        S: Future<Output = Option<Vec<WriterVolumes>>>,
        H: Fn() -> G,
        G: Future<Output = Option<Vec<(WriterId, u64)>>>,
    {
        looks.done += 1;
        let thorough = looks.done.is_multiple_of(THOROUGH);
        match self.look(looks.heads, &mut looks.due, thorough).await {
            Ok(Found::Right) => {
                looks.calm += 1;
                if looks.calm >= CALM {
                    self.whole
                        .send_if_modified(|whole| !std::mem::replace(whole, true));
                }
                true
            }
            Ok(Found::Late) => {
                looks.calm = 0;
                // In a process of its own nobody else adds: this is how it hears of other writers.
                if self.is_shared() {
                    self.whole
                        .send_if_modified(|whole| std::mem::replace(whole, false));
                }
                let Some(standing) = (looks.standing)().await else {
                    return false;
                };
                known.extend(standing.iter().map(|of| (of.writer, of.next)));
                self.rebuild(&standing).await.is_ok()
            }
            Ok(Found::Lost) | Err(_) => false,
        }
    }
}

/// How the counts are looked at.
struct Looks<'a, F, H> {
    standing: &'a F,
    heads: &'a H,
    /// The next one.
    at: Instant,
    /// How many there were.
    done: u32,
    /// How many of the last found nothing late.
    calm: u32,
    /// How far the ledger was at the last one.
    due: Known,
}

impl<'a, F, H> Looks<'a, F, H> {
    fn new(standing: &'a F, heads: &'a H) -> Self {
        Self {
            standing,
            heads,
            at: Instant::now() + LOOK,
            done: 0,
            calm: 0,
            due: Known::new(),
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
