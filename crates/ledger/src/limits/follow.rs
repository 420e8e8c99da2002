//! Reads what was before the start, once, and then what other writers add, again and again.
//!
//! Counts are taken from the store's own at one instant, and from there on from the blocks behind
//! it, as failed matches are from the first block of the window on. So a pass that fails in the
//! middle goes on where it stopped, and nothing is taken twice.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use dancu_domain::{Timestamp, WriterId};
use tokio::time::{Instant, sleep, timeout};

use super::found::Found;
use super::{Limits, LimitsKnown};
use crate::{BlockStore, BlockStoreError};

/// How often others are looked at, and how soon again after a look that failed.
const EVERY: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_millis(200);
/// How old what is known of others may get.
const OLDEST: Duration = Duration::from_secs(5);
/// How long the store has for one answer.
const ANSWER: Duration = Duration::from_secs(2);
/// How many blocks are asked for at once.
const BLOCKS: usize = 16;
/// How much further back than the window is looked, for clocks that were set meanwhile.
const CLOCKS: i64 = 3_600_000;

/// How far a chain was read.
struct Chain {
    /// The index of the next entry to read.
    next: u64,
    /// What lies before this index is in the counts already.
    counted: u64,
}

/// Why a look failed.
enum Unread {
    Store(BlockStoreError),
    Late,
    /// A chain is not what it was, or is no chain.
    Broken(WriterId),
}

impl Limits {
    /// Reads this store for the limits until it is dropped. It belongs on the back runtime, with a
    /// store of its own: what it waits for holds up nobody.
    pub async fn follow<S: BlockStore>(self, mut store: S) {
        let mut chains = None;
        let mut heard: Option<Instant> = None;
        let mut failing = false;
        loop {
            let asked = Instant::now();
            match self.look(&mut store, &mut chains).await {
                Ok(()) => {
                    heard = Some(asked);
                    failing = false;
                    self.tell(LimitsKnown::Known);
                    sleep(EVERY).await;
                }
                Err(unread) => {
                    if !failing {
                        tracing::warn!(%unread, "cannot read what the limits stand at");
                    }
                    failing = true;
                    if heard.is_none_or(|heard| heard.elapsed() >= OLDEST) {
                        self.tell(LimitsKnown::Lost);
                    }
                    sleep(AGAIN).await;
                }
            }
        }
    }

    /// Reads on to where all chains end now.
    async fn look<S: BlockStore>(
        &self,
        store: &mut S,
        chains: &mut Option<BTreeMap<WriterId, Chain>>,
    ) -> Result<(), Unread> {
        let chains = match chains {
            Some(chains) => chains,
            None => chains.insert(self.begin(store).await?),
        };
        let now = self.now();
        if let Some(days) = &self.0.days {
            days.forget(now.day());
        }
        if let Some(guesses) = &self.0.guesses {
            guesses.forget(now);
        }
        let (own, own_end) = self.0.own;
        for head in answered(store.heads()).await? {
            let end = if head.writer == own {
                own_end
            } else {
                head.next
            };
            let chain = chains.entry(head.writer).or_insert(Chain {
                next: 0,
                counted: 0,
            });
            if end < chain.next {
                return Err(Unread::Broken(head.writer));
            }
            while chain.next < end {
                self.read_on(store, head.writer, chain, end).await?;
            }
        }
        Ok(())
    }

    /// Takes the counts of the others, and finds where the window begins in each chain.
    async fn begin<S: BlockStore>(
        &self,
        store: &mut S,
    ) -> Result<BTreeMap<WriterId, Chain>, Unread> {
        let (own, own_end) = self.0.own;
        let standing = answered(store.standing()).await?;
        let mut chains = BTreeMap::new();
        for head in &standing.heads {
            let counted = if head.writer == own {
                own_end
            } else {
                head.next
            };
            let next = match &self.0.guesses {
                Some(guesses) => {
                    let back = guesses.window().as_millis() as i64;
                    let since = self.now().0.saturating_sub(back).saturating_sub(CLOCKS);
                    first_since(store, head.writer, counted, Timestamp(since)).await?
                }
                None => counted,
            };
            chains.insert(head.writer, Chain { next, counted });
        }
        // Last, so that a look which fails before it has taken nothing.
        if let Some(days) = &self.0.days {
            let others = standing.counts.iter().filter(|c| c.writer != own);
            days.note_others(others.map(|counted| &counted.row), self.now().day());
        }
        Ok(chains)
    }

    /// Reads some blocks of a chain, up to `end`.
    async fn read_on<S: BlockStore>(
        &self,
        store: &mut S,
        writer: WriterId,
        chain: &mut Chain,
        end: u64,
    ) -> Result<(), Unread> {
        let blocks = answered(store.blocks(writer, chain.next, BLOCKS)).await?;
        let today = self.now().day();
        let before = chain.next;
        for block in blocks.iter().take_while(|block| block.first < end) {
            let found = Found::in_block(block).ok();
            let found = found.filter(|_| block.first == chain.next && block.count > 0);
            let found = found.ok_or(Unread::Broken(writer))?;
            if let Some(days) = &self.0.days
                && block.first >= chain.counted
            {
                days.note_others(&found.counts, today);
            }
            if let Some(guesses) = &self.0.guesses {
                guesses.note(&found.failed);
            }
            chain.next = block.end();
        }
        if chain.next == before {
            return Err(Unread::Broken(writer));
        }
        Ok(())
    }
}

/// The index from which on the blocks of a chain that ends at `end` are of `since` or later, found
/// by halving: blocks of one chain lie in the order of their times.
async fn first_since<S: BlockStore>(
    store: &mut S,
    writer: WriterId,
    end: u64,
    since: Timestamp,
) -> Result<u64, Unread> {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low.midpoint(high);
        match answered(store.block_before(writer, middle)).await? {
            Some(block) if block.at >= since => high = block.first,
            Some(block) => low = block.end().max(middle + 1),
            // What lies here was taken away, as an archive may.
            None => low = middle + 1,
        }
    }
    Ok(low)
}

/// What the store says, in time.
async fn answered<T>(asked: impl Future<Output = Result<T, BlockStoreError>>) -> Result<T, Unread> {
    match timeout(ANSWER, asked).await {
        Ok(told) => told.map_err(Unread::Store),
        Err(_) => Err(Unread::Late),
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Late => f.write_str("the ledger's database does not answer in time"),
            Self::Broken(writer) => write!(f, "the chain of writer {} does not hold", writer.0),
        }
    }
}
