//! The blocks of a configuration's ledger.

use dancu_domain::{NationId, Timestamp, VolumeRow, WriterId};
use dancu_ledger::{
    Asked, Block, BlockStore, BlockStoreError, ChainHead, Claim, KeptKey, KeptRow, KeyMarks,
    Resolution, Standing, WriteClaim,
};
use dancu_store::{PostgresBlocks, SqliteBlocks};

use super::each;
use crate::parts::PartState;
use crate::watch::UNKNOWN;

/// A store of blocks in a file or in PostgreSQL.
pub enum AnyBlocks {
    /// In a file of the data directory.
    File(SqliteBlocks),
    /// In a database of PostgreSQL.
    Postgres(Box<PostgresBlocks>),
}

impl std::fmt::Debug for AnyBlocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File(_) => "AnyBlocks::File",
            Self::Postgres(_) => "AnyBlocks::Postgres",
        })
    }
}

impl AnyBlocks {
    /// Blocks in PostgreSQL.
    pub(crate) fn postgres(blocks: PostgresBlocks) -> Self {
        Self::Postgres(Box::new(blocks))
    }

    /// Whether an acknowledged entry survives the loss of its database.
    pub async fn standby(&mut self) -> PartState {
        match self {
            Self::File(_) => PartState::Absent("no database server"),
            Self::Postgres(blocks) => {
                let told = blocks.durability().await;
                told.map_or(UNKNOWN, PartState::from)
            }
        }
    }
}

impl BlockStore for AnyBlocks {
    async fn bind(&mut self, nation: NationId) -> Result<Option<KeyMarks>, BlockStoreError> {
        each!(self, blocks => blocks.bind(nation).await)
    }

    async fn bind_keys(
        &mut self,
        marks: KeyMarks,
        new_signer: bool,
    ) -> Result<KeyMarks, BlockStoreError> {
        each!(self, blocks => blocks.bind_keys(marks, new_signer).await)
    }

    async fn find_writer(&mut self, name: &str) -> Result<Option<WriterId>, BlockStoreError> {
        each!(self, blocks => blocks.find_writer(name).await)
    }

    async fn claim_writer(&mut self, name: &str) -> Result<Claim, BlockStoreError> {
        each!(self, blocks => blocks.claim_writer(name).await)
    }

    async fn append(
        &mut self,
        block: &Block,
        counts: &[VolumeRow],
        kept: &[KeptRow],
    ) -> Result<(), BlockStoreError> {
        each!(self, blocks => blocks.append(block, counts, kept).await)
    }

    async fn resolve(&mut self, block: &Block) -> Result<Resolution, BlockStoreError> {
        each!(self, blocks => blocks.resolve(block).await)
    }

    async fn probe(&mut self) -> Result<(), BlockStoreError> {
        each!(self, blocks => blocks.probe().await)
    }

    async fn blocks(
        &mut self,
        writer: WriterId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Block>, BlockStoreError> {
        each!(self, blocks => blocks.blocks(writer, from, limit).await)
    }

    async fn block_before(
        &mut self,
        writer: WriterId,
        index: u64,
    ) -> Result<Option<Block>, BlockStoreError> {
        each!(self, blocks => blocks.block_before(writer, index).await)
    }

    async fn heads(&mut self) -> Result<Vec<ChainHead>, BlockStoreError> {
        each!(self, blocks => blocks.heads().await)
    }

    async fn standing(&mut self) -> Result<Standing, BlockStoreError> {
        match self {
            Self::File(blocks) => BlockStore::standing(blocks).await,
            Self::Postgres(blocks) => BlockStore::standing(&mut **blocks).await,
        }
    }

    async fn claim_writes(
        &mut self,
        asked: &[Asked],
        forgotten: Timestamp,
    ) -> Result<Vec<WriteClaim>, BlockStoreError> {
        each!(self, blocks => blocks.claim_writes(asked, forgotten).await)
    }

    async fn release_writes(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        each!(self, blocks => blocks.release_writes(keys).await)
    }

    async fn discard_kept(&mut self, keys: &[KeptKey]) -> Result<(), BlockStoreError> {
        each!(self, blocks => blocks.discard_kept(keys).await)
    }

    async fn purge_kept(&mut self, before: Timestamp) -> Result<u64, BlockStoreError> {
        each!(self, blocks => blocks.purge_kept(before).await)
    }
}
