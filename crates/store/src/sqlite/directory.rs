//! The directory's rows in their tables.

use dancu_domain::{
    Agency, AgencyCode, AgencyKind, AttributeSet, CivilDate, Credential, EventKind, Licence,
    Patterns, PurposeSet, ServiceCode, Validity,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, SqliteConnection, Type};

use super::statements;
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
        let services = licence.services.iter().map(|s| s.0.to_string());
        let authority = licence.authority.iter().map(|k| k.code().to_string());
        sqlx::query(statements::PUT_LICENCE)
            .bind(licence.agency.text().to_owned())
            .bind(lines(services)?)
            .bind(lines(licence.officers.0.iter().cloned())?)
            .bind(lines(licence.procedures.0.iter().cloned())?)
            .bind(i64::from(licence.purposes.0))
            .bind(i64::from(licence.attributes.bits()))
            .bind(licence.number_alone)
            .bind(licence.explain)
            .bind(lines(authority)?)
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
    let mut rows = DirectoryRows::default();
    for row in fetch(connection, statements::READ_AGENCIES).await? {
        let damaged = StoreError::Damaged { what: "agencies" };
        rows.agencies.push(agency(&row).ok_or(damaged)?);
    }
    for row in fetch(connection, statements::READ_CREDENTIALS).await? {
        let damaged = StoreError::Damaged {
            what: "credentials",
        };
        rows.credentials.push(credential(&row).ok_or(damaged)?);
    }
    for row in fetch(connection, statements::READ_LICENCES).await? {
        let damaged = StoreError::Damaged { what: "licences" };
        rows.licences.push(licence(&row).ok_or(damaged)?);
    }
    Ok(rows)
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

fn agency(row: &SqliteRow) -> Option<Agency> {
    let successor: Option<String> = get(row, 5)?;
    Some(Agency {
        code: code(row, 0)?,
        name: get(row, 1)?,
        kind: AgencyKind::from_code(small(row, 2)?)?,
        validity: validity(row, 3)?,
        successor: match successor {
            Some(text) => Some(AgencyCode::parse(&text, "successor").ok()?),
            None => None,
        },
        assumed: get(row, 6)?,
    })
}

fn credential(row: &SqliteRow) -> Option<Credential> {
    let digest: Vec<u8> = get(row, 0)?;
    Some(Credential {
        digest: digest.try_into().ok()?,
        agency: code(row, 1)?,
        validity: validity(row, 2)?,
        revoked: get(row, 4)?,
        debug: get(row, 5)?,
        sandbox: get(row, 6)?,
    })
}

fn licence(row: &SqliteRow) -> Option<Licence> {
    let services = list(row, 1)?
        .iter()
        .map(|item| item.parse().map(ServiceCode).ok())
        .collect::<Option<_>>()?;
    let authority = list(row, 8)?
        .iter()
        .map(|item| EventKind::from_code(item.parse().ok()?))
        .collect::<Option<_>>()?;
    Some(Licence {
        agency: code(row, 0)?,
        services,
        officers: Patterns(list(row, 2)?),
        procedures: Patterns(list(row, 3)?),
        purposes: PurposeSet(small(row, 4)?),
        attributes: AttributeSet::from_bits(small(row, 5)?),
        number_alone: get(row, 6)?,
        explain: get(row, 7)?,
        authority,
        validity: validity(row, 9)?,
    })
}

fn get<'r, T>(row: &'r SqliteRow, at: usize) -> Option<T>
where
    T: sqlx::Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(at).ok()
}

fn small<T: TryFrom<i64>>(row: &SqliteRow, at: usize) -> Option<T> {
    get::<i64>(row, at)?.try_into().ok()
}

fn code(row: &SqliteRow, at: usize) -> Option<AgencyCode> {
    AgencyCode::parse(&get::<String>(row, at)?, "agency").ok()
}

/// The validity whose first day is in this column and whose last day is in the next.
fn validity(row: &SqliteRow, at: usize) -> Option<Validity> {
    let date = |at| {
        get::<Option<i64>>(row, at)?.map_or(Some(None), |packed| {
            CivilDate::unpack(u32::try_from(packed).ok()?).map(Some)
        })
    };
    Some(Validity {
        from: date(at)?,
        until: date(at + 1)?,
    })
}

fn day(date: Option<CivilDate>) -> Option<i64> {
    date.map(|date| i64::from(date.packed()))
}

fn list(row: &SqliteRow, at: usize) -> Option<Vec<String>> {
    let text: String = get(row, at)?;
    Some(text.lines().map(str::to_owned).collect())
}

/// One item a line; an item that would not come back as it is cannot be stored.
fn lines(items: impl Iterator<Item = String>) -> Result<String, StoreError> {
    let mut out = String::new();
    for item in items {
        if item.is_empty() || item.contains(['\n', '\r']) {
            return Err(StoreError::Unstorable {
                what: "a licence with an empty or broken line",
            });
        }
        out.push_str(&item);
        out.push('\n');
    }
    Ok(out)
}
