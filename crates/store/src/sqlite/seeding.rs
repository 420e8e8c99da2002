//! Filling a new registry file as fast as the disk takes it.
//!
//! Rows go into a file beside the real one, without journal and without syncs: nobody reads it
//! and a crash throws it away. Citizens are gathered into large runs and sorted by number, so
//! that the table grows at its end or in one sweep; indexes are built when all rows are in. Then
//! the file is synced, the row that says it is complete is written durably, and only then does
//! the file take the name under which a registry is looked for.
//!
//! A note beside it says which nation is being made. An attempt that was ended keeps no citizen, but
//! whoever asks for another nation afterwards, or for none by its size, is told of it: what was meant
//! may have been a hundred times as large.

use std::ffi::OsString;
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};

use dancu_domain::{Agency, Citizen, CivilDate, Credential, Licence, NationId};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::task::JoinHandle;

use super::registry::complete_nation;
use super::{SqliteOptions, directory, options, schema, statements};
use crate::{RegistryMeta, StoreError, record};

/// Citizens that are sorted and written together: about a hundred megabytes.
const RUN: usize = 1 << 19;
/// Citizens a statement: as many as [`statements::SEED_CITIZENS`] has rows.
const STATEMENT: usize = 256;
/// Room for a record, so that most are written into memory that is asked for once.
const RECORD: usize = 256;

/// A registry file in the making. Dropped before [`Seeding::finish`], it leaves nothing that
/// could be taken for a nation.
pub struct Seeding {
    path: PathBuf,
    meta: RegistryMeta,
    run: Vec<Row>,
    filling: JoinHandle<Result<SqliteConnection, StoreError>>,
}

/// A citizen as a row.
struct Row {
    personal_id: i64,
    legacy_id: Option<i64>,
    version: i64,
    record: Vec<u8>,
}

impl Seeding {
    /// Begins a registry in this file, removing what an incomplete attempt left. Refused where a
    /// complete nation is already, and where the seeding of another nation is not finished.
    pub async fn begin(path: &Path, meta: &RegistryMeta) -> Result<Self, StoreError> {
        Self::begin_as(path, meta, false).await
    }

    /// The same, but what an earlier attempt left, at whatever nation, is removed.
    pub async fn begin_anew(path: &Path, meta: &RegistryMeta) -> Result<Self, StoreError> {
        Self::begin_as(path, meta, true).await
    }

    async fn begin_as(path: &Path, meta: &RegistryMeta, anew: bool) -> Result<Self, StoreError> {
        if complete_nation(path, SqliteOptions::default())
            .await?
            .is_some()
        {
            return Err(StoreError::AlreadyThere);
        }
        let found = noted(&note(path))?;
        if let Some(found) = found.filter(|found| !anew && text(found) != text(meta)) {
            return Err(StoreError::Unfinished { found, taken: 0 });
        }
        for file in [path, &unfinished(path)] {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                remove(&beside(file, suffix))?;
            }
        }
        std::fs::write(note(path), text(meta))
            .map_err(StoreError::files("note which nation is made"))?;
        let mut connection = options::filling(&unfinished(path))
            .connect()
            .await
            .map_err(StoreError::database("make a registry"))?;
        schema::create_tables(&mut connection).await?;
        Ok(Self {
            path: path.to_owned(),
            meta: *meta,
            run: Vec::new(),
            filling: tokio::spawn(async { Ok(connection) }),
        })
    }

    /// Takes citizens, in any order, nobody twice over the whole seeding. A failure of what was
    /// taken before may only be told by a later call.
    pub async fn load(&mut self, citizens: Vec<Citizen>) -> Result<(), StoreError> {
        self.run.extend(citizens.iter().map(Row::of));
        if self.run.len() >= RUN {
            self.write_run().await?;
        }
        Ok(())
    }

    /// Writes what is left, the directory and the indexes, makes all of it durable, and gives the
    /// file its name.
    pub async fn finish(
        mut self,
        agencies: &[Agency],
        credentials: &[Credential],
        licences: &[Licence],
    ) -> Result<(), StoreError> {
        self.write_run().await?;
        let mut connection = filled(&mut self.filling).await?;
        schema::run(&mut connection, statements::BEGIN_SEEDING).await?;
        directory::write(&mut connection, agencies, credentials, licences).await?;
        schema::run(&mut connection, statements::COMMIT).await?;
        schema::create_indexes(&mut connection).await?;
        close(connection).await?;
        let unfinished = unfinished(&self.path);
        sync(&unfinished)?;
        let mut connection = SqliteOptions::default()
            .writing(&unfinished)
            .connect()
            .await
            .map_err(StoreError::database("open the new registry"))?;
        schema::write_meta(&mut connection, &self.meta).await?;
        // Closing the last connection brings the log back into the file and removes it.
        close(connection).await?;
        sync(&unfinished)?;
        std::fs::rename(&unfinished, &self.path)
            .map_err(StoreError::files("name the new registry"))?;
        remove(&note(&self.path))?;
        match self.path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => sync(Path::new(".")),
            Some(folder) => sync(folder),
            None => Ok(()),
        }
    }

    /// Hands the run to the task that writes, once that is done with the one before.
    async fn write_run(&mut self) -> Result<(), StoreError> {
        let mut connection = filled(&mut self.filling).await?;
        let run = std::mem::take(&mut self.run);
        self.filling = tokio::spawn(async move {
            write(run, &mut connection).await?;
            Ok(connection)
        });
        Ok(())
    }
}

impl std::fmt::Debug for Seeding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seeding")
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}

impl Row {
    fn of(citizen: &Citizen) -> Self {
        let mut record = Vec::with_capacity(RECORD);
        record::encode(citizen, &mut record);
        Self {
            personal_id: citizen.personal_id.digits().cast_signed(),
            legacy_id: citizen.legacy_id.map(|id| i64::from(id.digits())),
            version: i64::from(citizen.version),
            record,
        }
    }
}

/// Writes a run in one transaction, in the order of the numbers.
async fn write(mut run: Vec<Row>, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    run.sort_unstable_by_key(|row| row.personal_id);
    schema::run(connection, statements::BEGIN_SEEDING).await?;
    let mut rows = run.into_iter();
    while rows.len() > 0 {
        let (sql, count) = if rows.len() < STATEMENT {
            (statements::SEED_CITIZEN, 1)
        } else {
            (statements::SEED_CITIZENS, STATEMENT)
        };
        let mut statement = sqlx::query(sql);
        for row in rows.by_ref().take(count) {
            statement = statement
                .bind(row.personal_id)
                .bind(row.legacy_id)
                .bind(row.version)
                .bind(row.record);
        }
        statement
            .execute(&mut *connection)
            .await
            .map_err(StoreError::database("write citizens"))?;
    }
    schema::run(connection, statements::COMMIT).await
}

async fn filled(
    filling: &mut JoinHandle<Result<SqliteConnection, StoreError>>,
) -> Result<SqliteConnection, StoreError> {
    let closed = tokio::spawn(async { Err(StoreError::Closed) });
    std::mem::replace(filling, closed)
        .await
        .map_err(|_| StoreError::Closed)?
}

async fn close(connection: SqliteConnection) -> Result<(), StoreError> {
    connection
        .close()
        .await
        .map_err(StoreError::database("close the new registry"))
}

fn unfinished(path: &Path) -> PathBuf {
    beside(path, ".unfinished")
}

/// Where it is noted which nation is being made.
fn note(path: &Path) -> PathBuf {
    beside(path, ".unfinished-nation")
}

/// What the note of a nation says: what it is made of.
fn text(meta: &RegistryMeta) -> String {
    let date = meta.reference_date.packed();
    format!(
        "{} {} {} {date}\n",
        meta.seed, meta.citizens, meta.generator
    )
}

/// Which nation a note tells of. One that says nothing to us is none: what it is about is begun anew.
fn noted(note: &Path) -> Result<Option<RegistryMeta>, StoreError> {
    let said = match std::fs::read(note) {
        Err(error) if error.kind() == NotFound => return Ok(None),
        said => said.map_err(StoreError::files("read which nation was begun"))?,
    };
    // Nor does one that is no text.
    let said = String::from_utf8(said).unwrap_or_default();
    let words: Vec<&str> = said.split_whitespace().collect();
    Ok(meta_of(&words))
}

fn meta_of(words: &[&str]) -> Option<RegistryMeta> {
    let [seed, citizens, generator, date] = words else {
        return None;
    };
    Some(RegistryMeta {
        nation: NationId([0; 16]),
        seed: seed.parse().ok()?,
        citizens: citizens.parse().ok()?,
        generator: generator.parse().ok()?,
        reference_date: CivilDate::unpack(date.parse().ok()?)?,
    })
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != NotFound => Err(StoreError::Files {
            doing: "remove what an earlier attempt left",
            source: error,
        }),
        _ => Ok(()),
    }
}

fn sync(path: &Path) -> Result<(), StoreError> {
    std::fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(StoreError::files("sync the new registry"))
}
