//! What the command line asks of a nation and its ledger without serving them, in files or in
//! databases. All of it blocks, and may run beside the processes that serve.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};

use dancu_domain::{Receipt, VolumeKey};
use dancu_ledger::audit::{self, AuditError, EntryView, Report};
use dancu_population::{Nation, SandboxKey};
use dancu_store::{
    PostgresBlocks, PostgresBlocksOptions, RegistryMeta, SqliteBlocks, SqliteRegistry,
};

use crate::any::AnyBlocks;
use crate::config::LedgerPlace;
use crate::data::Places;
use crate::error::StartError;
use crate::keys::Keys;
use crate::threads;

/// Why a data directory could not be looked into.
#[derive(Debug)]
pub enum LookError {
    /// There is no nation in it.
    NoNation,
    /// There is no ledger in it.
    NoLedger,
    /// Something of it could not be opened.
    Open(StartError),
    /// The ledger could not be read to the end.
    Audit(AuditError),
}

impl fmt::Display for LookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNation => f.write_str("there is no nation in the data directory"),
            Self::NoLedger => f.write_str("there is no ledger in the data directory"),
            Self::Open(error) => write!(f, "{error}"),
            Self::Audit(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for LookError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoNation | Self::NoLedger => None,
            Self::Open(error) => std::error::Error::source(error),
            Self::Audit(error) => std::error::Error::source(error),
        }
    }
}

impl From<StartError> for LookError {
    fn from(error: StartError) -> Self {
        Self::Open(error)
    }
}

/// Which ledger is looked into.
#[derive(Clone, Debug)]
pub struct At {
    /// The data directory: keys and checkpoints lie there where nothing else is named.
    pub data: PathBuf,
    /// The ledger.
    pub ledger: LedgerPlace,
    /// The file of keys.
    pub keys: Option<PathBuf>,
}

/// The ledger in a file of this data directory.
impl From<&Path> for At {
    fn from(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            ledger: LedgerPlace::File,
            keys: None,
        }
    }
}

/// The same.
impl From<&PathBuf> for At {
    fn from(data: &PathBuf) -> Self {
        Self::from(data.as_path())
    }
}

/// Verifies a ledger, against a file of checkpoints where one is named or lies in the data
/// directory.
pub fn verify(at: impl Into<At>, checkpoints: Option<&Path>) -> Result<Report, LookError> {
    let at = at.into();
    let places = Places::of(&at.data);
    let keys = at.keys.clone().unwrap_or_else(|| places.keys());
    let keys = Keys::read(&keys)?.ok_or(LookError::NoLedger)?;
    let beside = places.checkpoints();
    let checkpoints = match checkpoints {
        Some(named) => Some(named.to_owned()),
        None => beside.exists().then_some(beside),
    };
    with_blocks(at, move |mut blocks| async move {
        let public = keys.ledger().public_key();
        audit::verify(&mut blocks, checkpoints.as_deref(), &public).await
    })
}

/// Counts the entries of the raw blocks, by the keys under which they are counted.
pub fn recount(at: impl Into<At>) -> Result<BTreeMap<VolumeKey, u64>, LookError> {
    with_blocks(at.into(), |mut blocks| async move {
        audit::recount(&mut blocks).await
    })
}

/// The entries that receipts stand for, receipt by receipt; fewer where the ledger does not have
/// them.
pub fn entries(
    at: impl Into<At>,
    receipts: Vec<Receipt>,
) -> Result<Vec<Vec<EntryView>>, LookError> {
    with_blocks(at.into(), |mut blocks| async move {
        let mut found = Vec::with_capacity(receipts.len());
        for receipt in receipts {
            found.push(audit::entries(&mut blocks, receipt).await?);
        }
        Ok(found)
    })
}

/// The nation of a data directory, and the sandbox keys of its agencies.
pub fn sandbox_keys(data: &Path) -> Result<(RegistryMeta, Vec<SandboxKey>), LookError> {
    let path = Places::of(data).registry();
    let meta = blocking(move || async move {
        let opened = SqliteRegistry::open(&path)
            .await
            .map_err(StartError::from)?;
        let (registry, meta) = opened.ok_or(LookError::NoNation)?;
        registry.close().await;
        Ok(meta)
    })?;
    let nation = Nation::new(meta.seed, meta.citizens);
    Ok((meta, nation.sandbox_keys()))
}

fn with_blocks<T, M, F>(at: At, look: M) -> Result<T, LookError>
where
    T: Send + 'static,
    M: FnOnce(AnyBlocks) -> F + Send + 'static,
    F: Future<Output = Result<T, AuditError>>,
{
    let path = Places::of(&at.data).ledger();
    if at.ledger == LedgerPlace::File && !path.exists() {
        return Err(LookError::NoLedger);
    }
    blocking(move || async move {
        let opened = match &at.ledger {
            LedgerPlace::File => SqliteBlocks::open_read_only(&path)
                .await
                .map(AnyBlocks::File),
            LedgerPlace::Postgres { url } => {
                let options = PostgresBlocksOptions::new(url.reveal());
                let opened = PostgresBlocks::open_read_only(options).await;
                opened.map(AnyBlocks::postgres)
            }
        };
        look(opened.map_err(StartError::from)?)
            .await
            .map_err(LookError::Audit)
    })
}

/// Runs a future on a thread and runtime of its own, so that it does not matter who asks.
fn blocking<T, M, F>(look: M) -> Result<T, LookError>
where
    T: Send + 'static,
    M: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, LookError>>,
{
    threads::spawn("dancu-look", look)?
        .join()
        .unwrap_or(Err(LookError::Open(StartError::Lost)))
}
