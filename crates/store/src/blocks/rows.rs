//! Rows of the ledger's tables as the ledger knows them. What does not fit is unreadable.

use dancu_domain::{
    AgencyCode, Day, Kept, KeptAnswer, Outcome, Receipt, ServiceCode, Timestamp, Verb, VolumeKey,
    VolumeRow, WriterId,
};
use dancu_ledger::{Block, BlockStoreError, ChainHead, CountRow, GENESIS, KeptKey, KeptRow};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// A row of `read_blocks.sql` or `read_block_before.sql`.
pub(super) fn block(row: &SqliteRow) -> Result<Block, BlockStoreError> {
    let fields = || {
        Some(Block {
            writer: WriterId(integer(row, 0)?),
            first: integer(row, 1)?,
            count: integer(row, 2)?,
            at: Timestamp(row.try_get(3).ok()?),
            previous: digest(row, 4)?,
            hash: digest(row, 5)?,
            entries: row.try_get(6).ok()?,
        })
    };
    fields().ok_or_else(|| BlockStoreError::Unreadable {
        writer: WriterId(integer(row, 0).unwrap_or(0)),
        at: integer(row, 1).unwrap_or(0),
    })
}

/// A row of `read_heads.sql`.
pub(super) fn head(row: &SqliteRow) -> Result<ChainHead, BlockStoreError> {
    let fields = || {
        let writer = WriterId(integer(row, 0)?);
        if row.try_get::<Option<i64>, _>(1).ok()?.is_none() {
            return Some(ChainHead {
                writer,
                next: 0,
                hash: GENESIS,
            });
        }
        let (first, count) = (integer::<u64>(row, 1)?, integer::<u32>(row, 2)?);
        Some(ChainHead {
            writer,
            next: first + u64::from(count),
            hash: digest(row, 3)?,
        })
    };
    fields().ok_or_else(|| BlockStoreError::Unreadable {
        writer: WriterId(integer(row, 0).unwrap_or(0)),
        at: integer(row, 1).unwrap_or(0),
    })
}

/// A row of `read_counts.sql`.
pub(super) fn count(row: &SqliteRow) -> Result<CountRow, BlockStoreError> {
    let fields = || {
        Some(CountRow {
            writer: WriterId(integer(row, 0)?),
            row: VolumeRow {
                key: VolumeKey {
                    agency: agency(row, 1)?,
                    verb: Verb::from_code(integer(row, 2)?)?,
                    service: ServiceCode(integer(row, 3)?),
                    outcome: Outcome::from_code(integer(row, 4)?)?,
                    day: Day(integer(row, 5)?),
                },
                count: integer(row, 6)?,
            },
        })
    };
    fields().ok_or_else(|| BlockStoreError::Failed("read a damaged count".to_owned()))
}

/// A row of `read_kept.sql`. One whose columns somebody damaged comes without a seal.
pub(super) fn kept(row: &SqliteRow) -> Result<KeptRow, BlockStoreError> {
    let key = || {
        let request = row.try_get::<i64, _>(1).ok()?.cast_unsigned();
        Some((agency(row, 0)?, request))
    };
    let key =
        key().ok_or_else(|| BlockStoreError::Failed("read the key of a kept answer".to_owned()))?;
    let fields = || {
        Some(KeptRow {
            key,
            kept: Kept {
                answer: KeptAnswer {
                    digest: digest(row, 2)?,
                    body: row.try_get(3).ok()?,
                },
                receipt: Receipt {
                    writer: WriterId(integer(row, 4)?),
                    first: integer(row, 5)?,
                    count: integer(row, 6)?,
                },
            },
            at: Timestamp(row.try_get(7).ok()?),
            seal: digest(row, 8)?,
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

fn integer<T: TryFrom<i64>>(row: &SqliteRow, column: usize) -> Option<T> {
    T::try_from(row.try_get(column).ok()?).ok()
}

fn digest(row: &SqliteRow, column: usize) -> Option<[u8; 32]> {
    let bytes: &[u8] = row.try_get(column).ok()?;
    bytes.try_into().ok()
}

fn agency(row: &SqliteRow, column: usize) -> Option<AgencyCode> {
    let text: &str = row.try_get(column).ok()?;
    AgencyCode::parse(text, "agency").ok()
}
