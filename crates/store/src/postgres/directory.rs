//! The directory's rows in their tables.

use dancu_domain::{Agency, Credential, Licence};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use super::{statements, within};
use crate::directory::{agency, credential, day, licence, lists};
use crate::{DirectoryRows, StoreError};

/// Writes all rows.
pub(super) async fn write(
    connection: &mut PgConnection,
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
pub(super) async fn read(
    connection: &mut PgConnection,
    until: Instant,
) -> Result<DirectoryRows, StoreError> {
    let agencies = fetch(connection, statements::READ_AGENCIES, until).await?;
    let credentials = fetch(connection, statements::READ_CREDENTIALS, until).await?;
    let licences = fetch(connection, statements::READ_LICENCES, until).await?;
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
    connection: &mut PgConnection,
    sql: &'static str,
    until: Instant,
) -> Result<Vec<PgRow>, StoreError> {
    let asked = sqlx::query(sql).fetch_all(connection);
    within(until, "read the directory", asked).await
}
