//! What is asked of the tables, and how rows become what they stand for.

use std::future::Future;
use std::sync::Arc;

use dancu_domain::{
    Candidates, ChangeNotice, Citizen, CivilDate, IdKey, LegacyId, NationId, PersonalId, Reading,
    Revision, Source, SourceKey,
};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use super::{Durability, directory, read_standing, statements, within};
use crate::columns::Columns as _;
use crate::{DirectoryRows, RegistryMeta, StoreError, record};

/// A question that is one statement, or some that need not be of one moment.
pub(super) trait Inquiry: Sync {
    /// The answer.
    type Told: Send;

    /// Asks it. After an error the connection is given up.
    fn ask(
        &self,
        connection: &mut PgConnection,
        until: Instant,
    ) -> impl Future<Output = Result<Self::Told, StoreError>> + Send;
}

/// The numbers of a batch, each with the place of its key.
pub(super) struct Numbers {
    keys: usize,
    personal: Vec<(i64, usize)>,
    legacy: Vec<(i64, usize)>,
}

/// Of which kind a row is: the head, somebody found by his number, or by his old one.
const HEAD: i64 = 0;
const PERSONAL: i64 = 1;

impl Numbers {
    /// The numbers of these keys, sorted: neighbours in the table are on the same page.
    pub(super) fn of(keys: &[IdKey]) -> Self {
        let (mut personal, mut legacy) = (Vec::new(), Vec::new());
        for (place, key) in keys.iter().enumerate() {
            match key {
                IdKey::Personal(id) => personal.push((id.digits().cast_signed(), place)),
                IdKey::Legacy(id) => legacy.push((i64::from(id.digits()), place)),
            }
        }
        personal.sort_unstable();
        legacy.sort_unstable();
        Self {
            keys: keys.len(),
            personal,
            legacy,
        }
    }

    /// Finds everybody who has one of the numbers, and the revision at which that is true.
    pub(super) async fn read(
        &self,
        connection: &mut PgConnection,
        nation: NationId,
        until: Instant,
    ) -> Result<Reading, StoreError> {
        let mut found: Vec<Vec<Arc<Citizen>>> = vec![Vec::new(); self.keys];
        let (number, people) = self.find(connection, until).await?;
        for (kind, number, citizen) in people {
            let places = if kind == PERSONAL {
                &self.personal
            } else {
                &self.legacy
            };
            let citizen = Arc::new(citizen);
            let first = places.partition_point(|(id, _)| *id < number);
            for (_, place) in places[first..].iter().take_while(|(id, _)| *id == number) {
                found[*place].push(Arc::clone(&citizen));
            }
        }
        for people in &mut found {
            people.sort_unstable_by_key(|citizen| citizen.personal_id);
        }
        Ok(Reading {
            candidates: found.into_iter().map(candidates).collect(),
            revision: Revision { nation, number },
            source: Source::Registry,
        })
    }

    /// The number of the newest change, and everybody with the kind and number he was found by.
    pub(super) async fn find(
        &self,
        connection: &mut PgConnection,
        until: Instant,
    ) -> Result<(u64, Vec<(i64, i64, Citizen)>), StoreError> {
        let damaged = || StoreError::Damaged { what: "citizens" };
        let once = |numbers: &[(i64, usize)]| {
            let mut once: Vec<i64> = numbers.iter().map(|(number, _)| *number).collect();
            once.dedup();
            once
        };
        let old: Vec<i32> = once(&self.legacy)
            .into_iter()
            .filter_map(|number| i32::try_from(number).ok())
            .collect();
        let asked = sqlx::query(statements::READ_CITIZENS)
            .bind(once(&self.personal))
            .bind(old)
            .fetch_all(connection);
        let rows = within(until, "read citizens", asked).await?;
        let mut head = None;
        let mut people = Vec::with_capacity(rows.len());
        for row in &rows {
            let kind = row.integer(0).ok_or_else(damaged)?;
            let number: i64 = row.integer(1).ok_or_else(damaged)?;
            if kind == HEAD {
                head = u64::try_from(number).ok();
                continue;
            }
            let record = row.bytes(2).flatten().ok_or_else(damaged)?;
            let citizen = record::decode(record)?;
            if !has(&citizen, kind, number) {
                return Err(damaged());
            }
            people.push((kind, number, citizen));
        }
        Ok((head.ok_or_else(damaged)?, people))
    }
}

/// Whether the record is that of somebody who has the number it was found by.
fn has(citizen: &Citizen, kind: i64, number: i64) -> bool {
    let own = match kind {
        PERSONAL => Some(citizen.personal_id.digits().cast_signed()),
        _ => citizen.legacy_id.map(|id| i64::from(id.digits())),
    };
    own == Some(number)
}

fn candidates(mut people: Vec<Arc<Citizen>>) -> Candidates {
    match (people.len(), people.pop()) {
        (1, Some(citizen)) => Candidates::one(citizen),
        (_, last) => {
            people.extend(last);
            Candidates::new(people)
        }
    }
}

/// Who has these numbers, and the revision at which that is true.
pub(super) struct Citizens {
    pub(super) numbers: Numbers,
    pub(super) nation: NationId,
}

impl Inquiry for Citizens {
    type Told = Reading;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        until: Instant,
    ) -> Result<Reading, StoreError> {
        self.numbers.read(connection, self.nation, until).await
    }
}

/// The number of the newest change; `known` is the latest one that was seen.
pub(super) struct Head {
    pub(super) known: u64,
}

impl Inquiry for Head {
    type Told = u64;

    async fn ask(&self, connection: &mut PgConnection, until: Instant) -> Result<u64, StoreError> {
        on_line(connection, self.known, until).await
    }
}

/// The number of the newest change that a replica has. It is asked for nothing else.
pub(super) struct Replayed;

impl Inquiry for Replayed {
    type Told = u64;

    async fn ask(&self, connection: &mut PgConnection, until: Instant) -> Result<u64, StoreError> {
        Ok(read_head(connection, until).await?.number)
    }
}

/// The number of the newest change, on the line of this server, which is begun where it was not:
/// where it was promoted or restored, or a change that was seen (`known`) is not there. Where nothing
/// can be changed there is none: whoever follows would not know how old it is.
pub(super) async fn on_line(
    connection: &mut PgConnection,
    known: u64,
    until: Instant,
) -> Result<u64, StoreError> {
    let head = read_head(connection, until).await?;
    if !head.takes_changes {
        return Err(StoreError::TakesNoChanges);
    }
    if head.number >= known && head.current != Some(false) {
        return Ok(head.number);
    }
    begin_line(connection, known, until).await?;
    Ok(read_head(connection, until).await?.number)
}

/// What a server says of its newest change.
struct Newest {
    number: u64,
    /// Whether it is of this server's history, where the server can tell.
    current: Option<bool>,
    takes_changes: bool,
}

async fn read_head(connection: &mut PgConnection, until: Instant) -> Result<Newest, StoreError> {
    let asked = sqlx::query_as(statements::READ_HEAD).fetch_one(connection);
    let told = within(until, "read the newest change", asked).await?;
    let (number, current, takes_changes): (i64, _, _) = told;
    Ok(Newest {
        number: u64::try_from(number).map_err(|_| StoreError::Damaged { what: "changes" })?,
        current,
        takes_changes,
    })
}

/// Begins a line, unless somebody else just did.
async fn begin_line(
    connection: &mut PgConnection,
    known: u64,
    until: Instant,
) -> Result<(), StoreError> {
    let doing = "begin a line of changes";
    let known = i64::try_from(known).unwrap_or(i64::MAX);
    let begin = sqlx::raw_sql(statements::BEGIN).execute(&mut *connection);
    within(until, doing, begin).await?;
    let begun = sqlx::query(statements::BEGIN_LINE).bind(known);
    let begun = within(until, doing, begun.execute(&mut *connection)).await?;
    let commit = sqlx::raw_sql(statements::COMMIT).execute(connection);
    within(until, doing, commit).await?;
    if begun.rows_affected() > 0 {
        tracing::warn!(
            known,
            "the registry goes on from another state than before: its changes get numbers of a new line"
        );
    }
    Ok(())
}

/// Up to `limit` changes that follow `after`.
pub(super) struct Changes {
    pub(super) after: u64,
    pub(super) limit: usize,
}

impl Inquiry for Changes {
    type Told = Vec<ChangeNotice>;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        until: Instant,
    ) -> Result<Vec<ChangeNotice>, StoreError> {
        let asked = sqlx::query(statements::READ_CHANGES)
            .bind(i64::try_from(self.after).unwrap_or(i64::MAX))
            .bind(i64::try_from(self.limit).unwrap_or(i64::MAX))
            .fetch_all(connection);
        let rows = within(until, "read changes", asked).await?;
        rows.iter()
            .map(|row| {
                let legacy_id = match row.number(2)? {
                    Some(digits) => Some(LegacyId::from_digits(u32::try_from(digits).ok()?)?),
                    None => None,
                };
                Some(ChangeNotice {
                    number: row.integer(0)?,
                    personal_id: PersonalId::from_digits(row.integer(1)?)?,
                    legacy_id,
                })
            })
            .collect::<Option<_>>()
            .ok_or(StoreError::Damaged { what: "changes" })
    }
}

/// Who was changed by any source but this one.
pub(super) struct ChangedByOthers(pub(super) SourceKey);

impl Inquiry for ChangedByOthers {
    type Told = Vec<PersonalId>;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        until: Instant,
    ) -> Result<Vec<PersonalId>, StoreError> {
        let asked = sqlx::query_scalar(statements::READ_CHANGED_BY_OTHERS)
            .bind(self.0.text().to_owned())
            .fetch_all(connection);
        let ids: Vec<i64> = within(until, "read who was changed by others", asked).await?;
        ids.into_iter()
            .map(|id| PersonalId::from_digits(u64::try_from(id).ok()?))
            .collect::<Option<_>>()
            .ok_or(StoreError::Damaged { what: "changes" })
    }
}

/// Who may ask what.
pub(super) struct TheDirectory;

impl Inquiry for TheDirectory {
    type Told = DirectoryRows;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        until: Instant,
    ) -> Result<DirectoryRows, StoreError> {
        directory::read(connection, until).await
    }
}

/// What a commit survives.
pub(super) struct Standing;

impl Inquiry for Standing {
    type Told = Durability;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        until: Instant,
    ) -> Result<Durability, StoreError> {
        within(until, "ask for the standby", read_standing(connection)).await
    }
}

/// Which nation it is; `None` while it is incomplete.
pub(super) struct Meta;

impl Inquiry for Meta {
    type Told = Option<RegistryMeta>;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        until: Instant,
    ) -> Result<Option<RegistryMeta>, StoreError> {
        let asked = sqlx::query(statements::READ_META).fetch_optional(connection);
        let row = within(until, "read which nation it is", asked).await?;
        row.as_ref().map(meta_of).transpose()
    }
}

/// The nation of a row of `read_meta.sql` or `read_seeding.sql`.
pub(super) fn meta_of(row: &PgRow) -> Result<RegistryMeta, StoreError> {
    let fields = || {
        Some(RegistryMeta {
            nation: NationId(row.digest(0)?),
            seed: row.number(1)??.cast_unsigned(),
            citizens: row.integer(2)?,
            generator: row.integer(3)?,
            reference_date: CivilDate::unpack(row.integer(4)?)?,
        })
    };
    fields().ok_or(StoreError::Damaged { what: "meta" })
}
