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

/// The parameters that an address may have behind its `?`.
const PARAMETERS: [&str; 11] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-mode",
    "sslmode",
    "statement-cache-capacity",
    "user",
];
/// What may be said of TLS: this build speaks none.
const WITHOUT_TLS: [&str; 3] = ["disable", "allow", "prefer"];

/// Whether a text is an address that a database can be reached by: one without parameters that the
/// driver would leave out with a word in the log, and that asks for no TLS, which is not spoken.
pub fn is_address(url: &str) -> bool {
    has_known_parameters(url) && url.parse::<PgConnectOptions>().is_ok()
}

fn has_known_parameters(url: &str) -> bool {
    let Some((_, parameters)) = url.split_once('?') else {
        return true;
    };
    let parameters = parameters
        .split_once('#')
        .map_or(parameters, |(all, _)| all);
    let mut each = parameters.split('&').filter(|one| !one.is_empty());
    each.all(|one| {
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        match name {
            "sslmode" | "ssl-mode" => WITHOUT_TLS.contains(&value),
            name => PARAMETERS.contains(&name) || name.starts_with("options["),
        }
    })
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
    if !has_known_parameters(url) {
        // The driver would write them, and their values, to the log.
        let unknown = sqlx::Error::Configuration("it has parameters that are not known".into());
        return Err(StoreError::database("read the address of the database")(
            unknown,
        ));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_parameters_that_are_known_and_asks_for_no_tls() {
        for (address, is) in [
            ("postgres://u:p@h:5432/d", true),
            ("postgres://h/d?sslmode=disable&application_name=x", true),
            ("postgres://h/d?options[search_path]=a&user=u", true),
            ("postgres://h/d?", true),
            ("postgres://h/d?passwd=Chim3", false),
            ("postgres://h/d?sslmod=require", false),
            ("postgres://h/d?sslmode=require", false),
            ("postgres://h/d?ssl-mode=verify-full", false),
            ("postgres://h/d?sslrootcert=/x", false),
            ("postgres://h/d?Chim3", false),
        ] {
            assert_eq!(is_address(address), is, "{address}");
            assert_eq!(connecting(address, "test").is_ok(), is, "{address}");
        }
    }
}
