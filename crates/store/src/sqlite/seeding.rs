//! Filling a new registry file as fast as the disk takes it.
//!
//! Rows go into a file beside the real one, without journal and without syncs: nobody reads it
//! and a crash throws it away. Citizens are gathered into large runs and sorted by number, so
//! that the table grows at its end or in one sweep; indexes are built when all rows are in. Then
//! the file is synced, the row that says it is complete is written durably, and only then does
//! the file take the name under which a registry is looked for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dancu_domain::{Agency, Citizen, Credential, Licence};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::task::JoinHandle;

use super::commit::CitizenKey;
use super::registry::complete_nation;
use super::{SqliteOptions, directory, json, options, schema, statements};
use crate::{RegistryMeta, StoreError, record};

/// Citizens that are sorted and written together.
const RUN: usize = 1 << 18;
/// Citizens a statement.
const STATEMENT: usize = 4_096;

/// A registry file in the making. Dropped before [`Seeding::finish`], it leaves nothing that
/// could be taken for a nation.
pub struct Seeding {
    path: PathBuf,
    meta: RegistryMeta,
    run: Run,
    filling: JoinHandle<Result<SqliteConnection, StoreError>>,
}

/// Encoded citizens that wait to be written.
#[derive(Default)]
struct Run {
    /// Number, beginning and length of each record.
    rows: Vec<(CitizenKey, usize, usize)>,
    records: Vec<u8>,
}

impl Seeding {
    /// Begins a registry in this file, removing what an incomplete attempt left. Refused where a
    /// complete nation is already.
    pub async fn begin(path: &Path, meta: &RegistryMeta) -> Result<Self, StoreError> {
        if complete_nation(path, SqliteOptions::default())
            .await?
            .is_some()
        {
            return Err(StoreError::AlreadyThere);
        }
        for file in [path, &unfinished(path)] {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                remove(&beside(file, suffix))?;
            }
        }
        let mut connection = options::filling(&unfinished(path))
            .connect()
            .await
            .map_err(StoreError::database("make a registry"))?;
        schema::create_tables(&mut connection).await?;
        Ok(Self {
            path: path.to_owned(),
            meta: *meta,
            run: Run::default(),
            filling: tokio::spawn(async { Ok(connection) }),
        })
    }

    /// Takes citizens, in any order, nobody twice over the whole seeding. A failure of what was
    /// taken before may only be told by a later call.
    pub async fn load(&mut self, citizens: Vec<Citizen>) -> Result<(), StoreError> {
        for citizen in &citizens {
            self.run.take(citizen);
        }
        if self.run.rows.len() >= RUN {
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
            run.write(&mut connection).await?;
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

impl Run {
    fn take(&mut self, citizen: &Citizen) {
        let key = CitizenKey {
            personal_id: citizen.personal_id.digits(),
            legacy_id: citizen.legacy_id.map(dancu_domain::LegacyId::digits),
            version: citizen.version,
        };
        let start = self.records.len();
        record::encode(citizen, &mut self.records);
        self.rows.push((key, start, self.records.len() - start));
    }

    async fn write(mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        self.rows.sort_unstable();
        schema::run(connection, statements::BEGIN_SEEDING).await?;
        for rows in self.rows.chunks(STATEMENT) {
            let mut keys = String::with_capacity(48 * rows.len());
            let mut records = Vec::with_capacity(256 * rows.len());
            json::list(&mut keys, rows.iter(), |out, (key, start, length)| {
                key.put(records.len(), *length, out);
                records.extend_from_slice(&self.records[*start..*start + *length]);
            });
            sqlx::query(statements::SEED_CITIZENS)
                .bind(keys)
                .bind(records)
                .execute(&mut *connection)
                .await
                .map_err(StoreError::database("write citizens"))?;
        }
        schema::run(connection, statements::COMMIT).await
    }
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

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::Files {
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
