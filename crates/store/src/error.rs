//! What can go wrong with a store, in words that hold nothing personal.

use std::error::Error;
use std::fmt;

use crate::RegistryMeta;

/// A failure of a store. Its text names what was being done, never whose record it was.
pub enum StoreError {
    /// The database refused or failed; the driver's text is the source.
    Database {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The file system refused or failed; the system's text is the source.
    Files {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A stored row holds what no row of ours can hold.
    Damaged {
        /// In which part of the store.
        what: &'static str,
    },
    /// A row cannot be kept in the form in which it is stored.
    Unstorable {
        /// Which part of it.
        what: &'static str,
    },
    /// The file or database was made by a later build.
    SchemaUnknown {
        /// The version of the schema that it has.
        found: i64,
        /// The newest version that this build knows.
        known: i64,
    },
    /// The database is that of another part: an address was mistaken for another one.
    Mistaken {
        /// What is there.
        what: &'static str,
    },
    /// What is written there does not take place: it is a standby, or only reads.
    TakesNoChanges,
    /// A complete nation is there already.
    AlreadyThere,
    /// There is no complete nation.
    NoNation,
    /// Somebody else is seeding a nation there at this moment.
    BeingSeeded,
    /// The seeding of another nation was begun there and is not finished.
    Unfinished {
        /// Which nation.
        found: RegistryMeta,
        /// How many of its citizens are in.
        taken: u64,
    },
    /// The database did not answer in time; nobody knows what it did.
    TimedOut {
        /// What was being done, a verb phrase.
        doing: &'static str,
    },
    /// The database could not be reached a moment ago, and was not asked again.
    Away,
    /// The writer was claimed by another one.
    NotHeld,
    /// The store was closed.
    Closed,
}

impl StoreError {
    /// Makes a failure of the database while doing this.
    pub(crate) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }

    /// Makes a failure of the file system while doing this.
    pub(crate) fn files(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Files { doing, source }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { doing, .. } | Self::Files { doing, .. } => f.write_str(doing),
            Self::Damaged { what } => write!(f, "read a damaged row of {what}"),
            Self::Unstorable { what } => write!(f, "store {what}"),
            Self::SchemaUnknown { found, known } => write!(
                f,
                "open a schema of version {found} with a build that knows {known}"
            ),
            Self::Mistaken { what } => write!(f, "use a database that holds {what}"),
            Self::TakesNoChanges => {
                f.write_str("use a database that takes no changes: a standby, or read-only")
            }
            Self::AlreadyThere => f.write_str("seed a place where a complete nation is already"),
            Self::NoNation => f.write_str("open a registry without a complete nation"),
            Self::BeingSeeded => f.write_str("seed a place that somebody else is seeding"),
            Self::Unfinished { .. } => {
                f.write_str("seed a place where the seeding of another nation is not finished")
            }
            Self::TimedOut { doing } => write!(f, "{doing} in time"),
            Self::Away => f.write_str("ask a database that is away"),
            Self::NotHeld => f.write_str("keep a writer that another one has claimed"),
            Self::Closed => f.write_str("ask a closed store"),
        }
    }
}

/// The words and those of the source. What a driver keeps beside its words, such as the values of
/// a row that was refused, is left out.
impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match self.source() {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Database { source, .. } => Some(source),
            Self::Files { source, .. } => Some(source),
            _ => None,
        }
    }
}
