//! Who is calling: the bearer key of a call against the directory as it is now.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dancu_domain::{Authentication, CivilDate, Directory, Reason};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};
use siphasher::sip128::SipHasher13;

/// The directory that all cores judge by, replaced as a whole when it is read again.
#[derive(Debug)]
pub(crate) struct DirectoryCell {
    generation: AtomicU64,
    current: Mutex<Arc<Directory>>,
    too_old: AtomicBool,
}

impl DirectoryCell {
    /// The directory as it was read at the start.
    pub(crate) fn new(directory: Directory) -> Arc<Self> {
        Arc::new(Self {
            generation: AtomicU64::new(1),
            current: Mutex::new(Arc::new(directory)),
            too_old: AtomicBool::new(false),
        })
    }

    /// Puts a directory that was read again in the place of the old one.
    pub(crate) fn replace(&self, directory: Directory) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(directory);
        self.generation.fetch_add(1, Ordering::Release);
        self.too_old.store(false, Ordering::Release);
    }

    /// Says that the directory could not be read again for too long: until it can be, nobody is
    /// known, because a revocation could have been missed.
    pub(crate) fn mark_too_old(&self) {
        self.too_old.store(true, Ordering::Release);
    }

    /// The directory of now.
    pub(crate) fn current(&self) -> Arc<Directory> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One core's view of the directory, with a memory of the keys that it has seen.
///
/// The memory is keyed by a 128-bit keyed hash of the key's text, so that the hot path needs no
/// SHA-256 and no key is kept. Only keys that hold are remembered, and only until the directory
/// is read again.
#[derive(Debug)]
pub(crate) struct Doorman {
    cell: Arc<DirectoryCell>,
    today: CivilDate,
    takes_sandbox_keys: bool,
    hash_key: [u8; 16],
    memory: Mutex<Memory>,
}

#[derive(Debug)]
struct Memory {
    generation: u64,
    directory: Arc<Directory>,
    known: HashMap<u128, Authentication>,
}

/// How many keys a core remembers at most.
const REMEMBERED: usize = 4_096;

/// A caller whose credential holds, and the directory that says so.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) who: Authentication,
    /// By which rows; permission is judged by the same.
    pub(crate) directory: Arc<Directory>,
}

impl Doorman {
    /// A doorman who judges validity on `today`; `hash_key` is secret and of this process.
    pub(crate) fn new(
        cell: Arc<DirectoryCell>,
        today: CivilDate,
        takes_sandbox_keys: bool,
        hash_key: [u8; 16],
    ) -> Self {
        let memory = Mutex::new(Memory {
            generation: 0,
            directory: cell.current(),
            known: HashMap::new(),
        });
        Self {
            cell,
            today,
            takes_sandbox_keys,
            hash_key,
            memory,
        }
    }

    /// The day on which validity is judged.
    pub(crate) fn today(&self) -> CivilDate {
        self.today
    }

    /// The one `authorization` header of a call. With two of them it would be chance whose rights
    /// and whose count it is.
    pub(crate) fn header(headers: &HeaderMap) -> Result<Option<&HeaderValue>, Reason> {
        let mut all = headers.get_all(AUTHORIZATION).iter();
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(Reason::CredentialAmbiguous),
            (one, None) => Ok(one),
        }
    }

    /// Who calls with this `authorization` header.
    pub(crate) fn authenticate(&self, header: Option<&HeaderValue>) -> Result<Caller, Reason> {
        let key = header.and_then(bearer).ok_or(Reason::CredentialMissing)?;
        if self.cell.too_old.load(Ordering::Acquire) {
            return Err(Reason::RegistryUnavailable);
        }
        let hash = SipHasher13::new_with_key(&self.hash_key)
            .hash(key)
            .as_u128();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.cell.generation.load(Ordering::Acquire);
        if memory.generation != generation {
            memory.generation = generation;
            memory.directory = self.cell.current();
            memory.known.clear();
        }
        let directory = Arc::clone(&memory.directory);
        if let Some(who) = memory.known.get(&hash) {
            return Ok(Caller {
                who: *who,
                directory,
            });
        }
        let who = directory.authenticate(&Sha256::digest(key).into(), self.today)?;
        if who.sandbox() && !self.takes_sandbox_keys {
            return Err(Reason::CredentialUnknown);
        }
        if memory.known.len() < REMEMBERED {
            memory.known.insert(hash, who);
        }
        Ok(Caller { who, directory })
    }
}

/// The key of an `authorization: Bearer` header (RFC 6750, 2.1).
fn bearer(header: &HeaderValue) -> Option<&[u8]> {
    let (scheme, rest) = header.as_bytes().split_at_checked(7)?;
    if !scheme.eq_ignore_ascii_case(b"bearer ") {
        return None;
    }
    let key = rest.trim_ascii();
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests;
