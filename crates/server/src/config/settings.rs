//! The table of settings: each choice once, with its name. Flags, variables and files all read it.

use std::time::Duration;

use super::field::{Field, Given, Listening, Naming, Shown};
use super::{
    Config, ConfigError, DEFAULT_READERS, DEFAULT_REDIS_EXPIRY, DEFAULT_REDIS_TIMEOUT,
    DEFAULT_REPLICA_TIMEOUT, LedgerPlace, RedisPlace, RegistryPlace, Secret,
};

/// One choice.
pub(crate) struct Setting {
    /// Its name: a path in a file of settings.
    pub(crate) name: &'static str,
    /// Takes a choice; the error is what it must be.
    pub(crate) put: fn(&mut Draft, &Given<'_>) -> Result<(), &'static str>,
    /// Shows what is chosen.
    pub(crate) shown: fn(&Draft) -> Option<Shown>,
}

impl Setting {
    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// Its variable: `limits.calls` is `DANCU_LIMITS_CALLS`.
    pub(crate) fn variable(&self) -> String {
        format!("DANCU_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }
}

/// A configuration that is being put together: what is chosen by halves is not lost.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    config: Config,
    ops: Listening,
    event_days: Naming,
    registry: Option<Secret>,
    replica: Option<Secret>,
    replica_timeout: Duration,
    readers: u32,
    ledger: Option<Secret>,
    redis: Option<Secret>,
    redis_timeout: Duration,
    redis_expiry: Duration,
}

impl Default for Draft {
    fn default() -> Self {
        let config = Config::default();
        Self {
            ops: Listening(config.ops),
            event_days: Naming(config.event_days),
            config,
            registry: None,
            replica: None,
            replica_timeout: DEFAULT_REPLICA_TIMEOUT,
            readers: DEFAULT_READERS,
            ledger: None,
            redis: None,
            redis_timeout: DEFAULT_REDIS_TIMEOUT,
            redis_expiry: DEFAULT_REDIS_EXPIRY,
        }
    }
}

impl Draft {
    /// The whole, checked.
    pub(crate) fn finish(self) -> Result<Config, ConfigError> {
        if self.replica.is_some() && self.registry.is_none() {
            return Err(ConfigError {
                field: "registry.replica",
                must: "left out where `registry.url` is",
            });
        }
        // What is chosen for a part that is not named holds as well, for the day on which it is.
        let long = "longer than nothing";
        let times = [
            (
                "registry.replica_timeout",
                self.replica_timeout,
                Duration::ZERO,
                long,
            ),
            ("redis.timeout", self.redis_timeout, Duration::ZERO, long),
            (
                "redis.expiry",
                self.redis_expiry,
                Duration::from_millis(999),
                "at least one second",
            ),
        ];
        for (field, chosen, more_than, must) in times {
            if chosen <= more_than {
                return Err(ConfigError { field, must });
            }
        }
        let (replica, readers) = (self.replica, self.readers);
        let replica_timeout = self.replica_timeout;
        let (timeout, expiry) = (self.redis_timeout, self.redis_expiry);
        let config = Config {
            ops: self.ops.0,
            event_days: self.event_days.0,
            registry: self
                .registry
                .map_or(RegistryPlace::File, |url| RegistryPlace::Postgres {
                    url,
                    replica,
                    replica_timeout,
                    readers,
                }),
            ledger: self
                .ledger
                .map_or(LedgerPlace::File, |url| LedgerPlace::Postgres { url }),
            redis: self.redis.map(|url| RedisPlace {
                url,
                timeout,
                expiry,
            }),
            ..self.config
        };
        config.validate()?;
        Ok(config)
    }
}

macro_rules! settings {
    ($($name:literal => $($path:ident).+;)+) => {
        /// All choices, in the order of the manual.
        pub(crate) const SETTINGS: &[Setting] = &[$(
            Setting {
                name: $name,
                put: |draft, given| {
                    draft.$($path).+ = Field::read(given)?;
                    Ok(())
                },
                shown: |draft| Field::shown(&draft.$($path).+),
            },
        )+];
    };
}

settings! {
    "data" => config.data;
    "instance" => config.instance;
    "keys" => config.keys;
    "checkpoints" => config.checkpoints;
    "listen" => config.listen;
    "ops" => ops;
    "allow_ops_anywhere" => config.allow_ops_anywhere;
    "allow_sandbox_keys_anywhere" => config.allow_sandbox_keys_anywhere;
    "cores" => config.cores;
    "citizens" => config.citizens;
    "seed" => config.seed;
    "event_days" => event_days;
    "real_looking_numbers" => config.real_looking_numbers;
    "registry.url" => registry;
    "registry.replica" => replica;
    "registry.replica_timeout" => replica_timeout;
    "registry.readers" => readers;
    "ledger.url" => ledger;
    "redis.url" => redis;
    "redis.timeout" => redis_timeout;
    "redis.expiry" => redis_expiry;
    "quotas.items_per_second" => config.quotas.items_per_second;
    "quotas.agencies" => config.quotas.agencies;
    "quotas.items_per_day" => config.quotas.items_per_day;
    "quotas.agencies_per_day" => config.quotas.agencies_per_day;
    "guesses.per_agency" => config.guesses.per_agency;
    "guesses.per_subject" => config.guesses.per_subject;
    "guesses.window" => config.guesses.window;
    "guesses.first_delay" => config.guesses.first_delay;
    "guesses.longest_delay" => config.guesses.longest_delay;
    "guesses.remembered" => config.guesses.remembered;
    "limits.connections" => config.limits.connections;
    "limits.streams_per_connection" => config.limits.streams_per_connection;
    "limits.calls" => config.limits.calls;
    "limits.unary_per_core" => config.limits.unary_per_core;
    "limits.work_per_core" => config.limits.work_per_core;
    "limits.refusals_per_core" => config.limits.refusals_per_core;
    "limits.items" => config.limits.items;
    "limits.receiving_bytes" => config.limits.receiving_bytes;
    "limits.sending_bytes" => config.limits.sending_bytes;
    "limits.messages_per_stream" => config.limits.messages_per_stream;
    "limits.items_per_message" => config.limits.items_per_message;
    "limits.request_bytes" => config.limits.request_bytes;
    "limits.answer_bytes" => config.limits.answer_bytes;
    "limits.waiting_entries" => config.limits.waiting_entries;
    "limits.waiting_reads" => config.limits.waiting_reads;
    "limits.cached_citizens" => config.limits.cached_citizens;
    "times.preface" => config.times.preface;
    "times.idle" => config.times.idle;
    "times.unread" => config.times.unread;
    "times.ping_every" => config.times.ping_every;
    "times.ping_timeout" => config.times.ping_timeout;
    "times.default_deadline" => config.times.default_deadline;
    "times.longest_deadline" => config.times.longest_deadline;
    "times.drain" => config.times.drain;
    "times.directory_every" => config.times.directory_every;
    "times.directory_oldest" => config.times.directory_oldest;
    "times.freshness_bound" => config.times.freshness_bound;
    "times.registry_away" => config.times.registry_away;
    "times.registry_read" => config.times.registry_read;
    "times.feed_every" => config.times.feed_every;
    "times.retry_after" => config.times.retry_after;
    "times.slow" => config.times.slow;
    "log.levels" => config.log.levels;
    "log.form" => config.log.form;
    "log.answered_per_second" => config.log.answered_per_second;
    "log.shed_per_second" => config.log.shed_per_second;
    "recording.folder" => config.recording.folder;
    "recording.part_bytes" => config.recording.part_bytes;
    "recording.part_age" => config.recording.part_age;
    "recording.total_bytes" => config.recording.total_bytes;
}
