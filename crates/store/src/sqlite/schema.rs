//! The schema, its migrations, and the row that says which nation a file holds.

use dancu_domain::{CivilDate, NationId};
use sqlx::{Row as _, SqliteConnection};

use super::statements;
use crate::{RegistryMeta, StoreError};

/// One step of the schema: its tables, and what is built once rows are in.
pub(super) struct Migration {
    /// Run first.
    pub(super) tables: &'static str,
    /// Run last: after seeding, or at once where rows are there already.
    pub(super) indexes: &'static str,
}

/// Every step in order. One that has landed is never edited; a test holds their digests.
pub(super) const MIGRATIONS: &[Migration] = &[Migration {
    tables: include_str!("../../sql/registry/sqlite/0001_tables.sql"),
    indexes: include_str!("../../sql/registry/sqlite/0001_indexes.sql"),
}];

/// The version of the schema that this build writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Makes the tables of a fresh file.
pub(super) async fn create_tables(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for step in MIGRATIONS {
        run(connection, step.tables).await?;
    }
    Ok(())
}

/// Makes the indexes of a file whose rows are in.
pub(super) async fn create_indexes(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for step in MIGRATIONS {
        run(connection, step.indexes).await?;
    }
    Ok(())
}

/// Brings a complete file from version `found` to [`VERSION`], in one transaction.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    found: i64,
) -> Result<(), StoreError> {
    let unknown = StoreError::SchemaUnknown {
        found,
        known: VERSION,
    };
    let Some(steps) = usize::try_from(found)
        .ok()
        .filter(|found| *found > 0)
        .and_then(|found| MIGRATIONS.get(found..))
    else {
        return Err(unknown);
    };
    if steps.is_empty() {
        return Ok(());
    }
    run(connection, statements::BEGIN).await?;
    for step in steps {
        run(connection, step.tables).await?;
        run(connection, step.indexes).await?;
    }
    sqlx::query(statements::SET_SCHEMA)
        .bind(VERSION)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database("note the version of the schema"))?;
    run(connection, statements::COMMIT).await
}

/// Reads which nation the file holds and its schema's version; `None` while it is incomplete.
pub(super) async fn read_meta(
    connection: &mut SqliteConnection,
) -> Result<Option<(RegistryMeta, i64)>, StoreError> {
    let tables: i64 = sqlx::query_scalar(statements::FIND_META)
        .fetch_one(&mut *connection)
        .await
        .map_err(StoreError::database("look for a nation"))?;
    if tables == 0 {
        return Ok(None);
    }
    let row = sqlx::query(statements::READ_META)
        .fetch_optional(&mut *connection)
        .await
        .map_err(StoreError::database("read which nation it is"))?;
    let Some(row) = row else {
        return Ok(None);
    };
    let damaged = || StoreError::Damaged { what: "meta" };
    let number = |at: usize| row.try_get::<i64, _>(at).map_err(|_| damaged());
    let nation: Vec<u8> = row.try_get(1).map_err(|_| damaged())?;
    let meta = RegistryMeta {
        nation: NationId(nation.try_into().map_err(|_| damaged())?),
        seed: number(2)?.cast_unsigned(),
        citizens: u64::try_from(number(3)?).map_err(|_| damaged())?,
        generator: u32::try_from(number(4)?).map_err(|_| damaged())?,
        reference_date: u32::try_from(number(5)?)
            .ok()
            .and_then(CivilDate::unpack)
            .ok_or_else(damaged)?,
    };
    Ok(Some((meta, number(0)?)))
}

/// Writes which nation the file holds: from here on it is complete.
pub(super) async fn write_meta(
    connection: &mut SqliteConnection,
    meta: &RegistryMeta,
) -> Result<(), StoreError> {
    let citizens = i64::try_from(meta.citizens).map_err(|_| StoreError::Unstorable {
        what: "a nation of so many citizens",
    })?;
    sqlx::query(statements::COMPLETE)
        .bind(VERSION)
        .bind(meta.nation.0.to_vec())
        .bind(meta.seed.cast_signed())
        .bind(citizens)
        .bind(i64::from(meta.generator))
        .bind(i64::from(meta.reference_date.packed()))
        .execute(connection)
        .await
        .map_err(StoreError::database("write which nation it is"))?;
    Ok(())
}

/// Runs statements without parameters.
pub(super) async fn run(
    connection: &mut SqliteConnection,
    sql: &'static str,
) -> Result<(), StoreError> {
    sqlx::raw_sql(sql)
        .execute(connection)
        .await
        .map_err(StoreError::database("change the schema or a transaction"))?;
    Ok(())
}
