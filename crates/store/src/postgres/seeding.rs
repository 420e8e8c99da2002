//! Filling a registry by COPY, so that a seeding that was killed goes on where it was.
//!
//! Citizens are gathered into runs, sorted by number and copied, each run in a transaction of its
//! own together with the number of citizens that are in. Such a transaction does not wait for the
//! disk: what a crash takes back, it takes back with its number. Indexes, directory and the row
//! that makes the nation complete are one last transaction. A nation is made from its seed in an
//! order that never changes, which is why the next attempt can go on: it is handed the citizens
//! from the first one on again and leaves out those that are in. What an attempt at another nation
//! left may be hours of work: it is removed only by who says that he begins anew.

use dancu_domain::{Agency, Citizen, Credential, Licence};
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant};

use super::copy::{HEADER, Run, TRAILER};
use super::queries::meta_of;
use super::registry::complete_nation;
use super::schema::{self, run};
use super::{Link, PostgresOptions, connecting, directory, statements};
use crate::{RegistryMeta, StoreError};

/// Citizens that are sorted, copied and noted together: about twelve megabytes, of which there are
/// two, one that is filled while the other is copied.
const RUN: usize = 1 << 16;
/// Bytes that are handed to the connection at once.
const PIECE: usize = 1 << 18;
/// How long connecting and looking around may take.
const OPENING: Duration = Duration::from_secs(20);

/// Copies; what it ends with is the connection and the run, empty again.
type Filling = JoinHandle<Result<(PgConnection, Run), StoreError>>;

/// A registry in the making. Dropped or killed before [`PostgresSeeding::finish`], it leaves what
/// the next attempt goes on from, and nothing that could be taken for a nation.
pub struct PostgresSeeding {
    meta: RegistryMeta,
    taken: u64,
    to_leave_out: u64,
    run: Run,
    run_length: usize,
    filling: Filling,
}

impl PostgresSeeding {
    /// Begins a registry in this database, or goes on with the one that an earlier attempt began
    /// from the same seed. Refused where a complete nation is already, while somebody else is
    /// seeding, and where the seeding of another nation is not finished.
    pub async fn begin(options: &PostgresOptions, meta: &RegistryMeta) -> Result<Self, StoreError> {
        Self::begin_as(options, meta, RUN, false).await
    }

    /// The same, but what an earlier attempt left, at whatever nation, is removed.
    pub async fn begin_anew(
        options: &PostgresOptions,
        meta: &RegistryMeta,
    ) -> Result<Self, StoreError> {
        Self::begin_as(options, meta, RUN, true).await
    }

    /// As [`PostgresSeeding::begin`], with runs of so many citizens.
    pub async fn begin_with(
        options: &PostgresOptions,
        meta: &RegistryMeta,
        run_length: usize,
    ) -> Result<Self, StoreError> {
        Self::begin_as(options, meta, run_length, false).await
    }

    async fn begin_as(
        options: &PostgresOptions,
        meta: &RegistryMeta,
        run_length: usize,
        anew: bool,
    ) -> Result<Self, StoreError> {
        let connecting = connecting(&options.url, "dancu seeding")?.options([
            ("statement_timeout", "0"),
            ("client_connection_check_interval", "0"),
        ]);
        let until = Instant::now() + OPENING;
        let mut link = Link::to_primary(connecting);
        link.connection(until).await?;
        let mut connection = link.into_connection().ok_or(StoreError::Closed)?;
        if complete_nation(&mut connection, until).await?.is_some() {
            return Err(StoreError::AlreadyThere);
        }
        let alone: bool = sqlx::query_scalar(statements::LOCK_SEEDING)
            .fetch_one(&mut connection)
            .await
            .map_err(StoreError::database("look who is seeding"))?;
        if !alone {
            return Err(StoreError::BeingSeeded);
        }
        schema::migrate(&mut connection, &statements::TABLES).await?;
        let (meta, taken) = begin_or_go_on(&mut connection, meta, anew).await?;
        Ok(Self {
            meta,
            taken,
            to_leave_out: taken,
            run: Run::default(),
            run_length: run_length.max(1),
            filling: tokio::spawn(async { Ok((connection, Run::default())) }),
        })
    }

    /// Which nation it is going to be: that of the attempt it goes on with, whose id it keeps.
    pub fn meta(&self) -> RegistryMeta {
        self.meta
    }

    /// How many citizens an earlier attempt left: the first ones of the nation, which are left out
    /// of what [`PostgresSeeding::load`] is handed.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Says that the next citizens to be handed in are not the first ones: so many were left out
    /// by the caller already, at most as many as are in.
    pub fn begin_after(&mut self, citizens: u64) {
        self.to_leave_out = self.taken.saturating_sub(citizens);
    }

    /// Takes citizens, nobody twice over the whole seeding, and in the same order in every
    /// attempt at this nation. A failure of what was taken before may only be told by a later
    /// call.
    pub async fn load(&mut self, citizens: Vec<Citizen>) -> Result<(), StoreError> {
        let out = usize::try_from(self.to_leave_out).unwrap_or(usize::MAX);
        let out = out.min(citizens.len());
        self.to_leave_out -= out as u64;
        for citizen in &citizens[out..] {
            if self.run.len() == 0 {
                self.run.reserve(self.run_length);
            }
            self.run.push(citizen);
            if self.run.len() >= self.run_length {
                self.write_run().await?;
            }
        }
        Ok(())
    }

    /// Writes what is left, the directory and the indexes, and makes the nation complete.
    pub async fn finish(
        mut self,
        agencies: &[Agency],
        credentials: &[Credential],
        licences: &[Licence],
    ) -> Result<(), StoreError> {
        if self.run.len() > 0 {
            self.write_run().await?;
        }
        let (mut connection, _) = filled(&mut self.filling).await?;
        run(&mut connection, statements::BEGIN_FINISHING).await?;
        directory::write(&mut connection, agencies, credentials, licences).await?;
        schema::take_steps(&mut connection, &statements::INDEXES).await?;
        run(&mut connection, statements::COMPLETE).await?;
        run(&mut connection, statements::END_SEEDING).await?;
        run(&mut connection, statements::ANALYZE).await?;
        run(&mut connection, statements::COMMIT).await?;
        connection
            .close()
            .await
            .map_err(StoreError::database("close the new registry"))
    }

    /// Hands the run to the task that copies, once that is done with the one before.
    async fn write_run(&mut self) -> Result<(), StoreError> {
        let (mut connection, empty) = filled(&mut self.filling).await?;
        let mut run = std::mem::replace(&mut self.run, empty);
        self.filling = tokio::spawn(async move {
            copy(&mut run, &mut connection).await?;
            run.clear();
            Ok((connection, run))
        });
        Ok(())
    }
}

impl std::fmt::Debug for PostgresSeeding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresSeeding")
            .field("meta", &self.meta)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

/// Finds the seeding to go on with, or begins one; and how many of its citizens are in.
async fn begin_or_go_on(
    connection: &mut PgConnection,
    wanted: &RegistryMeta,
    anew: bool,
) -> Result<(RegistryMeta, u64), StoreError> {
    if !anew && let Some((found, taken)) = unfinished(connection).await? {
        let same = RegistryMeta {
            nation: wanted.nation,
            ..found
        };
        return if same == *wanted {
            Ok((found, taken))
        } else {
            Err(StoreError::Unfinished { found, taken })
        };
    }
    begin_nation(connection, wanted).await?;
    Ok((*wanted, 0))
}

/// Which nation is being seeded there, and how many of its citizens are in.
async fn unfinished(
    connection: &mut PgConnection,
) -> Result<Option<(RegistryMeta, u64)>, StoreError> {
    let looking = "look for an earlier seeding";
    let found = sqlx::query(statements::READ_SEEDING)
        .fetch_optional(&mut *connection)
        .await
        .map_err(StoreError::database(looking))?;
    let Some(row) = found else {
        return Ok(None);
    };
    let taken: i64 = row.try_get(5).map_err(StoreError::database(looking))?;
    let damaged = |_| StoreError::Damaged { what: "seeding" };
    let taken = u64::try_from(taken).map_err(damaged)?;
    Ok(Some((meta_of(&row)?, taken)))
}

/// Removes what an earlier attempt left, and notes which nation is going to be seeded.
async fn begin_nation(
    connection: &mut PgConnection,
    wanted: &RegistryMeta,
) -> Result<(), StoreError> {
    let citizens = i64::try_from(wanted.citizens).map_err(|_| StoreError::Unstorable {
        what: "a nation of so many citizens",
    })?;
    run(connection, statements::BEGIN_SEEDING).await?;
    run(connection, statements::CLEAR).await?;
    sqlx::query(statements::BEGIN_NATION)
        .bind(wanted.nation.0.to_vec())
        .bind(wanted.seed.cast_signed())
        .bind(citizens)
        .bind(i64::from(wanted.generator))
        .bind(i64::from(wanted.reference_date.packed()))
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database("begin a seeding"))?;
    run(connection, statements::COMMIT).await
}

/// Copies a run and notes how many more citizens are in, in one transaction.
async fn copy(citizens: &mut Run, connection: &mut PgConnection) -> Result<(), StoreError> {
    let copying = "copy citizens";
    let count = citizens.len() as i64;
    citizens.sort();
    run(connection, statements::BEGIN_SEEDING).await?;
    let mut stream = connection
        .copy_in_raw(statements::COPY_CITIZENS)
        .await
        .map_err(StoreError::database(copying))?;
    let sending = async {
        stream.send(HEADER).await?;
        let mut piece = Vec::with_capacity(2 * PIECE);
        let mut rows = citizens.rows().peekable();
        while rows.peek().is_some() {
            piece.clear();
            while piece.len() < PIECE
                && let Some(row) = rows.next()
            {
                piece.extend_from_slice(row);
            }
            stream.send(&piece[..]).await?;
        }
        stream.send(TRAILER).await?;
        stream.finish().await
    };
    sending.await.map_err(StoreError::database(copying))?;
    sqlx::query(statements::TAKE)
        .bind(count)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database("note how many citizens are in"))?;
    run(connection, statements::COMMIT).await
}

async fn filled(filling: &mut Filling) -> Result<(PgConnection, Run), StoreError> {
    let closed = tokio::spawn(async { Err(StoreError::Closed) });
    std::mem::replace(filling, closed)
        .await
        .map_err(|_| StoreError::Closed)?
}
