//! The real parts that tests run against: PostgreSQL and Redis, started by `deploy/parts`.
//!
//! Whoever needs them and cannot have them fails. They end with the process that started them,
//! however it ends: the script waits for the end of its standard input.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// Parts that are running; they end when this is dropped.
#[derive(Debug)]
pub struct Parts {
    holder: Child,
    folder: PathBuf,
    lines: BTreeMap<String, String>,
}

impl Parts {
    /// Starts parts of one's own, with these words for `deploy/parts hold`, such as `--standby`.
    ///
    /// # Panics
    ///
    /// When they do not start, with what the script said.
    pub fn hold(words: &[&str]) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = format!("dancu-parts-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/parts");
        let mut holder = Command::new(&script)
            .arg("hold")
            .arg(&folder)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", script.display()));
        let said = BufReader::new(holder.stdout.take().expect("its output is piped"));
        let mut lines = BTreeMap::new();
        for line in said.lines().map_while(Result::ok) {
            if line == "ready" {
                return Self {
                    holder,
                    folder,
                    lines,
                };
            }
            if let Some((name, value)) = line.split_once('=') {
                lines.insert(name.to_owned(), value.to_owned());
            }
        }
        let ended = holder.wait().map(|status| status.to_string());
        panic!(
            "PostgreSQL and Redis are needed and do not start ({ended:?}): see what deploy/parts said above"
        );
    }

    /// The parts that all tests of this process share: PostgreSQL and Redis.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Parts> = OnceLock::new();
        SHARED.get_or_init(|| Self::hold(&[]))
    }

    /// The address of the database for a registry.
    pub fn postgres(&self) -> &str {
        self.line("DANCU_PARTS_POSTGRES")
    }

    /// The address of the database for a ledger.
    pub fn ledger(&self) -> &str {
        self.line("DANCU_PARTS_LEDGER")
    }

    /// The address of the role that may do everything.
    pub fn admin(&self) -> &str {
        self.line("DANCU_PARTS_ADMIN")
    }

    /// The address of Redis.
    pub fn redis(&self) -> &str {
        self.line("DANCU_PARTS_REDIS")
    }

    /// The address of the synchronous standby's registry database.
    pub fn standby(&self) -> &str {
        self.line("DANCU_PARTS_STANDBY")
    }

    /// The address of the replica's registry database.
    pub fn replica(&self) -> &str {
        self.line("DANCU_PARTS_REPLICA")
    }

    /// The process of PostgreSQL that all others of the primary come from.
    pub fn postgres_pid(&self) -> u32 {
        self.number("DANCU_PARTS_POSTGRES_PID")
    }

    /// The process of Redis.
    pub fn redis_pid(&self) -> u32 {
        self.number("DANCU_PARTS_REDIS_PID")
    }

    /// Where the parts keep all that is theirs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the script says under this name, such as `DANCU_PARTS_POSTGRES`.
    ///
    /// # Panics
    ///
    /// When it says nothing, as for a standby that nobody asked for.
    pub fn line(&self, name: &str) -> &str {
        let said = self.lines.get(name).map(String::as_str);
        said.unwrap_or_else(|| panic!("deploy/parts does not tell {name}"))
    }

    fn number(&self, name: &str) -> u32 {
        self.line(name)
            .parse()
            .expect("the number of a process is a number")
    }

    /// Makes an empty database and gives its address, for the role that owns it.
    pub fn fresh_database(&self) -> String {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("fresh_{}_{number}", std::process::id());
        self.sql(&format!("CREATE DATABASE {name} OWNER dancu"));
        in_database(self.postgres(), &name)
    }

    /// Runs a statement as the role that may do everything, in its own database.
    pub fn sql(&self, statement: &str) {
        run(self.admin(), statement);
    }

    /// The address of the replica for the role that may do everything.
    pub fn admin_of_replica(&self) -> String {
        let (role, _) = self
            .admin()
            .split_once('@')
            .expect("an address names a role");
        let (_, place) = self
            .replica()
            .split_once('@')
            .expect("an address names a role");
        in_database(&format!("{role}@{place}"), "postgres")
    }

    /// Runs a statement at an address.
    pub fn sql_at(address: &str, statement: &str) {
        run(address, statement);
    }

    /// The same in the database at another address.
    pub fn sql_in(&self, address: &str, statement: &str) {
        let name = address.rsplit('/').next().unwrap_or_default();
        run(&in_database(self.admin(), name), statement);
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        drop(self.holder.wait());
    }
}

/// The same server and role with another database.
fn in_database(address: &str, name: &str) -> String {
    let (server, _) = address
        .rsplit_once('/')
        .expect("an address names a database");
    format!("{server}/{name}")
}

/// On a thread of its own, since the caller's may be one that answers calls.
fn run(address: &str, statement: &str) {
    let work = async {
        let mut connection = PgConnection::connect(address)
            .await
            .expect("PostgreSQL can be reached");
        let ran = sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await;
        ran.unwrap_or_else(|error| panic!("{statement}: {error}"));
        connection.close().await.expect("it hears the goodbye");
    };
    std::thread::scope(|scope| {
        let worked = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a thread may have a runtime")
                .block_on(work);
        });
        worked.join().expect("the statement is run");
    });
}
