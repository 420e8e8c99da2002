//! Parts that stop where a test tells them to: a registry before it reads or applies, a store of
//! blocks before it appends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dancu_domain::{
    Applied, ChangeFeed, ChangeNotice, ChangeRecord, Directory, Freshness, IdKey, NationId,
    PersonalId, Reading, Registry, RegistryError, Revision, SourceKey, Timestamp, VolumeRow,
    WriterId,
};
use dancu_ledger::{
    Asked, Block, BlockStore, BlockStoreError, ChainHead, Claim, KeptKey, KeptRow, KeyMarks,
    Standing, WriteClaim,
};
use dancu_server::RegistryHome;
use dancu_store::{MemoryBlocks, MemoryRegistry};
use tokio::sync::watch;

/// A gate that is open until it is shut. It counts who came to it and who went through.
#[derive(Debug)]
pub struct Gate {
    open: watch::Sender<bool>,
    came: AtomicU64,
    went: AtomicU64,
}

impl Gate {
    /// An open gate.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            open: watch::Sender::new(true),
            came: AtomicU64::new(0),
            went: AtomicU64::new(0),
        })
    }

    /// Shuts the gate: who comes now waits.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// Opens the gate.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// How many wait before it.
    pub fn waiting(&self) -> u64 {
        self.came.load(Ordering::SeqCst) - self.went.load(Ordering::SeqCst)
    }

    /// How many went through.
    pub fn passed(&self) -> u64 {
        self.went.load(Ordering::SeqCst)
    }

    async fn pass(&self) {
        self.came.fetch_add(1, Ordering::SeqCst);
        let mut open = self.open.subscribe();
        let opened = open.wait_for(|open| *open).await;
        opened.expect("the gate outlives who waits before it");
        self.went.fetch_add(1, Ordering::SeqCst);
    }
}

/// The registry in memory behind two gates.
#[derive(Debug)]
pub struct GatedRegistry {
    /// What is behind the gates.
    pub inner: MemoryRegistry,
    /// Before each read.
    pub reads: Arc<Gate>,
    /// Before each write.
    pub writes: Arc<Gate>,
}

impl Registry for GatedRegistry {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        self.reads.pass().await;
        self.inner.read(keys, freshness).await
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        self.writes.pass().await;
        self.inner.apply(records).await
    }
}

impl ChangeFeed for GatedRegistry {
    async fn head(&self) -> Result<Revision, RegistryError> {
        self.inner.head().await
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.inner.changes(after, limit).await
    }
}

impl RegistryHome for GatedRegistry {
    async fn directory(&self) -> Result<Directory, RegistryError> {
        RegistryHome::directory(&self.inner).await
    }

    async fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> Result<Vec<PersonalId>, RegistryError> {
        RegistryHome::changed_by_others(&self.inner, source).await
    }

    async fn close(&self) {}
}

/// Blocks in memory behind a gate before each append.
pub struct GatedBlocks {
    /// What is behind the gate.
    pub inner: MemoryBlocks,
    /// Before each append.
    pub appends: Arc<Gate>,
}

impl BlockStore for GatedBlocks {
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
        self.appends.pass().await;
        self.inner.append(block, counts, kept).await
    }

    async fn probe(&mut self) -> Result<(), BlockStoreError> {
        self.inner.probe().await
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
