//! One transaction of the writer: read, decide record by record, write a statement a table.

use std::collections::BTreeSet;
use std::sync::Arc;

use dancu_domain::{ChangeOutcome, ChangeRecord};
use sqlx::{Row as _, SqliteConnection};

use super::{json, reader, schema, statements};
use crate::sheet::{Effect, NewChange, Sheet, effect_key};
use crate::{StoreError, record};

/// What a transaction did: an outcome a record, and the number of the newest change after it.
pub(super) struct Committed {
    pub(super) outcomes: Vec<ChangeOutcome>,
    pub(super) head: u64,
}

/// Applies the records in their order. After an error the connection is in an unknown state and
/// has to be given up, which undoes what the transaction had done.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    records: &[&ChangeRecord],
) -> Result<Committed, StoreError> {
    schema::run(connection, statements::BEGIN).await?;
    let mut sheet = lay_out(connection, records).await?;
    let outcomes = records.iter().map(|record| sheet.rule(record)).collect();
    if !sheet.changes().is_empty() {
        write(connection, &sheet).await?;
    }
    schema::run(connection, statements::COMMIT).await?;
    Ok(Committed {
        outcomes,
        head: sheet.head(),
    })
}

/// Reads all that the records can touch.
async fn lay_out(
    connection: &mut SqliteConnection,
    records: &[&ChangeRecord],
) -> Result<Sheet, StoreError> {
    let ids: BTreeSet<u64> = records.iter().map(|r| r.personal_id.digits()).collect();
    let ids: Vec<(usize, u64)> = ids.into_iter().enumerate().collect();
    let (head, citizens) = reader::find_citizens(connection, &ids, &[]).await?;
    let mut sheet = Sheet::new(head);
    for (_, citizen) in citizens {
        sheet.know_citizen(Arc::new(citizen));
    }
    let rows = sqlx::query(statements::READ_EFFECTS)
        .bind(record_keys(records))
        .fetch_all(connection)
        .await
        .map_err(StoreError::database("read effects"))?;
    for row in &rows {
        let damaged = || StoreError::Damaged { what: "effects" };
        let place: i64 = row.try_get(0).map_err(|_| damaged())?;
        let record = usize::try_from(place)
            .ok()
            .and_then(|at| records.get(at))
            .ok_or_else(damaged)?;
        let digest: &[u8] = row.try_get(1).map_err(|_| damaged())?;
        let number: i64 = row.try_get(2).map_err(|_| damaged())?;
        let version: i64 = row.try_get(3).map_err(|_| damaged())?;
        let effect = Effect {
            digest: digest.try_into().map_err(|_| damaged())?,
            number: u64::try_from(number).map_err(|_| damaged())?,
            version: u32::try_from(version).map_err(|_| damaged())?,
        };
        sheet.know_effect(effect_key(record), effect);
    }
    Ok(sheet)
}

/// The parameter of [`statements::READ_EFFECTS`].
fn record_keys(records: &[&ChangeRecord]) -> String {
    let mut out = String::with_capacity(80 * records.len() + 2);
    json::list(&mut out, records.iter(), |out, record| {
        json::put(
            out,
            format_args!(
                "[\"{}\",\"{}\",\"{}\",{}]",
                record.agency.text(),
                record.source.text(),
                record.record_id.text(),
                record.record_version.cast_signed()
            ),
        );
    });
    out
}

async fn write(connection: &mut SqliteConnection, sheet: &Sheet) -> Result<(), StoreError> {
    let mut records = Vec::new();
    let mut keys = String::new();
    json::list(
        &mut keys,
        sheet.changed_citizens().into_iter(),
        |out, citizen| {
            let start = records.len();
            record::encode(citizen, &mut records);
            // SQL counts bytes from 1.
            let (offset, length) = (start + 1, records.len() - start);
            json::put(out, format_args!("[{},", citizen.personal_id.digits()));
            json::legacy(out, citizen.legacy_id);
            json::put(out, format_args!(",{},{offset},{length}]", citizen.version));
        },
    );
    sqlx::query(statements::PUT_CITIZENS)
        .bind(keys)
        .bind(records)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database("write citizens"))?;
    let changes: &[NewChange] = sheet.changes();
    let rows = json::changes(changes);
    sqlx::query(statements::PUT_CHANGES)
        .bind(rows.clone())
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database("write changes"))?;
    sqlx::query(statements::PUT_EFFECTS)
        .bind(rows)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database("write effects"))?;
    Ok(())
}
