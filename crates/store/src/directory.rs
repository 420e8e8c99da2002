//! The rows of the directory, as each database keeps them.

use dancu_domain::{
    Agency, AgencyCode, AgencyKind, AttributeSet, CivilDate, Credential, EventKind, Licence,
    Patterns, PurposeSet, ServiceCode, Validity,
};

use crate::StoreError;
use crate::columns::Columns;

/// A row of `read_agencies.sql`.
pub(crate) fn agency(row: &impl Columns) -> Result<Agency, StoreError> {
    let fields = || {
        Some(Agency {
            code: code(row, 0)?,
            name: row.text(1)??.to_owned(),
            kind: AgencyKind::from_code(row.integer(2)?)?,
            validity: validity(row, 3)?,
            successor: match row.text(5)? {
                Some(text) => Some(AgencyCode::parse(text, "successor").ok()?),
                None => None,
            },
            assumed: row.truth(6)?,
        })
    };
    fields().ok_or(StoreError::Damaged { what: "agencies" })
}

/// A row of `read_credentials.sql`.
pub(crate) fn credential(row: &impl Columns) -> Result<Credential, StoreError> {
    let fields = || {
        Some(Credential {
            digest: row.digest(0)?,
            agency: code(row, 1)?,
            validity: validity(row, 2)?,
            revoked: row.truth(4)?,
            debug: row.truth(5)?,
            sandbox: row.truth(6)?,
        })
    };
    fields().ok_or(StoreError::Damaged {
        what: "credentials",
    })
}

/// A row of `read_licences.sql`.
pub(crate) fn licence(row: &impl Columns) -> Result<Licence, StoreError> {
    let fields = || {
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
            purposes: PurposeSet(row.integer(4)?),
            attributes: AttributeSet::from_bits(row.integer(5)?),
            number_alone: row.truth(6)?,
            explain: row.truth(7)?,
            authority,
            validity: validity(row, 9)?,
        })
    };
    fields().ok_or(StoreError::Damaged { what: "licences" })
}

/// A day as a column.
pub(crate) fn day(date: Option<CivilDate>) -> Option<i64> {
    date.map(|date| i64::from(date.packed()))
}

/// The lists of a licence as columns: services, officers, procedures, authority.
pub(crate) fn lists(licence: &Licence) -> Result<[String; 4], StoreError> {
    Ok([
        lines(licence.services.iter().map(|s| s.0.to_string()))?,
        lines(licence.officers.0.iter().cloned())?,
        lines(licence.procedures.0.iter().cloned())?,
        lines(licence.authority.iter().map(|k| k.code().to_string()))?,
    ])
}

fn code(row: &impl Columns, at: usize) -> Option<AgencyCode> {
    AgencyCode::parse(row.text(at)??, "agency").ok()
}

/// The validity whose first day is in this column and whose last day is in the next.
fn validity(row: &impl Columns, at: usize) -> Option<Validity> {
    let date = |at| {
        row.number(at)?.map_or(Some(None), |packed| {
            CivilDate::unpack(u32::try_from(packed).ok()?).map(Some)
        })
    };
    Some(Validity {
        from: date(at)?,
        until: date(at + 1)?,
    })
}

fn list(row: &impl Columns, at: usize) -> Option<Vec<String>> {
    Some(row.text(at)??.lines().map(str::to_owned).collect())
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
