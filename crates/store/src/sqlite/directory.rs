//! The directory's rows in their tables.

use dancu_domain::{Agency, Credential, Licence};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::statements;
use crate::directory::{agency, credential, day, licence, lists};
use crate::{DirectoryRows, StoreError};

/// Writes all rows.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    agencies: &[Agency],
    credentials: &[Credential],
    licences: &[Licence],
) -> Result<(), StoreError> {
    for agency in agencies {
        sqlx::query(statements::PUT_AGENCY)
            .bind(agency.code.text().to_owned())
            .bind(agency.name.clone())
            .bind(i64::from(agency.kind.code()))
            .bind(day(agency.validity.from))
            .bind(day(agency.validity.until))
            .bind(agency.successor.map(|code| code.text().to_owned()))
            .bind(agency.assumed)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::database("write an agency"))?;
    }
    for credential in credentials {
        sqlx::query(statements::PUT_CREDENTIAL)
            .bind(credential.digest.to_vec())
            .bind(credential.agency.text().to_owned())
            .bind(day(credential.validity.from))
            .bind(day(credential.validity.until))
            .bind(credential.revoked)
            .bind(credential.debug)
            .bind(credential.sandbox)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::database("write a credential"))?;
    }
    for licence in licences {
        let [services, officers, procedures, authority] = lists(licence)?;
        sqlx::query(statements::PUT_LICENCE)
            .bind(licence.agency.text().to_owned())
            .bind(services)
            .bind(officers)
            .bind(procedures)
            .bind(i64::from(licence.purposes.0))
            .bind(i64::from(licence.attributes.bits()))
            .bind(licence.number_alone)
            .bind(licence.explain)
            .bind(authority)
            .bind(day(licence.validity.from))
            .bind(day(licence.validity.until))
            .execute(&mut *connection)
            .await
            .map_err(StoreError::database("write a licence"))?;
    }
    Ok(())
}

/// Reads all rows.
pub(super) async fn read(connection: &mut SqliteConnection) -> Result<DirectoryRows, StoreError> {
    let agencies = fetch(connection, statements::READ_AGENCIES).await?;
    let credentials = fetch(connection, statements::READ_CREDENTIALS).await?;
    let licences = fetch(connection, statements::READ_LICENCES).await?;
    Ok(DirectoryRows {
        agencies: agencies.iter().map(agency).collect::<Result<_, _>>()?,
        credentials: credentials
            .iter()
            .map(credential)
            .collect::<Result<_, _>>()?,
        licences: licences.iter().map(licence).collect::<Result<_, _>>()?,
    })
}

async fn fetch(
    connection: &mut SqliteConnection,
    sql: &'static str,
) -> Result<Vec<SqliteRow>, StoreError> {
    sqlx::query(sql)
        .fetch_all(connection)
        .await
        .map_err(StoreError::database("read the directory"))
}
