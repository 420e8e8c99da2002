//! How fast a nation is put into a registry, beside a bare copy of the same rows.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::house::House;
use super::processes::{cpu_of_all, cpu_of_ended};
use super::report::{Side, Table};
use crate::country::held::Held;
use crate::country::postgres::psql;
use crate::{house, stage};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The table that is filled, and what its rows are found by.
const TABLES: &str = "crates/store/sql/registry/postgres/0001_tables.sql";
const INDEXES: &str = "crates/store/sql/registry/postgres/0001_indexes.sql";

/// Who puts rows somewhere.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// COPY into the bare table.
    Copied,
    /// The same, then the indexes and the statistics.
    CopiedWhole,
    /// `dancu seed` into PostgreSQL.
    Postgres,
    /// `dancu seed` into a file.
    Sqlite,
}

impl Way {
    const ALL: [Self; 4] = [
        Self::Copied,
        Self::CopiedWhole,
        Self::Postgres,
        Self::Sqlite,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Copied => "COPY of the same rows",
            Self::CopiedWhole => "COPY, indexes, statistics",
            Self::Postgres => "dancu seed, PostgreSQL",
            Self::Sqlite => "dancu seed, SQLite",
        }
    }
}

/// Puts `citizens` somewhere, each way in turn, so many rounds. Without PostgreSQL only into files.
pub fn table(
    house: &House,
    citizens: u64,
    parts: Option<&Held>,
    folder: &Path,
    rounds: u32,
) -> Result<Table, Failed> {
    let seeding = Seeding {
        binary: stage::sibling("dancu")?,
        citizens,
        seed: house.nation().seed(),
        parts,
        rows: folder.join("rows"),
        folder,
    };
    seeding.write_rows()?;
    let ways = Way::ALL.into_iter();
    let ways = ways.filter(|way| parts.is_some() || matches!(way, Way::Sqlite));
    let mut sides: Vec<(Way, Side)> = ways
        .map(|way| {
            let name = way.name().to_owned();
            let side = Side {
                name,
                ..Side::default()
            };
            (way, side)
        })
        .collect();
    for _ in 0..rounds {
        for (way, side) in &mut sides {
            seeding.measure(*way, side)?;
        }
    }
    if seeding.rows.exists() {
        std::fs::remove_file(&seeding.rows)?;
    }
    Ok(Table {
        name: format!("seeding {citizens} citizens"),
        unit: "rows",
        sides: sides.into_iter().map(|(_, side)| side).collect(),
    })
}

struct Seeding<'a> {
    binary: PathBuf,
    citizens: u64,
    seed: u64,
    parts: Option<&'a Held>,
    /// The rows in the binary form of COPY.
    rows: PathBuf,
    folder: &'a Path,
}

impl Seeding<'_> {
    /// Seeds once and writes down the rows that came of it.
    fn write_rows(&self) -> Result<(), Failed> {
        let Some(parts) = self.parts else {
            return Ok(());
        };
        let database = parts.fresh_database();
        succeed(&mut self.seeding(Some(&database)))?;
        psql(&database, &self.copying("TO"))?;
        drop_database(parts, &database)
    }

    fn measure(&self, way: Way, side: &mut Side) -> Result<(), Failed> {
        let database = match (way, self.parts) {
            (Way::Sqlite, _) | (_, None) => None,
            (_, Some(parts)) => Some(parts.fresh_database()),
        };
        let mut commands = match (way, &database) {
            (Way::Copied | Way::CopiedWhole, Some(database)) => {
                succeed(self.psql(database).arg("-f").arg(house::top().join(TABLES)))?;
                let mut copying = self.psql(database);
                copying.args(["-c", &self.copying("FROM")]);
                let mut finishing = self.psql(database);
                finishing.arg("-f").arg(house::top().join(INDEXES));
                finishing.args(["-c", "ANALYZE citizens"]);
                match way {
                    Way::Copied => vec![copying],
                    _ => vec![copying, finishing],
                }
            }
            _ => vec![self.seeding(database.as_deref())],
        };
        let server: Option<u32> = self
            .parts
            .map(|p| p.told("POSTGRES_PID").parse())
            .transpose()?;
        let cpu = || server.map_or(0.0, cpu_of_all);
        let (began, server_cpu, own_cpu) = (instant(), cpu(), cpu_of_ended());
        for command in &mut commands {
            succeed(command)?;
        }
        let rows = self.citizens as f64;
        side.rate.0.push(rows / began.elapsed().as_secs_f64());
        if database.is_some() {
            side.server_cpu.0.push((cpu() - server_cpu) * 1e6 / rows);
        }
        side.generator_cpu
            .0
            .push((cpu_of_ended() - own_cpu) * 1e6 / rows);
        if let (Some(database), Some(parts)) = (&database, self.parts) {
            let filled = psql(database, "SELECT count(*) FROM citizens")?;
            if filled.trim().parse::<u64>()? < self.citizens {
                return Err(format!("{} left out rows", way.name()).into());
            }
            drop_database(parts, database)?;
        } else {
            std::fs::remove_dir_all(self.folder.join("seeded"))?;
        }
        Ok(())
    }

    /// `dancu seed` into this database, or into a file.
    fn seeding(&self, database: Option<&str>) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(["seed", "--citizens", &self.citizens.to_string()])
            .args(["--seed", &self.seed.to_string(), "--data"])
            .arg(self.folder.join("seeded"));
        if let Some(database) = database {
            command.env("DANCU_REGISTRY_URL", database);
        }
        command
    }

    fn psql(&self, database: &str) -> Command {
        let mut command = Command::new("psql");
        command
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database])
            .current_dir(self.folder);
        command
    }

    /// The rows to the file or from it.
    fn copying(&self, way: &str) -> String {
        let rows = self.rows.display();
        format!("\\copy citizens {way} '{rows}' (FORMAT binary)")
    }
}

fn drop_database(parts: &Held, url: &str) -> Result<(), Failed> {
    let name = url.rsplit('/').next().unwrap_or_default();
    psql(parts.told("ADMIN"), &format!("drop database {name}"))?;
    Ok(())
}

fn succeed(command: &mut Command) -> Result<(), Failed> {
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the benchmark measures on the wall clock"
)]
fn instant() -> Instant {
    Instant::now()
}
