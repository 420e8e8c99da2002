//! A commit as the parameters of one statement.

use std::collections::BTreeMap;

use dancu_domain::{AgencyCode, VolumeKey, VolumeRow};
use dancu_ledger::{Block, KeptKey, KeptRow};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use super::{Held, statements};
use crate::StoreError;
use crate::columns::Columns as _;
use crate::postgres::within;

/// What became of an append that the database answered.
pub(super) enum Appended {
    Stored,
    /// There was no claim of the writer to append under.
    NotHeld,
    /// These messages are not this holder's; nothing was appended.
    NotOurs(Vec<KeptKey>),
}

/// Appends the block with its counts and answers.
///
/// No row is touched twice, which the database would not do.
pub(super) async fn append(
    connection: &mut PgConnection,
    held: &Held,
    block: &Block,
    counts: &[VolumeRow],
    kept: &[KeptRow],
    until: Instant,
) -> Result<Appended, StoreError> {
    let mut sums: BTreeMap<VolumeKey, u64> = BTreeMap::new();
    for row in counts {
        *sums.entry(row.key).or_default() += row.count;
    }
    let counts: Vec<(VolumeKey, u64)> = sums.into_iter().collect();
    let last: BTreeMap<KeptKey, &KeptRow> = kept.iter().map(|row| (row.key, row)).collect();
    let kept: Vec<&KeptRow> = last.into_values().collect();
    let asked = sqlx::query(statements::APPEND)
        .bind(block.writer.0.cast_signed())
        .bind(held.epoch.cast_signed())
        .bind(block.first.cast_signed())
        .bind(i64::from(block.count))
        .bind(block.at.0)
        .bind(&block.previous[..])
        .bind(&block.hash[..])
        .bind(&block.entries[..])
        .bind(each(&counts, |(key, _)| key.agency.text().to_owned()))
        .bind(each(&counts, |(key, _)| i64::from(key.verb.code())))
        .bind(each(&counts, |(key, _)| i64::from(key.service.0)))
        .bind(each(&counts, |(key, _)| i64::from(key.outcome.code())))
        .bind(each(&counts, |(key, _)| i64::from(key.day.0)))
        .bind(each(&counts, |(_, count)| count.cast_signed()))
        .bind(each(&kept, |row| row.key.0.text().to_owned()))
        .bind(each(&kept, |row| row.key.1.cast_signed()))
        .bind(each(&kept, |row| row.kept.answer.digest.to_vec()))
        .bind(each(&kept, |row| row.kept.answer.body.clone()))
        .bind(each(&kept, |row| row.kept.receipt.first.cast_signed()))
        .bind(each(&kept, |row| i64::from(row.kept.receipt.count)))
        .bind(each(&kept, |row| row.at.0))
        .bind(each(&kept, |row| row.seal.to_vec()))
        .bind(held.holder.clone())
        .fetch_all(connection);
    let told = within(until, "append a block", asked).await?;
    appended(&told).ok_or(StoreError::Damaged { what: "an append" })
}

/// What the rows of the answer say, which are one or one for each message that is not ours.
fn appended(told: &[PgRow]) -> Option<Appended> {
    let first = told.first()?;
    if first.integer::<i64>(0)? == 0 {
        return Some(Appended::NotHeld);
    }
    if first.integer::<i64>(1)? == 1 {
        return Some(Appended::Stored);
    }
    let key = |row: &PgRow| {
        let agency = AgencyCode::parse(row.text(2)??, "agency").ok()?;
        Some((agency, row.integer::<i64>(3)?.cast_unsigned()))
    };
    told.iter()
        .map(key)
        .collect::<Option<_>>()
        .map(Appended::NotOurs)
}

pub(super) fn each<T, U>(items: &[T], of: impl Fn(&T) -> U) -> Vec<U> {
    items.iter().map(of).collect()
}
