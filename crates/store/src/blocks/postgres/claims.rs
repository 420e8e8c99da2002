//! The claims of write messages: rows of the table of kept answers that have no answer yet.

use dancu_domain::Timestamp;
use dancu_ledger::{Asked, BlockStoreError, KeptKey, WriteClaim};
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;

use super::append::each;
use super::{Held, statements};
use crate::blocks::rows;
use crate::columns::Columns as _;

type Asking = Query<'static, Postgres, PgArguments>;

/// The question that claims messages.
pub(super) fn claiming(held: &Held, asked: &[Asked], forgotten: Timestamp) -> Asking {
    sqlx::query(statements::CLAIM_WRITES)
        .bind(i64::from(held.writer.0))
        .bind(held.holder.clone())
        .bind(forgotten.0)
        .bind(each(asked, |asked| asked.key.0.text().to_owned()))
        .bind(each(asked, |asked| asked.key.1.cast_signed()))
        .bind(each(asked, |asked| asked.digest.to_vec()))
}

/// What a row of its answer says.
pub(super) fn told(row: &PgRow) -> Result<WriteClaim, BlockStoreError> {
    match row.integer::<i64>(9) {
        Some(0) => Ok(WriteClaim::Ours),
        Some(1) => rows::kept(row).map(WriteClaim::Answered),
        Some(2) => Ok(WriteClaim::Elsewhere),
        Some(3) => Ok(WriteClaim::OtherBody),
        _ => Err(BlockStoreError::Failed("read a claim".to_owned())),
    }
}

/// The question that gives claims up.
pub(super) fn releasing(held: &Held, keys: &[KeptKey]) -> Asking {
    sqlx::query(statements::RELEASE_WRITES)
        .bind(held.holder.clone())
        .bind(each(keys, |key| key.0.text().to_owned()))
        .bind(each(keys, |key| key.1.cast_signed()))
}

/// The question that forgets answers.
pub(super) fn discarding(keys: &[KeptKey]) -> Asking {
    sqlx::query(statements::DISCARD_KEPT)
        .bind(each(keys, |key| key.0.text().to_owned()))
        .bind(each(keys, |key| key.1.cast_signed()))
}
