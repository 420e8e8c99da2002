//! Whether every choice can be followed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use dancu_domain::AgencyCode;

use super::{Config, GuessConfig, LedgerPlace, RegistryPlace, Secret};

/// A choice that cannot be followed: the field, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The field, as a path in [`Config`].
    pub field: &'static str,
    /// What it must be.
    pub must: &'static str,
}

/// What an address of a database must be.
const POSTGRES: &str = "an address postgres://… without parameters that are not known, and without \
                        TLS, which is not spoken";

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} must be {}", self.field, self.must)
    }
}

impl std::error::Error for ConfigError {}

/// The largest nation: what the numbering holds beside the personas.
const MOST_CITIZENS: u64 = dancu_population::MAX_CITIZENS;

impl Config {
    /// Checks every choice by itself; what the machine allows is found out at the start.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let rules = [
            ("data", !self.data.as_os_str().is_empty(), "a directory"),
            (
                "instance",
                is_name(&self.instance),
                "1 to 63 letters, digits, dots, dashes and underscores",
            ),
            (
                "citizens",
                self.citizens
                    .is_none_or(|n| (1..=MOST_CITIZENS).contains(&n)),
                "from 1 to 100,000,000",
            ),
            (
                "cores",
                self.cores.is_none_or(|n| (1..=1_024).contains(&n)),
                "from 1 to 1,024",
            ),
            (
                "ops",
                self.allow_ops_anywhere || self.ops.is_none_or(|ops| ops.ip().is_loopback()),
                "a loopback address, or `allow_ops_anywhere` true",
            ),
            (
                "ops",
                self.ops
                    .is_none_or(|ops| ops.port() == 0 || ops != self.listen),
                "another address than `listen`",
            ),
            (
                "limits.connections",
                self.limits.connections > 0,
                "at least 1",
            ),
            (
                "limits.streams_per_connection",
                self.limits.streams_per_connection > 0,
                "at least 1",
            ),
            ("limits.calls", self.limits.calls > 0, "at least 1"),
            (
                "limits.unary_per_core",
                self.limits.unary_per_core > 0,
                "at least 1",
            ),
            (
                "limits.work_per_core",
                self.limits.work_per_core > Duration::ZERO,
                "more than nothing",
            ),
            (
                "limits.refusals_per_core",
                self.limits.refusals_per_core > 0,
                "at least 1",
            ),
            (
                "limits.items_per_message",
                (1..=1_000).contains(&self.limits.items_per_message),
                "from 1 to 1,000",
            ),
            (
                "limits.items",
                self.limits.items >= self.limits.items_per_message,
                "at least `limits.items_per_message`",
            ),
            (
                "limits.request_bytes",
                (1_024..=64 << 20).contains(&self.limits.request_bytes),
                "from 1 KiB to 64 MiB",
            ),
            (
                "limits.answer_bytes",
                (1_024..=256 << 20).contains(&self.limits.answer_bytes),
                "from 1 KiB to 256 MiB",
            ),
            (
                "limits.receiving_bytes",
                self.limits.receiving_bytes >= self.limits.request_bytes,
                "at least `limits.request_bytes`",
            ),
            (
                "limits.sending_bytes",
                self.limits.sending_bytes > 0,
                "more than nothing",
            ),
            (
                "limits.messages_per_stream",
                (1..=64).contains(&self.limits.messages_per_stream),
                "from 1 to 64",
            ),
            (
                "limits.waiting_entries",
                self.limits.waiting_entries >= self.limits.items_per_message,
                "at least `limits.items_per_message`",
            ),
            (
                "limits.waiting_reads",
                self.limits.waiting_reads >= self.limits.items_per_message,
                "at least `limits.items_per_message`",
            ),
            (
                "times.preface",
                !self.times.preface.is_zero(),
                "longer than nothing",
            ),
            (
                "times.unread",
                !self.times.unread.is_zero(),
                "longer than nothing",
            ),
            (
                "times.default_deadline",
                !self.times.default_deadline.is_zero()
                    && self.times.default_deadline <= self.times.longest_deadline,
                "longer than nothing and at most `times.longest_deadline`",
            ),
            (
                "times.directory_every",
                !self.times.directory_every.is_zero()
                    && self.times.directory_every < self.times.directory_oldest,
                "longer than nothing and shorter than `times.directory_oldest`",
            ),
            (
                "times.registry_away",
                self.times.registry_away >= self.times.freshness_bound,
                "at least `times.freshness_bound`",
            ),
            (
                "times.registry_read",
                !self.times.registry_read.is_zero(),
                "longer than nothing",
            ),
            (
                "times.feed_every",
                !self.times.feed_every.is_zero()
                    && self.times.feed_every <= self.times.freshness_bound,
                "longer than nothing and at most `times.freshness_bound`",
            ),
        ];
        match rules
            .into_iter()
            .chain(self.places())
            .chain(self.guesses.rules())
            .find(|(_, holds, _)| !holds)
        {
            Some((field, _, must)) => Err(ConfigError { field, must }),
            None => Ok(()),
        }
    }

    /// The rules of what lies elsewhere, of quotas and of the recording.
    fn places(&self) -> [Rule; 14] {
        let postgres = |url: &Secret| {
            url.is_url(&["postgres", "postgresql"]) && dancu_store::is_address(url.reveal())
        };
        let other = |ledger: &Secret, registry: &Secret| {
            !dancu_store::is_same_database(ledger.reveal(), registry.reveal())
        };
        let (registry, replica, readers) = match &self.registry {
            RegistryPlace::File => (None, None, 1),
            RegistryPlace::Postgres {
                url,
                replica,
                readers,
                replica_timeout: timeout,
            } => {
                let replica = replica.as_ref();
                (Some(url), replica.map(|url| (url, *timeout)), *readers)
            }
        };
        let ledger = match &self.ledger {
            LedgerPlace::File => None,
            LedgerPlace::Postgres { url } => Some(url),
        };
        let redis = self.redis.as_ref();
        [
            ("registry.url", registry.is_none_or(postgres), POSTGRES),
            (
                "registry.replica",
                replica.is_none_or(|(url, _)| postgres(url)),
                POSTGRES,
            ),
            (
                "registry.replica_timeout",
                replica.is_none_or(|(_, timeout)| {
                    !timeout.is_zero() && timeout < self.times.registry_read
                }),
                "longer than nothing and shorter than `times.registry_read`",
            ),
            (
                "registry.readers",
                (1..=64).contains(&readers),
                "from 1 to 64",
            ),
            ("ledger.url", ledger.is_none_or(postgres), POSTGRES),
            (
                "ledger.url",
                ledger.is_none_or(|ledger| registry.is_none_or(|registry| other(ledger, registry))),
                "another database than `registry.url`",
            ),
            (
                "redis.url",
                redis.is_none_or(|redis| {
                    redis.url.is_url(&["redis"])
                        && dancu_cache::Link::is_address(redis.url.reveal())
                }),
                "an address redis://… (TLS is not spoken)",
            ),
            (
                "redis.timeout",
                redis.is_none_or(|redis| !redis.timeout.is_zero()),
                "longer than nothing",
            ),
            (
                "redis.expiry",
                redis.is_none_or(|redis| redis.expiry.as_secs() > 0),
                "at least one second",
            ),
            (
                "quotas.agencies",
                are_codes(&self.quotas.agencies),
                "a table of codes of agencies and items a second",
            ),
            (
                "quotas.agencies_per_day",
                are_codes(&self.quotas.agencies_per_day),
                "a table of codes of agencies and items a day",
            ),
            (
                "recording.part_bytes",
                self.recording.part_bytes >= 4_096,
                "at least 4 KiB",
            ),
            (
                "recording.part_age",
                self.recording.part_age >= Duration::from_secs(1),
                "at least one second",
            ),
            (
                "recording.total_bytes",
                self.recording.total_bytes / 2 >= self.recording.part_bytes
                    && self.recording.total_bytes >= 1 << 20,
                "at least 1 MiB, and twice `recording.part_bytes`",
            ),
        ]
    }
}

impl GuessConfig {
    /// The rules of how often claims may fail. The most that may is far below what is remembered of
    /// one number.
    fn rules(&self) -> [Rule; 6] {
        let most = |most: Option<u32>| most.is_none_or(|most| (1..=100).contains(&most));
        let year = Duration::from_hours(366 * 24);
        [
            ("guesses.per_agency", most(self.per_agency), "from 1 to 100"),
            (
                "guesses.per_subject",
                most(self.per_subject),
                "from 1 to 100",
            ),
            (
                "guesses.first_delay",
                self.first_delay >= Duration::from_secs(1),
                "at least one second",
            ),
            (
                "guesses.longest_delay",
                self.longest_delay >= self.first_delay,
                "at least `guesses.first_delay`",
            ),
            (
                "guesses.window",
                self.window >= self.longest_delay && self.window <= year,
                "at least `guesses.longest_delay` and at most 366 days",
            ),
            (
                "guesses.remembered",
                self.remembered >= 1_000,
                "at least 1,000",
            ),
        ]
    }
}

/// Whether all names are codes of agencies.
fn are_codes(numbers: &BTreeMap<String, u32>) -> bool {
    numbers
        .keys()
        .all(|code| AgencyCode::parse(code, "agencies").is_ok())
}

/// The field, whether it holds, and what the field must be.
type Rule = (&'static str, bool, &'static str);

/// Whether a text can be the name of an instance.
fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}
