//! What a service stands on: a registry, a store of blocks, keys. `start` takes them out of the
//! data directory; whoever wants others hands them to `start_with`.

use std::future::Future;
use std::sync::Arc;

use dancu_domain::{ChangeFeed, Directory, PersonalId, Registry, RegistryError, SourceKey};
use dancu_store::{
    MemoryRegistry, PostgresRegistry, RegistryCounters, RegistryMeta, ReplicaState, SqliteRegistry,
    StoreError,
};
use tokio::sync::watch;

use crate::any::AnyBlocks;
use crate::keys::Keys;
use crate::parts::PartState;

/// A registry with its directory: what the service needs beside reading and applying.
pub trait RegistryHome: Registry + ChangeFeed {
    /// The agencies, credentials and licences as they are now.
    fn directory(&self) -> impl Future<Output = Result<Directory, RegistryError>> + Send;

    /// The citizens with an effect from any source but this one, each once, by number.
    fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> impl Future<Output = Result<Vec<PersonalId>, RegistryError>> + Send;

    /// What it has done since it was opened, where it counts that.
    fn counters(&self) -> Option<RegistryCounters> {
        None
    }

    /// Whether an acknowledged change survives the loss of its database.
    fn standby(&self) -> impl Future<Output = PartState> + Send {
        std::future::ready(PartState::Absent("no database server"))
    }

    /// How the replica that reads may go to is, and every later change; nothing where there is none.
    fn replica(&self) -> Option<watch::Receiver<ReplicaState>> {
        None
    }

    /// Carries out what waits and lets go of everything.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// What a service stands on.
#[derive(Debug)]
pub struct Backing<R, S> {
    /// Which nation it is.
    pub meta: RegistryMeta,
    /// The registry.
    pub registry: Arc<R>,
    /// The blocks of the ledger.
    pub blocks: S,
    /// The keys.
    pub keys: Keys,
    /// The same blocks, to be read beside the writer; without it nothing is told of other writers
    /// and there are no live volumes.
    pub beside: Option<Beside>,
}

/// Connections to the ledger that only read: questions to one do not wait for those to another.
#[derive(Debug)]
pub struct Beside {
    /// For the counts of all writers.
    pub counts: AnyBlocks,
    /// For the state of the standby, where others can write to the ledger.
    pub standby: Option<AnyBlocks>,
    /// For what the limits stand at, where anything is limited; without it nothing is answered then.
    pub limits: Option<AnyBlocks>,
}

impl<R, S> Backing<R, S> {
    /// A registry and a store of blocks that only this service writes to.
    pub fn new(meta: RegistryMeta, registry: R, blocks: S, keys: Keys) -> Self {
        Self {
            meta,
            registry: Arc::new(registry),
            blocks,
            keys,
            beside: None,
        }
    }
}

impl RegistryHome for SqliteRegistry {
    async fn directory(&self) -> Result<Directory, RegistryError> {
        Self::directory(self).await.map_err(|error| away(&error))
    }

    async fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> Result<Vec<PersonalId>, RegistryError> {
        let found = Self::changed_by_others(self, source).await;
        found.map_err(|error| away(&error))
    }

    fn counters(&self) -> Option<RegistryCounters> {
        Some(Self::counters(self))
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

impl RegistryHome for PostgresRegistry {
    async fn directory(&self) -> Result<Directory, RegistryError> {
        Self::directory(self).await.map_err(|error| away(&error))
    }

    async fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> Result<Vec<PersonalId>, RegistryError> {
        let found = Self::changed_by_others(self, source).await;
        found.map_err(|error| away(&error))
    }

    async fn standby(&self) -> PartState {
        match self.standing().await.map(PartState::from) {
            // Who is looked up is answered all the same.
            Ok(PartState::Away(why)) => PartState::Degraded(why),
            told => told.unwrap_or(crate::watch::UNKNOWN),
        }
    }

    fn counters(&self) -> Option<RegistryCounters> {
        Some(Self::counters(self))
    }

    fn replica(&self) -> Option<watch::Receiver<ReplicaState>> {
        Self::replica(self)
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

/// The log has the chain of causes; the caller has the reason.
fn away(error: &StoreError) -> RegistryError {
    tracing::warn!(
        cause = std::error::Error::source(error).map(ToString::to_string),
        "could not {error}"
    );
    RegistryError::Unavailable
}

impl RegistryHome for MemoryRegistry {
    async fn directory(&self) -> Result<Directory, RegistryError> {
        Ok(Self::directory(self))
    }

    async fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> Result<Vec<PersonalId>, RegistryError> {
        Ok(Self::changed_by_others(self, source))
    }

    async fn close(&self) {}
}
