//! The reference: blocks in memory, shared by all clones, lost with the last.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use dancu_domain::{NationId, Timestamp, VolumeKey, VolumeRow, WriterId};
use dancu_ledger::{
    Asked, Block, BlockStore, BlockStoreError, ChainHead, Claim, CountRow, GENESIS, KeptKey,
    KeptRow, KeyMarks, Standing, WriteClaim,
};

/// Blocks in memory. A clone is another connection to the same ones: each claims for itself.
#[derive(Default)]
pub struct MemoryBlocks {
    all: Arc<Mutex<All>>,
    claim: Option<Held>,
}

/// What a connection claimed; others see whether it is still there.
struct Held {
    writer: WriterId,
    epoch: u64,
    alive: Arc<()>,
}

/// Who carries a write message out.
struct AtWork {
    writer: WriterId,
    epoch: u64,
    digest: [u8; 32],
    alive: Weak<()>,
}

impl Clone for MemoryBlocks {
    fn clone(&self) -> Self {
        Self {
            all: Arc::clone(&self.all),
            claim: None,
        }
    }
}

#[derive(Default)]
struct All {
    nation: Option<NationId>,
    keys: Option<KeyMarks>,
    writers: BTreeMap<WriterId, (String, u64)>,
    blocks: BTreeMap<WriterId, BTreeMap<u64, Block>>,
    counts: BTreeMap<(WriterId, VolumeKey), u64>,
    kept: HashMap<KeptKey, KeptRow>,
    claims: HashMap<KeptKey, AtWork>,
}

impl MemoryBlocks {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    fn head(&self, writer: WriterId) -> ChainHead {
        let last = self
            .blocks
            .get(&writer)
            .and_then(|b| b.values().next_back());
        ChainHead {
            writer,
            next: last.map_or(0, Block::end),
            hash: last.map_or(GENESIS, |block| block.hash),
        }
    }

    fn heads(&self) -> Vec<ChainHead> {
        self.writers
            .keys()
            .map(|writer| self.head(*writer))
            .collect()
    }

    fn named(&self, name: &str) -> Option<WriterId> {
        let mut writers = self.writers.iter();
        writers
            .find(|(_, known)| known.0 == name)
            .map(|(writer, _)| *writer)
    }

    fn is_current(&self, writer: WriterId, epoch: u64) -> bool {
        self.writers.get(&writer).is_some_and(|row| row.1 == epoch)
    }

    /// Whether a claim is that of this connection.
    fn is_of(claim: &AtWork, held: &Held) -> bool {
        claim.alive.as_ptr() == Arc::as_ptr(&held.alive)
    }

    /// Whose a message is that has no answer.
    fn claim(&mut self, asked: &Asked, held: &Held) -> WriteClaim {
        if let Some(claim) = self
            .claims
            .get(&asked.key)
            .filter(|c| !Self::is_of(c, held))
        {
            if claim.alive.strong_count() > 0 && self.is_current(claim.writer, claim.epoch) {
                return WriteClaim::Elsewhere;
            }
            if claim.digest != asked.digest {
                return WriteClaim::OtherBody;
            }
        }
        let claim = AtWork {
            writer: held.writer,
            epoch: held.epoch,
            digest: asked.digest,
            alive: Arc::downgrade(&held.alive),
        };
        self.claims.insert(asked.key, claim);
        WriteClaim::Ours
    }
}

impl BlockStore for MemoryBlocks {
    async fn bind(&mut self, nation: NationId) -> Result<Option<KeyMarks>, BlockStoreError> {
        let mut all = self.all();
        let bound = *all.nation.get_or_insert(nation);
        if bound == nation {
            Ok(all.keys)
        } else {
            Err(BlockStoreError::AnotherNation { bound })
        }
    }

    async fn bind_keys(
        &mut self,
        marks: KeyMarks,
        new_signer: bool,
    ) -> Result<KeyMarks, BlockStoreError> {
        let mut all = self.all();
        let tied = all.keys.get_or_insert(marks);
        if new_signer && tied.lasting == marks.lasting {
            *tied = marks;
        }
        Ok(*tied)
    }

    async fn find_writer(&mut self, name: &str) -> Result<Option<WriterId>, BlockStoreError> {
        Ok(self.all().named(name))
    }

    async fn claim_writer(&mut self, name: &str) -> Result<Claim, BlockStoreError> {
        let mut all = self.all();
        let writer = all
            .named(name)
            .unwrap_or(WriterId(all.writers.len() as u32 + 1));
        let row = all
            .writers
            .entry(writer)
            .or_insert_with(|| (name.to_owned(), 0));
        row.1 += 1;
        let epoch = row.1;
        let head = all.head(writer);
        drop(all);
        self.claim = Some(Held {
            writer,
            epoch,
            alive: Arc::new(()),
        });
        Ok(Claim {
            writer,
            epoch,
            next: head.next,
            hash: head.hash,
        })
    }

    async fn append(
        &mut self,
        block: &Block,
        counts: &[VolumeRow],
        kept: &[KeptRow],
    ) -> Result<(), BlockStoreError> {
        let mut all = self.all();
        let held = self.claim.as_ref();
        let held = held
            .filter(|held| held.writer == block.writer && all.is_current(held.writer, held.epoch))
            .ok_or(BlockStoreError::LeaseLost)?;
        let is_ours = |row: &&KeptRow| {
            all.claims
                .get(&row.key)
                .is_some_and(|c| All::is_of(c, held))
        };
        let others: Vec<KeptKey> = kept
            .iter()
            .filter(|row| !is_ours(row))
            .map(|row| row.key)
            .collect();
        if !others.is_empty() {
            return Err(BlockStoreError::NotOurs(others));
        }
        let chain = all.blocks.entry(block.writer).or_default();
        if chain.contains_key(&block.first) {
            return Err(BlockStoreError::Failed("append a block twice".to_owned()));
        }
        chain.insert(block.first, block.clone());
        for row in counts {
            *all.counts.entry((block.writer, row.key)).or_default() += row.count;
        }
        for row in kept {
            all.claims.remove(&row.key);
            all.kept.insert(row.key, row.clone());
        }
        Ok(())
    }

    async fn probe(&mut self) -> Result<(), BlockStoreError> {
        let all = self.all();
        let held = self.claim.as_ref();
        held.filter(|held| all.is_current(held.writer, held.epoch))
            .map(drop)
            .ok_or(BlockStoreError::LeaseLost)
    }

    async fn blocks(
        &mut self,
        writer: WriterId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Block>, BlockStoreError> {
        let all = self.all();
        let chain = all.blocks.get(&writer).into_iter();
        Ok(chain
            .flat_map(|chain| chain.range(from..).take(limit))
            .map(|(_, block)| block.clone())
            .collect())
    }

    async fn block_before(
        &mut self,
        writer: WriterId,
        index: u64,
    ) -> Result<Option<Block>, BlockStoreError> {
        let all = self.all();
        let chain = all.blocks.get(&writer);
        let found = chain.and_then(|chain| chain.range(..=index).next_back());
        Ok(found.map(|(_, block)| block.clone()))
    }

    async fn heads(&mut self) -> Result<Vec<ChainHead>, BlockStoreError> {
        Ok(self.all().heads())
    }

    async fn standing(&mut self) -> Result<Standing, BlockStoreError> {
        let all = self.all();
        let counts = all.counts.iter().map(|((writer, key), count)| CountRow {
            writer: *writer,
            row: VolumeRow {
                key: *key,
                count: *count,
            },
        });
        Ok(Standing {
            heads: all.heads(),
            counts: counts.collect(),
        })
    }

    async fn claim_writes(
        &mut self,
        asked: &[Asked],
        forgotten: Timestamp,
    ) -> Result<Vec<WriteClaim>, BlockStoreError> {
        let held = self.claim.as_ref().ok_or(BlockStoreError::LeaseLost)?;
        let mut all = self.all();
        let mut told = Vec::with_capacity(asked.len());
        for asked in asked {
            let answered = all.kept.get(&asked.key).filter(|row| row.at > forgotten);
            told.push(match answered.cloned() {
                Some(row) => WriteClaim::Answered(row),
                None => all.claim(asked, held),
            });
        }
        Ok(told)
    }

    async fn release_writes(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        let held = self.claim.as_ref().ok_or(BlockStoreError::LeaseLost)?;
        let mut all = self.all();
        for key in keys {
            if all
                .claims
                .get(key)
                .is_some_and(|claim| All::is_of(claim, held))
            {
                all.claims.remove(key);
            }
        }
        Ok(())
    }

    async fn discard_kept(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        let mut all = self.all();
        for key in keys {
            all.kept.remove(key);
        }
        Ok(())
    }

    async fn purge_kept(&mut self, before: Timestamp) -> Result<u64, BlockStoreError> {
        let mut all = self.all();
        let had = all.kept.len();
        all.kept.retain(|_, row| row.at >= before);
        Ok((had - all.kept.len()) as u64)
    }
}
