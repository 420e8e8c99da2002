//! A service on memory whose registry and ledger can be made slow or broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dancu_domain::{
    Applied, ChangeFeed, ChangeNotice, ChangeRecord, Directory, Freshness, IdKey, NationId,
    PersonalId, Reading, Registry, RegistryError, Revision, SourceKey, Timestamp, VolumeRow,
    WriterId,
};
use dancu_ledger::{
    Asked, Block, BlockStore, BlockStoreError, ChainHead, Claim, KeptKey, KeptRow, KeyMarks,
    Standing, WriteClaim,
};
use dancu_population::{GENERATOR_VERSION, Nation};
use dancu_server::{Backing, Config, Keys, RegistryHome, start_with};
use dancu_store::{DirectoryRows, MemoryBlocks, MemoryRegistry, RegistryMeta};

use crate::common::{CITIZENS, Service, config};

/// What is wrong with the parts.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// How long a read takes, in milliseconds.
    pub(crate) read_ms: AtomicU64,
    /// How long an append takes, in milliseconds.
    pub(crate) append_ms: AtomicU64,
    /// Reads and the feed fail.
    pub(crate) registry_away: AtomicBool,
    /// Appends fail.
    pub(crate) ledger_broken: AtomicBool,
    /// Every credential is revoked.
    pub(crate) revoked: AtomicBool,
}

impl Trouble {
    async fn pause(ms: &AtomicU64) {
        let ms = ms.load(Ordering::Relaxed);
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }

    fn registry(&self) -> Result<(), RegistryError> {
        if self.registry_away.load(Ordering::Relaxed) {
            Err(RegistryError::Unavailable)
        } else {
            Ok(())
        }
    }
}

/// A service on memory.
pub(crate) fn start(change: impl FnOnce(&mut Config)) -> (Service, Arc<Trouble>) {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    change(&mut config);
    let trouble = Arc::new(Trouble::default());
    let parts = Arc::clone(&trouble);
    let running = start_with(config, move || async move { Ok((backing(parts), ())) }).unwrap();
    (Service { running, dir }, trouble)
}

fn backing(trouble: Arc<Trouble>) -> Backing<Registry1, Blocks1> {
    let nation = Nation::new(7, CITIZENS);
    let meta = RegistryMeta {
        nation: NationId([9; 16]),
        seed: 7,
        citizens: nation.len(),
        generator: GENERATOR_VERSION,
        reference_date: nation.reference_date(),
    };
    let everybody = (0..nation.blocks())
        .flat_map(|block| nation.block(block))
        .chain(nation.personas().into_iter().map(|p| p.citizen));
    let rows = DirectoryRows {
        agencies: Nation::agencies(),
        credentials: nation.credentials(),
        licences: nation.licences(),
    };
    Backing {
        meta,
        registry: Arc::new(Registry1 {
            inner: MemoryRegistry::from_citizens(meta, everybody, rows),
            trouble: Arc::clone(&trouble),
        }),
        blocks: Blocks1 {
            inner: MemoryBlocks::new(),
            trouble,
        },
        keys: Keys::random().unwrap(),
        beside: None,
    }
}

/// A registry in trouble.
struct Registry1 {
    inner: MemoryRegistry,
    trouble: Arc<Trouble>,
}

impl Registry for Registry1 {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        self.trouble.registry()?;
        Trouble::pause(&self.trouble.read_ms).await;
        self.inner.read(keys, freshness).await
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        self.trouble.registry()?;
        self.inner.apply(records).await
    }
}

impl ChangeFeed for Registry1 {
    async fn head(&self) -> Result<Revision, RegistryError> {
        self.trouble.registry()?;
        self.inner.head().await
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.inner.changes(after, limit).await
    }
}

impl RegistryHome for Registry1 {
    async fn directory(&self) -> Result<Directory, RegistryError> {
        self.trouble.registry()?;
        if !self.trouble.revoked.load(Ordering::Relaxed) {
            return Ok(self.inner.directory());
        }
        let nation = Nation::new(7, CITIZENS);
        let mut credentials = nation.credentials();
        for credential in &mut credentials {
            credential.revoked = true;
        }
        Ok(Directory::new(
            Nation::agencies(),
            credentials,
            nation.licences(),
        ))
    }

    async fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> Result<Vec<PersonalId>, RegistryError> {
        Ok(self.inner.changed_by_others(source))
    }

    async fn close(&self) {}
}

/// A store of blocks in trouble.
struct Blocks1 {
    inner: MemoryBlocks,
    trouble: Arc<Trouble>,
}

impl BlockStore for Blocks1 {
    async fn bind(&mut self, nation: NationId) -> Result<Option<KeyMarks>, BlockStoreError> {
        self.inner.bind(nation).await
    }

    async fn bind_keys(
        &mut self,
        marks: KeyMarks,
        new_signer: bool,
    ) -> Result<KeyMarks, BlockStoreError> {
        self.inner.bind_keys(marks, new_signer).await
    }

    async fn find_writer(&mut self, name: &str) -> Result<Option<WriterId>, BlockStoreError> {
        self.inner.find_writer(name).await
    }

    async fn claim_writer(&mut self, name: &str) -> Result<Claim, BlockStoreError> {
        self.inner.claim_writer(name).await
    }

    async fn append(
        &mut self,
        block: &Block,
        counts: &[VolumeRow],
        kept: &[KeptRow],
    ) -> Result<(), BlockStoreError> {
        if self.trouble.ledger_broken.load(Ordering::Relaxed) {
            return Err(BlockStoreError::Failed("no space".to_owned()));
        }
        Trouble::pause(&self.trouble.append_ms).await;
        self.inner.append(block, counts, kept).await
    }

    async fn blocks(
        &mut self,
        writer: WriterId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Block>, BlockStoreError> {
        self.inner.blocks(writer, from, limit).await
    }

    async fn block_before(
        &mut self,
        writer: WriterId,
        index: u64,
    ) -> Result<Option<Block>, BlockStoreError> {
        self.inner.block_before(writer, index).await
    }

    async fn heads(&mut self) -> Result<Vec<ChainHead>, BlockStoreError> {
        self.inner.heads().await
    }

    async fn standing(&mut self) -> Result<Standing, BlockStoreError> {
        self.inner.standing().await
    }

    async fn claim_writes(
        &mut self,
        asked: &[Asked],
        forgotten: Timestamp,
    ) -> Result<Vec<WriteClaim>, BlockStoreError> {
        self.inner.claim_writes(asked, forgotten).await
    }

    async fn release_writes(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        self.inner.release_writes(keys).await
    }

    async fn discard_kept(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        self.inner.discard_kept(keys).await
    }

    async fn purge_kept(&mut self, before: Timestamp) -> Result<u64, BlockStoreError> {
        self.inner.purge_kept(before).await
    }
}
