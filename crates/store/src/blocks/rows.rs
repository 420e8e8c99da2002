//! Rows of the ledger's tables as the ledger knows them. What does not fit is unreadable.

use dancu_domain::{
    AgencyCode, Day, Kept, KeptAnswer, NationId, Outcome, Receipt, ServiceCode, Timestamp, Verb,
    VolumeKey, VolumeRow, WriterId,
};
use dancu_ledger::{
    Block, BlockStoreError, ChainHead, CountRow, GENESIS, KeptKey, KeptRow, KeyMarks,
};

use crate::columns::Columns;

/// A row of `read_blocks.sql` or `read_block_before.sql`.
pub(super) fn block(row: &impl Columns) -> Result<Block, BlockStoreError> {
    let fields = || {
        Some(Block {
            writer: WriterId(row.integer(0)?),
            first: row.integer(1)?,
            count: row.integer(2)?,
            at: Timestamp(row.integer(3)?),
            previous: row.digest(4)?,
            hash: row.digest(5)?,
            entries: row.bytes(6)??.to_vec(),
        })
    };
    fields().ok_or_else(|| BlockStoreError::Unreadable {
        writer: WriterId(row.integer(0).unwrap_or(0)),
        at: row.integer(1).unwrap_or(0),
    })
}

/// The nation and the keys of a row of `bind_nation.sql`.
pub(super) fn bond(row: &impl Columns) -> Result<(NationId, Option<KeyMarks>), BlockStoreError> {
    let damaged = || BlockStoreError::Failed("read the nation of the ledger".to_owned());
    let nation = row.digest(0).map(NationId).ok_or_else(damaged)?;
    match (row.bytes(1), row.bytes(2)) {
        (Some(None), Some(None)) => Ok((nation, None)),
        _ => Ok((nation, Some(marks(row, 1)?))),
    }
}

/// The marks of keys in a row, from this column on.
pub(super) fn marks(row: &impl Columns, at: usize) -> Result<KeyMarks, BlockStoreError> {
    let fields = || {
        Some(KeyMarks {
            lasting: row.digest(at)?,
            signing: row.digest(at + 1)?,
        })
    };
    fields().ok_or_else(|| BlockStoreError::Failed("read the keys of the ledger".to_owned()))
}

/// A row of `find_writer.sql`.
pub(super) fn writer(row: &impl Columns) -> Result<WriterId, BlockStoreError> {
    let damaged = || BlockStoreError::Failed("read a damaged writer".to_owned());
    row.integer(0).map(WriterId).ok_or_else(damaged)
}

/// A row of `read_heads.sql`.
pub(super) fn head(row: &impl Columns) -> Result<ChainHead, BlockStoreError> {
    let fields = || {
        let writer = WriterId(row.integer(0)?);
        if row.number(1)?.is_none() {
            return Some(ChainHead {
                writer,
                next: 0,
                hash: GENESIS,
            });
        }
        let (first, count) = (row.integer::<u64>(1)?, row.integer::<u32>(2)?);
        Some(ChainHead {
            writer,
            next: first + u64::from(count),
            hash: row.digest(3)?,
        })
    };
    fields().ok_or_else(|| BlockStoreError::Unreadable {
        writer: WriterId(row.integer(0).unwrap_or(0)),
        at: row.integer(1).unwrap_or(0),
    })
}

/// A row of `read_counts.sql`.
pub(super) fn count(row: &impl Columns) -> Result<CountRow, BlockStoreError> {
    let fields = || {
        Some(CountRow {
            writer: WriterId(row.integer(0)?),
            row: VolumeRow {
                key: VolumeKey {
                    agency: agency(row, 1)?,
                    verb: Verb::from_code(row.integer(2)?)?,
                    service: ServiceCode(row.integer(3)?),
                    outcome: Outcome::from_code(row.integer(4)?)?,
                    day: Day(row.integer(5)?),
                },
                count: row.integer(6)?,
            },
        })
    };
    fields().ok_or_else(|| BlockStoreError::Failed("read a damaged count".to_owned()))
}

/// A row of `read_kept.sql`. One whose columns somebody damaged comes without a seal.
pub(super) fn kept(row: &impl Columns) -> Result<KeptRow, BlockStoreError> {
    let key = || {
        let request = row.integer::<i64>(1)?.cast_unsigned();
        Some((agency(row, 0)?, request))
    };
    let key =
        key().ok_or_else(|| BlockStoreError::Failed("read the key of a kept answer".to_owned()))?;
    let fields = || {
        Some(KeptRow {
            key,
            kept: Kept {
                answer: KeptAnswer {
                    digest: row.digest(2)?,
                    body: row.bytes(3)??.to_vec(),
                },
                receipt: Receipt {
                    writer: WriterId(row.integer(4)?),
                    first: row.integer(5)?,
                    count: row.integer(6)?,
                },
            },
            at: Timestamp(row.integer(7)?),
            seal: row.digest(8)?,
        })
    };
    Ok(fields().unwrap_or_else(|| unsealed(key)))
}

/// Stands for a kept answer that cannot be read.
fn unsealed(key: KeptKey) -> KeptRow {
    KeptRow {
        key,
        kept: Kept {
            answer: KeptAnswer {
                digest: [0; 32],
                body: Vec::new(),
            },
            receipt: Receipt {
                writer: WriterId(0),
                first: 0,
                count: 0,
            },
        },
        at: Timestamp(0),
        seal: [0; 32],
    }
}

fn agency(row: &impl Columns, column: usize) -> Option<AgencyCode> {
    AgencyCode::parse(row.text(column)??, "agency").ok()
}
