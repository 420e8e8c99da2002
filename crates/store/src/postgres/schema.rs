//! The steps of a schema in PostgreSQL: taken once, in order, by one at a time, and never edited.

use sqlx::{PgConnection, Row as _};

use crate::StoreError;

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) const $name: &str =
            include_str!(concat!("../../sql/schema/postgres/", $file, ".sql"));)*

        /// Each statement with the name that its file has.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

statements! {
    BEGIN = "begin";
    COMMIT = "commit";
    CREATE_STEPS = "create_steps";
    FIND_STEPS = "find_steps";
    LOCK = "lock";
    PUT_STEP = "put_step";
    READ_PARTS = "read_parts";
    READ_STANDING = "read_standing";
    READ_STEPS = "read_steps";
    TAKES_CHANGES = "takes_changes";
}

/// A part of a database that has a schema of its own.
pub(crate) struct Part {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its steps in order. One that has landed is never edited: the database has its checksum.
    pub(crate) steps: &'static [&'static str],
    /// What must not have its schema in the same database, and what that is called: an address that
    /// was mistaken for another one is no place for this.
    pub(crate) apart: (&'static str, &'static str),
}

/// Brings the part to the schema of this build. A schema of a later build is refused, and so is
/// one whose steps are not those that this build knows.
pub(crate) async fn migrate(connection: &mut PgConnection, part: &Part) -> Result<(), StoreError> {
    // Who finds all steps taken needs neither the lock nor the right to make tables.
    if steps_taken(connection, part).await? == part.steps.len() {
        return Ok(());
    }
    run(connection, BEGIN).await?;
    run(connection, LOCK).await?;
    run(connection, CREATE_STEPS).await?;
    take_steps(connection, part).await?;
    run(connection, COMMIT).await
}

/// Takes the steps that are left, in a transaction of the caller's.
pub(crate) async fn take_steps(
    connection: &mut PgConnection,
    part: &Part,
) -> Result<(), StoreError> {
    let taken = steps_taken(connection, part).await?;
    for (at, step) in part.steps.iter().enumerate().skip(taken) {
        run(connection, step).await?;
        sqlx::query(PUT_STEP)
            .bind(part.name)
            .bind(at as i64 + 1)
            .bind(checksum(step))
            .execute(&mut *connection)
            .await
            .map_err(StoreError::database("note a step of the schema"))?;
    }
    Ok(())
}

/// How many steps the part has behind it.
pub(crate) async fn steps_taken(
    connection: &mut PgConnection,
    part: &Part,
) -> Result<usize, StoreError> {
    let reading = "read the steps of the schema";
    let found: bool = sqlx::query_scalar(FIND_STEPS)
        .fetch_one(&mut *connection)
        .await
        .map_err(StoreError::database(reading))?;
    if !found {
        return Ok(0);
    }
    let parts: Vec<String> = sqlx::query_scalar(READ_PARTS)
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::database(reading))?;
    let (apart, what) = part.apart;
    if parts.iter().any(|name| name == apart) {
        return Err(StoreError::Mistaken { what });
    }
    let rows = sqlx::query(READ_STEPS)
        .bind(part.name)
        .fetch_all(connection)
        .await
        .map_err(StoreError::database(reading))?;
    if rows.len() > part.steps.len() {
        return Err(StoreError::SchemaUnknown {
            found: rows.len() as i64,
            known: part.steps.len() as i64,
        });
    }
    let same = rows
        .iter()
        .zip(part.steps)
        .zip(1_i64..)
        .all(|((row, step), number)| {
            row.try_get(0).ok() == Some(number) && row.try_get(1).ok() == Some(checksum(step))
        });
    if !same {
        return Err(StoreError::Damaged {
            what: "the steps of the schema",
        });
    }
    Ok(rows.len())
}

/// Runs statements without parameters.
pub(crate) async fn run(
    connection: &mut PgConnection,
    sql: &'static str,
) -> Result<(), StoreError> {
    sqlx::raw_sql(sql)
        .execute(connection)
        .await
        .map_err(StoreError::database("change the schema or a transaction"))?;
    Ok(())
}

/// FNV-1a: enough against a slip of the hand, which is all that it is there for.
pub(crate) fn checksum(text: &str) -> i64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
        .cast_signed()
}
