//! The registry of a configuration.

use dancu_domain::{
    Applied, ChangeFeed, ChangeNotice, ChangeRecord, Directory, Freshness, IdKey, PersonalId,
    Reading, Registry, RegistryError, Revision, SourceKey,
};
use dancu_store::{PostgresRegistry, RegistryCounters, ReplicaState, SqliteRegistry};
use tokio::sync::watch;

use super::each;
use crate::backing::RegistryHome;
use crate::parts::PartState;

/// A registry in a file or in PostgreSQL.
#[derive(Clone, Debug)]
pub enum AnyRegistry {
    /// In a file of the data directory.
    File(SqliteRegistry),
    /// In a database of PostgreSQL.
    Postgres(PostgresRegistry),
}

impl Registry for AnyRegistry {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        each!(self, registry => registry.read(keys, freshness).await)
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        each!(self, registry => registry.apply(records).await)
    }
}

impl ChangeFeed for AnyRegistry {
    async fn head(&self) -> Result<Revision, RegistryError> {
        each!(self, registry => registry.head().await)
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        each!(self, registry => registry.changes(after, limit).await)
    }

    async fn woken(&self) {
        each!(self, registry => registry.woken().await);
    }
}

impl RegistryHome for AnyRegistry {
    async fn directory(&self) -> Result<Directory, RegistryError> {
        each!(self, registry => RegistryHome::directory(registry).await)
    }

    async fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> Result<Vec<PersonalId>, RegistryError> {
        each!(self, registry => RegistryHome::changed_by_others(registry, source).await)
    }

    async fn standby(&self) -> PartState {
        each!(self, registry => RegistryHome::standby(registry).await)
    }

    fn counters(&self) -> Option<RegistryCounters> {
        each!(self, registry => Some(registry.counters()))
    }

    fn replica(&self) -> Option<watch::Receiver<ReplicaState>> {
        each!(self, registry => RegistryHome::replica(registry))
    }

    async fn close(&self) {
        each!(self, registry => registry.close().await);
    }
}
