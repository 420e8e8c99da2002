//! The same lookup as one would write it first: the stock runtime, tonic, one select a call.
//! Without a licence, a record, a limit or a log.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use dancu_domain::LegacyId;
use dancu_population::Nation;
use dancu_wire::pb::dancu::v1 as pb;
use dancu_wire::pb::google::r#type::Date;
use pb::lookup_service_server::{LookupService, LookupServiceServer};
use sqlx::postgres::{PgConnection, PgPool, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Connection as _, Row as _};
use tonic::{Request, Response, Status, Streaming};

use super::echo::{Replies, serve_stock};

const CREATE: &str = include_str!("sql/create.sql");
const INSERT: &str = include_str!("sql/insert.sql");
const COPY: &str = include_str!("sql/copy.sql");
const SELECT: &str = include_str!("sql/select.sql");

/// Bytes of rows that are sent to a server at once.
const COPIED_AT_ONCE: usize = 1 << 18;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Where the rows are.
#[derive(Clone, Debug)]
pub enum Plain {
    /// In a file.
    Sqlite(SqlitePool),
    /// In a server.
    Postgres(PgPool),
}

macro_rules! reply {
    ($row:ty, $name:ident) => {
        fn $name(row: &$row, claims: &pb::Claims) -> Result<pb::LookupResult, sqlx::Error> {
            let date = |from: usize| -> Result<Date, sqlx::Error> {
                Ok(Date {
                    year: row.try_get(from)?,
                    month: row.try_get(from + 1)?,
                    day: row.try_get(from + 2)?,
                })
            };
            let (full_name, birth): (String, Date) = (row.try_get(2)?, date(3)?);
            if full_name != claims.full_name || Some(&birth) != claims.birth_date.as_ref() {
                return Ok(no_match());
            }
            let legacy: Option<i64> = row.try_get(1)?;
            Ok(pb::LookupResult {
                outcome: pb::LookupOutcome::Found.into(),
                level: pb::MatchLevel::Exact.into(),
                citizen: Some(pb::Citizen {
                    personal_number: format!("{:012}", row.try_get::<i64, _>(0)?),
                    legacy_number: legacy.map(|n| format!("{n:09}")).unwrap_or_default(),
                    full_name,
                    birth_date: Some(birth),
                    sex: row.try_get(6)?,
                    current_residence: Some(pb::Address {
                        province: format!("{:02}", row.try_get::<i32, _>(7)?),
                        district: format!("{:03}", row.try_get::<i32, _>(8)?),
                        commune: format!("{:05}", row.try_get::<i32, _>(9)?),
                        detail: row.try_get(10)?,
                        country: "VN".to_owned(),
                    }),
                    resident_since: Some(date(11)?),
                    ..Default::default()
                }),
                ..Default::default()
            })
        }
    };
}

reply!(SqliteRow, of_sqlite);
reply!(PgRow, of_postgres);

fn no_match() -> pb::LookupResult {
    pb::LookupResult {
        outcome: pb::LookupOutcome::NoMatch.into(),
        ..Default::default()
    }
}

impl Plain {
    async fn select(&self, claims: &pb::Claims) -> Result<pb::LookupResult, Failed> {
        let Some(pb::claims::Number::PersonalNumber(number)) = &claims.number else {
            return Ok(no_match());
        };
        let number: i64 = number.parse()?;
        let found = match self {
            Self::Sqlite(pool) => {
                let row = sqlx::query(SELECT)
                    .bind(number)
                    .fetch_optional(pool)
                    .await?;
                row.map(|row| of_sqlite(&row, claims)).transpose()?
            }
            Self::Postgres(pool) => {
                let row = sqlx::query(SELECT)
                    .bind(number)
                    .fetch_optional(pool)
                    .await?;
                row.map(|row| of_postgres(&row, claims)).transpose()?
            }
        };
        Ok(found.unwrap_or_else(no_match))
    }
}

#[tonic::async_trait]
impl LookupService for Plain {
    async fn lookup_citizen(
        &self,
        request: Request<pb::LookupCitizenRequest>,
    ) -> Result<Response<pb::LookupCitizenResponse>, Status> {
        let request = request.into_inner();
        let claims = request.item.and_then(|item| item.claims);
        let claims = claims.ok_or_else(|| Status::invalid_argument("no claims"))?;
        let result = self
            .select(&claims)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(Response::new(pb::LookupCitizenResponse {
            header: Some(pb::AnswerHeader {
                request_id: request.context.map(|c| c.request_id).unwrap_or_default(),
                ..Default::default()
            }),
            result: Some(result),
        }))
    }

    async fn batch_lookup_citizens(
        &self,
        _: Request<pb::BatchLookupCitizensRequest>,
    ) -> Result<Response<pb::BatchLookupCitizensResponse>, Status> {
        Err(Status::unimplemented(
            "written plainly, it answers single lookups",
        ))
    }

    type StreamLookupCitizensStream = Replies;

    async fn stream_lookup_citizens(
        &self,
        _: Request<Streaming<pb::StreamLookupCitizensRequest>>,
    ) -> Result<Response<Replies>, Status> {
        Err(Status::unimplemented(
            "written plainly, it answers single lookups",
        ))
    }
}

/// Puts a nation's rows into a new file.
pub async fn fill_sqlite(nation: &Nation, file: &Path) -> Result<(), Failed> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let mut transaction = connection.begin().await?;
    sqlx::query(CREATE).execute(&mut *transaction).await?;
    for place in 0..nation.len() {
        let row = PlainRow::of(nation, place);
        let mut insert = sqlx::query(INSERT)
            .bind(row.personal_number)
            .bind(row.place)
            .bind(row.legacy_number)
            .bind(row.full_name)
            .bind(row.detail);
        for number in row.numbers {
            insert = insert.bind(number);
        }
        insert.execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(())
}

/// Puts a nation's rows into an empty database.
pub async fn fill_postgres(nation: &Nation, url: &str) -> Result<(), Failed> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(CREATE).execute(&mut connection).await?;
    let mut copy = connection.copy_in_raw(COPY).await?;
    let mut lines = String::new();
    for place in 0..nation.len() {
        PlainRow::of(nation, place).write(&mut lines)?;
        if lines.len() >= COPIED_AT_ONCE || place + 1 == nation.len() {
            copy.send(lines.as_bytes()).await?;
            lines.clear();
        }
    }
    copy.finish().await?;
    sqlx::query("VACUUM ANALYZE citizens")
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(())
}

/// A citizen as the plain table keeps one.
struct PlainRow {
    personal_number: i64,
    place: i64,
    legacy_number: Option<i64>,
    full_name: String,
    detail: String,
    /// Day of birth, sex, where at home, since when: as the columns are ordered.
    numbers: [i32; 10],
}

impl PlainRow {
    fn of(nation: &Nation, place: u64) -> Self {
        let citizen = nation.citizen(place);
        let (year, month, day) = citizen.birth.parts();
        let home = citizen.current_residence;
        let since = citizen.resident_since;
        let legacy_number = citizen.legacy_id.map(|id| i64::from(LegacyId::digits(id)));
        Self {
            personal_number: citizen.personal_id.digits() as i64,
            place: place as i64,
            legacy_number,
            full_name: citizen.name.text().to_owned(),
            detail: home.detail.text().to_owned(),
            numbers: [
                i32::from(year),
                i32::from(month),
                i32::from(day),
                i32::from(citizen.sex.code()),
                i32::from(home.province),
                i32::from(home.district),
                home.commune as i32,
                i32::from(since.year()),
                i32::from(since.month()),
                i32::from(since.day()),
            ],
        }
    }

    /// As a line of CSV.
    fn write(&self, lines: &mut String) -> std::fmt::Result {
        let quoted = |text: &str| text.replace('"', "\"\"");
        let legacy_number = self.legacy_number.map(|n| n.to_string());
        write!(
            lines,
            "{},{},{},\"{}\",\"{}\"",
            self.personal_number,
            self.place,
            legacy_number.unwrap_or_default(),
            quoted(&self.full_name),
            quoted(&self.detail),
        )?;
        for number in self.numbers {
            write!(lines, ",{number}")?;
        }
        lines.push('\n');
        Ok(())
    }
}

/// Serves from a file or from a server, until the process ends. Returns the address.
pub fn serve(place: &str) -> Result<SocketAddr, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let plain = runtime.block_on(async {
        Ok::<_, sqlx::Error>(if place.starts_with("postgres:") {
            Plain::Postgres(PgPool::connect(place).await?)
        } else {
            let options = SqliteConnectOptions::new().filename(place).read_only(true);
            Plain::Sqlite(SqlitePool::connect_with(options).await?)
        })
    })?;
    Ok(serve_stock(LookupServiceServer::new(plain), Some(runtime))?)
}
