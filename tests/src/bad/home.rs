//! A service on memory whose directory can change while it runs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dancu_domain::{
    Agency, AgencyCode, Applied, ChangeFeed, ChangeNotice, ChangeRecord, CivilDate, Directory,
    Freshness, IdKey, NationId, PersonalId, Reading, Registry, RegistryError, Revision, SourceKey,
    Validity,
};
use dancu_population::{GENERATOR_VERSION, KeyState, Nation, SandboxKey};
use dancu_server::{Backing, Config, Keys, RegistryHome, Running};
use dancu_store::{DirectoryRows, MemoryBlocks, MemoryRegistry, RegistryMeta};

/// The nation's id.
pub const NATION: NationId = NationId([7; 16]);

/// A running service.
pub struct Home {
    /// The service.
    pub running: Running,
    /// Who lives there.
    pub nation: Nation,
    /// The ledger's blocks.
    pub blocks: MemoryBlocks,
    /// Whether callers may name event days.
    pub event_days: bool,
    rows: Mutex<DirectoryRows>,
    directory: Arc<Mutex<Directory>>,
    _folder: tempfile::TempDir,
}

/// An agency beside the nation's own, who has taken over the valid key of another one.
#[derive(Clone, Copy, Debug)]
pub struct Stranger {
    /// Its code.
    pub code: &'static str,
    /// Whose key it has.
    pub key_of: &'static str,
    /// When it exists.
    pub from: Option<CivilDate>,
    /// Until when.
    pub until: Option<CivilDate>,
}

/// The agencies that are strangers here: one without any licence, one that has ended, one that
/// has not begun. The last two have the licences of H26.
pub fn strangers() -> [Stranger; 3] {
    let day = |year| CivilDate::new(year, 6, 1);
    let stranger = |code, key_of, from, until| Stranger {
        code,
        key_of,
        from,
        until,
    };
    [
        stranger("X01", "H40", None, None),
        stranger("X02", "H41", None, day(2022)),
        stranger("X03", "H42", day(2023), None),
    ]
}

fn rows(nation: &Nation) -> DirectoryRows {
    let mut agencies = Nation::agencies();
    let mut licences = nation.licences();
    let mut credentials = nation.credentials();
    let keys = nation.sandbox_keys();
    for stranger in strangers() {
        let code = AgencyCode::parse(stranger.code, "code").expect("a code");
        let like = agencies.iter().find(|a| a.code.text() == "H26");
        agencies.push(Agency {
            code,
            validity: Validity {
                from: stranger.from,
                until: stranger.until,
            },
            successor: None,
            ..like.expect("H26 is there").clone()
        });
        if stranger.code != "X01" {
            let like: Vec<_> = licences
                .iter()
                .filter(|licence| licence.agency.text() == "H26")
                .cloned()
                .collect();
            licences.extend(like.into_iter().map(|mut licence| {
                licence.agency = code;
                licence
            }));
        }
        let at = place(&keys, stranger.key_of, KeyState::Valid);
        credentials[at].agency = code;
    }
    DirectoryRows {
        agencies,
        credentials,
        licences,
    }
}

/// The place of a key among the keys, which is that of its credential among the credentials.
fn place(keys: &[SandboxKey], agency: &str, state: KeyState) -> usize {
    keys.iter()
        .position(|key| key.agency.text() == agency && key.state == state)
        .expect("there is such a key")
}

/// Starts a service for a small nation of seed 7.
pub fn start() -> Home {
    start_with(|_| {})
}

/// The same; `change` may change its configuration.
pub fn start_with(change: impl FnOnce(&mut Config)) -> Home {
    let nation = Nation::new(7, 1);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut config = Config {
        data: folder.path().to_owned(),
        listen: "127.0.0.1:0".parse().expect("this is an address"),
        ops: Some("127.0.0.1:0".parse().expect("this is an address")),
        cores: Some(1),
        ..Config::default()
    };
    config.times.directory_every = Duration::from_millis(50);
    change(&mut config);
    let meta = RegistryMeta {
        nation: NATION,
        seed: nation.seed(),
        citizens: nation.len(),
        generator: GENERATOR_VERSION,
        reference_date: nation.reference_date(),
    };
    let everybody = (0..nation.len())
        .map(|index| nation.citizen(index))
        .chain(nation.personas().into_iter().map(|persona| persona.citizen));
    let rows = rows(&nation);
    let directory = Arc::new(Mutex::new(of(&rows)));
    let registry = Rehoused {
        inner: MemoryRegistry::from_citizens(meta, everybody, DirectoryRows::default()),
        directory: Arc::clone(&directory),
    };
    let event_days = config.event_days.is_some();
    let blocks = MemoryBlocks::new();
    let kept = blocks.clone();
    let running = dancu_server::start_with(config, move || async move {
        let keys = Keys::random().expect("the system has randomness");
        let registry = Arc::new(registry);
        Ok((
            Backing {
                meta,
                registry,
                blocks: kept,
                keys,
                beside: None,
            },
            (),
        ))
    })
    .expect("the service starts");
    Home {
        running,
        nation,
        blocks,
        event_days,
        rows: Mutex::new(rows),
        directory,
        _folder: folder,
    }
}

fn of(rows: &DirectoryRows) -> Directory {
    Directory::new(
        rows.agencies.clone(),
        rows.credentials.clone(),
        rows.licences.clone(),
    )
}

impl Home {
    /// A key of the nation.
    pub fn key(&self, agency: &str, state: KeyState) -> SandboxKey {
        let keys = self.nation.sandbox_keys();
        keys[place(&keys, agency, state)].clone()
    }

    /// Revokes the valid key of an agency. The service finds out when it reads its directory.
    pub fn revoke(&self, agency: &str) {
        let mut rows = self.rows.lock().expect("nobody panics with the lock");
        let at = place(&self.nation.sandbox_keys(), agency, KeyState::Valid);
        rows.credentials[at].revoked = true;
        *self.directory.lock().expect("nobody panics with the lock") = of(&rows);
    }

    /// Takes every licence from an agency.
    pub fn take_licences(&self, agency: &str) {
        let mut rows = self.rows.lock().expect("nobody panics with the lock");
        rows.licences
            .retain(|licence| licence.agency.text() != agency);
        *self.directory.lock().expect("nobody panics with the lock") = of(&rows);
    }
}

/// The registry in memory with a directory of its own.
struct Rehoused {
    inner: MemoryRegistry,
    directory: Arc<Mutex<Directory>>,
}

impl Registry for Rehoused {
    async fn read(&self, keys: &[IdKey], freshness: Freshness) -> Result<Reading, RegistryError> {
        self.inner.read(keys, freshness).await
    }

    async fn apply(&self, records: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        self.inner.apply(records).await
    }
}

impl ChangeFeed for Rehoused {
    async fn head(&self) -> Result<Revision, RegistryError> {
        self.inner.head().await
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.inner.changes(after, limit).await
    }
}

impl RegistryHome for Rehoused {
    async fn directory(&self) -> Result<Directory, RegistryError> {
        let directory = self.directory.lock().expect("nobody panics with the lock");
        Ok(directory.clone())
    }

    async fn changed_by_others(
        &self,
        source: &SourceKey,
    ) -> Result<Vec<PersonalId>, RegistryError> {
        RegistryHome::changed_by_others(&self.inner, source).await
    }

    async fn close(&self) {}
}
