//! How a database is reached, and what its sessions are told.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::StoreError;

/// How a registry in PostgreSQL is opened.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// The address of the primary, `postgres://role:password@host:port/database`.
    pub url: String,
    /// The address of a streaming replica, which answers reads that it is recent enough for.
    pub replica: Option<String>,
    /// How long a read waits for the replica before the primary is asked.
    pub replica_within: Duration,
    /// How many connections read, at least one.
    pub readers: u32,
    /// How long a read may take before the registry counts as away, reconnecting included.
    pub read_within: Duration,
    /// The same for the transaction of a write.
    pub write_within: Duration,
    /// How many numbers may wait to be read before a read is shed.
    pub max_waiting_keys: usize,
    /// How many records may wait to be applied before a write is shed.
    pub max_waiting_records: usize,
    /// How many records are gathered into one transaction; one batch is never torn.
    pub max_records_per_commit: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            url: String::new(),
            replica: None,
            replica_within: Duration::from_millis(100),
            readers: 4,
            read_within: Duration::from_secs(2),
            write_within: Duration::from_secs(4),
            max_waiting_keys: 65_536,
            max_waiting_records: 65_536,
            max_records_per_commit: 4_096,
        }
    }
}

impl PostgresOptions {
    /// The database at this address, everything else as usual.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }
}

/// The addresses hold passwords and are left out.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("replica", &self.replica.is_some())
            .field("readers", &self.readers)
            .field("read_within", &self.read_within)
            .field("write_within", &self.write_within)
            .finish_non_exhaustive()
    }
}

/// Whether a text is an address that a database can be reached by.
pub fn is_address(url: &str) -> bool {
    url.parse::<PgConnectOptions>().is_ok()
}

/// Whether two addresses lead to one database by one way, however they are written. All names of
/// the machine itself are one.
pub fn is_same_database(one: &str, other: &str) -> bool {
    let place = |url: &str| {
        let options: PgConnectOptions = url.parse().ok()?;
        let database = options.get_database().unwrap_or(options.get_username());
        let database = database.to_owned();
        let socket = options.get_socket().map(ToOwned::to_owned);
        Some((
            host(options.get_host()),
            socket,
            options.get_port(),
            database,
        ))
    };
    place(one).is_some_and(|one| Some(one) == place(other))
}

/// A host, by one name where it is the machine itself.
fn host(name: &str) -> String {
    let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    let itself = name == "localhost"
        || name.parse().is_ok_and(|address: IpAddr| {
            let address = address.to_canonical();
            address.is_loopback() || address.is_unspecified()
        });
    if itself { "localhost" } else { name }.to_owned()
}

/// A connection to this address, with sessions that are durable whatever the role's defaults say
/// and that the server ends by itself when this side is gone.
pub(crate) fn connecting(url: &str, name: &str) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url
        .parse()
        .map_err(StoreError::database("read the address of the database"))?;
    Ok(options
        .application_name(name)
        .options([
            // Waits for the disk, and for the standby where there is a synchronous one.
            ("synchronous_commit", "on"),
            ("default_transaction_isolation", "read committed"),
            ("lock_timeout", "3s"),
            ("statement_timeout", "60s"),
            ("idle_in_transaction_session_timeout", "10s"),
            // A peer who was cut off holds no lock for longer than this.
            ("tcp_user_timeout", "10s"),
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
            ("client_connection_check_interval", "2s"),
            // Batches differ in length and never in plan.
            ("plan_cache_mode", "force_generic_plan"),
            ("jit", "off"),
        ])
        .disable_statement_logging())
}
