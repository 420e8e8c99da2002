//! The data directory: what lies in it, and the lock that one serving process holds.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::StartError;
use crate::keys::Keys;

/// The places within a data directory.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    dir: PathBuf,
}

impl Places {
    pub(crate) fn of(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    pub(crate) fn registry(&self) -> PathBuf {
        self.dir.join("registry.db")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.dir.join("ledger.db")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.dir.join("keys")
    }

    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.dir.join("checkpoints.log")
    }

    fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }
}

/// A data directory that this process serves; nobody else does while it lives.
#[derive(Debug)]
pub(crate) struct DataDir {
    places: Places,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if it is not there, and takes its lock.
    pub(crate) fn take(dir: &Path) -> Result<Self, StartError> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(dir)
            .map_err(StartError::data("make the data directory"))?;
        let places = Places::of(dir);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(places.lock())
            .map_err(StartError::data("open the lock of the data directory"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                places,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StartError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => {
                Err(StartError::data("lock the data directory")(error))
            }
        }
    }

    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// Whether a registry may be opened or made: not beside the ledger of one that is gone.
    pub(crate) fn may_have_registry(&self) -> Result<(), StartError> {
        if self.places.ledger().exists() && !self.places.registry().exists() {
            return Err(StartError::RegistryMissing);
        }
        Ok(())
    }

    /// The keys, of the file that is named or of the one in the directory; made at the first
    /// start, and never again once the ledger is `used`: its entries need the old ones.
    pub(crate) fn keys(&self, named: Option<&Path>, used: bool) -> Result<Keys, StartError> {
        let path = named.map_or_else(|| self.places.keys(), Path::to_owned);
        if let Some(keys) = Keys::read(&path)? {
            return Ok(keys);
        }
        if used {
            return Err(StartError::KeysMissing);
        }
        let keys = Keys::random().map_err(StartError::data("ask the system for randomness"))?;
        keys.write(&path)?;
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_is_served_once_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep").join("data");
        let first = DataDir::take(&path).unwrap();
        assert!(matches!(DataDir::take(&path), Err(StartError::InUse(_))));
        drop(first);
        DataDir::take(&path).unwrap();
    }

    #[test]
    fn no_registry_is_made_beside_the_ledger_of_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::take(dir.path()).unwrap();
        data.may_have_registry().unwrap();
        std::fs::write(data.places().ledger(), "").unwrap();
        let refused = data.may_have_registry();
        assert!(matches!(refused, Err(StartError::RegistryMissing)));
        std::fs::write(data.places().registry(), "").unwrap();
        data.may_have_registry().unwrap();
    }

    #[test]
    fn keys_are_made_once_and_never_for_a_ledger_that_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::take(dir.path()).unwrap();
        let keys = data.keys(None, false).unwrap();
        assert_eq!(data.keys(None, true).unwrap(), keys);
        std::fs::remove_file(data.places().keys()).unwrap();
        let refused = data.keys(None, true);
        assert!(matches!(refused, Err(StartError::KeysMissing)));
        assert_ne!(data.keys(None, false).unwrap(), keys);
    }

    #[test]
    fn a_file_of_keys_may_lie_elsewhere() {
        let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let named = elsewhere.path().join("shared.keys");
        let data = DataDir::take(dir.path()).unwrap();
        let keys = data.keys(Some(&named), false).unwrap();
        assert!(!data.places().keys().exists());
        let other = tempfile::tempdir().unwrap();
        let second = DataDir::take(other.path()).unwrap();
        assert_eq!(second.keys(Some(&named), true).unwrap(), keys);
    }
}
